#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_style.sh - the parts of the house style that a script can see
#
# clang-format 14 leaves every C file unchanged; a function has 100 lines at most;
# each file begins with the SPDX line and its own name and purpose. In the rooms
# a .c file has 500 lines at most and a header 150, and a header's guard says
# where it stands. (The tables of a test may be longer.)
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

faults=$(mktemp) || exit 1
trap 'rm -f "$faults"' EXIT

head_of() {
	sed -n 1p "$1" | grep -q -F 'SPDX-License-Identifier: MIT' ||
		echo "$1: line 1 is not the SPDX line"
	sed -n '2,4p' "$1" | grep -q "^ \* $1 - ." ||
		echo "$1: lines 2 to 4 do not say '$1 - what it does'"
}

# Functions begin with { and end with } in the first column (Linux style).
functions_of() {
	awk -v file="$1" '
	/^\{/ { start = NR }
	/^\}/ && start {
		if (NR - start + 1 > 100)
			print file ":" start ": a function of " \
				NR - start + 1 " lines (100 at most)"
		start = 0
	}' "$1"
}

lines_of() {
	limit=500
	case $1 in *.h) limit=150 ;; esac
	lines=$(wc -l <"$1")
	[ "$lines" -le "$limit" ] || echo "$1: $lines lines ($limit at most)"
}

guard_of() {
	guard=NETLEASH_$(echo "${1%.h}" | tr 'a-z/' 'A-Z_' |
		tr -c 'A-Z0-9_\n' _)_H
	for line in "#ifndef $guard" "#define $guard"; do
		grep -q -x "$line" "$1" || echo "$1: no line '$line'"
	done
}

for file in $(sources '*.c' '*.h'); do
	case $file in
	tests/*) ;;
	*.h) lines_of "$file"; guard_of "$file" ;;
	*) lines_of "$file" ;;
	esac
	head_of "$file"
	functions_of "$file"
done >"$faults"
complain_lines <"$faults"

# Each version of it has ideas of its own about some lines; 14 is Debian 12's.
formatter=$(command -v clang-format-14 || command -v clang-format) ||
	formatter=
version=0
[ -z "$formatter" ] || version=$("$formatter" --version |
	sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$version" -gt 14 ]; then
	echo "# clang-format is $version here: how lines look is not checked"
elif [ "$version" = 14 ]; then
	# shellcheck disable=SC2046 # names of ours, without blanks
	set -- $(sources '*.c' '*.h')
	if [ $# -gt 0 ] && ! "$formatter" --dry-run -Werror "$@" 2>"$faults"
	then
		grep 'error:' "$faults" | sort -u -t : -k 1,1 >"$faults.files"
		complain_lines <"$faults.files"
		rm -f "$faults.files"
	fi
elif [ "$CHECK_FAULTS" = 0 ]; then
	skip "clang-format is not installed, or older than 14"
fi
check_done
