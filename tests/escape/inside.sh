# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/escape/inside.sh - the whole suite inside one kind of leash
#
# In:    tests/escape/world.sh; WHO, for a caller that is not root
# Out:   escape_suite: one world, all probes, and what lies around a run: the
#        next run, what the caller lends, who stays behind

# run_leashed ARGUMENT...: netleash run, in the isolation that is tested
run_leashed() {
	as_caller "$NETLEASH" run --isolation="$ISOLATION" "$@"
}

# The internet's side sees what the machine sends. Not counted: neighbours and
# routers, group reports of the kernel's own, what answers a stranger who
# knocks at the machine's closed ports.
capture_start() {
	: >"$W/capture"
	nsenter --net=/run/netns/"$INET" tcpdump -i eth0 -Q in -l -n -U -v \
		>"$W/capture" 2>"$W/capture.log" 'not arp and
		not (icmp6 and ip6[40] >= 130) and not (ip6[6] = 0) and
		not (icmp and icmp[0] = 3) and not (icmp6 and ip6[40] = 1) and
		not (tcp[tcpflags] & tcp-rst != 0) and
		not (ip6[6] = 6 and ip6[53] & 4 != 0)' &
	CAPTURE=$!
	until_true 10 grep -q 'listening on' "$W/capture.log" ||
		not_ok "tcpdump starts" "$(cat "$W/capture.log")"
}

capture_end() {
	sleep 0.3
	kill "$CAPTURE"
	wait "$CAPTURE"
	is "$1: the wire is silent" "$(head -n 20 "$W/capture")" ""
}

