#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A daemon that is told to end: runs that there are keep their door until they
# end or it does; then they end with it, and say so, and nothing is left when
# it has ended.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

CURL="curl -sS --max-time 20 --cacert ca.pem -o /dev/null -w %{http_code}"
# begin DRAIN-TIME COMMAND: a daemon, and a run that waits for a word
begin() {
	conf 'listen 127.0.0.1:0' 'allow allowed.example' "permit $ANN" \
		"limit drain-time $1"
	: >"$W/messages"
	start_daemon
	rm -f "$W/go"
	mkfifo "$W/go"
	(ann run --isolation=firewall -- sh -c "$2") <"$W/go" >"$W/run" \
		2>"$W/run.err" &
	RUN=$!
	exec 7>"$W/go"
	until_true 10 grep -q up "$W/run"
	kill -TERM "$DAEMON"
	until_true 10 grep -q 'told to end' "$W/messages"
}
# At once: a service manager kills what the daemon leaves behind.
none_left() {
	none_running "netleash-(attend|launch)" && nothing_left
}

begin 60s "echo up; read -r x; $CURL https://allowed.example/"
sleep 1
try ann run --isolation=firewall -- true
like "no run begins" "$STATUS $ERR" '^125 .*about to end'
echo go >&7
exec 7>&-
wait_for_end "$RUN" 10
is "one that there is goes on, and has its door" "$STATUS/$(cat "$W/run")" \
	"0/up
200"
wait_for_end "$SHELL_PID" 10
is "when it has ended, so has the daemon" "$STATUS" 0
check "and nothing is left" none_left

begin 2s "echo up; exec sleep 88"
start=$(now_ms)
wait_for_end "$SHELL_PID" 20
check "nothing is left when a daemon whose time is over has ended" none_left
is "which it does well" "$STATUS" 0
below "and in time" "$(($(now_ms) - start))" 15000
wait_for_end "$RUN" 10
is "the run's end is 137" "$STATUS" 137
like "and is said" "$(cat "$W/run.err")" 'the daemon has ended, and the command'
exec 7>&-

begin 60s "echo up; exec sleep 88"
kill -TERM "$DAEMON"
wait_for_end "$SHELL_PID" 10
check "a second TERM ends it at once, and all runs" none_left
is "well, too" "$STATUS" 0
wait_for_end "$RUN" 10
is "with 137" "$STATUS" 137
exec 7>&-
DAEMON=
done_testing
