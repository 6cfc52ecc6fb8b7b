#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# While a command runs: who holds which privilege, and where each process is.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

(cd "$WS" && leash run -a allowed.example -- sh -c '
	echo >ready; exec sleep 94.25') >"$W/out" 2>"$W/err" </dev/null &
proxy=$!
until_true 10 test -e "$WS/ready" || not_ok "the run starts" "$(cat "$W/err")"
until_true 5 pgrep -f -x 'sleep 94.25'
command=$(pgrep -f -x 'sleep 94.25')
init=$(pgrep -P "$proxy")

# status PID FIELD
status() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '
}
online=$(id -u netleash-online)
offline=$(id -u netleash-offline)

is "netleash has one child, init" "$(echo "$init" | wc -w)" 1
like "which is process 1 of its own namespace" "$(status "$init" NSpid)" ' 1$'
is "and the command is init's child" "$(status "$command" PPid)" "$init"

is "the proxy has become the online identity" "$(status "$proxy" Uid)" \
	"$online $online $online $online"
is "with its group" "$(status "$proxy" Gid | cut -d ' ' -f 1)" \
	"$(id -g netleash-online)"
is "and no other group" "$(status "$proxy" Groups | tr -d ' ')" ""
for field in CapInh CapPrm CapEff CapBnd CapAmb; do
	is "the proxy's $field is empty" "$(status "$proxy" $field)" \
		0000000000000000
	is "the command's $field is empty" "$(status "$command" $field)" \
		0000000000000000
done
for pid in "$proxy" "$command"; do
	is "no_new_privs is on in $(cat "/proc/$pid/comm")" \
		"$(status "$pid" NoNewPrivs)" 1
	is "and a filter" "$(status "$pid" Seccomp)" 2
done
is "the proxy's /proc is root's: it cannot be traced or read" \
	"$(stat -c %u "/proc/$proxy/environ")" 0
is "init is root" "$(status "$init" Uid | cut -d ' ' -f 2)" 0
is "and cannot be read either" "$(stat -c %u "/proc/$init/environ")" 0

uid=$(status "$command" Uid | cut -d ' ' -f 1)
is "the command has one uid" "$(status "$command" Uid)" "$uid $uid $uid $uid"
is "which is neither root, nor one of the two identities" "$(
	printf '%s\n' 0 "$online" "$offline" | grep -c -x "$uid")" 0
is "nor in passwd" "$(awk -F : -v u="$uid" '$3 == u' /etc/passwd)" ""
is "the command has its own group only" "$(status "$command" Gid |
	tr ' ' '\n' | sort -u)$(status "$command" Groups | tr -d ' ')" "$uid"

in_group() {
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}
like "the command is in a cgroup of its run" "$(in_group "$command")" \
	'^/netleash/[^/]+$'
unlike "init is outside of it" "$(in_group "$init")" '/netleash'
unlike "and so is the proxy" "$(in_group "$proxy")" '/netleash'
for space in pid mnt ipc; do
	is "the command's $space namespace is not the machine's" "$(
		[ "$(readlink "/proc/$command/ns/$space")" != \
			"$(readlink "/proc/self/ns/$space")" ] && echo own)" own
done
is "the command holds no descriptor but three" \
	"$(find "/proc/$command/fd" -type l ! -name '[012]' -printf '%f %l\n')" ""
is "a core file of it cannot be" \
	"$(awk '/^Max core/ { print $5 $6 }' "/proc/$command/limits")" 11

kill "$proxy"
wait_for_end "$proxy" 10
is "the run ends" "$STATUS" 143
is "and the command is not alive, not even as a zombie" \
	"$(ps -o pid=,stat=,comm= -p "$command")" ""
# It has undone all by now; the kernel takes its time over its sockets.
until_true 10 test ! -e "/proc/$init"
is "nor, a moment later, is init" "$(ps -o pid=,stat=,comm= -p "$init")" ""
is "no lease is held" "$(cd /run/netleash/leases && for file in *; do
	[ ! -e "$file" ] || flock -n "$file" true || echo "$file"; done)" ""
done_testing
