#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each claim of the proof is made to fail once: the run says 125 and which one,
# and the command has not run.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

host_nft() {
	nsenter --net=/run/netns/"$HOST" nft "$@"
}
# start OPTION...: a run that would leave a file behind
start() {
	rm -f "$WS/ran"
	try leash run --isolation firewall "$@" -- touch ran
}
holds() {
	start "$@"
	is "the leash holds: the command runs" "$STATUS $(ls "$WS/ran" 2>&1)" \
		"0 $WS/ran"
}
# fails NAME CLAIM OPTION...: what was just changed breaks the claim
fails() {
	local name=$1 claim=$2
	shift 2
	start "$@"
	is "$name: exit status 125" "$STATUS" 125
	like "$name: the claim is named" "$ERR" "leash does not hold.*$claim"
	is "$name: in one line, by netleash" \
		"$(printf '%s\n' "$ERR" | grep -c '^netleash: ')" \
		"$(printf '%s\n' "$ERR" | wc -l)"
	check "$name: the command has not run" test ! -e "$WS/ran"
	below "$name: it is said at once, in milliseconds" "$MS" 10000
	host_nft flush ruleset
}

holds
for hole in accept 'tcp dport 1-65535 accept'; do
	host_nft insert rule inet netleash leash "$hole"
	fails "a rule '$hole' before the others" \
		'a foreign listener on 127\.0\.0\.1'
	holds
done
host_nft insert rule inet netleash leash ip6 daddr ::1 accept
host_nft insert rule inet netleash inleash ip6 saddr ::1 accept
fails "a hole to ::1" 'a foreign listener on ::1'
holds
host_nft insert rule inet netleash leash meta l4proto udp accept
fails "a hole for UDP" 'a datagram to loopback'
holds
host_nft insert rule inet netleash leash ip daddr 192.0.2.0/24 accept
fails "a hole outward by IPv4" 'an outside address over IPv4'
holds
host_nft insert rule inet netleash leash ip6 daddr 2001:db8::/32 accept
fails "a hole outward by IPv6" 'an outside address over IPv6'
holds
for chain in out leash; do
	host_nft flush chain inet netleash "$chain"
	fails "chain $chain emptied, the version still there" \
		'a foreign listener on 127\.0\.0\.1'
	holds
done
host_nft 'add table inet netleash { flags dormant; }'
fails "a dormant table" 'a foreign listener on 127\.0\.0\.1'
holds

# A door that does not answer: refused, or swallowed, by somebody's own rules.
for verdict in 'reject with tcp reset' drop; do
	host_nft 'add table ip foreign; add chain ip foreign out {
		type filter hook output priority 400; }
		add rule ip foreign out oif lo tcp flags syn '"$verdict"
	fails "the door is closed by another table ($verdict)" \
		'the door 127\.0\.0\.1:[0-9]+ does not answer'
	holds
done
# No door, the same proof.
host_nft insert rule inet netleash leash accept
fails "--no-network, with a hole" 'a foreign listener on 127\.0\.0\.1' \
	--no-network
holds --no-network
done_testing
