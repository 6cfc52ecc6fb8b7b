#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_names.sh - no package registry's host, no path of a machine
#
# Which registry a machine uses is its package manager's to say: a host in our
# files would be wrong behind a mirror. Paths that exist on one machine only
# are wrong everywhere else. The patterns are split, so that this file does
# not match itself.
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

faults=$(mktemp) || exit 1
trap 'rm -f "$faults"' EXIT

hosts='registry\.npm@js\.org|registry\.yarn@pkg\.com|pypi\.@org'
hosts="$hosts|python@hosted\.org|crates\.@io|ruby@gems\.org"
hosts="$hosts|proxy\.go@lang\.org|repo1?\.mav@en\.|npm\.pkg\.git@hub"
hosts=$(echo "$hosts" | tr -d @)
paths=$(echo '/ro@ot/\.pyenv|/wo@rk/(main|shared)|/srv/w@t' | tr -d @)

find . -path './.git' -prune -o -path './build*' -prune -o -type f \
	-print |
	while IFS= read -r file; do
		grep -n -I -E "$hosts" "$file" |
			sed "s|^|$file: names a registry's host: |"
		grep -n -I -E "$paths" "$file" |
			sed "s|^|$file: names a path of one machine: |"
	done >"$faults"
complain_lines <"$faults"
check_done
