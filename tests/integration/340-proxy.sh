#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# `netleash proxy` serves the conf's listeners, sheds its privileges, reloads
# without dropping a tunnel, and drains.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/proxy.sh
. "$LIB/proxy.sh"
world_up
need ps setpriv

CURL=(curl -sS --max-time 20 --cacert "$W/ca.pem" -o /dev/null
	-w '%{http_code}')
PROXY=''

through() {
	try in_host "${CURL[@]}" -x "http://127.0.0.1:$PORT" "$@"
}

# --- listeners and footing
conf 'listen 127.0.0.1:0 [::1]:0' 'listen 127.0.0.2:0' 'allow allowed.example' \
	"log json $W/access.log"
start_proxy -c "$W/conf"
is "each listener says that it is ready" \
	"$(sed 's/[0-9]*$/PORT/' "$W/ready")" \
	"ready 127.0.0.1:PORT
ready [::1]:PORT
ready 127.0.0.2:PORT"
is "the pid file names the process" "$PROXY" "$SHELL_PID"
through https://allowed.example/
is "it lets through what the conf allows" "$STATUS/$OUT" "0/200"
through https://other.example/
is "and nothing else" "$STATUS/$OUT" "56/000"
try in_host "${CURL[@]}" -x "http://[::1]:$(
	sed -n 's/^ready \[::1\]://p' "$W/ready")" https://allowed.example/
is "on every listener" "$STATUS/$OUT" "0/200"
check "it is the online identity" \
	test "$(ps -o user= -p "$PROXY")" = "$(id -nu "$(id -u netleash-online)")"
unlike "without any capability" \
	"$(grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' "/proc/$PROXY/status")" '[1-9a-f]$'
is "with no_new_privs and a filter" \
	"$(grep -E '^(NoNewPrivs|Seccomp):' "/proc/$PROXY/status" |
		tr -s ' \t\n' ' ')" "NoNewPrivs: 1 Seccomp: 2 "
is "and no groups" \
	"$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$PROXY/status" |
		tr -d ' ')" ""
like "what it did is in the log" "$(cat "$W/access.log")" \
	'"target":"allowed.example:443".*"rule":"'"$W"'/conf:3"'
is "the log is root's" "$(stat -c %U "$W/access.log")" root

# --- reload: a tunnel lives through it
cat >"$W/tunnel.py" <<'END'
import os, socket, sys, time
proxy, target, flag = sys.argv[1:]
s = socket.create_connection(("127.0.0.1", int(proxy)), 10)
s.sendall(("CONNECT %s HTTP/1.1\r\n\r\n" % target).encode())
head = b""
while b"\r\n\r\n" not in head:
    head += s.recv(1)
print(head.split(b"\r\n")[0].decode(), flush=True)
while not os.path.exists(flag):
    time.sleep(0.02)
s.sendall(b"after the reload")
got = b""
while len(got) < 16:
    part = s.recv(100)
    if not part:
        break
    got += part
print(got.decode(), flush=True)
END
cat >"$W/echo.py" <<'END'
import socket, sys, threading
def serve(s):
    while True:
        data = s.recv(65536)
        if not data:
            break
        s.sendall(data)
    s.close()
l = socket.create_server(("93.184.216.34", int(sys.argv[1])))
open(sys.argv[2], "w").close()
while True:
    threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
END
serve "$PYTHON" "$W/echo.py" 7007 "$W/echo.ready"
until_true 10 test -e "$W/echo.ready"
stop_proxy
is "TERM ends it with 0" "$STATUS" 0
check "and the pid file is gone" test ! -e "$W/pid"

conf 'listen 127.0.0.1:0' 'allow echo.example:7007 allowed.example' \
	"log json $W/access.log"
start_proxy -c "$W/conf"
(in_host "$PYTHON" "$W/tunnel.py" "$PORT" echo.example:7007 "$W/go") \
	>"$W/tunnel.out" 2>&1 &
TUNNEL=$!
until_true 10 grep -q ' 200 ' "$W/tunnel.out"
mkdir "$W/more"
echo 'allow other.example' >"$W/more/one.conf"
conf 'listen 127.0.0.1:0' '' "include $W/more/*.conf" \
	"log json $W/access.log"
chmod 600 "$W/conf" "$W/more/one.conf"
kill -HUP "$PROXY"
check "HUP says that it reloaded" said '^netleash: reloaded'
through https://other.example/
is "what the new conf allows passes, from an included file too" \
	"$STATUS/$OUT" "0/200"
through https://allowed.example/
is "what it no longer allows does not" "$STATUS/$OUT" "56/000"
like "the log names the new conf's line" "$(cat "$W/access.log")" \
	'"target":"other.example:443".*"rule":"'"$W"'/more/one.conf:1"'
