#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The daemon's control socket: curl and netleash's own clients; who may; what a
# reload says; a mode that is set; the live log; metrics; and that no command on
# a leash reaches it.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv ps
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

SOCKET=/run/netleash/control.sock
control() {
	curl -sS --max-time 20 --unix-socket $SOCKET "$@"
}
field() {
	"$PYTHON" -c 'import json, sys
v = json.load(sys.stdin)
for k in sys.argv[1:]:
    v = v[int(k)] if isinstance(v, list) else v[k]
print(json.dumps(v))' "$@"
}
through() {
	try in_host curl -sS --max-time 20 --cacert "$W/ca.pem" -o /dev/null \
		-w '%{http_code}' -x "http://127.0.0.1:$PORT" "$@"
}

conf 'listen 127.0.0.1:0' 'allow allowed.example allowed.example:81' "permit $ANN" \
	'profile closed { allow v4.example }'
start_daemon
PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")

# --- status and blocked
through https://allowed.example/
through https://other.example/
STATUS_JSON=$(control http://localhost/v1/status)
is "curl gets the status" "$(field pid <<<"$STATUS_JSON")" "$DAEMON"
is "with the listener" "$(field listeners 0 <<<"$STATUS_JSON")" \
	"\"127.0.0.1:$PORT\""
is "the conf" "$(field conf 0 <<<"$STATUS_JSON")" "\"$W/conf\""
is "requests by reason" "$(field requests <<<"$STATUS_JSON")" \
	'{"allowed": 1, "not-allowed": 1}'
is "and no run" "$(field runs <<<"$STATUS_JSON")" '[]'
try "$NETLEASH" status
like "netleash status tells it in lines" "$STATUS/$OUT" '^0/version: '
try "$NETLEASH" status --json
is "and with --json as it is" "$(field pid <<<"$OUT")" "$DAEMON"
is "what was blocked comes with its line" \
	"$(control http://localhost/v1/blocked | field blocked 0 allow_with)" \
	'"allow other.example"'
through http://allowed.example:81/
is "what could not be reached stands beside it" \
	"$(control http://localhost/v1/blocked | field failed 0)" \
	'{"target": "allowed.example:81", "reason": "connect-refused", "detail": null, "count": 1, "run": null, "caller": null}'
try "$NETLEASH" blocked
like "netleash blocked tells it too" "$OUT" 'allow_with: allow other.example'

(ann run -- sh -c 'curl -sS -o /dev/null https://v4.example/; sleep 79.5') \
	>"$W/run" 2>&1 &
RUN=$!
until_true 10 pgrep -x -f 'sleep 79.5'
STATUS_JSON=$(control http://localhost/v1/status)
is "a run is listed with caller, command and profile" \
	"$(field runs 0 caller <<<"$STATUS_JSON") $(field runs 0 command <<<"$STATUS_JSON") $(field runs 0 profile <<<"$STATUS_JSON")" \
	"\"$ANN\" \"sh\" null"
is "and what it was refused" "$(control http://localhost/v1/blocked |
	"$PYTHON" -c 'import json, sys
print([b["target"] for b in json.load(sys.stdin)["blocked"]
       if b["caller"] == sys.argv[1]])' "$ANN")" "['v4.example:443']"
pkill -TERM -x -f 'sleep 79.5'
wait "$RUN"

# --- the live log
("$NETLEASH" log >"$W/live" 2>&1) &
LOG=$!
LOG_SINCE=$SECONDS
# It looks on from some moment: asked until a line comes.
line_comes() {
	through https://allowed.example/
	grep -q "$1" "$2"
}
check "a line comes as it is written" until_true 10 line_comes \
	'"target":"allowed.example:443".*"decision":"allow"' "$W/live"
is "and is JSON" "$(head -n 1 "$W/live" | field decision)" '"allow"'
(control -N http://localhost/v1/log >"$W/live2" 2>/dev/null) &
CURL_LOG=$!
check "curl gets it too" until_true 10 line_comes '"allow"' "$W/live2"
kill "$CURL_LOG" 2>/dev/null

# --- clients that end their half after the request, as \`nc -N -U\` does
cat >"$W/half.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
s.sendall(b"%s HTTP/1.1\r\nHost: a\r\n\r\n" % sys.argv[2].encode())
s.shutdown(socket.SHUT_WR)
while piece := s.recv(65536):
    os.write(1, piece)
END
half() {
	"$PYTHON" "$W/half.py" $SOCKET "$1" | tr -d '\r'
}
is "who has ended his half gets the status" \
	"$(half 'GET /v1/status' | head -n 1)" 'HTTP/1.1 200 OK'
is "and is told of a reload's end" \
	"$(half 'POST /v1/reload' | tail -n 1)" '{"reloaded":true}'
before=$(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l)
("$PYTHON" "$W/half.py" $SOCKET 'GET /v1/log' >"$W/live3" 2>&1) &
HALF_LOG=$!
check "and gets the log" until_true 10 line_comes '"allow"' "$W/live3"
sleep 3
check "for as long as he looks" until_true 10 sh -c \
	"[ \$(find /proc/$DAEMON/fd -mindepth 1 | wc -l) -gt $before ]"
kill "$HALF_LOG"
check "that he is gone is seen without a line" until_true 10 sh -c \
	"[ \$(find /proc/$DAEMON/fd -mindepth 1 | wc -l) -le $before ]"

# --- mode
try "$NETLEASH" mode
is "no mode is set at first" "$STATUS/$OUT" '0/mode: conf'
is "curl sets one" "$(control -X PUT -d '{"mode":"limited"}' \
	http://localhost/v1/mode)" '{"mode":"limited"}'
"$NETLEASH" ca export >"$W/daemon.pem"
through --cacert "$W/daemon.pem" -X POST https://allowed.example/
is "and it counts at once, inside of TLS" "$STATUS/$OUT" 0/403
through -X POST http://allowed.example/
is "for plain HTTP by the method" "$STATUS/$OUT" 0/403
try "$NETLEASH" mode conf
through https://allowed.example/
is "conf puts it back" "$STATUS/$OUT" 0/200
try "$NETLEASH" mode open
is "another word is wrong usage" "$STATUS" 2

# --- reload
conf 'listen 127.0.0.1:0' 'allow other.example' "permit $ANN"
try "$NETLEASH" reload
is "a reload says that it worked" "$STATUS/$OUT" '0/reloaded: true'
through https://other.example/
is "and new rules count" "$STATUS/$OUT" 0/200
"$NETLEASH" mode limited >/dev/null
control -X POST http://localhost/v1/reload >/dev/null
through --cacert "$W/daemon.pem" -X POST https://other.example/
is "a mode that was set outlives a reload" "$STATUS/$OUT" 0/403
cat >"$W/post.py" <<'END'
import http.client, os, sys
seen = set()
while not os.path.exists(sys.argv[2]):
    c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
    for _ in range(50):
        c.request("POST", "http://other.example/")
        answer = c.getresponse()
        answer.read()
        seen.add(answer.status)
        if answer.will_close:
            c.close()
    c.close()
print(seen)
END
(in_host "$PYTHON" "$W/post.py" "$PORT" "$W/reloaded") >"$W/posted" 2>&1 &
POSTS=$!
for ((n = 0; n < 60; n++)); do
	"$NETLEASH" reload >"$W/reload.out" 2>&1
done
touch "$W/reloaded"
wait $POSTS
is "and lets nothing through while one is under way" "$(cat "$W/posted")" '{403}'
"$NETLEASH" mode conf >/dev/null
echo 'allow bad..name' >>"$W/conf"
try "$NETLEASH" reload
is "a bad conf is exit status 1" "$STATUS" 1
like "with file, line and word" "$ERR" 'bad..name'
is "curl gets 409" "$(control -o "$W/409" -w '%{http_code}' -X POST \
	http://localhost/v1/reload)" 409
is "and the errors" "$(field errors 0 line <"$W/409") $(field errors 0 column <"$W/409")" '4 7'
through https://other.example/
is "and nothing has changed" "$STATUS/$OUT" 0/200
for n in 1 2 3 4 5 6; do
	control -X POST http://localhost/v1/reload >"$W/many.$n" &
	MANY+=($!)
done
wait "${MANY[@]}"
is "many who ask at once are all told" "$(cat "$W"/many.* | grep -c '"valid":false')" 6

# --- metrics
control http://localhost/metrics >"$W/metrics"
is "metrics are in Prometheus' format" "$(grep -v -c -E \
	'^(# (HELP|TYPE) netleash_[a-z_]+ .+|netleash_[a-z_]+(\{[a-z]+="[^"\\]*"\})? [0-9]+)$' \
	"$W/metrics")" 0
like "with reloads" "$(cat "$W/metrics")" \
	'^netleash_reloads_total\{result="failed"\} [1-9]'
like "and runs" "$(cat "$W/metrics")" '^netleash_runs_begun_total 1$'
is "each family has one type" "$(grep -c '^# TYPE' "$W/metrics")" \
	"$(grep '^# TYPE' "$W/metrics" | sort -u | wc -l)"

# --- who may
try in_host setpriv --reuid "$ANN" --regid "$ANN" --init-groups \
	"$NETLEASH" status
like "who is not of the group is told so" "$STATUS/$ERR" \
	'^1/.*root and the group netleash'
is "nor may he by the socket" "$(setpriv --reuid "$ANN" --regid "$ANN" \
	--init-groups curl -sS --unix-socket $SOCKET http://localhost/v1/status \
	>/dev/null 2>&1 || echo refused)" refused
try "$NETLEASH" status --socket "$W/none.sock"
like "no daemon is a sentence" "$STATUS/$ERR" '^1/.*no netleash daemon'

# Longer than any other answer may take.
while [ $((SECONDS - LOG_SINCE)) -lt 32 ]; do
	sleep 0.5
done
LIVE=$(wc -l <"$W/live")
through https://other.example/
check "the log's reader sees lines for as long as he looks" until_true 10 \
	sh -c "[ \$(wc -l <$W/live) -gt $LIVE ]"
# The group counts from the daemon's start on.
stop_daemon
wait_for_end "$LOG" 10
is "the log's reader sees the end of the daemon" "$STATUS" 0
if ! getent group netleash >/dev/null; then
	groupadd netleash && MADE_GROUP=netleash
fi
sed -i '/bad\.\.name/d' "$W/conf"
start_daemon
PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")
member() {
	setpriv --reuid "$ANN" "$@" curl -sS -o /dev/null -w '%{http_code}' \
		--unix-socket $SOCKET http://localhost/v1/status 2>&1
}
is "a member of the group may, by his first group" \
	"$(member --regid netleash --clear-groups)" 200
is "and by another" "$(member --regid "$ANN" --groups netleash)" 200
unlike "nobody else" "$(member --regid "$ANN" --clear-groups)" 200

# --- out of reach of commands
cat >"$W/reach.py" <<'END'
import os, socket, sys
places = [sys.argv[1]] + [p + sys.argv[1] for p in
    ("/proc/1/root", "/proc/self/root", "/proc/%d/root" % os.getppid())]
places += [p.replace("control", "launch") for p in places]
for p in places:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        try:
            s = socket.socket(socket.AF_UNIX, kind)
            s.connect(p)
            print("reached", p)
        except OSError:
            pass
print("tried", len(places))
END
cp "$W/reach.py" "$WS"
cp "$W/reach.py" "$W/ann"
for how in --isolation=firewall --isolation=netns; do
	for sockets in --quiet --unix-sockets; do
		try leash run $how $sockets -- python3 reach.py $SOCKET
		is "no command of root's reaches it ($how $sockets)" "$OUT" \
			"tried 8"
		try ann run $how $sockets -- python3 reach.py $SOCKET
		is "nor a caller's ($how $sockets)" "$OUT" "tried 8"
	done
done
# By two names more where process 1 has our root.
like "while outside it is there" "$("$PYTHON" "$W/reach.py" $SOCKET |
	grep -c reached)" '^[68]$'

