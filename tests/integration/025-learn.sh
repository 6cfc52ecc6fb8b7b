#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# `netleash learn`: the leash as ever, all that is public allowed, and at the
# end the rules with which `run` would have sufficed.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
conf 'allow v4.example' 'deny denied.allowed.example'

cat >"$WS/build.sh" <<'END'
fetch() {
	curl -sS -o /dev/null --cacert ca.pem "$1"
}
fetch https://other.example/ && fetch https://other.example/again &&
	fetch http://other.example/ && fetch https://v4.example/ || exit 9
fetch https://allowed.example:7443/ 2>/dev/null # it only sends back
exit 0
END
try leash learn -c "$W/conf" -- sh build.sh
is "what is public can be reached" "$STATUS" 0
is "standard output is the command's" "$OUT" ""
is "each missing rule is printed once, sorted, and no other" "$ERR" \
	"netleash: learned: these rules were missing:
allow allowed.example:7443
allow other.example"

{
	cat "$W/conf"
	printf '%s\n' "$ERR" | grep '^allow '
} >"$W/learned"
try leash run -c "$W/learned" -- sh build.sh
is "with them the conf suffices" "$STATUS:$ERR" "0:"
try leash learn -c "$W/learned" -- sh build.sh
is "and there is nothing left to learn" "$ERR" \
	"netleash: learned: the rules that there are suffice"
try leash learn -c "$W/conf" -a other.example -- sh build.sh
is "a rule on the command line is one that there is" "$ERR" \
	"netleash: learned: these rules were missing:
allow allowed.example:7443"

cat >"$WS/more.sh" <<'END'
curl -sS -o /dev/null --cacert ca.pem https://denied.allowed.example/
curl -sS -o /dev/null http://private.example/
curl -sS -o /dev/null http://nowhere.example/
curl -sS -o /dev/null http://other.example:9/
curl -sS -o /dev/null --noproxy '*' --max-time 5 http://93.184.216.34/ &&
	exit 0
exit 6
END
try leash learn -c "$W/conf" -- sh more.sh
is "the exit status is the command's; nothing goes around the proxy" \
	"$STATUS" 6
like "what is denied stays so" "$ERR" 'denied\.allowed\.example:443: denied'
like "what is not public, too" "$ERR" 'private\.example:80: private-address'
is "what was not reached is not learned" "$(printf '%s\n' "$ERR" |
	grep -c '^allow ')" 0

cat >"$WS/open.py" <<'END'
import os, socket, urllib.parse
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
s = socket.create_connection((door.hostname, door.port))
s.sendall(b"CONNECT other.example:443 HTTP/1.1\r\n\r\n")
assert b" 200 " in s.recv(1000)
os._exit(0)
END
try leash learn --quiet -- "$PYTHON" open.py
is "a tunnel that is open at the end counts, and --quiet leaves the rules" \
	"$STATUS:$ERR" "0:netleash: learned: these rules were missing:
allow other.example"

for option in --no-network --online --external-proxy; do
	try leash learn $option -- true
	is "$option leaves nothing to learn from: nothing is run" "$STATUS" 125
	like "and learn says so" "$ERR" 'learn'
done
done_testing
