#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# setup and teardown make and remove what netleash needs, twice as well as
# once; run as root does what is missing by itself.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

table_is_there() {
	nsenter --net=/run/netns/"$HOST" nft list table inet netleash \
		>/dev/null 2>&1
}
cgroup=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/netleash

try leash teardown
is "teardown works, whatever was there" "$STATUS" 0
try leash teardown
is "and again" "$STATUS" 0
is "no user is left" "$(grep -c '^netleash-' /etc/passwd)" 0
check "nor the rules" sh -c "! nsenter --net=/run/netns/$HOST \
	nft list table inet netleash"
check "nor the cgroup" test ! -e "$cgroup"
check "nor the state" test ! -e /run/netleash

for turn in first second; do
	try leash setup
	is "the $turn setup works" "$STATUS" 0
	is "$turn: both users are there" \
		"$(grep -c '^netleash-o[nf]' /etc/passwd)" 2
	check "$turn: the rules are there" table_is_there
	check "$turn: the cgroup is there" test -d "$cgroup"
	check "$turn: the state folder is root's and closed" \
		test "$(stat -c %u:%a /run/netleash)" = 0:755
done
is "the users cannot log in" "$(grep '^netleash-o' /etc/passwd |
	grep -v -c -E ':(/usr)?/s?bin/(nologin|false)$')" 0
one=$(nsenter --net=/run/netns/"$HOST" nft list table inet netleash)
try leash setup
is "setup changes no rule that is right" \
	"$(nsenter --net=/run/netns/"$HOST" nft list table inet netleash)" "$one"
try leash run -- true
is "rules are as before after a run" \
	"$(nsenter --net=/run/netns/"$HOST" nft list table inet netleash |
	sed 's/packets [0-9]* bytes [0-9]*//g')" \
	"$(printf '%s\n' "$one" | sed 's/packets [0-9]* bytes [0-9]*//g')"

# Nobody's rule set is touched but ours.
nsenter --net=/run/netns/"$HOST" nft add table inet other
nsenter --net=/run/netns/"$HOST" nft delete table inet netleash
try leash run -a allowed.example -- curl -sS --cacert ca.pem \
	https://allowed.example/
is "a run makes the rules that are missing" "$STATUS" 0
check "and they stay" table_is_there
try leash run -- sh -c 'exec 3<>/dev/tcp/93.184.216.34/7'
is "and hold" "$([ "$STATUS" != 0 ] && echo closed)" closed

(cd "$WS" && leash run -- sleep 95.5) >"$W/out" 2>"$W/err" </dev/null &
run=$!
until_true 10 pgrep -f -x 'sleep 95.5'
try leash teardown
is "teardown refuses while a run lives" \
	"$([ "$STATUS" != 0 ] && echo refused)" refused
like "and says so" "$ERR" '^netleash: .*run'
check "and left the rules" table_is_there
kill -TERM "$run"
wait_for_end "$run" 5
try leash teardown
is "afterwards it works" "$STATUS" 0
check "and leaves other tables alone" nsenter --net=/run/netns/"$HOST" \
	nft list table inet other
try leash run -a allowed.example -- curl -sS --cacert ca.pem \
	https://allowed.example/
is "a run without any setup works" "$STATUS" 0
done_testing