touch "$W/go"
wait "$TUNNEL"
is "a tunnel that was open stays" "$(sed -n 2p "$W/tunnel.out")" \
	"after the reload"
until_true 10 grep -q 'echo.example:7007' "$W/access.log"
like "and its line names the rule that let it in" \
	"$(grep echo.example "$W/access.log")" \
	'"decision":"allow","rule":"'"$W"'/conf:2"'

# --- a bad conf changes nothing, and the log is opened anew all the same
mv "$W/access.log" "$W/access.log.1"
: >"$W/messages"
printf 'allow a..b\nnonsense\n' >"$W/conf"
kill -HUP "$PROXY"
check "a bad conf is said to be one" said 'not usable: the old one stays'
like "with each error's place" "$(cat "$W/messages")" "$W/conf:2:1: "
through https://other.example/
is "and the old one stays" "$STATUS/$OUT" "0/200"
check "a log that was rotated is made anew" \
	until_true 10 grep -q other.example:443 "$W/access.log"
unlike "and nothing more goes to the old one" \
	"$(tail -n 1 "$W/access.log.1")" '"dropped"'
: >"$W/messages"
conf 'listen 127.0.0.1:0 127.0.0.3:0' 'allow allowed.example'
kill -HUP "$PROXY"
check "what needs a restart is said" said "'listen' has changed"
check "and the rest is taken" said '^netleash: reloaded'
through https://allowed.example/
is "as the new conf has it" "$STATUS/$OUT" "0/200"

# --- the keeper dies: it serves on, and says so
: >"$W/messages"
kill -KILL "$(ps -o pid= --ppid "$PROXY" | tr -d ' ')"
check "a dead keeper is told" said 'the keeper is gone'
through https://allowed.example/
is "and the proxy serves on" "$STATUS/$OUT" "0/200"
stop_proxy
is "and ends with 0" "$STATUS" 0
rm -f "$W/pid"

# --- drain
drain_conf() {
	conf 'listen 127.0.0.1:0' 'allow echo.example:7007 allowed.example' \
		"limit drain-time $1"
}
drain_conf 60
start_proxy -c "$W/conf"
rm -f "$W/go"
(in_host "$PYTHON" "$W/tunnel.py" "$PORT" echo.example:7007 "$W/go") \
	>"$W/tunnel.out" 2>&1 &
TUNNEL=$!
until_true 10 grep -q ' 200 ' "$W/tunnel.out"
kill -INT "$PROXY"
check "INT is heard" said 'told to end'
through https://allowed.example/
is "nothing new is accepted, and at once" "$STATUS" 7
touch "$W/go"
wait "$TUNNEL"
is "what is open goes on" "$(sed -n 2p "$W/tunnel.out")" "after the reload"
wait_for_end "$SHELL_PID" 20
is "and with its end it ends" "$STATUS" 0
check "before drain-time is over" \
	sh -c "! grep -q 'drain-time is over' '$W/messages'"

hold_tunnel() {
	rm -f "$W/go"
	start_proxy -c "$W/conf"
	(in_host "$PYTHON" "$W/tunnel.py" "$PORT" echo.example:7007 "$W/go") \
		>"$W/tunnel.out" 2>&1 &
	TUNNEL=$!
	until_true 10 grep -q ' 200 ' "$W/tunnel.out"
	start=$(now_ms)
	kill -TERM "$PROXY"
	said 'told to end'
}
release_tunnel() {
	touch "$W/go"
	wait "$TUNNEL"
}
drain_conf 3
hold_tunnel
wait_for_end "$SHELL_PID" 30
is "a tunnel that does not end is closed" "$STATUS" 0
like "after drain-time" "$(($(now_ms) - start))" '^([3-9]|1[0-9])[0-9]{3}$'
release_tunnel
drain_conf 60
hold_tunnel
kill -TERM "$PROXY"
wait_for_end "$SHELL_PID" 20
is "a second TERM ends it" "$STATUS" 0
below "at once" "$(($(now_ms) - start))" 20000
release_tunnel

# --- what cannot be
start_proxy -c "$W/conf"
conf "listen 127.0.0.1:$PORT" 'allow allowed.example'
try leash proxy -c "$W/conf"
is "a port that is taken: 1" "$STATUS" 1
like "and it is named" "$ERR" "cannot listen on 127.0.0.1:$PORT: "
# Connections that the proxy has ended first, of each of its threads.
(in_host "$PYTHON" - "$PORT" <<'END'
import socket, sys
for _ in range(32):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"GET http://other.example/ HTTP/1.1\r\nHost: other.example\r\n"
              b"Connection: close\r\n\r\n")
    while s.recv(65536):
        pass
    s.close()
