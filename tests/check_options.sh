#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_options.sh - --help and the manual name the same options
#
# Every command and option that `netleash --help` and `netleash VERB --help`
# print has an entry in conf/netleash.1, and the manual promises no other.
# Entries are mdoc's: ".It Fl -isolation Ar MODE" and ".It Cm run".
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

page=conf/netleash.1
program=${NETLEASH:-build/sandbox/netleash}
[ -x "$program" ] || skip "no $program"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

"$program" --help >"$work/help" 2>"$work/errors" ||
	complain "netleash --help exits $?"
[ ! -s "$work/errors" ] || complain "netleash --help writes to stderr"
# A verb's line: "  run        run a command on a leash".
sed -n 's/^  \([a-z][a-z]*\)   *[a-z].*/\1/p' "$work/help" |
	sort -u >"$work/verbs"
[ -s "$work/verbs" ] || complain "netleash --help names no command"
cp "$work/help" "$work/all"
while read -r verb; do
	"$program" "$verb" --help >>"$work/all" </dev/null ||
		complain "netleash $verb --help exits $?"
done <"$work/verbs"

options_of() {
	grep -o -E -e '(^|[ ,|[])-(-[a-z][a-z-]+|[a-zA-Z])([ ,=|]|]|$)' "$1" |
		grep -o -E -e '-(-[a-z][a-z-]+|[a-zA-Z])' | sort -u
}
options_of "$work/all" >"$work/shown"
sed -n 's/^\.It \(.*Fl .*\)/\1/p' "$page" | tr ' ' '\n' |
	awk 'flag { print "-" $0 } { flag = ($0 == "Fl") }' |
	sed 's/=.*//' | sort -u >"$work/written"
comm -23 "$work/shown" "$work/written" |
	sed 's/^/the manual lacks option /' >"$work/faults"
comm -13 "$work/shown" "$work/written" |
	sed 's/^/no --help shows the manual.s option /' >>"$work/faults"

sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$page" | sort -u >"$work/commands"
comm -23 "$work/verbs" "$work/commands" |
	sed 's/^/the manual lacks command /' >>"$work/faults"
comm -13 "$work/verbs" "$work/commands" |
	sed 's/^/netleash --help lacks the manual.s command /' >>"$work/faults"
complain_lines <"$work/faults"

if command -v mandoc >/dev/null 2>&1; then
	mandoc -T lint -W warning "$page" >"$work/lint" 2>&1 ||
		complain_lines <"$work/lint"
fi
check_done
