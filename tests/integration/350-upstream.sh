#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Through a parent proxy: tinyproxy, in the clear, with and without its user
# names and passwords. The parent knows names that nobody else knows, so that
# who answers shows who has looked them up.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/parents.sh
. "$LIB/parents.sh"
need tinyproxy
world_up
parents_up
tinyproxy_up 3128
tinyproxy_up 3127 'BasicAuth me s3cr3t'
ip -n "$INET" addr add 192.168.77.9/32 dev lo
log=$W/access.log
rules='allow *.example **.parent.test localhost:8080 closed.example:9'

# parent PORT-OR-URL LINE...: the conf with that parent
parent() {
	local url=$1
	case $url in *[!0-9]*) ;; *) url=http://parent.example:$url ;; esac
	shift
	conf "$rules" "log json $log" "upstream $url" "$@"
	: >"$log"
}

# get URL [CURL-OPTION...]
get() {
	try leash run -c "$W/conf" -- curl -sS --cacert ca.pem "$@"
}

# socks URL [CURL-OPTION...]
socks() {
	# shellcheck disable=SC2016 # for the inner shell
	try leash run -c "$W/conf" -- sh -c 'door=${HTTPS_PROXY#http://}
		exec curl -sS --cacert ca.pem --proxy "socks5h://${door%/}" "$@"
		' sh "$@"
}

parent 3128
get https://allowed.example/
like "https goes through the parent" "$OUT" \
	'^hello from allowed.example over https'
like "the log names the parent and its answer" "$(cat "$log")" \
	'"target":"allowed.example:443".*"decision":"allow".*"upstream":"parent.example:3128","upstream_status":200'
get -p http://known.parent.test/
like "a name that only the parent can resolve" "$OUT" \
	'^hello from known.parent.test over http '
is "netleash itself has asked for the parent's name alone" \
	"$(asked known.parent.test)" 0
socks http://known.parent.test/
like "SOCKS5 goes through the parent, too" "$OUT" \
	'^hello from known.parent.test over http '
like "and the log says so" "$(tail -n 1 "$log")" \
	'"protocol":"socks5".*"upstream":"parent.example:3128"'

head -c 3000000 /dev/urandom >"$WS/up"
get -T up https://allowed.example/upload
is "an upload arrives whole" "${OUT%% *}" \
	"$(sha256sum "$WS/up" | cut -d ' ' -f 1)"
cp "$WS/up" "$W/files/down"
get https://allowed.example/files/down -o down
is "a download arrives whole" "$(sha256sum <"$WS/down")" \
	"$(sha256sum <"$WS/up")"

# --- plain HTTP ---------------------------------------------------------------
get http://known.parent.test/
like "a plain request is passed to the parent" "$OUT" \
	'^hello from known.parent.test over http '
get http://known.parent.test/ http://allowed.example/ http://v4.example/ -v
is "requests for several hosts" "$(printf '%s\n' "$OUT" | grep -c '^hello')" 3
parent 3127
get http://known.parent.test/
is "without a user name: 502, not the parent's 407" "$STATUS:${OUT%%:*}" \
	"0:netleash"
like "and the answer says what the parent wants" "$OUT" \
	'parent\.example:3127 answered 407.*wants a user name'
unlike "and nothing asks the client for a password" "$OUT" 'Authenticate'

# --- credentials ----------------------------------------------------------------
get https://allowed.example/
like "a tunnel without a user name is refused" "$ERR" '502'
like "the log has the parent's status" "$(tail -n 1 "$log")" \
	'"reason":"upstream".*"upstream_status":407'
get -p http://allowed.example/ --proxy-header 'Accept: application/json'
parent 'http://me:s3cr%33t@parent.example:3127'
get https://allowed.example/
like "with them a tunnel opens" "$OUT" '^hello from allowed.example over https'
get http://known.parent.test/
like "and plain requests pass" "$OUT" '^hello from known.parent.test'
socks http://known.parent.test/
like "and SOCKS5" "$OUT" '^hello from known.parent.test'
try leash check "$W/conf"
like "check shows the parent" "$OUT" 'upstream http://\*\*\*:\*\*\*@parent'
unlike "and no password" "$OUT$ERR$(cat "$log")" 's3cr3t'
parent 'http://me:wr0ng@parent.example:3127'
get -p http://allowed.example/ -w '%{http_connect}'
like "wrong ones are refused" "$OUT$ERR" '502'
like "and the log says it was the parent" "$(cat "$log")" '"upstream_status":40'
unlike "and no password" "$OUT$ERR$(cat "$log")" 'wr0ng'

# --- policy ---------------------------------------------------------------------
parent 3128
get http://not.allowed.test/
like "a name that is not allowed is not passed on" "$ERR" 'not\.allowed\.test'
unlike "the parent never hears of it" "$(cat "$W/tinyproxy-3128.log")" \
	'not\.allowed'
get http://192.168.77.9/
like "an address is judged before it goes to the parent" "$OUT" \
	'No allow rule|not-allowed|not public'
get https://other.example/ https://allowed.example/
parent 3128 'upstream direct private.example v4.example 93.184.216.35'
get http://private.example/
like "a direct name is resolved and judged here" "$OUT" 'private-address'
get http://v4.example/
like "a direct name is dialled" "$OUT" '^hello from v4.example'
unlike "without the parent" "$(tail -n 1 "$log")" '"upstream"'
get http://localhost:8080/
like "localhost is ours, not the parent's" "$OUT" 'private-address|refused'

# --- parents that fail ------------------------------------------------------------
parent 3199
get https://allowed.example/
like "a parent that is not there" "$ERR" '502'
get http://allowed.example/
like "is named" "$OUT" 'parent proxy parent\.example:3199 refused'
like "as the upstream" "$OUT" 'Reason: upstream'
parent http://nobody.example:3128
get http://allowed.example/
like "a parent without an address" "$OUT" \
	'nobody\.example:3128 has a name that cannot be resolved'
parent 3128
get http://closed.example:9/ -p
like "what the parent says of a target that is closed" "$(cat "$log")" \
	'"reason":"upstream".*"upstream_status":5'
parent http://192.168.77.1:3128
get https://allowed.example/
like "a parent by address needs no rule" "$OUT" '^hello from allowed.example'
done_testing
