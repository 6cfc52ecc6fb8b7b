#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The rules are taken away behind a running run's back: the command is killed
# at once, and the next run loads them again.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
"$PYTHON" -c 'import ctypes; ctypes.CDLL("libnftables.so.1")' 2>/dev/null ||
	skip "no libnftables.so.1 here"

# lose TIMES WORD... -- OPTION...: into $W/result
lose() {
	local words=()
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	(cd "$WS" && in_host env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 \
		"$PYTHON" "$SUPPORT/loss.py" "${words[@]}" -- "$NETLEASH" run \
		--isolation firewall "$@" -- sleep 1000) >"$W/result"
}
# get WORD EXPRESSION: of the result of one word, r
get() {
	"$PYTHON" -c 'import json, sys
r = json.load(open(sys.argv[1]))[sys.argv[2]]
print(eval(sys.argv[3]))' "$W/result" "$1" "$2"
}
judge() {
	local what=$1 word=$2 times=$3
	is "$what: nothing went wrong" "$(get "$word" '"\n".join(r["faults"])')" ""
	is "$what: the exit status is 137, $times times" \
		"$(get "$word" 'sorted(set(r["status"])), len(r["status"])')" \
		"([137], $times)"
	is "$what: one line says why" "$(get "$word" 'sorted({(
		l.count("\n"), l.startswith("netleash: ") and "rules" in l)
		for l in r["lines"]})')" "[(1, True)]"
}

lose 10 ruleset table element --
for word in ruleset table element; do
	judge "$word" "$word" 10
done
"$PYTHON" -c 'import json, statistics, sys
ms = sorted(sum((r["ms"] for r in json.load(open(sys.argv[1])).values()), []))
print("# from the change to the death of the command: median %.1f ms, "
      "max %.1f ms, of %d" % (statistics.median(ms), ms[-1], len(ms)))
print(int(statistics.median(ms)))
print(int(ms[-1]))' "$W/result" >"$W/times"
head -n 1 "$W/times"
is "thirty were timed" "$(grep -c ', of 30$' "$W/times")" 1
# One may meet a moment in which the machine does something else.
below "most took less than a tenth of a second" "$(sed -n 2p "$W/times")" 100
below "and the slowest less than two" "$(tail -n 1 "$W/times")" 2000

lose 3 ruleset table -- --no-network
for word in ruleset table; do
	judge "--no-network, $word" "$word" 3
done

# The table stays, and holds less or nothing.
lose 1 dormant hole uids gids doors --
for word in dormant hole uids gids doors; do
	judge "$word" "$word" 1
done

# A run that starts right after has them again.
in_host_nft() {
	nsenter --net=/run/netns/"$HOST" nft "$@"
}
for change in 'flush ruleset' 'delete table inet netleash'; do
	try leash run -- true
	in_host_nft "$change"
	try leash run -- sh -c 'curl -sS -m 5 http://93.184.216.34/; exit 7'
	is "after '$change' the next run works" "$STATUS" 7
	like "and its base rules are there" \
		"$(in_host_nft list chain inet netleash leash)" 'reject'
done

# One chain alone is as much of a loss; its version's comment is still there.
lose 1 chain --
judge "chain" chain 1
in_host_nft flush chain inet netleash leash
try leash run -- true
is "after 'flush chain' the next run has healed it, and works" "$STATUS" 0
like "and the rules of the chain are there" \
	"$(in_host_nft list chain inet netleash leash)" 'reject'
done_testing
