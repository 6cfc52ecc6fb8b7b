#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# labels: registry
#
# npm works under a leash that allows the registry that npm itself is configured
# to use, and nothing else. The one test that talks to the real network: from
# the machine's own namespace, so it may skip.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need npm node
[ "$(id -u)" = 0 ] || skip "needs root"
# The machine's firewall is left as it was found.
nft list table inet netleash >/dev/null 2>&1 && had_rules=1 || had_rules=
leave() {
	[ -n "$had_rules" ] || nft delete table inet netleash 2>/dev/null
	rm -rf "$W"
}
trap leave EXIT
W=$(mktemp -d /srv/netleash-test.XXXXXX) || exit 1
WS=$W/ws
mkdir "$WS"
registry=$(npm config get registry 2>/dev/null)
host=$(printf '%s\n' "$registry" | sed -n 's|^https://\([^/:]*\).*|\1|p')
port=$(printf '%s\n' "$registry" | sed -n 's|^https://[^/]*:\([0-9]*\)/.*|\1|p')
[ -n "$host" ] || skip "npm's registry is not reached over https: $registry"
npm view is-number version >/dev/null 2>&1 ||
	skip "npm does not reach its registry from here"

RULES=(-a "$host${port:+:$port}")
run_npm() {
	"$NETLEASH" run "${RULES[@]}" --env npm_config_registry="$registry" \
		--env npm_config_update_notifier=false -- npm "$@"
}
# Where the registry's address is not public the refusal names the private
# line that allows it: follow it.
try run_npm view is-number version
if [ "$STATUS" != 0 ]; then
	private=$(printf '%s\n' "$ERR" |
		grep -o -E 'private [0-9a-f.:]+(/[0-9]+)?' | sort -u)
	printf '%s\n' "allow $host${port:+:$port}" "$private" >"$W/conf"
	RULES=(-c "$W/conf")
	try run_npm view is-number version
fi
is "npm view works" "$STATUS" 0
like "and prints a version" "$OUT" '^[0-9]+\.[0-9]+\.[0-9]+$'
try run_npm install --no-audit --no-fund is-number@7.0.0
is "npm install works" "$STATUS" 0
check "and the package is there" test -e "$WS/node_modules/is-number/index.js"
try run_npm exec --offline -- node -e \
	'console.log(require("is-number")(5))'
is "and can be used" "$OUT" true
try "$NETLEASH" run -- npm view is-number version --fetch-retries 0
is "without the rule npm is refused" "$([ "$STATUS" != 0 ] && echo refused)" \
	refused
like "and the summary has the rule" "$ERR" "allow $host"
done_testing
