#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A daemon under everything at once, for a minute: tests/bench/soak. By hand it
# takes an hour. NETLEASH_SOAK_SECONDS says otherwise.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip "needs root: it makes network namespaces"
need ip nft unshare prlimit useradd
W=$(mktemp -d) || exit 1
trap 'rm -rf "$W"' EXIT

"$PYTHON" "$LIB/../bench/soak" --seconds "${NETLEASH_SOAK_SECONDS:-60}" \
	>"$W/soak" 2>&1
STATUS=$?
sed 's/^/# /' "$W/soak"
is "nothing is lost, left or larger than before" "$STATUS" 0
done_testing
