#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every required case of the policy on the wire: by CONNECT, by plain HTTP and
# by SOCKS5, with its status, its reason and its reply code.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

# The internet is whoever is asked for, on every port that a case has; so what
# is let out by mistake gets an answer. (Of its servers the one for DNS stays.)
ip -n "$INET" route add local 0.0.0.0/0 dev lo table main
ip -n "$INET" -6 route add local ::/0 dev lo table main
kill "${SERVERS[1]}"
wait "${SERVERS[1]}"
cat >"$W/anyone.py" <<'END'
import selectors, socket, sys
ready = selectors.DefaultSelector()
for port in map(int, sys.argv[2:]):
    s = socket.create_server(("::", port), family=socket.AF_INET6,
                             dualstack_ipv6=True, backlog=64)
    ready.register(s, selectors.EVENT_READ)
open(sys.argv[1], "w").close()
kept = []
while True:
    for key, _ in ready.select():
        if key.data:
            if key.fileobj.recv(4096):
                key.fileobj.sendall(b"HTTP/1.1 200 OK\r\n"
                                    b"Content-Length: 0\r\n\r\n")
            else:
                ready.unregister(key.fileobj)
                key.fileobj.close()
        else:
            ready.register(key.fileobj.accept()[0], selectors.EVENT_READ, 1)
END
PORTS=$(grep -o -E ':[0-9]{2,5}"' "$LIB/../unit/cases.h" | tr -dc '0-9\n' |
	awk '$1 < 65536' | sort -u)
# shellcheck disable=SC2086 # words
serve "$PYTHON" "$W/anyone.py" "$W/anyone.ready" $PORTS
until_true 10 test -e "$W/anyone.ready" || cat "$W/servers.log"

mkdir "$W/cases"
TRY_SECONDS=120
try in_host "$PYTHON" "$SUPPORT/cases_wire.py" "$NETLEASH" \
	"$LIB/../unit/cases.h" "$W/cases"
retell "$OUT"
is "all of it was tried" "$STATUS" 0
done_testing
