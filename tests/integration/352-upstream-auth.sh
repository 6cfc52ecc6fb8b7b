#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# auth together with upstream: a proxy that asks its clients who they are,
# behind a parent that asks it. What clients say is for us alone; the parent
# gets the user name of the upstream line. The parents are tinyproxy, and a
# second netleash, which takes no request that has two passwords.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/parents.sh
. "$LIB/parents.sh"
# shellcheck source=tests/integration/proxy.sh
. "$LIB/proxy.sh"
need tinyproxy sha256sum
world_up
parents_up
log=$W/access.log
rules='allow *.example **.parent.test'

# parent_netleash_up PORT: its clients are told apart by $W/parent-users
parent_netleash_up() {
	user me s3cr3t >"$W/parent-users"
	chmod 640 "$W/parent-users"
	printf '%s\n' "listen 192.168.77.1:$1" "auth $W/parent-users" "$rules" \
		"log json $W/parent.log" >"$W/parent.conf"
	as_parent env -i PATH="$PATH" "$NETLEASH" proxy -c "$W/parent.conf"
	until_true 20 port_open "$1" || {
		echo "the parent does not listen"
		cat "$W/servers.log"
		exit 1
	}
}

# behind UPSTREAM [LINE...]: our proxy, anew
behind() {
	local url=$1
	shift
	[ -z "${PROXY-}" ] || stop_proxy
	rm -f "$log"
	conf 'listen 127.0.0.1:0' "$rules" "log json $log" "upstream $url" "$@"
	start_proxy -c "$W/conf"
}

# get USER:PASSWORD URL [CURL-OPTION...]
get() {
	local who=$1
	shift
	try in_host curl -sS --max-time 20 --cacert "$W/ca.pem" \
		-x "http://$who@127.0.0.1:$PORT" "$@"
}

socks() {
	local who=$1
	shift
	try in_host curl -sS --max-time 20 --cacert "$W/ca.pem" \
		-x "socks5h://$who@127.0.0.1:$PORT" "$@"
}

tinyproxy_up 3127 'BasicAuth me s3cr3t'
parent_netleash_up 3126
users "$(user alice correct-horse)"
for port in 3127 3126; do
	if [ $port = 3127 ]; then name=tinyproxy; else name=netleash; fi
	behind "http://me:s3cr%33t@parent.example:$port" 'auth users'
	get alice:correct-horse https://allowed.example/
	like "$name: a known client has a tunnel" "$OUT" \
		'^hello from allowed.example over https'
	get alice:correct-horse -p http://known.parent.test/
	like "$name: and one for plain HTTP" "$OUT" \
		'^hello from known.parent.test over http '
	get alice:correct-horse http://known.parent.test/ \
		http://allowed.example/
	is "$name: and plain requests" \
		"$(printf '%s\n' "$OUT" | grep -c '^hello')" 2
	get alice:correct-horse --proxy-anyauth http://known.parent.test/
	like "$name: asked for it first" "$OUT" '^hello from known.parent.test'
	socks alice:correct-horse http://known.parent.test/
	like "$name: and SOCKS5" "$OUT" '^hello from known.parent.test'
	like "$name: the log has the client's name, and the parent" \
		"$(tail -n 1 "$log")" \
		'"user":"alice".*"decision":"allow".*"upstream":"parent.example'

	get nobody:nothing -o /dev/null -w '%{http_code}' \
		http://secret.parent.test/
	is "$name: an unknown one is asked, by us" "$OUT" 407
	get me:s3cr3t -o /dev/null -w '%{http_code}' http://secret.parent.test/
	is "$name: who knows the parent's password is nobody here" "$OUT" 407
	get me:s3cr3t https://secret.parent.test/ -w '%{http_connect}'
	is "$name: nor has a tunnel" "$STATUS/$OUT" "56/407"
	socks me:s3cr3t http://secret.parent.test/
	is "$name: nor SOCKS5" "$STATUS" 97
	is "$name: each was refused here" \
		"$(grep -c '"reason":"auth"' "$log")" 5
	unlike "$name: no password is in the log" "$(cat "$log" "$W/messages")" \
		's3cr3t|horse|bWU6|YWxpY2U6'
done
unlike "tinyproxy heard nothing of those who were refused" \
	"$(cat "$W/tinyproxy-3127.log")" 'secret\.parent'
unlike "nor did netleash" "$(cat "$W/parent.log")" 'secret\.parent'
is "whose clients were all ours" \
	"$(grep -c '"user":"me"' "$W/parent.log")" \
	"$(wc -l <"$W/parent.log")"
unlike "no server has seen the field" "$(cat "$W/origin.log")" \
	'[Pp]roxy-[Aa]uth'

# --- the parent does not take ours
: >"$W/parent.log"
behind http://me:wr0ng@parent.example:3126 'auth users'
get alice:correct-horse -i http://known.parent.test/
like "a parent that refuses us: 502" "$OUT" '^HTTP/1.1 502 '
unlike "and not the parent's question" "$OUT" 'Proxy-Authenticate'
get alice:correct-horse https://allowed.example/ -w '%{http_connect}'
is "a tunnel likewise" "$STATUS/$OUT" "56/502"
like "the log has both" "$(tail -n 1 "$log")" \
	'"user":"alice".*"reason":"upstream".*"upstream_status":407'

# --- nobody asks here: what a client says is still not the parent's
behind http://parent.example:3126
get me:s3cr3t -o /dev/null -w '%{http_code}' http://known.parent.test/
is "a client's password does not reach a parent, of a request" "$OUT" 502
get me:s3cr3t https://allowed.example/ -w '%{http_connect}'
is "nor of a tunnel" "$STATUS/$OUT" "56/502"
unlike "whoever it was for" "$(cat "$W/parent.log")" '"user"'
behind http://me:s3cr%33t@parent.example:3126
get alice:correct-horse http://known.parent.test/
like "and does not stand in the way of ours" "$OUT" \
	'^hello from known.parent.test'
get alice:correct-horse https://allowed.example/
like "in a tunnel either" "$OUT" '^hello from allowed.example over https'
stop_proxy
done_testing
