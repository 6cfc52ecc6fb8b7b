#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tests/bench/smoke.sh - the load generator works against netleash
#
# In: NETLEASH, BENCH_LOAD, BENCH_RULES. How fast anything is is not asked.
set -u
HERE=$(dirname -- "$0")
# shellcheck source=tests/support/skip.sh
. "$HERE/../support/skip.sh"
# shellcheck source=tests/bench/peers.sh
. "$HERE/peers.sh"
# shellcheck source=tests/bench/inspect.sh
. "$HERE/inspect.sh"
# shellcheck source=tests/bench/report.sh
. "$HERE/report.sh"

W=$(mktemp -d) || exit 1
PROXY=
# shellcheck disable=SC2317 # called by trap
clean_up() {
	[ -z "$PROXY" ] || kill -KILL "$PROXY" 2>/dev/null
	peer_stop
	inspect_close
	rm -rf "$W"
}
trap clean_up EXIT
N=0 FAILED=0

check() {
	local name=$1
	shift
	N=$((N + 1))
	if "$@" >"$W/out" 2>&1; then
		echo "ok $N - $name"
	else
		FAILED=1
		echo "not ok $N - $name"
		sed 's/^/#   /' "$W/out"
	fi
}

[ -x "$BENCH_LOAD" ] || skip "not built"
chmod 755 "$W"
printf '%s\n' 'listen 127.0.0.1:0' 'allow 127.0.0.1:*' >"$W/conf"
# As nobody where we are root: the proxy alone makes no users, then.
AS=()
[ "$(id -u)" != 0 ] || AS=(setpriv --reuid 65534 --regid 65534 --clear-groups)
setsid "${AS[@]}" "$NETLEASH" proxy -c "$W/conf" >"$W/ready" 2>"$W/err" &
PROXY=$!
for ((i = 0; i < 200; i++)); do
	[ ! -s "$W/ready" ] || break
	sleep 0.05
done
PORT=$(sed -n 's/^ready .*://p' "$W/ready")
if [ -z "$PORT" ]; then
	echo "not ok 1 - netleash proxy starts"
	sed 's/^/#   /' "$W/err"
	exit 1
fi

load() {
	"$BENCH_LOAD" --origin 0 --via "$PORT" --session "$PROXY" --ms 200 "$@"
}

check "tunnels come and go" load --protocol connect --clients 8 rate
check "SOCKS tunnels come and go" load --protocol socks5 --clients 8 rate
check "tunnels carry bulk" load --protocol connect --clients 4 bulk
check "tunnels carry small messages" \
	load --protocol connect --clients 8 pingpong
check "idle tunnels are held" load --protocol connect --clients 100 idle
check "a proxy that is not there is an error" \
	bash -c '! "$1" --origin 0 --via 1 --protocol connect --ms 50 rate' \
	bash "$BENCH_LOAD"
relayed() {
	local mode
	ORIGIN=$((11000 + $$ % 1000)) LOAD=$BENCH_LOAD
	peer_start relay || return
	for mode in rate bulk pingpong idle http; do
		"$BENCH_LOAD" --origin "$ORIGIN" --via "$VIA" --clients 80 \
			--session "$SESSION" --ms 100 "$mode" || return
	done
	peer_stop
}
check "a bare relay carries the same" relayed
check "rules are found among a thousand" "$BENCH_RULES" 1000 "$W/rules"
check "names are found in a list of a thousand" \
	"$BENCH_RULES" --list 1000 "$W/rules"
check "a command is timed" "$BENCH_LOAD" spawn 3 true

# has PEER KEY...: each was measured, and is not nothing (as memory is that
# nobody may look at)
has() {
	local peer=$1 key
	shift
	cat "$W/skipped"
	for key; do
		echo "$peer $key:"
		grep -E "^inspect $peer $key .*[1-9]" "$W/samples" || return
	done
}

# measured PEER KEY...: on a busy machine nothing may come about in a tenth of a
# second, which is no measurement; then it has more
# shellcheck disable=SC2317 # called by check
measured() {
	for MS in 100 500 2000; do
		: >"$W/samples"
		: >"$W/skipped"
		inspect_peer "$1"
		has "$@" && return
	done
	return 1
}

# The run and the origins are nobody's, too, and no core is theirs alone. The
# ports are below those that the kernel gives out.
# shellcheck disable=SC2034 # for inspect.sh
inspect_set() {
	NOBODY=("${AS[@]}") RUN_AS=("${AS[@]}") CORES=() LOAD=$BENCH_LOAD
	MS=100 HELD=80 ORIGIN=$((12000 + $$ % 10000)) HTTPS=$((ORIGIN + 10000))
}

inspect_set
: >"$W/samples"
: >"$W/skipped"
cd / || exit 1
if ! "${AS[@]}" "$NETLEASH" run --isolation netns -- true >"$W/out" 2>&1; then
	echo "ok $((++N)) # SKIP no run here: $(tail -n 1 "$W/out")"
elif ! command -v nginx >/dev/null 2>&1; then
	echo "ok $((++N)) # SKIP nginx is not installed"
else
	inspect_open || sed 's/^/# /' "$W/skipped"
	check "inspected tunnels are measured" measured netleash new_cpu_ms \
		resumed_cpu_ms kept_cpu_us bulk_cpu_s_gb calm_ms stall_ms
	if command -v mitmdump >/dev/null 2>&1; then
		MS=1000 # it is slow to begin
		inspect_new mitmproxy
		check "and mitmproxy's beside them" has mitmproxy new_per_s
	else
		echo "ok $((++N)) # SKIP mitmproxy is not installed"
	fi
fi
echo "1..$N"
exit $FAILED
