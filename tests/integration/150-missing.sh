#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Where the leash cannot be made the command does not run: 125 and one sentence
# that says what is missing.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

# refused NAME PATTERN: looks at the last try
refused() {
	is "$1: 125" "$STATUS" 125
	like "$1: says what is missing" "$ERR" "^netleash: .*($2)"
	is "$1: in one line" "$(printf '%s\n' "$ERR" | grep -c .)" 1
	check "$1: the command did not run" test ! -e "$WS/ran"
	rm -f "$WS/ran"
}
WORDS=(run --isolation=firewall -a '*' -- touch ran)

# in_view SCRIPT: the program in a mount namespace that SCRIPT changed
in_view() {
	in_host unshare --mount --propagation private sh -c "$1"'
		exec "$@"' sh env -i PATH="$PATH" HOME=/root \
		"$NETLEASH" "${WORDS[@]}"
}

try leash "${WORDS[@]}"
is "the same words work where nothing is missing" "$STATUS" 0
check "and the command runs" test -e "$WS/ran"
rm -f "$WS/ran"

try in_host setpriv --reuid 65533 --regid 65533 --clear-groups \
	env -i PATH="$PATH" "$NETLEASH" "${WORDS[@]}"
refused "an unprivileged caller" 'root|sudo|privilege'

# Every mount of cgroup2 is hidden.
try in_view 'mount -t tmpfs none /sys/fs/cgroup
	for m in $(findmnt -n -t cgroup2 -o TARGET); do
		umount -l "$m" || mount -t tmpfs none "$m"
	done 2>/dev/null'
refused "no cgroup2" 'cgroup'

try in_host setpriv --bounding-set=-net_admin --inh-caps=-net_admin \
	env -i PATH="$PATH" HOME=/root "$NETLEASH" "${WORDS[@]}"
refused "no right to change the firewall" \
	'nftables|firewall|CAP_NET_ADMIN|permi'

try in_view 'mount -t tmpfs -o ro none /run'
refused "a state folder that cannot be written" 'read-only|/run/netleash'

for isolation in firewall netns; do
	try leash run --isolation $isolation -- "$NETLEASH" run -- touch ran
	refused "a run within a run, in $isolation" 'run within a run'
done

try leash teardown
try in_view 'mount --bind -o ro /etc /etc; mount -o remount,ro,bind /etc'
refused "users that cannot be made" 'netleash-o|user|/etc|read-only'

# All 256 places are taken: the leases are locks on 256 files.
try leash run -- true
cat >"$W/hold.py" <<'END'
import fcntl, os, signal, time
folder = "/run/netleash/leases"
held, made = [], []
for i in range(256):
    path = "%s/%03d" % (folder, i)
    if not os.path.exists(path):
        made.append(path)
    f = open(path, "a")
    fcntl.flock(f, fcntl.LOCK_EX)
    held.append(f)
signal.signal(signal.SIGTERM, lambda *_: exit_())
def exit_():
    for path in made:
        os.unlink(path)
    os._exit(0)
print("held", flush=True)
time.sleep(100)
END
"$PYTHON" "$W/hold.py" >"$W/held" 2>&1 &
holder=$!
until_true 20 grep -q held "$W/held" || not_ok "the leases can be held"
try leash "${WORDS[@]}"
refused "all run uids are in use" '256|in use|uid'
kill "$holder"
wait "$holder"
try leash run -- true
is "and when they are free a run works" "$STATUS" 0

printf 'run-uids 100-355\n' >"$W/bad.conf"
WORDS=(run -c "$W/bad.conf" -- touch ran)
try leash "${WORDS[@]}"
is "a block of uids that are in use: 125" "$STATUS" 125
check "and the command did not run" test ! -e "$WS/ran"
done_testing
