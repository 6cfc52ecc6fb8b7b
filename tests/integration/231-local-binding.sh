#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --allow-local-binding: servers of CMD's own on loopback, for itself and (with
# isolation firewall) for the host; two such runs do not reach each other.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
mkdir "$W/wsa" "$W/wsb" "$W/user"
cat >"$W/talk.py" <<'END'
import errno, socket, sys, time
for host, port in zip(sys.argv[1::2], sys.argv[2::2]):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    s.settimeout(5)
    start = time.monotonic()
    try:
        s.connect((host, int(port)))
        s.sendall(b"hello\n")
        said = s.recv(100).decode() or "nothing"
    except TimeoutError:
        said = "silence"
    except OSError as e:
        said = errno.errorcode[e.errno]
    late = " late" if time.monotonic() - start > 2 else ""
    print(f"{host}: {said.strip()}{late}")
END
# A server on all of loopback: on one port, and says which in a file.
cat >"$W/serve.py" <<'END'
import os, socket, sys, threading
name, where = sys.argv[1:]
first = socket.create_server(("127.0.0.1", 0))
port = first.getsockname()[1]
all = [first, socket.create_server(("127.0.0.2", port)),
       socket.create_server(("::1", port), family=socket.AF_INET6)]
def serve(s):
    while True:
        c, _ = s.accept()
        with c:
            if c.recv(100):
                c.sendall(f"server {name}\n".encode())
for s in all:
    threading.Thread(target=serve, args=(s,), daemon=True).start()
with open(where + ".new", "w") as f:
    f.write(str(port))
os.rename(where + ".new", where)
END
cat >"$W/inside.py" <<'END'
import subprocess, sys, time, os
sys.argv = ["serve.py", "inside", "port"]
exec(open("serve.py").read())
print(subprocess.run([sys.executable, "talk.py", "127.0.0.1", str(port),
                      "127.0.0.2", str(port), "::1", str(port)],
                     capture_output=True, text=True).stdout, end="")
while not os.path.exists("stop"):
    time.sleep(0.05)
