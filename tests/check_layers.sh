#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_layers.sh - a room includes only what the room map allows
#
# common/ includes common/; proxy/ includes common/ and proxy/; sandbox/
# includes common/, sandbox/ and of the proxy its facades proxy/proxy.h and
# proxy/policy.h. A project header is named with its room, and a .c file that
# has a header of its own includes it first.
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

faults=$(mktemp) || exit 1
trap 'rm -f "$faults"' EXIT
for room in common proxy sandbox; do
	case $room in
	common) allowed='common/.*' ;;
	proxy) allowed='\(common\|proxy\)/.*' ;;
	sandbox) allowed='\(common\|sandbox\)/.*\|proxy/\(proxy\|policy\)\.h' ;;
	esac
	for file in "$room"/*.[ch]; do
		[ -e "$file" ] || continue
		sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' \
			"$file" | grep -v -x "$allowed" |
			sed "s|^|$file: includes |"
		# The same headers by the other spelling.
		sed -n 's/^[ \t]*#[ \t]*include[ \t]*<\([^>]*\)>.*/\1/p' \
			"$file" | grep '^\(common\|proxy\|sandbox\)/' |
			sed "s|^|$file: a project header in <>: |"
		own=${file%.c}.h
		[ "$own" != "$file" ] || continue
		[ -e "$own" ] || continue
		first=$(grep -m 1 '^[ \t]*#[ \t]*include' "$file")
		[ "$first" = "#include \"$own\"" ] ||
			echo "$file: does not include its own header first"
	done
done >"$faults"
complain_lines <"$faults"
check_done