# Another run of the same caller's, whose policy allows the collector.
start_other_run() {
	local door=''
	(cd "$W/other" && run_leashed -a "allowed.example:$PORT" -- sh -c '
		echo "${HTTPS_PROXY##*:}" >door
		: >results
		./escape try "$1/world" results door_refuses
		exec ./escape victim "$1/world" info' sh "$WS") \
		>>"$W/servers.log" 2>&1 </dev/null &
	SERVERS+=($!)
	until_true 10 grep -q victim_pid "$W/other/info"
	door=$(cat "$W/other/door")
	like "the other run's door leads to the collector, for it" \
		"$(cat "$W/other/results")" '^probe door_refuses: ESCAPED'
	echo "other_door ${door:-1}" >>"$WS/world"
}

# judge WHAT NUMBER: reads the results, and what the observers saw
judge() {
	is "$1: all were tried" "$STATUS $(wc -l <"$WS/results")" "0 $2"
	is "$1: none got out" "$(of ESCAPED)" ""
	is "$1: nothing arrived outside" "$(cat "$W/arrived")" ""
	unlike "$1: each could be tried" "$(of unavailable)" '^probe'
}

all_probes() {
	forget
	: >"$WS/results"
	chmod 666 "$WS/results"
	capture_start
	TRY_SECONDS=200 try run_leashed --hide "$W/covered" \
		--log "$W/access.log" -- ./escape try world results
	beat=$(stat -c %Y.%y "$WS/meet/beat")
	judge probes "$("$ESCAPE" list all | wc -l)"
	capture_end probes
	sleep 1
	is "the daemon of the run has died with it" \
		"$(stat -c %Y.%y "$WS/meet/beat")" "$beat"
	is "no process of the run is left" "$(pgrep -f '^\./escape try')" ""
	is "what it had left in /tmp and /dev/shm is gone" \
		"$(find /tmp /dev/shm /var/tmp -name 'nlesc-create_*')" ""
}

# lent WHAT THING... -- PROBE...: what the starter has open is not inherited
lent() {
	local what=$1 things=() probes=()
	shift
	while [ "$1" != -- ]; do
		things+=("$1")
		shift
	done
	shift
	probes=("$@")
	forget
	: >"$WS/results"
	chmod 666 "$WS/results"
	try as_caller "$WS/escape" lend "$WS/world" "${things[@]}" -- \
		"$NETLEASH" run --isolation="$ISOLATION" -- \
		./escape try world results "${probes[@]}"
	if [ "$STATUS" = 125 ]; then
		like "$what: refused, and said why" "$ERR" '^netleash: .*way out'
		is "$what: nothing was run" "$(cat "$WS/results")" ""
	else
		judge "$what" "${#probes[@]}"
	fi
}

# What one run leaves in the workspace is not believed by the next.
next_run() {
	# shellcheck disable=SC2016 # for the inner shell
	try run_leashed -- sh -c '
		echo "allow *:*" >.netleash.conf
		mkdir -p .config/netleash
		echo "allow *:*" >.config/netleash/netleash.conf
		echo "registry=http://93.184.216.34:7700/" >.npmrc
		printf "#!/bin/sh\necho found >\"%s/pub/believed\"\n" "$1" |
			tee npm nft useradd ip >/dev/null
		chmod 755 npm nft useradd ip
		ln -s "$1/pub" linked
		ln -s "$1/pub/file" linked.log
		mkdir target && rmdir target && ln -s "$1/pub" target' sh "$W"
	is "a run may leave what it likes in its workspace" "$STATUS" 0
	forget
	: >"$WS/results"
	chmod 666 "$WS/results"
	CALLER+=(PATH=".:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	try run_leashed -- ./escape try world results door_refuses tcp_inet4
	judge "the next run" 2
	unset 'CALLER[-1]'
	check "and nothing of it was executed" test ! -e "$W/pub/believed"
	cp "$W/pub/file" "$W/file.before"
	try run_leashed --log linked.log -- true
	check "a log that has become a link is not followed" \
		cmp "$W/pub/file" "$W/file.before"
	try run_leashed --writable linked -- sh -c 'echo x >linked/written'
	check "a folder that has become a link is not opened" \
		test ! -e "$W/pub/written"
	rm -f "$W/pub/written"
}

# A folder that is named while the command of another run swaps it for a link.
swapped() {
	local swapper turn hits=0
	mkdir "$WS/swap"
	[ "${#WHO[@]}" = 0 ] || chown "$USER_ID" "$WS/swap"
	# shellcheck disable=SC2016 # for the inner shell
	(cd "$WS" && run_leashed -- "$PYTHON" -c '
import os, sys, time
os.symlink(sys.argv[1] + "/pub", "link")
end = time.time() + 6
while time.time() < end:
    os.rename("swap", "real"); os.rename("link", "swap")
    time.sleep(.005)
    os.rename("swap", "link"); os.rename("real", "swap")
    time.sleep(.005)' "$W") \
		>>"$W/servers.log" 2>&1 </dev/null &
	swapper=$!
	until_true 10 test -L "$WS/link" ||
		not_ok "the swapper starts" "$(cat "$W/servers.log")"
	for ((turn = 0; turn < 40; turn++)); do
		try run_leashed --writable "$WS/swap" -- \
			sh -c 'echo x >swap/raced'
		[ "$STATUS" != 0 ] || hits=$((hits + 1))
	done
	wait "$swapper"
	check "a folder that is swapped meanwhile is never opened elsewhere" \
		test ! -e "$W/pub/raced"
	echo "# $hits of 40 runs started"
}

# Without a door there is nothing at all.
no_network() {
	local list
	mapfile -t list < <("$ESCAPE" list all |
		grep -E '^(tcp|udp|sendto|dns|fast|decoy|door|ping)_?')
	forget
	: >"$WS/results"
	chmod 666 "$WS/results"
	capture_start
	try run_leashed --no-network -- ./escape try world results "${list[@]}"
	judge "--no-network" "${#list[@]}"
	capture_end "--no-network"
}

# A conf that is named, in the workspace, is the next run's.
named_conf() {
	local way n=0
	for way in 'echo "allow *:*" >>sub/conf' \
		'echo "allow *:*" >sub/new; mv sub/new sub/conf' \
		'rm -f sub/conf; echo "allow *:*" >sub/conf' \
		'mv sub moved; mkdir sub; echo "allow *:*" >sub/conf' \
		'mv sub moved; ln -s moved2 sub; mkdir moved2;
			echo "allow *:*" >moved2/conf' \
		'echo "allow *:*" >sub/conf.d/more.conf' \
		'mv sub/conf.d sub/old; mkdir sub/conf.d
			echo "allow *:*" >sub/conf.d/more.conf'; do
		rm -rf "$WS/sub" "$WS"/moved*
		mkdir -p "$WS/sub/conf.d"
		echo 'include conf.d/*.conf' >"$WS/sub/conf"
		[ "${#WHO[@]}" = 0 ] || chown -R "$USER_ID" "$WS/sub"
		try run_leashed -c "$WS/sub/conf" -- sh -c "$way"
		forget
		: >"$WS/results"
		chmod 666 "$WS/results"
		try run_leashed -c "$WS/sub/conf" -- \
			./escape try world results door_refuses
		n=$((n + 1))
		judge "a conf in the workspace, way $n" 1
	done
	# A folder that is not there yet would be the command's to make.
	echo 'include absent.d/*.conf' >"$WS/sub/conf"
	try run_leashed -c "$WS/sub/conf" -- true
	is "a conf that believes in a folder to come is refused" "$STATUS" 125
}

# A user conf that comes to be, because its folder was a workspace once.
user_conf() {
	mkdir -p "$CALLER_HOME/.config"
	chown "$USER_ID" "$CALLER_HOME/.config"
	try in_folder "$CALLER_HOME/.config" run_leashed -- sh -c '
		mkdir netleash && echo "allow *:*" >netleash/netleash.conf'
	forget
	: >"$WS/results"
	chmod 666 "$WS/results"
	try run_leashed -- ./escape try world results door_refuses
	judge "a user conf of the command's" 1
	rm -rf "$CALLER_HOME/.config"
}

# Odd names of folders do not end a line, an option or a path.
odd_names() {
	local name dir
	# shellcheck disable=SC1003
	for name in $'new\nline' ' blank ' '-dash' '"quote' '\040' 'a,b:c=d' \
		$'esc\e[2J'; do
		dir=$W/other/$name/work
		mkdir -p "$dir"
		[ "${#WHO[@]}" = 0 ] || chown "$USER_ID" "$dir"
		# shellcheck disable=SC2016
		try in_folder "$dir" run_leashed --hide "$W/covered" -- sh -c '
			echo mine >file; echo x 2>/dev/null >../above
			cat "$1/covered/secret" 2>/dev/null; pwd' sh "$W"
		is "a folder '$(printf %q "$name")' is the workspace" \
			"$STATUS $OUT $(cat "$dir/file")" "0 $dir mine"
		check "and nothing above it" test ! -e "$W/other/$name/above"
	done
}

escape_suite() {
	escape_up
	[ "${#WHO[@]}" = 0 ] || be_user "$USER_ID"
	[ "${#WHO[@]}" = 0 ] || chown "$USER_ID" "$W/conf" "$W/access.log" \
		"$W/pub/file" "$W/other"
	escape_programs
	write_world state /run/netleash/leases door_port 1
	observe inet
	observe host
	victim "$W/info"
	cat "$W/info" >>"$WS/world"
	start_other_run
	all_probes
	all_lent
	# The owner of a file may open what he has open once more: with a uid
	# of its own the command is not the owner.
	[ "${#WHO[@]}" != 0 ] || lent "a file on 1" 1=append -- stdout_again
	no_network
	next_run
	swapped
	named_conf
	[ "${#WHO[@]}" = 0 ] || user_conf
	odd_names
	done_testing
}
