#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --local-port: services on the host's loopback, for one run, in every
# isolation: over IPv4 and IPv6, and nothing else of the host's.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

# talk.py: what a connection to HOST PORT says, for each pair of arguments
# server.py: answers what it is asked with its name; two ports, two families
cat >"$WS/talk.py" <<'END'
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
    print(f"{host} {port}: {said.strip()}{late}")
END
cat >"$W/server.py" <<'END'
import socket, sys, threading
def serve(family, host, port):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port))
    s.listen(64)
    while True:
        c, _ = s.accept()
        threading.Thread(target=answer, args=(c, port), daemon=True).start()
def answer(c, port):
    with c:
        data = c.recv(65536)
        if data.startswith(b"count"):
            n = len(data)
            while data:
                data = c.recv(65536)
                n += len(data)
            c.sendall(b"%d\n" % n)
        elif data.startswith(b"give"):
            c.sendall(b"x" * 3000000)
        elif data:
            c.sendall(b"service %d\n" % port)
for arg in sys.argv[1:]:
    host, port = arg.rsplit("@", 1)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    threading.Thread(target=serve, args=(family, host, int(port))).start()
END
chmod 644 "$W/server.py"
in_host "$PYTHON" "$W/server.py" 127.0.0.1@5432 ::1@5432 127.0.0.1@8001 \
	::1@8002 127.0.0.1@9999 127.0.0.2@5432 192.168.77.2@5432 &
SERVERS+=($!)
answers() {
	(in_host "$PYTHON" "$WS/talk.py" 127.0.0.1 5432 ::1 8002) |
		grep -c service | grep -q 2
}
until_true 10 answers || { echo 'the services did not start'; exit 1; }

# By the firewall or by Landlock, whichever is first.
REFUSED='ECONNREFUSED|EACCES'

# An unprivileged caller, with a workspace of his own.
mkdir "$W/user"
cp "$WS/talk.py" "$W/user"
chown -R 65533:65533 "$W/user"
unprivileged() {
	cd "$W/user" && in_host setpriv --reuid 65533 --regid 65533 \
		--clear-groups env -i PATH=/usr/bin:/bin HOME="$W/home" \
		LANG=C.UTF-8 "$NETLEASH" "$@"
}

# each_isolation WHAT...: "$@" is called with how to run, and its name
# shellcheck disable=SC2317 # they are called by name
each_isolation() {
	"$1" firewall leash run --isolation=firewall
	"$1" 'netns as root' leash run --isolation=netns
	"$1" 'netns unprivileged' unprivileged run --isolation=netns
}

all_of_it() {
	local how=$1
	shift
	try "$@" --local-port 5432 --local-port=8000-8010 -- \
		"$PYTHON" talk.py 127.0.0.1 5432 ::1 5432 127.0.0.1 8001
	is "$how: the command ends well" "$STATUS" 0
	is "$how: a service is reached by both families" "$OUT" \
		"127.0.0.1 5432: service 5432
::1 5432: service 5432
127.0.0.1 8001: service 8001"
	try "$@" --local-port 5432 -- "$PYTHON" talk.py 127.0.0.1 9999 \
		127.0.0.1 8001 ::1 8002 127.0.0.2 5432 192.168.77.2 5432 \
		93.184.216.34 443
	unlike "$how: nothing else is" "$OUT" 'service|silence|late'
	is "$how: each is refused" \
		"$(echo "$OUT" | grep -c -E ": ($REFUSED|ENETUNREACH)\$")" 6
	try "$@" -- "$PYTHON" talk.py 127.0.0.1 5432 ::1 5432
	unlike "$how: a run without the option does not reach it" "$OUT" service
	try "$@" --local-port 5432 -- sh -c \
		'echo "$NO_PROXY"; curl -sS http://localhost:5432/'
	like "$how: tools go there without the proxy" "$OUT" 127.0.0.1
	unlike "$how: and get no answer of the proxy's" "$OUT$ERR" not-allowed
	try "$@" --local-port 5432 -- "$PYTHON" -c '
import socket
def ask(word, n):
    s = socket.create_connection(("127.0.0.1", 5432))
    s.sendall(word + b"x" * n)
    s.shutdown(socket.SHUT_WR)
    got = 0
    first = b""
    while True:
        data = s.recv(65536)
        if not data:
            return got, first[:20]
        first = first or data
        got += len(data)
print(ask(b"count", 5000000), ask(b"give", 0)[0])'
	is "$how: bulk and half-close work both ways" "$OUT" \
		"(8, b'5000005\\n') 3000000"
	try "$@" --local-port 7 -- "$PYTHON" talk.py 127.0.0.1 7
	unlike "$how: where nobody listens it fails at once" "$OUT" \
		'service|silence|late'
	try "$@" --no-network --local-port 5432 -- "$PYTHON" talk.py \
		127.0.0.1 5432 127.0.0.1 3128
	like "$how: without a door a local port is reached" "$OUT" \
		'5432: service'
	like "$how: and is all there is" "$OUT" "3128: ($REFUSED)\$"
	try "$@" --local-port=3128-3130 --local-port 1-61 -- \
		"$PYTHON" talk.py 127.0.0.1 5432
	is "$how: 64 ports, the door's usual among them" "$STATUS" 0
}
each_isolation all_of_it

