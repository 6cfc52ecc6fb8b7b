#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Two hundred runs of one daemon at a time, each with rules of its own: each is
# judged by its own, and they end without a trace.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

RUNS=200
conf 'listen 127.0.0.1:0' "log json $W/access.log" "permit $ANN custom"
start_daemon
before=$(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l)

# Each allows one port of its own number, and asks for it and its neighbour's:
# what is allowed is refused by the far side, where nobody listens (502).
cat >"$W/ann/one" <<'END'
own=$((20000 + $1)) next=$((20000 + ($1 + 1) % $2))
echo up
while [ ! -e go ]; do sleep 0.3; done
for port in $own $next; do
	curl -sS -o /dev/null -w '%{http_code} ' --max-time 60 \
		http://allowed.example:$port/
done
echo
END
for ((i = 0; i < RUNS; i++)); do
	(ann run -q --isolation=firewall -a "allowed.example:$((20000 + i))" -- \
		sh one "$i" $RUNS) >"$W/many.$i" 2>"$W/many.err.$i" </dev/null &
	ALL+=($!)
	# The machine is small: not all start-ups at the same moment.
	[ $((i % 20)) != 19 ] ||
		until_true 60 grep -q up "$W/many.$i"
done
all_up() {
	[ "$(grep -l up "$W"/many.[0-9]* | wc -l)" = "$RUNS" ]
}
check "$RUNS runs live at a time" until_true 120 all_up
is "the daemon knows them all" "$("$NETLEASH" status --json | "$PYTHON" -c \
	'import json, sys
runs = json.load(sys.stdin)["runs"]
print(len(runs), len({r["run"] for r in runs}))')" "$RUNS $RUNS"
touch "$W/ann/go"
wait "${ALL[@]}"
is "each reaches what it may, and not its neighbour's" \
	"$(cat "$W"/many.[0-9]* | grep -v up | sort | uniq -c | tr -s ' ')" \
	" $RUNS 502 403 "
is "the log has a run's name for each" "$("$PYTHON" -c 'import json, sys
seen = {}
for line in open(sys.argv[1]):
    e = json.loads(line)
    seen.setdefault(e["run"], set()).add((e["target"], e["decision"]))
print(len(seen), {len(v) for v in seen.values()})' "$W/access.log")" "$RUNS {2}"
check "nothing is left" until_true 20 nothing_left
check "no descriptor either" until_true 10 sh -c \
	"[ \$(find /proc/$DAEMON/fd -mindepth 1 | wc -l) -le $before ]"
stop_daemon
is "and the daemon ends well" "$STATUS" 0
done_testing
