#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The access log goes to standard error, syslog or a file; one that is slow or
# full never stops the proxy, and what was dropped is told.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/proxy.sh
. "$LIB/proxy.sh"
world_up
CLEAN=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	HOME=/root)

# ready: sets PORT and PROXY
ready() {
	until_true 20 grep -q '^ready' "$W/ready"
	PROXY=$(cat "$W/pid")
	PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")
}

# ask COUNT: as many requests that are refused; prints how many got an answer
cat >"$W/ask.py" <<'END'
import socket, sys
answered = 0
for i in range(int(sys.argv[2])):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
    s.settimeout(5)
    s.sendall(b"CONNECT refused-%06d.example:443 HTTP/1.1\r\n\r\n" % i)
    answered += s.recv(100).startswith(b"HTTP/1.1 403")
    s.close()
print(answered)
END
ask() {
	try in_host "$PYTHON" "$W/ask.py" "$PORT" "$1"
}

# count_lines FILE: each line that begins like one is a whole object; prints
# how many name a target, and the sum of those that were dropped
count_lines() {
	"$PYTHON" -c '
import json, sys
lines = dropped = 0
for line in open(sys.argv[1], errors="replace"):
    if line.startswith("{"):
        entry = json.loads(line)
        lines += "target" in entry
        dropped += entry.get("dropped", 0)
print(lines, dropped)' "$1"
}

# --- standard error, of a run and of the proxy
conf 'allow allowed.example' 'log json stderr' 'listen 127.0.0.1:0' 'threads 1'
try leash run -q -c "$W/conf" -- curl -sS --cacert ca.pem -o page \
	https://allowed.example/
is "a run can log to standard error" "$STATUS" 0
like "a line for each request" "$ERR" \
	'^\{"time".*"run":"[^"]+".*"target":"allowed.example:443".*"allow"'
leash proxy -c "$W/conf" --pid-file "$W/pid" >"$W/ready" 2>"$W/messages" \
	</dev/null &
SHELL_PID=$!
ready
ask 3
is "so can the proxy" "$(count_lines "$W/messages")" "3 0"
stop_proxy

# --- a pipe that nobody reads
mkfifo "$W/pipe"
exec 9<>"$W/pipe"
leash proxy -c "$W/conf" --pid-file "$W/pid" >"$W/ready" 2>"$W/pipe" \
	</dev/null 9>&- &
SHELL_PID=$!
ready
ask 900
is "a log that nobody reads holds up nobody" "$OUT" 900
kill -HUP "$PROXY"
ask 10
is "not in a reload either, which has something to say" "$OUT" 10
timeout 1 cat <&9 >"$W/piped"
ask 1
all_told() {
	timeout 1 cat <&9 >>"$W/piped"
	read -r lines dropped < <(count_lines "$W/piped")
	[ $((lines + dropped)) -ge 911 ]
}
until_true 10 all_told
is "every line is there, or counted as dropped" $((lines + dropped)) 911
check "and some were" test "$dropped" -gt 100
stop_proxy
is "it ends" "$STATUS" 0
exec 9>&-

# --- a disk that is full
conf 'log json /run/small/log' 'listen 127.0.0.1:0' 'threads 1'
# shellcheck disable=SC2016 # for the inner shell
(in_host unshare --mount sh -c 'mount -t tmpfs none /run && mkdir /run/small &&
	mount -t tmpfs -o size=16k none /run/small && exec "$@"' sh \
	"${CLEAN[@]}" "$NETLEASH" proxy -c "$W/conf" --pid-file "$W/pid" \
	>"$W/ready" 2>"$W/messages" </dev/null) &
SHELL_PID=$!
ready
LOG=/proc/$PROXY/root/run/small/log
ask 200
is "a full disk stops nobody" "$OUT" 200
check "it is told once" test \
	"$(grep -c 'lines are being dropped' "$W/messages")" = 1
cp "$LOG" "$W/full"
: >"$LOG"
ask 2
# The first line of the new file may end one that broke off.
cat "$LOG" >>"$W/full"
read -r lines dropped < <(sed 's/^[^{].*//' "$W/full" |
	sed '/^{.*[^}]$/d' >"$W/whole" && count_lines "$W/whole")
is "and once there is room it says how many" $((lines + dropped)) 202
check "with whole lines again" test "$dropped" -gt 100
kill -HUP "$PROXY"
until_true 10 grep -q reloaded "$W/messages"
ask 1
is "also opened anew" "$(tail -n 1 "$LOG" | grep -c refused-000000)" 1
stop_proxy

# --- a file that may not grow, which is a signal, too
conf "log json $W/limited.log" 'listen 127.0.0.1:0' 'threads 1'
(ulimit -f 16 && leash proxy -c "$W/conf" --pid-file "$W/pid" >"$W/ready" \
	2>"$W/messages" </dev/null) &
SHELL_PID=$!
ready
ask 200
is "a log at its \`ulimit -f\` stops nobody" "$OUT" 200
check "and is told" grep -q 'lines are being dropped' "$W/messages"
stop_proxy

# --- syslog
cat >"$W/syslog.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
open(sys.argv[1] + ".ready", "w").close()
with open(sys.argv[2], "ab", 0) as out:
    while True:
        out.write(s.recv(8192) + b"\n")
END
serve "$PYTHON" "$W/syslog.py" "$W/log.sock" "$W/syslog"
until_true 10 test -e "$W/log.sock.ready"
conf 'allow allowed.example' 'log json syslog' 'listen 127.0.0.1:0' 'threads 1'
mkdir "$W/dev"
# A /dev with a syslog in it, in this process's view alone.
# shellcheck disable=SC2016
(in_host unshare --mount sh -c 'mount -t tmpfs none "$1/dev" || exit 99
	for node in null zero random urandom; do
		: >"$1/dev/$node" && mount --bind "/dev/$node" "$1/dev/$node"
	done
	: >"$1/dev/log" && mount --bind "$1/log.sock" "$1/dev/log" &&
		mount --rbind "$1/dev" /dev && shift && exec "$@"' sh "$W" \
	"${CLEAN[@]}" "$NETLEASH" proxy -c "$W/conf" --pid-file "$W/pid" \
	>"$W/ready" 2>"$W/messages" </dev/null) &
SHELL_PID=$!
ready
ask 2
until_true 10 grep -q refused-000001 "$W/syslog"
like "syslog gets each line as a message" "$(head -n 1 "$W/syslog")" \
	'^<30>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} netleash\['"$PROXY"'\]: \{"time".*\}$'
kill -HUP "$PROXY"
until_true 10 grep -q reloaded "$W/messages"
ask 4
until_true 10 grep -q refused-000003 "$W/syslog"
is "after a reload too" "$(grep -c '^<30>' "$W/syslog")" 6
stop_proxy
conf 'log json syslog' 'listen 127.0.0.1:0' 'threads 1'
if [ ! -e /dev/log ]; then
	try leash proxy -c "$W/conf"
	is "without a syslog it does not start" "$STATUS" 1
	like "and says why" "$ERR" "'syslog, /dev/log' cannot be opened"
fi
done_testing