# Two at once: what is open to the one is closed to the other.
two_at_once() {
	local how=$1 first
	shift
	rm -f "$W/user/go" "$WS/go"
	("$@" --local-port 5432 -- sh -c "cd '$WS' 2>/dev/null ||
		cd '$W/user'; $PYTHON talk.py 127.0.0.1 5432
		until [ -e go ]; do sleep 0.05; done
		$PYTHON talk.py 127.0.0.1 5432") \
		>"$W/first" 2>&1 </dev/null &
	first=$!
	until_true 10 grep -q service "$W/first"
	try leash run -- "$PYTHON" talk.py 127.0.0.1 5432
	like "$how: another run meanwhile is refused" "$OUT" \
		": ($REFUSED)\$"
	is "$how: the host is not" "$(in_host "$PYTHON" "$WS/talk.py" \
		127.0.0.1 5432)" '127.0.0.1 5432: service 5432'
	touch "$W/user/go" "$WS/go"
	wait "$first"
	is "$how: the run itself still is not" \
		"$(grep -c service "$W/first")" 2
}
in_workspace() {
	cd "$WS" && leash "$@"
}
two_at_once firewall in_workspace run --isolation=firewall
two_at_once netns in_workspace run --isolation=netns

try leash run --isolation=netns --local-port 5432 --log "$W/log" -- \
	"$PYTHON" talk.py 127.0.0.1 5432
like 'netns: the access log has its line' "$(cat "$W/log")" \
	'"protocol":"local-port".*"target":"localhost:5432",.*"address":"127.0.0.1","decision":"allow".*"bytes_in":13,"bytes_out":6'

# The elements of a run that was killed are swept with it.
elements() {
	in_host nft list map inet netleash local | grep -c 0x6e6c
}
(cd "$WS" && leash run --isolation=firewall --local-port 5432-5440 \
	--allow-local-binding -- sleep 60) </dev/null &
victim=$!
until_true 10 elements
like 'a run with local ports has elements' "$(elements)" '^[1-9]'
pkill -KILL -P "$victim"
kill -KILL "$victim"
wait "$victim" 2>/dev/null
try in_host "$NETLEASH" setup
is 'setup sweeps what a killed run left' "$(elements)" 0
is 'and its marks' "$(in_host nft list table inet netleash |
	grep -c -E '"netleash/r|^.*elements = .*0x6e6c')" 0

for bad in 0 65536 80-79 80,81 http '' 1-65535 80- -80; do
	try leash run --local-port="$bad" -- touch "$WS/ran"
	is "--local-port=$bad is 125" "$STATUS" 125
	like "--local-port=$bad: says so" "$ERR" "local-port.*'$bad'"
done
check 'and nothing was run' test ! -e "$WS/ran"
try leash run --online --local-port=80 -- true
is '--local-port with --online is 125' "$STATUS" 125
like 'with its reason' "$ERR" 'exclude each other'
done_testing
