# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/integration/lib.sh - a host and an internet for one test, and TAP
#
# In:    NETLEASH, the program under test
# Out:   two network namespaces and servers; everything is gone at exit
#
#	host (192.168.77.2, fd77::2) ---veth--- internet (.1, ::1)
#	  netleash and what it runs               public addresses, DNS, servers
#
# The host namespace has its own firewall, so the machine's stays as it is;
# the state folder, the system users and cgroup2 are the machine's: tests run
# one at a time, under a lock.
#
# Names in the zone: allowed.example, other.example, v4.example, v6.example,
# git.example, echo.example are public; private.example, mixed.example,
# rebind.example and broken.example are not what they seem.

LIB=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
SUPPORT=$LIB/../support
# shellcheck source=tests/support/skip.sh
. "$SUPPORT/skip.sh"
# shellcheck disable=SC2034 # set for the tests that source this
STATUS='' OUT='' ERR='' MS=''
PYTHON=/usr/bin/python3
HOST=nl$$h
INET=nl$$i
TESTS=0
FAILED=0
DONE=
SERVERS=()
: "${NETLEASH:?is not set: run this through ctest, or set it}"

# --- TAP ------------------------------------------------------------------

ok() {
	TESTS=$((TESTS + 1))
	echo "ok $TESTS - $*"
}

# not_ok NAME [DIAGNOSTICS]
not_ok() {
	TESTS=$((TESTS + 1))
	FAILED=$((FAILED + 1))
	echo "not ok $TESTS - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/#   /'
}

# check NAME COMMAND...: the command succeeds
check() {
	local name=$1
	shift
	if "$@" >"$W/check.out" 2>&1; then
		ok "$name"
	else
		not_ok "$name" "failed: $*
$(tail -n 20 "$W/check.out")"
	fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got:    $2
wanted: $3${ERR:+
stderr: $ERR}"
	fi
}

# like NAME TEXT PATTERN (extended regular expression)
like() {
	if printf '%s\n' "$2" | grep -q -E -e "$3"; then
		ok "$1"
	else
		not_ok "$1" "text:    $2
lacks:   $3"
	fi
}

# unlike NAME TEXT PATTERN
unlike() {
	if printf '%s\n' "$2" | grep -q -E -e "$3"; then
		not_ok "$1" "text:  $2
holds: $3"
	else
		ok "$1"
	fi
}

# below NAME NUMBER LIMIT
below() {
	if [ "$2" -lt "$3" ]; then
		ok "$1 ($2)"
	else
		not_ok "$1" "$2 is not below $3"
	fi
}

# retell TEXT: TAP lines of another program's, without numbers, as our own
retell() {
	local line
	while IFS= read -r line; do
		case $line in
		ok\ *) ok "${line#ok - }" ;;
		'not ok '*) not_ok "${line#not ok - }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <<<"$1"
}

done_testing() {
	DONE=1
	echo "1..$TESTS"
	[ "$TESTS" -gt 0 ] && [ "$FAILED" = 0 ]
	exit
}

# --- the world --------------------------------------------------------------

need() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null 2>&1 || skip "no $tool here"
	done
}

# Runs a command as on the host: its network, its resolver, its hosts file.
# The shell becomes the command, so that $! is the command's process, but not
# the test's own shell. (Not ip netns exec: it mounts a new /sys, without the
# cgroups.)
in_host() {
	[ "$BASHPID" != $$ ] || {
		(in_host "$@")
		return
	}
	# shellcheck disable=SC2016 # for the inner shell
	exec nsenter --net=/run/netns/"$HOST" unshare --mount sh -c '
		mount --bind "$1/resolv.conf" /etc/resolv.conf || exit 99
		# A bare root has no hosts file; then there is none to hide.
		[ ! -e /etc/hosts ] ||
			mount --bind "$1/hosts" /etc/hosts || exit 99
		shift
		exec "$@"' sh "$W" "$@"
}

# The environment that a caller has: nothing of the test's own.
leash() {
	in_host env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root TERM=xterm LANG=C.UTF-8 "${CALLER[@]}" "$NETLEASH" \
		"$@"
}
CALLER=()

