#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# From inside, every direct way out is closed, and fails at once. The ways are
# seen open in 000-world.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need tcpdump

# watched COMMAND...: a try with a capture on the wire; sets SEEN, the number
# of packets that left the host
watched() {
	: >"$W/capture"
	serve tcpdump -i eth0 -l -n -U \
		'src host 192.168.77.2 or src host fd77::2' and not arp \
		and not '(icmp6 and (ip6[40] >= 133))'
	until_true 10 grep -q 'listening on eth0' "$W/servers.log" ||
		not_ok "tcpdump starts"
	: >"$W/servers.log"
	try "$@" "$PYTHON" "$WS/direct.py"
	sleep 0.2
	kill "${SERVERS[-1]}"
	wait "${SERVERS[-1]}"
	unset 'SERVERS[-1]'
	SEEN=$(grep -c -E '^[0-9:.]+ IP6? ' "$W/servers.log")
}

cp "$SUPPORT/direct.py" "$WS/"
watched in_host
like "outside a leash the capture sees packets" "$SEEN" '^[0-9]{2}'
watched leash run --
is "the probe itself runs" "$STATUS" 0
ways=$(printf '%s\n' "$OUT" | wc -l)
is "all eighteen ways were tried" "$ways" 18
is "none is open" "$(printf '%s\n' "$OUT" | grep ' open \| empty ')" ""
# What is dropped takes three seconds.
is "none has to wait" "$(printf '%s\n' "$OUT" |
	awk '$3 >= 2500 { print $1 }')" ""
# By Landlock where the kernel has it for ports, else by the firewall's reset.
like "TCP is refused, not dropped" "$(printf '%s\n' "$OUT" |
	awk '/^(tcp|https|gateway)/ { print $2 }' | sort -u)" \
	'^(EACCES|ECONNREFUSED)$'
is "nothing was seen on the wire" "$SEEN" 0
like "and what was rejected is counted" "$ERR" \
	'^netleash: rejected [1-9][0-9]* packets or connections past the proxy'
try leash run --quiet -- "$PYTHON" "$WS/direct.py"
is "not with --quiet" "$ERR" ""

watched leash run -a '*:*' --
is "'allow *:*' opens none of them either" \
	"$(printf '%s\n' "$OUT" | grep ' open \| empty ')" ""
is "and nothing was seen on the wire" "$SEEN" 0

for how in "--isolation=netns -a *:*" --no-network; do
	set -f
	# shellcheck disable=SC2086 # words of the list
	watched leash run $how --
	set +f
	is "$how: the probe runs" "$STATUS" 0
	is "$how: no way is open" \
		"$(printf '%s\n' "$OUT" | grep ' open \| empty ')" ""
	is "$how: none has to wait" "$(printf '%s\n' "$OUT" |
		awk '$3 >= 2500 { print $1 }')" ""
	is "$how: nothing was seen on the wire" "$SEEN" 0
	like "$how: it is counted, where a proxy was meant" "$how/$ERR" \
		'^(--no-network/$|--isol.*netleash: rejected [1-9][0-9]* )'
done
try leash run --isolation=netns -a allowed.example -- \
	curl -sS --cacert ca.pem https://allowed.example/
is "--isolation=netns: what is allowed works" "$STATUS" 0
try leash run --no-network -- env
unlike "--no-network: no variable promises a proxy" "$OUT" \
	'^(https?|all)_(proxy|PROXY)=.'

# What runs on the host's own loopback and addresses is out of reach too.
cat >"$W/local.py" <<'END'
import socket, sys
for family, address in ((socket.AF_INET, "127.0.0.1"),
                        (socket.AF_INET, "127.0.0.2"),
                        (socket.AF_INET, "192.168.77.2"),
                        (socket.AF_INET6, "::1"),
                        (socket.AF_INET6, "fd77::2")):
    s = socket.socket(family)
    s.settimeout(3)
    try:
        s.connect((address, 8099))
        print(address, "open")
    except OSError as e:
        print(address, e.errno)
END
cp "$W/local.py" "$WS/"
nsenter --net=/run/netns/"$HOST" "$PYTHON" -c '
import socket
s = socket.create_server(("::", 8099), family=socket.AF_INET6,
                         dualstack_ipv6=True)
print("ready", flush=True)
while True:
    s.accept()' >"$W/local.ready" 2>&1 &
SERVERS+=($!)
until_true 5 grep -q ready "$W/local.ready"
try in_host "$PYTHON" "$W/local.py"
is "a server of the host answers on five addresses" \
	"$(printf '%s\n' "$OUT" | grep -c open)" 5
try leash run -a '*:*' -- "$PYTHON" local.py
is "and on none of them from inside" \
	"$(printf '%s\n' "$OUT" | grep -c -E ' (111|13)$')" 5
try leash run -- getent ahosts allowed.example
is "no name is resolved inside" "$OUT" ""
# A resolver that hears nothing waits for five seconds, and asks again.
below "and that fails at once, in milliseconds" "$MS" 4500
done_testing
