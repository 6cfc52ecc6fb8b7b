# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# tests/support/check.sh - what the rules in tests/check_*.sh share
#
# A check is run in the project's folder, or in the folder CHECK_TOP (a broken
# sample, to see the check fail). It calls complain for each fault and ends
# with check_done.

here=$(cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=tests/support/skip.sh
. "$here/support/skip.sh"
cd -- "${CHECK_TOP:-$here/..}" || exit 1
CHECK_FAULTS=0

complain() {
	echo "not ok - $*"
	CHECK_FAULTS=$((CHECK_FAULTS + 1))
}

# Feeds lines of standard input to complain. (Not for the end of a pipe: a
# subshell would forget the count.)
complain_lines() {
	while IFS= read -r fault; do
		[ -z "$fault" ] || complain "$fault"
	done
}

# Sources of ours: what git knows, or what lies there where git is absent.
# sources GLOB... : files of these names in the rooms and the tests
sources() {
	for folder in common proxy sandbox tests; do
		[ ! -d "$folder" ] || for glob in "$@"; do
			find "$folder" -type f -name "$glob"
		done
	done | sort
}

check_done() {
	if [ "$CHECK_FAULTS" -gt 0 ]; then
		echo "1..$CHECK_FAULTS"
		exit 1
	fi
	echo "ok - $(basename -- "$0")"
	echo "1..1"
	exit 0
}
