# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# tests/support/skip.sh - how a test says that it cannot run, and why
#
# ctest shows the output of failed tests only. The reason for a skipped one
# must be seen too, so it also goes to the standard error of tests/run, whose
# process id is in NETLEASH_TESTS_PID.

skip() {
	echo "1..0 # SKIP $*"
	if [ -n "${NETLEASH_TESTS_PID-}" ]; then
		echo "skipped: $(basename -- "$0"): $*" \
			2>/dev/null >>"/proc/$NETLEASH_TESTS_PID/fd/2" || true
	fi
	exit 77
}
