#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# --online, --no-network, --unix-sockets, --user-namespaces: each opens or
# closes what it says, and nothing else.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv
chmod 777 "$WS"
cp "$SUPPORT/direct.py" "$WS/"
USER_IDS=(setpriv --reuid 1000 --regid 1000 --clear-groups)

# As the unprivileged caller: leash, but for the user.
unprivileged() {
	in_host env -i PATH="$PATH" HOME=/nonexistent LANG=C.UTF-8 \
		"${USER_IDS[@]}" "$NETLEASH" "$@"
}
# status_of FIELD: of the command, from its own /proc/self/status in $OUT
status_of() {
	printf '%s\n' "$OUT" | sed -n "s/^$1:[[:space:]]*//p" | tr '\t' ' '
}

# --- --online ---------------------------------------------------------------

# The default route's neighbour must be known, or IPv6 takes a second.
until_true 10 sh -c "nsenter --net=/run/netns/$HOST ping -6 -n -c 1 -W 1 fd77::1"
try leash run --online -- "$PYTHON" direct.py
is "--online: the probe runs" "$STATUS" 0
ways=$(printf '%s\n' "$OUT" | grep -c -E '^(tcp|https|udp|dns)[^ ]* open ')
check "--online: TCP, UDP and DNS go straight out ($ways ways)" \
	test "$ways" -ge 6
try leash run --online -- sh -c 'env | grep -i -c proxy; exit 21'
is "--online: no proxy variable, and the exit status passes" "$OUT $STATUS" \
	"0 21"
CALLER=(HTTP_PROXY=http://p.example:1)
try leash run --online -- sh -c 'echo "$HTTP_PROXY"'
is "--online: the caller's own proxy passes" "$OUT" "http://p.example:1"
CALLER=()
try leash run --online -- cat /proc/self/status
online=$(id -u netleash-online)
is "--online: it is the online identity" "$(status_of Uid)" \
	"$online $online $online $online"
is "--online: without groups" "$(status_of Groups | tr -d ' ')" ""
for field in CapInh CapPrm CapEff CapBnd CapAmb; do
	is "--online: $field is empty" "$(status_of $field)" 0000000000000000
done
is "--online: no new privileges, and a filter" \
	"$(status_of NoNewPrivs) $(status_of Seccomp)" "1 2"
like "--online: its process numbers are its own" "$(status_of Pid)" '^[0-9]$'
try leash run --online -- sh -c 'ls -d /proc/[0-9]* | wc -l'
below "--online: and it sees no others" "$OUT" 8
for space in pid mnt ipc; do
	try leash run --online -- readlink "/proc/self/ns/$space"
	unlike "--online: its $space namespace is not the machine's" "$OUT" \
		"^$(readlink "/proc/self/ns/$space" | sed 's/[][]/\\&/g')$"
done

view='ls -A /root /run /home /tmp | grep -v "^$"; touch /etc/x /usr/x /x 2>&1 |
	grep -c "Read-only"; touch made; stat -c %U /proc; echo "$PWD $HOME"'
try leash run --online -- sh -c "$view"
online_view=$OUT
rm -f "$WS/made"
try leash run -- sh -c "$view"
is "--online: the files are those of a leashed run" "$online_view" "$OUT"
is "--online: what it makes is the caller's" "$(stat -c %u "$WS/made")" 0

# Another run's door.
(cd "$WS" && leash run -a allowed.example --isolation firewall -- sh -c \
	'echo "$HTTP_PROXY" >door.tmp && mv door.tmp door; exec sleep 95') \
	>/dev/null 2>&1 </dev/null &
other=$!
until_true 10 test -e "$WS/door"
port=$(sed 's/.*://' "$WS/door")
try leash run --online -- curl -sS -m 5 -p -x "http://127.0.0.1:$port" \
	--cacert ca.pem https://allowed.example/
is "--online: another run's door is closed to it" "$STATUS" 7
try in_host curl -sS -m 5 -p -x "http://127.0.0.1:$port" -o /dev/null \
	https://allowed.example/
is "and to the host's own root" "$STATUS" 7
kill "$other"
wait "$other" 2>/dev/null

try unprivileged run --online -- true
is "--online needs root: 125" "$STATUS" 125
like "and says so" "$ERR" '^netleash: .*needs root'
try leash run --online --isolation netns -- true
is "--online with an isolation: 125" "$STATUS" 125
try leash run --online --no-network -- true
is "--online with --no-network: 125" "$STATUS" 125
for option in --online --no-network; do
	try leash run $option -a allowed.example -- touch ran
	like "$option with a rule: 125, and why" "$STATUS/$ERR" \
		"^125/netleash: $option and --allow exclude each other"
	check "and nothing is run" test ! -e "$WS/ran"
done

# --- --no-network -----------------------------------------------------------

no_network() {
	local who=$1
	shift
	try "$@" --no-network -- "$PYTHON" direct.py
	is "$who: the probe runs" "$STATUS" 0
	is "$who: all eighteen ways were tried" \
		"$(printf '%s\n' "$OUT" | wc -l)" 18
	is "$who: none is open" \
		"$(printf '%s\n' "$OUT" | grep ' open \| empty ')" ""
	# What is dropped takes three seconds; a resolver waits for five.
	is "$who: each fails at once" "$(printf '%s\n' "$OUT" |
		awk '$3 >= 2500 { print }')" ""
	try "$@" --no-network -- sh -c 'env | grep -i -c proxy'
	is "$who: there is no proxy variable" "$OUT" 0
	try "$@" --no-network -- sh -c 'getent hosts allowed.example; exit 4'
	is "$who: no name is found, and the status passes" "$OUT $STATUS" " 4"
	below "$who: that is quick too" "$MS" 4500
}
no_network "--no-network, firewall" leash run --isolation firewall
no_network "--no-network, netns" leash run --isolation netns
no_network "--no-network, unprivileged" unprivileged run
(cd "$WS" && leash run --no-network -- sh -c 'echo up; sleep 1') \
	>"$W/other" 2>&1 </dev/null &
