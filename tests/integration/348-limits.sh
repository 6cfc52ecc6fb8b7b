#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each limit of a conf is reached, by the real program: what is beyond it is
# refused with its reason, what is within it goes on, and there is room again
# afterwards. And presets, and words that other tests say in short.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/proxy.sh
. "$LIB/proxy.sh"
world_up

log=$W/access.log
rules='allow *.example:* 93.184.216.34:7007 93.184.216.34:7008'

# A server that takes whoever comes, and one whose queue is full for good.
cat >"$W/servers.py" <<'END'
import socket, sys, time
taking = socket.create_server(("93.184.216.34", 7007))
full = socket.create_server(("93.184.216.34", 7008), backlog=0)
fillers = []
for _ in range(4):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("93.184.216.34", 7008))
    fillers.append(s)
time.sleep(0.2)
open(sys.argv[1], "w").close()
held = []
while True:
    held.append(taking.accept()[0])
END
serve "$PYTHON" "$W/servers.py" "$W/servers.ready"
until_true 10 test -e "$W/servers.ready"

# Asks for each word in turn and keeps what it gets: prints its first line, or
# "-" where none comes within a while. "-N" resets the N-th from the start.
cat >"$W/hold.py" <<'END'
import socket, struct, sys, time
port, patience = int(sys.argv[1]), float(sys.argv[2])
held = []
for word in sys.argv[3:]:
    if word.startswith("-"):
        old = held[int(word[1:])]
        old.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                       struct.pack("ii", 1, 0))
        old.close()
        time.sleep(0.5)
        continue
    s = socket.create_connection(("127.0.0.1", port), 10)
    held.append(s)
    s.settimeout(patience)
    s.sendall(("CONNECT %s HTTP/1.1\r\n\r\n" % word).encode())
    try:
        got = s.recv(4096).split(b"\r\n")[0].split(b" ")
        print(got[1].decode() if len(got) > 1 else "end")
    except socket.timeout:
        print("-")
    except ConnectionError:
        print("end")
END

# with LINE...: our proxy, anew, with those lines too
with() {
	[ -z "${PROXY-}" ] || stop_proxy
	rm -f "$log"
	conf 'listen 127.0.0.1:0' "$rules" "log json $log" 'threads 1' "$@"
	start_proxy -c "$W/conf"
}

# hold PATIENCE WORD...: sets OUT, in one line
hold() {
	try in_host "$PYTHON" "$W/hold.py" "$PORT" "$@"
	OUT=$(printf '%s' "$OUT" | tr '\n' ' ')
}

refused() {
	until_true 5 grep -q -F "\"reason\":\"$1\"" "$log"
}

T=93.184.216.34:7007
with 'limit head-size 1k' 'limit header-count 8'
head=$(printf '%01200d' 0)
try in_host curl -sS -o /dev/null -w '%{http_code}' -H "X: $head" \
	-x "http://127.0.0.1:$PORT" http://allowed.example/
is "head-size: a longer head is refused" "$OUT" 431
fields=()
for i in 1 2 3 4 5 6 7 8 9; do fields+=(-H "X$i: y"); done
try in_host curl -sS -o /dev/null -w '%{http_code}' "${fields[@]}" \
	-x "http://127.0.0.1:$PORT" http://allowed.example/
is "header-count: one of more fields as well" "$OUT" 431
check "with the reason" refused head-too-large
try in_host curl -sS -o /dev/null -w '%{http_code}' -H "X: ${head:0:600}" \
	-x "http://127.0.0.1:$PORT" http://allowed.example/
is "and a shorter one passes" "$OUT" 200

with 'limit connections 2'
hold 5 $T $T $T -2 -0 $T
is "connections: one too many is refused, until one has ended" "$OUT" \
	'200 200 503 200'
check "with the reason" refused limit
with 'limit tunnels-per-target 1'
hold 5 $T $T echo.example:80 -0 $T
is "tunnels-per-target: of one target, until it has ended" "$OUT" \
	'200 503 200 200'
check "with the reason" refused limit

with 'limit dial-time 1s'
hold 10 93.184.216.34:7008
is "dial-time: a server that does not answer is given up" "$OUT" 504
check "with the reason" refused connect-timeout
below "soon" "$MS" 8000
with 'limit dial-time 20s' 'limit pending-dials 1'
hold 1 93.184.216.34:7008 $T -0 $T
is "pending-dials: while one is dialled, no other" "$OUT" '- 503 200'
with 'limit dns-time 20s' 'limit pending-lookups 1'
hold 1 silent.example:80 allowed.example:80 $T
is "pending-lookups: while one is looked up, no other name" "$OUT" '- 503 200'
check "with the reason" refused limit
stop_proxy

# --- of a run
conf "$rules" 'limit connections-per-run 2' "log json $log"
cp "$W/hold.py" "$WS/hold.py"
# shellcheck disable=SC2016 # for the inner shell
try leash run -c "$W/conf" -- sh -c 'door=${HTTPS_PROXY##*:}
	exec "$@" hold.py "${door%/}" 5 '"$T $T $T -2 -0 $T" sh "$PYTHON"