END
)
stop_proxy
start_proxy -c "$W/conf"
is "a fixed port can be taken again at once" "$PORT" \
	"$(sed -n 's/^listen 127.0.0.1://p' "$W/conf")"
stop_proxy
conf 'listen 192.168.77.2:3128'
try leash proxy -c "$W/conf"
is "an address beyond loopback: 1" "$STATUS" 1
like "and why" "$ERR" 'is not a loopback address'
conf 'allow a..b'
try leash proxy -c "$W/conf"
is "a bad conf: 1" "$STATUS" 1
try leash proxy -c "$W/none"
is "no conf: 1" "$STATUS" 1
conf 'listen 127.0.0.1:0'
try leash proxy -c "$W/conf" -p nosuch
is "no such profile: 1" "$STATUS" 1
try leash proxy --nonsense
is "a bad option: 2" "$STATUS" 2
try leash proxy -c "$W/conf" --pid-file "$W/none/pid"
is "a pid file that cannot be: 1" "$STATUS" 1
conf 'listen 127.0.0.1:0' "log json $W/none/log"
try leash proxy -c "$W/conf"
is "a log that cannot be: 1" "$STATUS" 1
check "no pid file is left" test ! -e "$W/pid"

# --- threads
conf 'listen 127.0.0.1:0' 'threads 3' 'allow allowed.example' \
	"log json $W/threads.log"
start_proxy -c "$W/conf"
tasks=("/proc/$PROXY/task"/*/status)
is "there are as many threads as the conf says" "${#tasks[@]}" 3
is "and not one has a privilege" "$(sed -n -E \
	's/^(Uid|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):\t/\1 /p' \
	"${tasks[@]}" | sort | uniq -c | sed -E 's/^ +3 //' | sort)" \
	"$(sort <<-END
	CapAmb 0000000000000000
	CapBnd 0000000000000000
	CapEff 0000000000000000
	CapInh 0000000000000000
	CapPrm 0000000000000000
	NoNewPrivs 1
	Seccomp 2
	Uid $(sed -n 's/^Uid:\t//p' "/proc/$PROXY/status")
	END
	)"
kill -HUP "$PROXY"
check "HUP reloads them all" said '^netleash: reloaded'
wakes() {
	sed -n 's/^voluntary_ctxt_switches:\t//p' "${tasks[@]}"
}
before=$(wakes)
# The kernel gives each a third, by a hash of the client's port.
for ((n = 0; n < 40; n++)); do
	through https://allowed.example/
	[ "$OUT" = 200 ] || break
done
is "40 requests are served" "$STATUS/$OUT" "0/200"
is "by all of them" "$(paste <(echo "$before") <(wakes) |
	awk '$2 > $1 + 5' | wc -l)" 3
is "and they log whole lines" "$(grep -c '^{"time":.*}$' "$W/threads.log")" 40
stop_proxy
is "and all end" "$STATUS" 0

# --- without root
conf 'listen 127.0.0.1:0' 'profile p { allow allowed.example }'
chmod 644 "$W/conf"
install -d -o nobody "$W/nobody"
cp "$NETLEASH" "$W/netleash"
(in_host setpriv --reuid=nobody --regid=nogroup --clear-groups env -i \
	"$W/netleash" proxy -c "$W/conf" -p p --log "$W/nobody/log" \
	--pid-file "$W/nobody/pid" >"$W/ready" 2>"$W/messages" </dev/null) &
SHELL_PID=$!
until_true 20 grep -q '^ready' "$W/ready"
PROXY=$(cat "$W/nobody/pid")
PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")
through https://allowed.example/
is "without root it serves too" "$STATUS/$OUT" "0/200"
check "and logs" grep -q allowed.example:443 "$W/nobody/log"
is "with a filter" "$(sed -n 's/^Seccomp:[[:space:]]*//p' \
	"/proc/$PROXY/status")" 2
echo 'profile p { allow other.example }' >"$W/conf"
rm "$W/nobody/log"
kill -HUP "$PROXY"
check "and reloads" said '^netleash: reloaded'
through https://other.example/
is "with the new rules" "$STATUS/$OUT" "0/200"
check "and a new log" grep -q other.example:443 "$W/nobody/log"
stop_proxy
is "and ends" "$STATUS" 0
check "with its pid file" test ! -e "$W/nobody/pid"
# --- what it does not do, it says
conf 'listen 127.0.0.1:0' 'allow allowed.example' 'inspect allowed.example'
start_proxy -c "$W/conf"
check "a look into tunnels that it does not take is told" \
	said 'look into tunnels.* this proxy does not'
stop_proxy
done_testing
