#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs with rules of their own beside a conf with a long list: what the conf
# holds is there once, however many they are, and each start costs the same.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

RUNS=24
memory() {
	awk '/^Pss_Anon/ { print $2 }' "/proc/$DAEMON/smaps_rollup"
}
seq -f 'name%.0f.listed.example' 300000 >"$W/list"
conf 'listen 127.0.0.1:0' 'allow v4.example' "deny-list $W/list" \
	"permit $ANN custom"
start_daemon
CURL='curl -sS -o /dev/null -w %{http_code} --max-time 20'

# The first asks for a policy of the conf's, which is made then.
try ann run -q -a allowed.example -- sh -c "$CURL http://allowed.example/
	$CURL http://v4.example/; $CURL http://other.example/
	$CURL http://name7.listed.example/"
is "rules of his own come on top of the conf's" "$STATUS/$OUT" 0/200200403403
try ann run -q -a name7.listed.example -- sh -c "$CURL http://name7.listed.example/"
is "and open nothing that a list denies" "$STATUS/$OUT" 0/403
try ann run -a allowed.example -d v4.example -- sh -c "$CURL http://v4.example/"
like "he may deny what the conf allows" "$OUT $ERR" 'example:80: denied by argument'

for _ in 1 2 3; do
	try ann run -q -a allowed.example -- true
	TOOK+=("$MS")
done
echo "# a start took ${TOOK[*]} ms"
before=$(memory)
for ((i = 0; i < RUNS; i++)); do
	(ann run -q -a "allowed.example:$((20000 + i))" -- \
		sh -c 'echo up; exec sleep 86') >"$W/custom.$i" 2>&1 &
	ALL+=($!)
done
all_up() {
	[ "$(grep -l up "$W"/custom.* | wc -l)" = "$RUNS" ]
}
check "$RUNS of them live" until_true 60 all_up
below "a run takes of the daemon's memory, in KB" \
	$((($(memory) - before) / RUNS)) 500
pkill -x -f 'sleep 86'
wait "${ALL[@]}"
check "nothing is left" until_true 20 nothing_left
stop_daemon
done_testing
