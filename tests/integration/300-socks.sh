#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# SOCKS5 through the door: curl by name and by address, and ncat, which ssh's
# ProxyCommand uses.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need ncat
world_up
conf 'allow allowed.example echo.example:7443 93.184.216.34' \
	'allow [2606:2800:220:1::34] closed.example:9' "log json $W/access.log"

# socks TARGET [CURL-OPTION...]: curl through the door by SOCKS5
socks() {
	local url=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	try leash run -c "$W/conf" -- sh -c 'door=${HTTPS_PROXY#http://}
		url=$1; shift
		exec curl -sS --cacert ca.pem --proxy "socks5h://${door%/}" "$@" \
			"$url"' sh "$url" "$@"
}
socks https://allowed.example/
like "a name, with TLS" "$OUT" '^hello from allowed.example over https'
socks http://allowed.example/
like "a name, without TLS" "$OUT" '^hello from allowed.example over http '
socks http://93.184.216.34/
like "an IPv4 address" "$OUT" ' at 93\.184\.216\.34'
socks 'http://[2606:2800:220:1::34]/'
like "an IPv6 address" "$OUT" ' at 2606:2800:220:1::34'
socks https://other.example/
is "a name that is not allowed: curl's error 97" "$STATUS" 97
like "curl tells the reply's code: not allowed" "$ERR" '\(2\)'
like "the summary has the line that would allow it" "$ERR" \
	'allow other\.example'
socks http://nx.example.invalid/
like "a name outside the policy is not looked up" "$(asked nx.example.invalid)" \
	'^0$'
socks http://closed.example:9/
like "a server that refuses: code 5" "$ERR" '\(5\)'

head -c 3000000 /dev/urandom >"$WS/up"
socks http://allowed.example/upload -T up
is "an upload arrives whole" "${OUT%% *}" \
	"$(sha256sum "$WS/up" | cut -d ' ' -f 1)"

# shellcheck disable=SC2016 # for the inner shell
try leash run -c "$W/conf" -- sh -c 'door=${HTTPS_PROXY#http://}
	echo over-socks | ncat --proxy-type socks5 --proxy "${door%/}" \
		--proxy-dns remote echo.example 7443'
is "ncat talks through it" "$OUT" over-socks

log=$(cat "$W/access.log")
like "the log says socks5, the target and the rule" "$log" \
	'"protocol":"socks5".*"target":"allowed.example:443".*"decision":"allow"'
like "and what was refused" "$log" \
	'"target":"other.example:443".*"decision":"deny".*"not-allowed"'
done_testing
