#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# kill -9 of netleash, and of init, while a download and a daemonised grandchild
# run: within a second nothing of the run is alive and nothing is open.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
conf 'allow allowed.example echo.example:7443'
cp "$SUPPORT/hostile.py" "$WS/"

# The processes of the run: their command lines carry the mark.
alive() {
	# In one go: it is looked for within a second. And not for who looks.
	grep -l -a -s -e "[m]${MARK#m}" /proc/[0-9]*/cmdline |
		sed 's|/cmdline$||'
}
nobody_alive() {
	! alive | grep -q -v "^/proc/$$\$"
}
nothing_listens() {
	[ -z "$(nsenter --net=/run/netns/"$HOST" ss -H -l -t -n)" ]
}
nothing_flows() {
	[ -z "$(nsenter --net=/run/netns/"$INET" ss -H -t -n state established)" ]
}
# Init is the child of netleash that is process 1 of its own namespace.
init_of() {
	local child
	for child in $(pgrep -P "$1"); do
		grep -q -E '^NSpid:.*[[:space:]]1$' "/proc/$child/status" &&
			echo "$child"
	done
}
busy() {
	grep -q alive "$WS/log.$MARK" && grep -q proxy "$WS/log.$MARK" &&
		[ -s "$WS/down.$MARK" ]
}

# Somebody else on this machine may have runs, with a /run of his own.
groups_of_runs() {
	find "$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/netleash" \
		-mindepth 1 -type d 2>/dev/null | sort
}

before=$(groups_of_runs)
for victim in netleash init; do
	MARK=mark$$$victim
	# shellcheck disable=SC2016 # for the inner shell
	(cd "$WS" && leash run -c "$W/conf" -- sh -c '
		'"$PYTHON"' hostile.py "$1" "log.$1"
		curl -sS --cacert ca.pem -o "down.$1" \
			https://allowed.example/endless
		sleep 1000' sh "$MARK") >"$W/out" 2>"$W/err" </dev/null &
	netleash=$!
	check "$victim: the download and the grandchild run" \
		until_true 20 busy
	case $victim in
	netleash) target=$netleash ;;
	init) target=$(init_of "$netleash") ;;
	esac
	like "$victim: there is one to kill" "$target" '^[0-9]+$'
	kill -KILL ${target:+"$target"}
	killed=$(date +%s.%N)
	check "$victim: within a second nobody is alive" \
		until_true 1 nobody_alive
	check "$victim: no port is open" until_true 1 nothing_listens
	check "$victim: no connection is left" until_true 1 nothing_flows
	is "$victim: the grandchild never got out by itself" \
		"$(grep -c direct "$WS/log.$MARK")" 0
	late=$(awk -v end="$killed" '$2 == "proxy" && $1 > end + 1' \
		"$WS/log.$MARK")
	is "$victim: nor through the proxy a second later" "$late" ""
	wait_for_end "$netleash" 5
	if [ "$victim" = init ]; then
		is "init: netleash says 125 or 137" \
			"$(echo "$STATUS" | grep -x -E '125|137')" "$STATUS"
		like "init: and one line why" "$(cat "$W/err")" '^netleash: '
	fi
	size=$(stat -c %s "$WS/down.$MARK")
	sleep 0.3
	is "$victim: the download has stopped" \
		"$(stat -c %s "$WS/down.$MARK")" "$size"
	try leash run -c "$W/conf" -- curl -sS --cacert ca.pem \
		https://allowed.example/
	is "$victim: the next run works" "$STATUS" 0
	is "$victim: and has swept the firewall" "$(nsenter \
		--net=/run/netns/"$HOST" nft list ruleset |
		grep -c 'elements.*netleash/')" 0
	rm -f "$WS/down.$MARK"
done

# --- CMD's process, before it is CMD: as soon as init has a child
cat >"$W/first.py" <<'END'
import os, signal, sys, time
def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return f.read().split()
end = time.monotonic() + 10
while time.monotonic() < end:
    try:
        for init in children(sys.argv[1]):
            for pid in children(init):
                os.kill(int(pid), signal.SIGKILL)
                sys.exit(0)
    except OSError:
        if not os.path.exists(f"/proc/{sys.argv[1]}"):
            sys.exit(1)
sys.exit(1)
END
if [ -e "/proc/$$/task/$$/children" ]; then
	early=0
	for ((turn = 1; turn <= 60 && early < 3; turn++)); do
		(cd "$WS" && leash run -c "$W/conf" -- sleep 20) \
			>"$W/out" 2>"$W/err" </dev/null &
		netleash=$!
		"$PYTHON" "$W/first.py" "$netleash"
		wait_for_end "$netleash" 5
		# Sometimes it was CMD by then.
		[ "$STATUS/$(cat "$W/err")" != 137/ ] || continue
		early=$((early + 1))
		is "killed before it ran it is said to be ($turn)" \
			"$STATUS/$(cat "$W/err")" \
			"125/netleash: the command's process was killed before it ran"
	done
	check "at least once it was killed before" [ "$early" -gt 0 ]
fi
is "no cgroup of a run is left" "$(groups_of_runs)" "$before"
done_testing
