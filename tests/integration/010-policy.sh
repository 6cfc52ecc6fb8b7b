#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the conf allows works through the door, and what it does not allow is
# refused with a reason that reaches the user.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

conf 'allow allowed.example v4.example v6.example private.example' \
	'allow private6.example mapped.example mixed.example rebind.example' \
	'allow closed.example:81 silent.example' \
	'deny denied.allowed.example' 'allow denied.allowed.example'

# get HOST [CURL-ARGUMENT...]
get() {
	local host=$1
	shift
	try leash run -c "$W/conf" -- curl -sS -v --cacert ca.pem "$@" \
		"https://$host/"
}

# --- allowed
get allowed.example
is "curl gets an allowed host over https" "$STATUS" 0
like "and its page" "$OUT" '^hello from allowed.example over https'
get v4.example
like "a name with an IPv4 address only" "$OUT" 'at 93.184.216.34$'
get v6.example
like "a name with an IPv6 address only" "$OUT" 'at 2606:2800:220:1::34$'
get ALLOWED.Example
is "the case of a name does not matter" "$STATUS" 0
get mixed.example
like "of a mixed answer the public address is taken" "$OUT" \
	'at 93.184.216.34$'
is "each name was asked for once" "$(asked v4.example A)" 1
try leash run -a allowed.example -- curl -sS --cacert ca.pem \
	https://allowed.example/
is "a rule of the command line allows as one of the conf" "$STATUS" 0
try leash run -a 93.184.216.34 -- curl -sS -k https://93.184.216.34/
is "an address that a literal rule names works" "$STATUS" 0
try leash run -a '[2606:2800:220:1::34]' -- \
	curl -sS -k 'https://[2606:2800:220:1::34]/'
is "an IPv6 address too" "$STATUS" 0

# --- refused. curl says 56 for a CONNECT that was answered with an error.
get other.example
is "a host that is not allowed is refused" "$STATUS" 56
like "with status 403" "$ERR" '^< HTTP/1.1 403 '
like "the reason is in a header" "$ERR" '^< X-Netleash-Reason: not-allowed'
like "curl's own message shows that it was refused" "$ERR" '403'
like "the body or the summary has the rule that would allow it" "$ERR" \
	'allow other.example'
is "and its name was never asked for" "$(asked other.example)" 0
try leash run -c "$W/conf" -- curl -sS -o /dev/null --cacert ca.pem \
	https://other.example/
like "without -v the refusal's words reach the user too" "$ERR" \
	'allow other.example'
get denied.allowed.example
like "deny wins over a later allow" "$ERR" '^< X-Netleash-Reason: denied'
is "a denied name was never asked for" "$(asked denied.allowed.example)" 0
try leash run -c "$W/conf" -- curl -sS -v https://allowed.example:7443/
like "another port of an allowed host is refused as port" "$ERR" \
	'^< X-Netleash-Reason: port'
try leash run -a '*' -d allowed.example -- curl -sS -v \
	https://allowed.example/
like "-d denies" "$ERR" '^< X-Netleash-Reason: denied'
try leash run -- curl -sS -v https://allowed.example/
like "with no allow line at all everything is refused" "$ERR" \
	'^< X-Netleash-Reason: not-allowed'

# --- addresses
for name in private private6 mapped; do
	get "$name.example"
	is "$name.example: an answer that is not public is refused" \
		"$STATUS" 56
	like "$name.example: and called private-address" "$ERR" \
		'^< X-Netleash-Reason: private-address'
done
for address in 192.168.77.1 127.0.0.1 '[::1]' '[::ffff:192.168.77.1]' \
	169.254.169.254; do
	try leash run -a '*:*' -- curl -sS -v -k "https://$address/"
	like "$address is refused under 'allow *'" "$ERR" \
		'^< X-Netleash-Reason: (private-address|malformed)'
done
conf 'allow private.example' 'private 192.168.77.0/24'
get private.example
is "a private line lets an allowed name resolve there" "$STATUS" 0

conf 'allow rebind.example'
get rebind.example
like "a name that will rebind is dialled at the address judged" "$OUT" \
	'at 93.184.216.34$'
is "the second answer was never asked for" "$(asked rebind.example A)" 1

# --- the network's own failures are not refusals
conf 'allow *:*'
get nosuch.example
like "a name that does not exist is dns-failure" "$ERR" \
	'^< X-Netleash-Reason: dns-failure'
like "and 502" "$ERR" '^< HTTP/1.1 502'
get servfail.example
like "a server that fails is dns-failure" "$ERR" \
	'^< X-Netleash-Reason: dns-failure'
get truncated.example
is "an answer too long for UDP comes over TCP" "$STATUS" 0
get slow.example
is "a slow answer is waited for" "$STATUS" 0
try leash run -c "$W/conf" -- curl -sS -v https://closed.example:81/
like "a closed port is connect-refused" "$ERR" \
	'^< X-Netleash-Reason: connect-refused'
conf 'allow *:*' 'limit dns-time 1s'
for name in garbage refused nodata loop wrongid wrongname; do
	get $name.example
	like "an answer that is '$name' is a failure of DNS" "$ERR" \
		'^< X-Netleash-Reason: dns-(failure|timeout)'
done
get silent.example
like "a server that is silent is dns-timeout" "$ERR" \
	'^< X-Netleash-Reason: dns-timeout'
like "and 504" "$ERR" '^< HTTP/1.1 504'
echo 'nameserver fd77::1' >"$W/resolv.conf"
get allowed.example
is "a name server with an IPv6 address works" "$STATUS" 0
echo 'nameserver 192.168.77.9' >"$W/resolv.conf"
get allowed.example
like "one that is not there is a failure of DNS" "$ERR" \
	'^< X-Netleash-Reason: dns-(failure|timeout)'
conf 'allow *:*' 'resolver 192.168.77.1'
get allowed.example
is "the conf's resolver is asked instead" "$STATUS" 0
done_testing
