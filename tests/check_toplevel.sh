#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_toplevel.sh - what stands in the top folder, and nothing else
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

for entry in *; do
	case $entry in
	CMakeLists.txt | proxy | sandbox | common | tests | conf) ;;
	README.md | LICENSE) ;;
	build*) ;; # not in git, see .gitignore
	*) complain "$entry does not belong into the top folder" ;;
	esac
done
for entry in CMakeLists.txt proxy sandbox common tests conf README.md LICENSE
do
	[ -e "$entry" ] || complain "$entry is missing"
done
lines=$(wc -l <README.md)
[ "$lines" -le 150 ] || complain "README.md has $lines lines (150 at most)"
check_done
