#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_shell.sh - shellcheck has nothing to say about our scripts
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

command -v shellcheck >/dev/null 2>&1 || skip "shellcheck is not installed"
list=$(mktemp) || exit 1
trap 'rm -f "$list"' EXIT
find conf tests .ci -type f -exec grep -l -E '^#!.*[/ ](ba|da|)sh$' {} + |
	sort >"$list"
[ -s "$list" ] || complain "no script was found"
while IFS= read -r script; do
	# 2016: words for an inner shell; 2317: functions called by name.
	shellcheck -x -e SC2016,SC2317 "$script" || complain "$script: see above"
done <"$list"
check_done
