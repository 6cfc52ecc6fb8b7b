#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Callers who are hostile to each other: who opens connections and says nothing
# keeps nobody else out, however many users do it together; whom no line names
# is not waited for.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

SOCKET=/run/netleash/launch.sock
CROWD=()
# hold UID NAME: a hundred connections of that user's, opened anew when ended
hold() {
	mkfifo "$W/told.$2"
	setpriv --reuid "$1" --regid 65533 --clear-groups "$PYTHON" \
		"$SUPPORT/hostile_caller.py" $SOCKET hold 100 \
		<"$W/told.$2" >"$W/crowd.$2" 2>&1 &
	CROWD+=($!)
}

# --- who is permitted something, and asks for nothing
conf 'listen 127.0.0.1:0' 'allow allowed.example' 'permit *'
start_daemon
for n in 1 2 3 4 5 6; do
	hold $((70000 + n)) $n
done
exec 11>"$W/told.1" 12>"$W/told.2" 13>"$W/told.3" 14>"$W/told.4" \
	15>"$W/told.5" 16>"$W/told.6"
all_hold() {
	[ "$(cat "$W"/crowd.[1-6] | grep -c held)" = 6 ]
}
check "six users hold every place" until_true 30 all_hold
for n in 1 2 3 4 5; do
	TRY_SECONDS=20
	try ben run --isolation=firewall -- true
	is "and another is served (run $n)" "$STATUS" 0
done
attendants=$(processes netleash-attend | wc -l)
check "of the attendants there are no more than places" \
	test "$attendants" -le 512
exec 11>&- 12>&- 13>&- 14>&- 15>&- 16>&-
wait "${CROWD[@]}"
CROWD=()
check "when they go nothing is left" until_true 20 nothing_left

# --- who is refused is not waited for either, and still hears why
for n in {1..20}; do
	(ben run --isolation=firewall --writable "$W/none" -- true) \
		>"$W/refused.$n" 2>&1
done
is "each of twenty who are refused hears why" "$(cat "$W"/refused.* |
	grep -c 'No such file')" 20

# --- who has gone: what he may use up is not known, so nothing runs
like "the limits of who has gone are nobody's" "$(cd "$W/ben" && exec setpriv \
	--reuid "$BEN" --regid "$BEN" --init-groups "$PYTHON" \
	"$SUPPORT/hostile_caller.py" $SOCKET gone)" \
	"limits of who called cannot be read.* b''"
stop_daemon

# --- whom no line names
conf 'listen 127.0.0.1:0' 'allow allowed.example' "permit $BEN"
start_daemon
"$PYTHON" - $SOCKET "$SUPPORT" >"$W/unnamed" 2>&1 <<'END'
import os, sys, time
sys.path.insert(0, sys.argv[2])
import hostile_caller as h
os.setresgid(65533, 65533, 65533)
os.setgroups([])
os.setresuid(70001, 70001, 70001)
start = time.monotonic()
answers = [h.Caller(sys.argv[1]).answer() for _ in range(20)]
print({t[0] for t, _ in answers}, answers[0][1], round(time.monotonic() - start))
END
like "he hears so at once, whether he asks or not" "$(cat "$W/unnamed")" \
	"^\{9\} \[\"?'?no 'permit' line.* [0-4]\$"
check "and is not waited for" until_true 5 none_running netleash-attend
try ben run --isolation=firewall -- true
is "another is served" "$STATUS" 0
stop_daemon
done_testing