# --- bad input
before=$(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l)
retell "$("$PYTHON" "$SUPPORT/hostile_control.py" $SOCKET 1000 2>&1)"
through https://other.example/
is "the proxy works on" "$STATUS/$OUT" 0/200
is "and has the mode that it had" "$("$NETLEASH" mode)" 'mode: conf'
check "descriptors are given back" until_true 40 sh -c \
	"[ \$(find /proc/$DAEMON/fd -mindepth 1 | wc -l) -le $before ]"

# --- administrators who are hostile to each other
crowd() {
	setpriv --reuid "$1" --regid netleash --clear-groups "$PYTHON" \
		"$SUPPORT/hostile_control.py" $SOCKET crowd
}
mkfifo "$W/end.crowd"
(crowd "$ANN") <"$W/end.crowd" >"$W/crowd" 2>&1 &
CROWD=$!
exec 6>"$W/end.crowd"
check "one of them opens hundreds of connections" until_true 30 \
	grep -q 'look on' "$W/crowd"
is "he has a share of those that look on" "$(cat "$W/crowd")" \
	"look on: 8 refused: 12"
below "and of the daemon's descriptors" \
	"$(($(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l) - before))" 40
is "another is served" "$(setpriv --reuid "$BEN" --regid netleash \
	--clear-groups curl -sS -o /dev/null -w '%{http_code}' --max-time 20 \
	--unix-socket $SOCKET http://localhost/v1/status)" 200
