#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Signals that netleash gets, the command gets.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

cat >"$WS/trap.sh" <<'END'
for name in TERM INT HUP USR1 USR2 QUIT WINCH CONT; do
	trap "echo got $name" $name
done
trap 'echo got ALRM; exit 7' ALRM
echo ready
while :; do sleep 0.02; done
END
(cd "$WS" && leash run -- bash trap.sh) >"$W/out" 2>"$W/err" </dev/null &
run=$!
check "the command starts" until_true 10 grep -q ready "$W/out"
for name in TERM INT HUP USR1 USR2 QUIT WINCH; do
	kill -s "$name" "$run"
	check "$name is passed on" until_true 10 grep -q "got $name" "$W/out"
done
is_stopped() {
	grep -q '^State:[[:space:]]*T' "/proc/$run/status"
}
is_running() {
	! is_stopped
}
kill -STOP "$(pgrep -f -x 'bash trap.sh')"
check "when the command stops netleash stops, as a job should" \
	until_true 10 is_stopped
kill -CONT "$run"
check "CONT is passed on" until_true 10 grep -q 'got CONT' "$W/out"
kill -STOP "$(pgrep -f -x 'bash trap.sh')"
until_true 10 is_stopped
kill -CONT "$(pgrep -f -x 'bash trap.sh')"
check "netleash goes on too when somebody else continues the command" \
	until_true 10 is_running
kill -ALRM "$run"
wait_for_end "$run" 10
is "a status that a trap chose is passed on" "$STATUS" 7

(cd "$WS" && leash run -- sleep 97.53) >"$W/out" 2>"$W/err" </dev/null &
run=$!
until_true 10 pgrep -f -x 'sleep 97.53'
kill -TERM "$run"
wait_for_end "$run" 10
is "TERM ends what does not catch it: 143" "$STATUS" 143
is "and nothing of the run is left" "$(pgrep -f -x 'sleep 97.53')" ""

(cd "$WS" && leash run -- bash -c 'trap "" TERM INT; echo ready; sleep 3;
	echo through') >"$W/out" 2>"$W/err" </dev/null &
run=$!
until_true 10 grep -q ready "$W/out"
kill -TERM "$run"
kill -INT "$run"
wait_for_end "$run" 10
like "a command that ignores TERM is not killed by us" "$(cat "$W/out")" \
	through

# A background process does not outlive the command.
(cd "$WS" && leash run -- sh -c 'setsid sleep 96.54 & sleep 0.2; exit 3') \
	>"$W/out" 2>"$W/err" </dev/null &
wait_for_end $! 10
is "the run ends with its command" "$STATUS" 3
is "and takes what it left behind with it" "$(pgrep -f -x 'sleep 96.54')" ""
done_testing
