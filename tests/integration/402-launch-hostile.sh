#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a caller of the launcher can say that is wrong: each is refused, others
# are served meanwhile, nothing is left of it.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv prlimit
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

conf 'listen 127.0.0.1:0' 'allow allowed.example' "permit $ANN profile *" \
	"permit $BEN"
start_daemon
SOCKET=/run/netleash/launch.sock
CURL="curl -sS --max-time 20 --cacert ca.pem -o /dev/null -w %{http_code}"

descriptors() {
	find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l
}
LAUNCHER=$(processes netleash-launch)
before="$(descriptors "$LAUNCHER") $(descriptors "$DAEMON")"

mkfifo "$W/told"
in_user() {
	exec setpriv --reuid "$ANN" --regid "$ANN" --init-groups "$@"
}
(in_user "$PYTHON" "$SUPPORT/hostile_caller.py" "$SOCKET" 1000) \
	<"$W/told" >"$W/hostile" 2>"$W/hostile.err" &
HOSTILE=$!
exec 9>"$W/told"
until_true 60 sh -c '! kill -0 "$1" || grep -q "of 400" "$2"' sh \
	"$HOSTILE" "$W/hostile"
retell "$(cat "$W/hostile" "$W/hostile.err")"
try ben run -- sh -c "$CURL https://allowed.example/"
is "another user is served meanwhile" "$STATUS/$OUT" "0/200"
try ann run --isolation=firewall -- true
like "he himself has all the places that one user gets" "$STATUS $ERR" \
	'^125 .*takes no more runs'
echo >&9
exec 9>&-
wait "$HOSTILE"
check "who said nothing is gone after a while" until_true 20 \
	none_running netleash-attend
try ann run -- sh -c "$CURL https://allowed.example/"
is "and he is served again" "$STATUS/$OUT" "0/200"
check "nothing is left" until_true 10 nothing_left
is "no descriptor is held" \
	"$(descriptors "$LAUNCHER") $(descriptors "$DAEMON")" "$before"
check "the launcher is the one that it was" kill -0 "$LAUNCHER"

# Without a descriptor it cannot take a call, and must not try all the time. It
# has the lowest six.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}
FILES=$(prlimit --pid "$LAUNCHER" --nofile --output SOFT --noheadings | tr -d ' ')
prlimit --pid "$LAUNCHER" --nofile=6:
spent=$(ticks "$LAUNCHER")
(ann run -- true) >"$W/waits" 2>&1 &
WAITS=$!
sleep 2
below "the launcher rests while it has no descriptors, in ticks" \
	"$(($(ticks "$LAUNCHER") - spent))" 20
check "its caller waits" kill -0 "$WAITS"
prlimit --pid "$LAUNCHER" --nofile="$FILES:"
wait_for_end "$WAITS" 10
is "and is served once there are some" "$STATUS$(cat "$W/waits")" 0
is "that is said once" "$(grep -c 'launcher: accepting pauses' "$W/messages")" 1

# A caller who sends signals that are none, and words that are not his to say.
like "numbers that are no signals do nothing" "$(cd "$W/ann" && in_user \
	"$PYTHON" - "$SOCKET" "$SUPPORT" 2>&1 <<'END'
import os, sys
sys.path.insert(0, sys.argv[2])
import hostile_caller as h
fds = h.usual_fds()
args = [b"run", b"-v", b"--", b"sleep", b"1"]
fds[4] = h.memory(h.words(args, h.ENV))
c = h.Caller(sys.argv[1])
c.send(h.head(args, h.ENV), fds)
for value in (0, -1, 65, 2**31 - 1, -2**31):
    c.sock.send(h.MSG.pack(2, value, b""))
    c.sock.send(h.MSG.pack(3, value, b""))
types, texts = c.answer()
print(types[-1], len(texts))
END
)" '^10 '
check "nothing is left of that either" until_true 10 nothing_left

# What cannot be removed with his descriptors is removed without.
is "a caller with few descriptors is refused, or runs" \
	"$(cd "$W/ann" && in_user "$PYTHON" "$SUPPORT/hostile_caller.py" \
		"$SOCKET" narrow 2>&1)" "[9, 10]"
check "and whatever fails leaves nothing" until_true 10 nothing_left

# A caller who reads nothing of what his run has to tell.
rm "$W/told"
mkfifo "$W/told"
(cd "$W/ann" && in_user "$PYTHON" "$SUPPORT/hostile_caller.py" "$SOCKET" \
	unread) <"$W/told" >"$W/unread" 2>&1 &
HOSTILE=$!
exec 9>"$W/told"
until_true 10 grep -q asked "$W/unread"
until_true 10 processes netleash-attend
check "who does not read is not waited for" until_true 40 \
	none_running netleash-attend
exec 9>&-
wait "$HOSTILE"
check "nor does he leave anything" until_true 10 nothing_left
stop_daemon
done_testing