is "root too, and he may look on" "$(control -o /dev/null -w '%{http_code}' \
	--max-time 3 http://localhost/v1/log 2>/dev/null)" 200
sleep 16
echo >&6
exec 6>&-
wait "$CROWD"
is "who sends a byte now and then is ended all the same" \
	"$(tail -n 1 "$W/crowd")" "stalled: 0"

# A reader who does not read loses lines, and is told how many.
mkfifo "$W/end.slow"
("$PYTHON" "$SUPPORT/hostile_control.py" $SOCKET slow) \
	<"$W/end.slow" >"$W/slow" 2>&1 &
SLOW=$!
exec 6>"$W/end.slow"
until_true 10 grep -q looks "$W/slow"
memory() {
	awk '/^Pss_Anon/ { print $2 }' "/proc/$DAEMON/smaps_rollup"
}
lean=$(memory)
cat >"$W/many.py" <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
request = b"GET http://refused.test/ HTTP/1.1\r\nHost: refused.test\r\n\r\n"
for _ in range(int(sys.argv[2])):
    s.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        got += s.recv(65536)
    head, body = got.split(b"\r\n\r\n", 1)
    n = int([l for l in head.split(b"\r\n")
             if l.lower().startswith(b"content-length")][0].split(b":")[1])
    while len(body) < n:
        body += s.recv(65536)