other=$!
until_true 10 grep -q up "$W/other"
is "--no-network: netleash listens nowhere" \
	"$(nsenter --net=/run/netns/"$HOST" ss -H -l -t -n)" ""
wait "$other"

# --- --unix-sockets, --user-namespaces --------------------------------------

cat >"$WS/families.py" <<'END_OF_PY'
import os
import socket

for name, family, kind, proto in (
        ("unix", socket.AF_UNIX, socket.SOCK_STREAM, 0),
        ("vsock", 40, socket.SOCK_STREAM, 0),
        ("packet", 17, socket.SOCK_RAW, 0),
        ("netfilter", 16, socket.SOCK_RAW, 12),
        ("alg", 38, socket.SOCK_SEQPACKET, 0),
        ("mptcp", 2, socket.SOCK_STREAM, 262)):
    try:
        socket.socket(family, kind, proto).close()
        print(name, "open")
    except OSError:
        print(name, "closed")
try:
    s = socket.socket(socket.AF_UNIX)
    s.connect("service.sock")
    print("service", s.recv(100).decode())
except OSError:
    print("service closed")
print("out", "closed" if socket.socket().connect_ex(("93.184.216.34", 7))
      else "open")
END_OF_PY
(cd "$WS" && in_host "$PYTHON" -c 'import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind("service.sock")
os.chmod("service.sock", 0o777)
s.listen(5)
while True:
    c, _ = s.accept()
    c.sendall(b"hello")
    c.close()') </dev/null >/dev/null 2>&1 &
SERVERS+=($!)
until_true 5 test -S "$WS/service.sock"
closed='vsock closed packet closed netfilter closed alg closed mptcp closed'
flat() {
	printf '%s' "$OUT" | tr '\n' ' '
}
sockets() {
	local who=$1
	shift
	try "$@" -- "$PYTHON" families.py
	is "$who: without --unix-sockets no unix socket" "$(flat)" \
		"unix closed $closed service closed out closed"
	try "$@" --unix-sockets -- "$PYTHON" families.py
	is "$who: with it those, and no other family" "$(flat)" \
		"unix open $closed service hello out closed"
}
sockets firewall leash run --isolation firewall
sockets netns leash run --isolation netns
sockets unprivileged unprivileged run

namespaces() {
	local who=$1
	shift
	try "$@" -- unshare --user --map-root-user true
	is "$who: without --user-namespaces there are none" \
		"$([ "$STATUS" = 0 ] || echo refused)" refused
	try "$@" --user-namespaces -- unshare --user --map-root-user id -u
	is "$who: with it there are" "$STATUS $OUT" "0 0"
	try "$@" --user-namespaces -- unshare --user --map-root-user --mount \
		sh -c 'for f in /root /home /run /tmp /proc /etc/passwd; do
			umount -l "$f" 2>/dev/null && echo "$f uncovered"
		done
		mount -o remount,bind,rw / 2>/dev/null && echo "/ writable"
		touch /etc/x 2>/dev/null && echo "/etc written"; exit 0'
	is "$who: but no hidden folder can be uncovered, / stays read-only" \
		"$OUT" ""
	try "$@" --user-namespaces -- unshare --user --map-root-user --net \
		"$PYTHON" direct.py
	is "$who: and nothing leads out of a network made there" \
		"$(printf '%s\n' "$OUT" | grep ' open \| empty ')" ""
	try "$@" --user-namespaces -- unshare --user --map-root-user \
		"$PYTHON" direct.py
	is "$who: nor out of the run's own" \
		"$(printf '%s\n' "$OUT" | grep ' open \| empty ')" ""
	is "$who: which was tried" "$(printf '%s\n' "$OUT" | wc -l)" 18
}
namespaces firewall leash run --isolation firewall
namespaces netns leash run --isolation netns
namespaces unprivileged unprivileged run
done_testing
