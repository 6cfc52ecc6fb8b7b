#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# `netleash doctor` says what holds, and where something is missing why not.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

# claim NAME: "yes" or "no", and the rest of its line
claim() {
	printf '%s\n' "$OUT" | sed -n "s/^\\(yes\\|no \\) $1 */\\1/p"
}

try leash doctor
is "as root a run holds" "$STATUS" 0
like "in the firewall" "$(claim firewall)" \
	'^yes.*every way out shut; user id [0-9]+, no capability'
like "in a network namespace" "$(claim netns)" '^yes.*every way out shut'
like "files can be written here" "$(claim workspace)" '^yes'
chown 54321 "$WS"
CALLER=(SUDO_UID=54321 SUDO_GID=54321)
try leash doctor
like "also for whom sudo names" "$(claim workspace)" '^yes'
CALLER=()
try leash doctor
like "in a folder of somebody else's they cannot" "$(claim workspace)" '^no'
chown 0 "$WS"
at_root() {
	cd /root && leash doctor
}
try at_root
like "nor in a home, where they would be lost" "$(claim workspace)" '^no.*lost'
try leash doctor
like "a run can have a CA" "$(claim inspection)" '^yes'
like "there is no daemon, and that is said" "$(claim daemon)" \
	'^no.*control\.sock'
is "nothing is said on standard error" "$ERR" ""

try leash doctor --json
check "--json is one object with the same" "$PYTHON" -c '
import json, sys
d = json.loads(sys.argv[1])
assert d["holds"] is True
claims = {c["name"]: c["holds"] for c in d["claims"]}
assert claims["firewall"] and claims["netns"] and not claims["daemon"]
assert all(c["message"] for c in d["claims"])' "$OUT"

# shellcheck disable=SC2016 # for the inner shell
try leash doctor --jsonn
is "a word too many is bad usage" "$STATUS" 2
try in_host sh -c "cd / && '$NETLEASH' doctor"
like "the root folder cannot be written" "$(claim workspace)" '^no'

# Another user, who has no root and no daemon.
as_other() {
	in_host setpriv --reuid 65533 --regid 65533 --clear-groups "$@"
}
try as_other "$NETLEASH" doctor
like "without root the firewall does not hold" "$(claim firewall)" \
	'^no.*(root|daemon)'
if [ "$STATUS" = 0 ]; then
	like "a network namespace does" "$(claim netns)" '^yes.*user id 65533'
else
	like "nor a network namespace: it says why" "$(claim netns)" '^no.*'
fi

# Nothing at all: no network namespace may be made, either.
try in_host unshare --user --map-root-user sh -c '
	echo 0 >/proc/sys/user/max_net_namespaces || exit 77
	exec "$1" doctor' sh "$NETLEASH"
if [ "$STATUS" = 77 ]; then
	ok "SKIP no limit of namespaces here # SKIP"
else
	is "where nothing holds the status says so" "$STATUS" 1
	like "and each claim why" "$(claim netns)" '^no'
	like "and the last line" "$OUT" 'runs nothing here'
fi
done_testing