is "connections-per-run: of a run" "$(printf '%s' "$OUT" | tr '\n' ' ')" \
	'200 200 503 200'

# What is looked into: 16 each run may have, and 16 are held.
cat >"$WS/inside.py" <<'END'
import os, socket, ssl
door = int(os.environ["HTTPS_PROXY"].rstrip("/").rsplit(":", 1)[1])
context = ssl.create_default_context()
held = []
def begin():
    s = socket.create_connection(("127.0.0.1", door), 10)
    s.sendall(b"CONNECT allowed.example:443 HTTP/1.1\r\n\r\n")
    head = b""
    while b"\r\n\r\n" not in head:
        part = s.recv(1)
        if not part:
            return "end"
        head += part
    if b" 200 " not in head.split(b"\r\n")[0] + b" ":
        return head.split(b" ")[1].decode()
    try:
        held.append(context.wrap_socket(
            s, server_hostname="allowed.example"))
    except (ssl.SSLError, OSError):
        return "failed"
    return "200"
got = [begin() for _ in range(18)]
print(got.count("200"), got[-1])
for s in held[:4]:
    s.close()
import time
time.sleep(0.5)
print(begin())
END
for limit in 'inspections 1' 'inspections-per-run 17'; do
	rm -f "$log"
	conf 'allow GET https://allowed.example/**' "verify-ca $W/ca.pem" \
		"limit $limit" "log json $log"
	try leash run -c "$W/conf" -- "$PYTHON" inside.py
	echo "# $limit: $(printf '%s' "$OUT" | tr '\n' ' ')"
	count=16
	[ "$limit" = 'inspections 1' ] || count=17
	like "$limit: no more are looked into" "$OUT" "^$count [^2]"
	is "and again, once one has ended" "$(printf '%s\n' "$OUT" |
		sed -n 2p)" 200
	check "with the reason" refused limit
done

# --- presets: those beside the program, and what a user has of his own
mkdir -p "$W/usr/bin" "$W/usr/share/netleash/presets" "$WS/presets"
cp "$NETLEASH" "$W/usr/bin/netleash"
cp "$SUPPORT"/../../conf/presets/*.conf "$W/usr/share/netleash/presets"
echo 'deny v4.example' >"$WS/presets/mine.conf"
printf 'allow v4.example\ndeny other.example\n' \
	>"$W/usr/share/netleash/presets/mine.conf"
conf 'preset mine github' 'allow other.example'
chmod 755 "$W" "$W/usr" "$W/usr/bin" "$WS"
chmod 644 "$W/conf"
CALLER=(NETLEASH_PRESET_DIR="$WS/presets")
NETLEASH=$W/usr/bin/netleash try leash run -c "$W/conf" -- curl -sS \
	http://v4.example/ http://other.example/
like "a preset's host is allowed" "$OUT$ERR" '^hello from v4.example'
like "and what it denies is denied" "$OUT" 'Reason: denied'
CALLER=()
NETLEASH=$W/usr/bin/netleash try leash explain -c "$W/conf" --json \
	github.com:22
like "a rule of one is named with its file" "$STATUS/$OUT" \
	'^0/.*"rule": *"[^"]*github'
conf 'preset mine'
try in_host setpriv --reuid 65533 --regid 65533 --clear-groups env -i \
	NETLEASH_PRESET_DIR="$WS/presets" "$W/usr/bin/netleash" \
	explain -c "$W/conf" --json v4.example
like "a user has a folder of his own" "$STATUS/$OUT" '^1/.*"denied"'
conf 'preset none'
try leash run -c "$W/conf" -- true
like "one that is not there is an error with its place" "$STATUS/$ERR" \
	"^125/$W/conf:1:8: .*none"

# --- in full
conf 'profile site { allow v4.example }' 'listen 127.0.0.1:0'
try leash explain --conf "$W/conf" --profile site v4.example:80
is "explain --conf, --profile" "$STATUS" 0
try leash explain --conf "$W/conf" --profile site --deny '*.example' v4.example
is "explain --deny" "$STATUS" 1
start_proxy --conf "$W/conf" --profile site
try in_host curl -sS -x "http://127.0.0.1:$PORT" http://v4.example/
like "proxy --conf, --profile" "$OUT" '^hello from v4.example'
stop_proxy
leash daemon --conf "$W/conf" --profile site --pid-file "$W/pid" \
	--control "$W/socket" >"$W/ready" 2>"$W/messages" </dev/null &
SHELL_PID=$!
until_true 20 grep -q '^ready' "$W/ready"
PROXY=$(cat "$W/pid")
try leash status --socket "$W/socket"
is "daemon --control is where status --socket finds it" "$STATUS" 0
try leash status
is "and nowhere else" "$STATUS" 1
stop_proxy
is "it ends" "$STATUS" 0
check "and the socket with it" test ! -e "$W/socket"
done_testing
