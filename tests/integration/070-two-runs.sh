#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Two runs at once with different rules: neither reaches the other's door,
# processes or files; nor does anybody else reach a door.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
mkdir "$W/wsa" "$W/wsb"
cp "$W/ca.pem" "$W/wsa"
cp "$W/ca.pem" "$W/wsb"

# The first: says where its door is, leaves traces, and waits.
# shellcheck disable=SC2016 # for the inner shell
(cd "$W/wsa" && leash run -a allowed.example -- sh -c '
	echo secret >/tmp/trace; echo secret >/dev/shm/trace
	id -u >uid
	echo "$HTTPS_PROXY" >door.new && mv door.new door
	until [ -e stop ]; do sleep 0.05; done
	curl -sS --cacert ca.pem https://allowed.example/') \
	>"$W/a.out" 2>"$W/a.err" </dev/null &
first=$!
until_true 10 test -e "$W/wsa/door" || not_ok "the first run starts" \
	"$(cat "$W/a.err")"
door=$(sed 's|.*:\([0-9]*\)/*$|\1|' "$W/wsa/door")
like "the first run's door is a port" "$door" '^[0-9]+$'

cat >"$W/wsb/door.py" <<'END'
import socket, sys
for family, address in ((socket.AF_INET, "127.0.0.1"),
                        (socket.AF_INET6, "::1")):
    s = socket.socket(family)
    s.settimeout(3)
    try:
        s.connect((address, int(sys.argv[1])))
        s.sendall(b"CONNECT allowed.example:443 HTTP/1.1\r\n\r\n")
        print("open", s.recv(100))
    except OSError as e:
        print("closed", e.errno)
END
(cd "$W/wsb" && leash run -a other.example -- \
	"$PYTHON" door.py "$door") >"$W/b.out" 2>"$W/b.err" </dev/null
is "the second run cannot connect to the first one's door" \
	"$(cut -d ' ' -f 1 "$W/b.out" | sort -u)" closed
(cd "$W" && in_host "$PYTHON" wsb/door.py "$door") >"$W/b.out"
is "nor can root of the host" \
	"$(cut -d ' ' -f 1 "$W/b.out" | sort -u)" closed
(cd "$W" && in_host setpriv --reuid 65533 --regid 65533 --clear-groups \
	"$PYTHON" wsb/door.py "$door") >"$W/b.out"
is "nor another user" "$(cut -d ' ' -f 1 "$W/b.out" | sort -u)" closed

WS=$W/wsb
try leash run -a other.example -- curl -sS --cacert ca.pem \
	https://other.example/
is "the second run has its own rules" "$STATUS" 0
try leash run -a other.example -- curl -sS --cacert ca.pem \
	https://allowed.example/
is "and not the first one's" "$STATUS" 56
try leash run -- id -u
is "two runs have two uids" "$([ "$OUT" != "$(cat "$W/wsa/uid")" ] &&
	echo two)" two
try leash run -- sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" " "'
unlike "the first run's processes are not seen" "$OUT" 'until'
try leash run -- sh -c 'cat /tmp/trace /dev/shm/trace'
unlike "nor its files in /tmp and /dev/shm" "$OUT" secret
try leash run -- sh -c "kill -9 $first $(pgrep -P "$first" | tr '\n' ' ')"
check "the first run is not to be killed" kill -0 "$first"
try leash run -- sh -c 'ipcmk -M 4096 >/dev/null; ipcs -m | grep -c 0x'
is "System V memory is each run's own" "$OUT" 1
try leash run -- sh -c "cat $W/wsa/door; echo x >$W/wsa/new"
check "the first one's folder is not the second's to write" \
	test ! -e "$W/wsa/new"

touch "$W/wsa/stop"
wait_for_end "$first" 20
is "the first run goes on all the while and ends well" "$STATUS" 0
like "with what it is allowed" "$(cat "$W/a.out")" '^hello from allowed'
done_testing
