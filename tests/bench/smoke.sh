#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tests/bench/smoke.sh - the load generator works against netleash
#
# In: NETLEASH, BENCH_LOAD, BENCH_RULES. How fast anything is is not asked.
set -u
# shellcheck source=tests/support/skip.sh
. "$(dirname -- "$0")/../support/skip.sh"

W=$(mktemp -d) || exit 1
PROXY=
# shellcheck disable=SC2317 # called by trap
clean_up() {
	[ -z "$PROXY" ] || kill -KILL "$PROXY" 2>/dev/null
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
check "rules are found among a thousand" "$BENCH_RULES" 1000 "$W/rules"
check "names are found in a list of a thousand" \
	"$BENCH_RULES" --list 1000 "$W/rules"
check "a command is timed" "$BENCH_LOAD" spawn 3 true
echo "1..$N"
exit $FAILED
