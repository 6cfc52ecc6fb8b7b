#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The escape suite's own control: without a leash every probe gets out, as a
# plain user or as root, or says why this kernel has nothing to try. A probe
# that fails here would prove nothing in 200 to 202.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/escape/world.sh
. "$LIB/../escape/world.sh"
world_up
CALLER_HOME=$W/home
mkdir "$W/home"
escape_up
be_user "$OTHER_ID"
escape_programs
chown "$OTHER_ID" "$W/conf" "$W/access.log" "$W/pub/file"
write_world door_port "$PORT" other_door "$PORT" state "$W/state" control yes \
	init $$
observe inet
observe host
victim "$W/info"
cat "$W/info" >>"$WS/world"

# control user|root COMMAND...: each probe of that list gets out
control() {
	local who=$1 list
	shift
	: >"$WS/results"
	chmod 666 "$WS/results"
	forget
	mapfile -t list < <("$ESCAPE" list "$who")
	# What a run in it is to run must not be in a home, which that hides.
	TRY_SECONDS=200 try in_folder "$WS" "$@" "$WS/escape" try "$WS/world" \
		"$WS/results" "${list[@]}"
	is "$who: all probes were tried" "$STATUS $(wc -l <"$WS/results")" \
		"0 ${#list[@]}"
	is "$who: none is blocked" "$(of blocked)" ""
	is "$who: what is unavailable is known to be missing in places" "$(
		of unavailable | names | comm -23 - <("$ESCAPE" list optional |
			sort))" ""
	of unavailable | sed 's/^/# /'
	[ "$(of ESCAPED | wc -l)" -gt 30 ] ||
		not_ok "$who: some thirty got out at least"
}

# lent WHAT THING... -- PROBE...: and each that needs something lent
LENT=()
lent() {
	local what=$1 things=()
	shift
	while [ "$1" != -- ]; do
		things+=("$1")
		shift
	done
	shift
	LENT+=("$@")
	: >"$WS/results"
	chmod 666 "$WS/results"
	forget
	try as_caller "$WS/escape" lend "$WS/world" "${things[@]}" -- \
		"$WS/escape" try "$WS/world" "$WS/results" "$@"
	is "$what: all were tried" "$STATUS $(wc -l <"$WS/results")" "0 $#"
	is "$what: none is blocked" "$(of blocked)" ""
	is "$what: what is unavailable is known to be missing in places" "$(
		of unavailable | names | grep -v -x paste)" ""
}

control user as_caller
# shellcheck disable=SC2016 # for the inner shell
control root in_host sh -c '
	mount -t tmpfs none "$1/covered" && shift && exec "$@"' sh "$W" \
	env NLESC_API_TOKEN=nlesc-secret-environment
all_lent
lent "a file on 1" 1=append -- stdout_again
is "no probe that needs something lent was left out" \
	"$(printf '%s\n' "${LENT[@]}" | sort)" "$("$ESCAPE" list lent | sort)"
done_testing