END
for dir in "$W/wsa" "$W/wsb" "$W/user" "$WS"; do
	cp "$W"/*.py "$dir"
done
chown -R 65533:65533 "$W/user"
unprivileged() {
	cd "$W/user" && in_host setpriv --reuid 65533 --regid 65533 \
		--clear-groups env -i PATH=/usr/bin:/bin HOME="$W/home" \
		LANG=C.UTF-8 "$NETLEASH" "$@"
}
SERVED='127.0.0.1: server inside
127.0.0.2: server inside
::1: server inside'

touch "$WS/stop" "$W/user/stop"
for how in firewall netns; do
	try leash run --isolation=$how --allow-local-binding -- \
		"$PYTHON" inside.py
	is "$how: a server inside is reached from inside" "$OUT" "$SERVED"
	try leash run --isolation=$how --allow-local-binding --no-network -- \
		"$PYTHON" inside.py
	is "$how: also where that is all there is" "$OUT" "$SERVED"
	try leash run --isolation=$how --allow-local-binding -- \
		sh -c 'echo "$NO_PROXY $no_proxy"'
	like "$how: NO_PROXY names loopback" "$OUT" \
		'^localhost,127.0.0.1.* localhost,127.0.0.1'
done
try unprivileged run --allow-local-binding -- "$PYTHON" inside.py
is "unprivileged: a server inside is reached from inside" "$OUT" "$SERVED"

try leash run --isolation=firewall -- "$PYTHON" inside.py
unlike "firewall, without the option: it is not" "$OUT" server
try leash run --isolation=firewall -- sh -c 'echo "[$NO_PROXY]"'
is "and NO_PROXY is empty" "$OUT" '[]'

# Two runs with servers, and the host.
RUNS=()
for run in a b; do
	(cd "$W/ws$run" && leash run --isolation=firewall \
		--allow-local-binding -- "$PYTHON" inside.py) \
		>"$W/$run.out" 2>"$W/$run.err" </dev/null &
	RUNS+=($!)
done
until_true 10 test -e "$W/wsa/port" -a -e "$W/wsb/port" ||
	not_ok "both runs start" "$(cat "$W/a.err" "$W/b.err")"
a=$(cat "$W/wsa/port") b=$(cat "$W/wsb/port")
is "the host reaches the server of the one" \
	"$(in_host "$PYTHON" "$W/talk.py" 127.0.0.1 "$a" 127.0.0.2 "$a" \
		::1 "$a")" "$SERVED"
is "and of the other" "$(in_host "$PYTHON" "$W/talk.py" 127.0.0.1 "$b")" \
	'127.0.0.1: server inside'
is "as any user" "$(in_host setpriv --reuid 65533 --regid 65533 \
	--clear-groups "$PYTHON" "$W/talk.py" 127.0.0.1 "$a")" \
	'127.0.0.1: server inside'
for option in --allow-local-binding --local-port="$a" \
	"--local-port=$a --allow-local-binding"; do
	# shellcheck disable=SC2086 # several words
	try leash run --isolation=firewall $option -- "$PYTHON" talk.py \
		127.0.0.1 "$a" ::1 "$a"
	is "another run with $option is refused, at once" \
		"$(echo "$OUT" | grep -c -E ': (ECONNREFUSED|EACCES)$')" 2
done
try leash run --isolation=firewall -- "$PYTHON" talk.py 127.0.0.1 "$a"
unlike "a run without the option does not reach it" "$OUT" server

# What else there is on the host stays out of reach, of every family.
# shellcheck disable=SC2016
in_host "$PYTHON" -c '
import socket, sys
s = socket.create_server(("::", 8099), family=socket.AF_INET6,
                         dualstack_ipv6=True)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 8099))
print("ready", flush=True)
while True:
    print(u.recv(100), flush=True)' >"$W/host.log" 2>&1 &
SERVERS+=($!)
until_true 5 grep -q ready "$W/host.log"
try leash run --isolation=firewall --allow-local-binding -a '*:*' -- \
	"$PYTHON" talk.py 127.0.0.1 8099 127.0.0.2 8099 ::1 8099 \
	192.168.77.2 8099 fd77::2 8099 93.184.216.34 443 192.168.77.1 53
is "with servers, nothing of the host or outside is open" \
	"$(echo "$OUT" | grep -c -E ': (ECONNREFUSED|EACCES)$')" 7
try leash run --isolation=firewall --allow-local-binding -- "$PYTHON" -c '
import socket
for host in "127.0.0.1", "192.168.77.1", "93.184.216.34":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.sendto(b"leak", (host, 8099))
        print("sent")
    except OSError as e:
        print(e.errno)'
is "no datagram goes out" "$(echo "$OUT" | sort -u)" 1
unlike "nor arrives" "$(cat "$W/host.log")" leak
try leash run --isolation=firewall --allow-local-binding \
	-a allowed.example -- curl -sS --cacert ca.pem https://allowed.example/
is "the door is as it was" "$STATUS" 0

touch "$W/wsa/stop" "$W/wsb/stop"
wait_for_end "${RUNS[0]}" 20
wait_for_end "${RUNS[1]}" 20
is "the first saw its own server" "$(cat "$W/a.out")" "$SERVED"
is "the second too" "$(cat "$W/b.out")" "$SERVED"
is "when a run has ended its server is gone" \
	"$(in_host "$PYTHON" "$W/talk.py" 127.0.0.1 "$a")" \
	'127.0.0.1: ECONNREFUSED'
is "and nothing of it is in the rules" "$(in_host nft list table inet \
	netleash | grep -c -E '"netleash/|elements = .*0x6e6c')" 0

try leash run --online --allow-local-binding -- true
is 'with --online it is 125' "$STATUS" 125
like 'with its reason' "$ERR" 'exclude each other'
done_testing