END
(in_host "$PYTHON" "$W/many.py" "$PORT" 6000) >"$W/many.out" 2>&1
is "6000 requests beside him are answered" "$(cat "$W/many.out")" ""
below "of the daemon's memory he takes, in KB" "$(($(memory) - lean))" 2000
echo >&6
until_true 10 grep -q reads "$W/slow"
# What was lost is told before the next line that has room again.
for _ in 1 2 3 4; do
	sleep 0.5
	(in_host "$PYTHON" "$W/many.py" "$PORT" 1) >>"$W/many.out" 2>&1
done
exec 6>&-
wait "$SLOW"
like "a reader who is slow loses lines, and is told how many" \
	"$(tail -n 1 "$W/slow")" 'lines [1-9][0-9]* dropped [1-9][0-9]* sum 6004$'

# --- the end
try "$NETLEASH" teardown
like "no teardown while it runs" "$STATUS/$ERR" '^1/.*daemon'
stop_daemon
is "TERM ends it, whoever looks on" "$STATUS" 0
check "the socket is gone" sh -c "! [ -e $SOCKET ]"

# A stale socket is no hindrance, and sd_notify speaks.
"$PYTHON" -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $SOCKET
conf 'listen 127.0.0.1:0' 'allow allowed.example'
cat >"$W/notify.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
s.settimeout(30)
with open(sys.argv[2], "w") as out:
    while True:
        word = s.recv(4096).decode()
        print(word, file=out, flush=True)
        if "STOPPING" in word:
            break
END
"$PYTHON" "$W/notify.py" "$W/notify.sock" "$W/notified" &
NOTIFY=$!
until_true 10 test -S "$W/notify.sock"
CALLER=(NOTIFY_SOCKET="$W/notify.sock")
start_daemon
check "a service manager hears READY" until_true 10 grep -q READY=1 "$W/notified"
kill -HUP "$DAEMON"
check "RELOADING with the time" until_true 10 \
	grep -q 'MONOTONIC_USEC=[0-9]' "$W/notified"
check "READY again" until_true 10 sh -c "[ \$(grep -c READY=1 $W/notified) = 2 ]"
stop_daemon
wait "$NOTIFY"
check "and STOPPING" grep -q STOPPING=1 "$W/notified"
done_testing
