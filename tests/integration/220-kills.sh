#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# kill -9 of every process of netleash at random moments, in all isolations,
# with a command that daemonises, forks and never stops trying to get out: at
# no moment is anything open, and after the next run nothing is left. A hundred
# kills, or a thousand with --long.
set -u
# A state folder of our own, in a mount namespace of our own: what other runs
# on this machine leave or sweep is not ours.
if [ -z "${NETLEASH_TESTS_MOUNTS-}" ] && [ "$(id -u)" = 0 ]; then
	NETLEASH_TESTS_MOUNTS=1 exec unshare --mount "$0" "$@"
fi
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv ping
COUNT=100
[ "${NETLEASH_TESTS_LONG-0}" = 0 ] || COUNT=1000
SEED=${NETLEASH_TESTS_SEED-$(date +%s%N)}
conf '# allows nothing'
mkdir "$W/run" "$W/kills"
cp "$W/conf" "$W/kills/conf"
cp "$SUPPORT/hostile_child.py" "$WS/"
: >"$W/kills/stderr"
: >"$W/kills/attempts"
chmod 666 "$W/kills/stderr" "$W/kills/attempts"

mkdir -p /run/netleash
mount -t tmpfs -o mode=0755 leases /run/netleash || skip "no tmpfs here"

serve "$PYTHON" "$SUPPORT/kills.py" collect "$W/wire" eth0
(in_host "$PYTHON" "$SUPPORT/kills.py" listen "$W/decoy" 7099) \
	>>"$W/servers.log" 2>&1 &
SERVERS+=($!)
seen() {
	cat "$W/wire" "$W/decoy" | grep -c -v '^ready$'
}
check "the collectors are ready" until_true 10 grep -q ready "$W/wire" "$W/decoy"

CHILD=("$PYTHON" hostile_child.py MARK 60 93.184.216.35
	2606:2800:220:1::35 7777 7099)
# Without a leash they see the child: else they would prove nothing.
neighbour() {
	(in_host ping -6 -n -c 1 -W 1 fd77::1)
}
check "the gateway answers by IPv6" until_true 10 neighbour
(cd "$WS" && in_host unshare --pid --fork --kill-child timeout -s KILL 0.6 \
	"${CHILD[@]}") >/dev/null 2>&1
until_true 5 grep -q reached "$W/decoy"
check "the wire's collector sees an unleashed child by IPv4" \
	grep -q 'packet 0800' "$W/wire"
check "and by IPv6" grep -q 'packet 86dd' "$W/wire"
check "and the decoy is reached by it" grep -q reached "$W/decoy"
sleep 0.3
before=$(seen)

(cd "$WS" && in_host env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 \
	"$PYTHON" "$SUPPORT/kills.py" kill "$COUNT" "$SEED" "$W/kills" \
	"$NETLEASH" "${CHILD[@]}") >"$W/result" 2>"$W/result.err"
is "the killer comes to its end" "$? $(cat "$W/result.err")" '0 '
get() {
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$W/result" "$1" 2>/dev/null
}
echo "# $(get 'r["kills"]') kills in $(get 'r["runs"]') runs," \
	"$(get 'r["seconds"]') s, seed $SEED"
echo "# of what: $(get 'r["by"]')"
echo "# exit status: $(get 'r["status"]')"
echo "# until nothing lived: $(get 'r["slowest_ms"]') ms at most"
echo "# rounds of attempts: $(stat -c %s "$W/kills/attempts")"
is "there were $COUNT kills" "$(get "r['kills'] >= $COUNT")" True
for kind in main init place command descendant; do
	is "a $kind was among them" \
		"$(get "any(k.endswith('$kind') for k in r['by'])")" True
done
is "within 3 s of each, nothing of the run lived, and the status was right" \
	"$(get '"\n".join(r["faults"])')" ""
is "the child did try" \
	"$([ "$(stat -c %s "$W/kills/attempts")" -gt "$COUNT" ] && echo y)" y
unlike "nothing crashed" "$(cat "$W/kills/stderr")" \
	'Sanitizer|assert|runtime error'
sleep 0.3
is "the collectors saw nothing at any moment" "$(seen)" "$before"

# The next run sweeps.
mounts=$(cut -d ' ' -f 4,5 /proc/self/mountinfo | sort)
try leash run -c "$W/conf" --isolation firewall -- true
is "the next run works" "$STATUS" 0
try leash run -c "$W/conf" --isolation netns -- true
is "in the other isolation as well" "$STATUS" 0
is "no lease has content" \
	"$(find /run/netleash/leases -type f -size +0)" ""
cgroup=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
is "runs had leases to leave behind" "$(get 'len(r["names"]) > 10')" True
is "no cgroup of any of them is left" "$(get '"\n".join(r["names"])' |
	while read -r name; do
		[ ! -e "$cgroup/netleash/$name" ] || echo "$name"
	done)" ""
elements() {
	nsenter --net=/run/netns/"$HOST" nft -j list set inet netleash "$1" |
		grep -c '"elem"'
}
is "no element of a run is left" "$(elements allow) $(elements doors)" "0 0"
is "no mount is left" "$(cut -d ' ' -f 4,5 /proc/self/mountinfo | sort)" \
	"$mounts"
is "nothing listens in the host but the decoy" "$(nsenter \
	--net=/run/netns/"$HOST" ss -H -l -t -n | grep -c -v ':7099 ')" 0
done_testing
