#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_docs.sh - code, manual and sample conf say the same
#
# The directives of common/conf_directives.c and the limits of
# common/conf_limits.c stand in conf/netleash.conf.5 (".It Ic NAME", ".It Cm
# NAME Ta DEFAULT") and, commented out, in conf/netleash.conf, and neither has
# others. Both show the defaults that the program has. The sample is good as it
# ships, and good with everything in it that is commented out.
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

page=conf/netleash.conf.5
sample=conf/netleash.conf
program=${NETLEASH:-build/sandbox/netleash}
[ -x "$program" ] || skip "no $program"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# differ WHAT KNOWN WRITTEN WHERE: complain about lines in one of them only
differ() {
	comm -23 "$2" "$3" | sed "s|^|$4 lacks the $1 |"
	comm -13 "$2" "$3" | sed "s|^|$4 has an unknown $1 |"
}

tab=$(printf '\t')
sed -n "s/^$tab{ \"\\([a-z-]*\\)\", [a-z_]*set_.*/\\1/p" \
	common/conf_directives.c | sort >"$work/directives"
sed -n "s/^$tab{ \"\\([a-z-]*\\)\", CONF_.*/\\1/p" \
	common/conf_limits.c | sort >"$work/limits"
[ -s "$work/directives" ] || complain "no directive in conf_directives.c"
[ -s "$work/limits" ] || complain "no limit in conf_limits.c"

# The sample as if nothing in it were commented out: "#word" is a directive,
# "# word" is prose.
sed -n -e "s/^#\\([a-z$tab}]\\)/\\1/" -e "/^[a-z$tab}]/p" "$sample" \
	>"$work/whole"
echo example.org | tee "$work/blocked.txt" >"$work/allowed.txt"
: >"$work/users"
chmod 600 "$work/users"

sed -n 's/^\.It Ic \([a-z-]*\).*/\1/p' "$page" | sort -u >"$work/in-page"
sed -n 's/^\([a-z-]*\) .*/\1/p' "$work/whole" | sort -u >"$work/in-sample"
{
	differ directive "$work/directives" "$work/in-page" "$page"
	differ directive "$work/directives" "$work/in-sample" "$sample"
} >"$work/faults"

# Limits with their defaults, as `netleash check` prints them for no conf.
"$program" check /dev/null >"$work/defaults" 2>"$work/errors" ||
	complain "netleash check /dev/null exits $?: $(cat "$work/errors")"
sed -n 's/^limit //p' "$work/defaults" | sort >"$work/limits-shown"
sed 's/ .*//' "$work/limits-shown" | cmp -s - "$work/limits" ||
	complain "netleash check does not print the limits of conf_limits.c"
sed -n 's/^\.It Cm \([a-z-]*\) Ta \([a-z0-9]*\) Ta .*/\1 \2/p' "$page" |
	sort >"$work/limits-in-page"
sed -n 's/^limit \([a-z-]* [a-z0-9]*\).*/\1/p' "$work/whole" |
	sort >"$work/limits-in-sample"
{
	differ limit "$work/limits-shown" "$work/limits-in-page" "$page"
	differ limit "$work/limits-shown" "$work/limits-in-sample" "$sample"
} >>"$work/faults"
for directive in listen mode run-uids tunnel-check; do
	line=$(grep "^$directive " "$work/defaults")
	grep -q -x "$line" "$work/whole" ||
		echo "$sample lacks the default: $line" >>"$work/faults"
	grep -q "${line#"$directive" }" "$page" ||
		grep -q "Cm ${line#"$directive" } \\." "$page" ||
		echo "$page lacks the default: $line" >>"$work/faults"
done
complain_lines <"$work/faults"

"$program" check "$sample" >"$work/shipped" 2>&1 ||
	complain_lines <"$work/shipped"
cmp -s "$work/shipped" "$work/defaults" ||
	complain "$sample as it ships changes a default"
# npm need not be here.
sed 's/^\(.*preset\) npm/\1 github/' "$work/whole" >"$work/whole.conf"
"$program" check "$work/whole.conf" >"$work/checked" 2>&1 ||
	complain_lines <"$work/checked"

if command -v mandoc >/dev/null 2>&1; then
	mandoc -T lint -W warning "$page" >"$work/lint" 2>&1 ||
		complain_lines <"$work/lint"
fi
check_done
