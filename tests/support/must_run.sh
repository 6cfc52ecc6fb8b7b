#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/support/must_run.sh - run a test; where it must run, skipping fails
#
#	must_run.sh [--may-skip] COMMAND [ARGUMENT...]
#
# A test that cannot run exits 77 and says why (support/skip.sh). With
# NETLEASH_TESTS_MUST_RUN=1 a skipped test is a failed one, but for those
# that --may-skip names.
set -u

may_skip=
if [ "$1" = --may-skip ]; then
	may_skip=1
	shift
fi
"$@"
status=$?
[ "$status" = 77 ] || exit "$status"

name=$(basename -- "$1")
if [ "${NETLEASH_TESTS_MUST_RUN-}" = 1 ] && [ -z "$may_skip" ]; then
	echo "not ok - $name was skipped, and NETLEASH_TESTS_MUST_RUN is set"
	exit 1
fi
exit 77