# try COMMAND...: sets STATUS, OUT, ERR and MS. A limit of a minute: a hang is
# a failure, not a wait.
# shellcheck disable=SC2034 # they are what the test looks at
try() {
	local start
	start=$(now_ms)
	# Commands of ours are shell functions that exec: hence the subshell.
	(cd "$WS" && "$@") >"$W/out" 2>"$W/err" </dev/null &
	wait_for_end $! "${TRY_SECONDS:-60}"
	MS=$(($(now_ms) - start))
	OUT=$(tr -d '\0' <"$W/out")
	ERR=$(tr -d '\0' <"$W/err")
}

# wait_for_end PID SECONDS: sets STATUS; "hang" after killing what hung
# shellcheck disable=SC2034
wait_for_end() {
	local turn
	for ((turn = 0; turn < $2 * 50; turn++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.02
	done
	if kill -0 "$1" 2>/dev/null; then
		kill -KILL "$1"
		wait "$1" 2>/dev/null
		STATUS=hang
		return
	fi
	wait "$1"
	STATUS=$?
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# until_true SECONDS COMMAND...: what fails is a look that begins after them; one
# that took longer has seen what was before
until_true() {
	local end now
	end=$(($(now_ms) + $1 * 1000))
	shift
	while :; do
		now=$(now_ms)
		! "$@" >/dev/null 2>&1 || return 0
		[ "$now" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# serve COMMAND...: a server in the internet, ended with the test
serve() {
	nsenter --net=/run/netns/"$INET" "$@" >>"$W/servers.log" 2>&1 \
		</dev/null &
	SERVERS+=($!)
}

# set_nginx FOLDER CONF: sets NGINX, the words that start one of our own
set_nginx() {
	# shellcheck disable=SC2034 # for the tests
	NGINX=(nginx -p "$1" -c "$2")
	# Older ones open the machine's own log first.
	if nginx -h 2>&1 | grep -q -e '-e filename'; then
		NGINX+=(-e "$1/error.log")
	fi
}

make_network() {
	ip netns add "$HOST" && ip netns add "$INET" || return 1
	ip -n "$HOST" link set lo up
	ip -n "$INET" link set lo up
	# No duplicate address detection: IPv6 is there at once.
	local ns
	for ns in "$HOST" "$INET"; do
		nsenter --net=/run/netns/"$ns" sh -c '
			echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
			echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
			echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6
			echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
			echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range'
	done
	ip link add name eth0 netns "$HOST" type veth \
		peer name eth0 netns "$INET" || return 1
	ip -n "$HOST" addr add 192.168.77.2/24 dev eth0
	ip -n "$HOST" addr add fd77::2/64 dev eth0 nodad
	ip -n "$INET" addr add 192.168.77.1/24 dev eth0
	ip -n "$INET" addr add fd77::1/64 dev eth0 nodad
	ip -n "$HOST" link set eth0 up
	ip -n "$INET" link set eth0 up
	ip -n "$HOST" route add default via 192.168.77.1
	ip -n "$HOST" -6 route add default via fd77::1
	local last
	for last in 34 35; do
		ip -n "$INET" addr add 93.184.216.$last/32 dev lo
		ip -n "$INET" addr add 2606:2800:220:1::$last/128 dev lo nodad
	done
}

make_zone() {
	cat >"$W/zone" <<-END
		allowed.example A 60 93.184.216.34
		allowed.example AAAA 60 2606:2800:220:1::34
		other.example A 60 93.184.216.35
		other.example AAAA 60 2606:2800:220:1::35
		v4.example A 60 93.184.216.34
		v6.example AAAA 60 2606:2800:220:1::34
		git.example A 60 93.184.216.34
		echo.example A 60 93.184.216.34
		private.example A 60 192.168.77.1
		private6.example AAAA 60 fd77::1
		mapped.example AAAA 60 ::ffff:192.168.77.1
		mixed.example A 60 192.168.77.1 93.184.216.34
		rebind.example A 0 @sequence 93.184.216.34 192.168.77.1
		servfail.example servfail
		garbage.example garbage
		silent.example drop
		closed.example A 60 93.184.216.34
		refused.example refused
		nodata.example nodata
		loop.example loop
		wrongid.example A 60 93.184.216.34
		wrongid.example wrongid
		wrongname.example A 60 93.184.216.34
		wrongname.example wrongname
		truncated.example A 60 93.184.216.34
		truncated.example truncate
		slow.example A 60 93.184.216.34
		slow.example delay 700
	END
}

# A certificate authority, and one certificate for all names of the zone.
make_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$W/ca.key" -out "$W/ca.pem" -days 2 \
		-subj '/CN=test authority' \
		-addext 'basicConstraints=critical,CA:TRUE' \
		-addext 'keyUsage=critical,keyCertSign' 2>/dev/null &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-keyout "$W/origin.key" -out "$W/origin.csr" \
			-subj '/CN=origin' 2>/dev/null &&
		openssl x509 -req -in "$W/origin.csr" -CA "$W/ca.pem" \
			-CAkey "$W/ca.key" -CAcreateserial -days 2 \
			-out "$W/origin.pem" -extfile <(echo "subjectAltName=$(
				cut -d ' ' -f 1 "$W/zone" | sort -u |
					sed 's/^/DNS:/' | paste -s -d ,)") \
			2>/dev/null
}

# world_up: all of it. Sets W (ours), WS (the caller's workspace).
world_up() {
	[ "$(id -u)" = 0 ] || skip "needs root: it makes network namespaces"
	need ip nsenter unshare nft openssl curl
	[ -x "$NETLEASH" ] || skip "no $NETLEASH"
	trap world_down EXIT
	trap 'exit 1' HUP INT TERM
	W=$(mktemp -d /srv/netleash-test.XXXXXX) || exit 1
	WS=$W/ws
	mkdir "$WS" "$W/files"
	chmod 755 "$W" "$WS"
	echo 'nameserver 192.168.77.1' >"$W/resolv.conf"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$W/hosts"
	: >"$W/dns.log"
	: >"$W/origin.log"
	make_network || skip "network namespaces cannot be made here"
	make_zone
	make_certificates || { echo "openssl failed"; exit 1; }
	cp "$W/ca.pem" "$WS/ca.pem"
	serve "$PYTHON" "$SUPPORT/fake_dns.py" --listen 192.168.77.1:53 \
		--listen '[fd77::1]:53' --listen 93.184.216.34:53 \
		--zone "$W/zone" --log "$W/dns.log" --ready-file "$W/dns.ready"
	serve "$PYTHON" "$SUPPORT/origin.py" --cert "$W/origin.pem" \
		--key "$W/origin.key" --root "$W/files" --log "$W/origin.log" \
		--udp 93.184.216.34 --udp 2606:2800:220:1::34 \
		--ready-file "$W/origin.ready"
	until_true 10 test -e "$W/dns.ready" -a -e "$W/origin.ready" || {
		echo "the servers did not start:"
		cat "$W/servers.log"
		exit 1
	}
}

# Whatever runs in our namespaces is ours; nothing else is touched.
world_down() {
	local status=$? pid
	trap - EXIT
	# It ended somewhere in between.
	[ -n "$DONE" ] || [ "$status" != 0 ] || status=1
	for pid in "${SERVERS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for ns in "$HOST" "$INET"; do
		[ -e /run/netns/"$ns" ] || continue
		for pid in $(ip netns pids "$ns"); do
			kill -KILL "$pid" 2>/dev/null
		done
		ip netns del "$ns"
	done
	wait 2>/dev/null
	rm -rf "$W"
	exit "$status"
}

# conf LINE...: writes $W/conf, for "-c"
conf() {
	printf '%s\n' "$@" >"$W/conf"
}

# asked NAME [TYPE]: how often the DNS server was asked
asked() {
	grep -c -E "^${2:-[A-Z]+} $1\$" "$W/dns.log"
}

# One test at a time, on this machine: see the top. Waiting for others is no
# fault of the test's, so its own time limit begins after that.
if [ -z "${NETLEASH_TESTS_LOCKED-}" ] && [ "$(id -u)" = 0 ] &&
	command -v flock >/dev/null; then
	limit=300
	[ "${NETLEASH_TESTS_LONG-0}" = 0 ] || limit=3600
	NETLEASH_TESTS_LOCKED=1 exec flock -o /run/lock/netleash-tests.lock \
		timeout -k 10 "$limit" "$0" "$@"
fi
