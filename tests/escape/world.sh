# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/escape/world.sh - what is outside a run: observers, victims, secrets
#
# In:    tests/integration/lib.sh, sourced before; ESCAPE, if the program does
#        not lie where this tree builds it
# Out:   escape_up makes it; escape_down takes away what lies beyond $W
#
# The program and its world lie in the workspace, $WS. What the probes say is
# in $WS/results, what the observers saw in $W/arrived.

ESCAPE=${ESCAPE:-${NETLEASH%/sandbox/*}/tests/escape/escape}
# What is machine-wide has this in its name, and is removed again.
MARK=nlesc$$
FORKS=8500
PORT=7700
CALLER=(NLESC_API_TOKEN=nlesc-secret-environment)
USER_ID=64321
OTHER_ID=64322
WHO=() # how a command becomes the caller: nothing for root
VICTIMS=()

# as_caller COMMAND...: on the host, with the environment of the caller
as_caller() {
	# shellcheck disable=SC2016 # for the inner shell
	in_host sh -c 'mount --bind "$1/passwd" /etc/passwd && shift &&
		exec "$@"' sh "$W" "${WHO[@]}" env -i \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME="$CALLER_HOME" TERM=xterm LANG=C.UTF-8 "${CALLER[@]}" "$@"
}

# in_folder DIR COMMAND...
in_folder() {
	cd "$1" || return
	shift
	"$@"
}

# be_user ID: the caller is a plain user, whose home is $W/home
be_user() {
	WHO=(setpriv --reuid "$1" --regid "$1"
		--clear-groups --)
	CALLER_HOME=$W/home
	echo "escapist:x:$1:$1::$W/home:/bin/sh" >>"$W/passwd"
	chown -R "$1" "$WS" "$W/home" "$W/pub"
}

put_secret() {
	mkdir -p "$(dirname -- "$1")"
	echo "nlesc-secret-in $1" >"$1"
	chmod 644 "$1"
}

make_secrets() {
	put_secret "$CALLER_HOME/$MARK-secret"
	put_secret "/home/$MARK/secret"
	put_secret "/root/$MARK-secret"
	put_secret "/run/$MARK/secret"
	put_secret "/tmp/$MARK-secret"
	put_secret "/dev/shm/$MARK-secret"
	put_secret "$W/covered/secret"
	put_secret "$W/pub/file"
	put_secret "$W/state/lease"
	put_secret "$W/pub/own"
	chmod 600 "$W/pub/own"
	: >"$W/access.log"
	: >"$W/conf"
	chmod 777 "$W/pub"
}

# A copy of the program that gives rights to whoever runs it.
privileged() {
	cp "$ESCAPE" "$1"
	case $2 in
	setuid) chmod 4755 "$1" ;;
	capable)
		"$PYTHON" -c 'import os, sys, struct
os.setxattr(sys.argv[1], "security.capability",
    struct.pack("<5I", 0x2000001, 1 << 13, 0, 0, 0))' "$1"
		;;
	esac
}

# world KEY VALUE...: writes $WS/world
write_world() {
	cat >"$WS/world" <<-END
		meet $WS/meet
		log $W/arrived
		port $PORT
		inet4 93.184.216.34
		inet6 2606:2800:220:1::34
		inet_mapped ::ffff:93.184.216.34
		gate4 192.168.77.1
		gate6 fd77::1
		gate_link $GATE_LINK%eth0
		host4 192.168.77.2
		host6 fd77::2
		host_mapped ::ffff:192.168.77.2
		broadcast 192.168.77.255
		multicast6 ff15::7799
		all_nodes ff02::1%eth0
		unix_workspace $WS/meet/sock
		unix_workspace_seq $WS/meet/sock-seq
		unix_workspace_dgram $WS/meet/sock-dgram
		unix_outside $W/sock
		unix_outside_dgram $W/sock-dgram
		unix_run /run/$MARK/sock
		workspace $WS
		world $WS/world
		netleash $NETLEASH
		home $CALLER_HOME
		secret_home $CALLER_HOME/$MARK-secret
		secret_other_home /home/$MARK/secret
		secret_root /root/$MARK-secret
		secret_run /run/$MARK/secret
		secret_tmp /tmp/$MARK-secret
		secret_shm /dev/shm/$MARK-secret
		secret_hidden $W/covered/secret
		secret_file /run/$MARK/secret
		own_file $W/pub/own
		covered $W/covered
		outside $W/pub
		outside_file $W/pub/file
		access_log $W/access.log
		conf $W/conf
		setuid_program $W/setuid
		setuid_workspace $WS/setuid
		capable_program $W/capable
		capable_workspace $WS/capable
		forks $FORKS
	END
	while [ $# -gt 0 ]; do
		echo "$1 $2" >>"$WS/world"
		shift 2
	done
}

escape_up() {
	need setpriv tcpdump
	[ -x "$ESCAPE" ] || skip "no $ESCAPE"
	trap escape_down EXIT
	CALLER_HOME=${CALLER_HOME:-/root}
	ip -n "$INET" addr add 169.254.169.254/32 dev lo
	GATE_LINK=$(ip -n "$INET" -6 -o addr show dev eth0 scope link |
		sed -n 's|.* inet6 \([^/]*\)/.*|\1|p')
	mkdir -p "$WS/meet" "$W/home" "$W/pub" "$W/state" "$W/other"
	chmod 777 "$WS/meet"
	make_secrets
	cp /etc/passwd "$W/passwd"
	cp "$ESCAPE" "$WS/escape"
	cp "$ESCAPE" "$W/other/escape"
	: >"$W/arrived"
	chmod 666 "$W/arrived"
}

# privileged programs come after the workspace has its owner
escape_programs() {
	privileged "$W/setuid" setuid
	privileged "$WS/setuid" setuid
	privileged "$W/capable" capable
	privileged "$WS/capable" capable
}

observe() {
	local ns=$INET
	[ "$1" = inet ] || ns=$HOST
	nsenter --net=/run/netns/"$ns" "$ESCAPE" observe "$1" "$WS/world" \
		"$W/$1.ready" >>"$W/servers.log" 2>&1 </dev/null &
	SERVERS+=($!)
	until_true 5 test -e "$W/$1.ready" ||
		not_ok "the observer of $1 starts" "$(cat "$W/servers.log")"
}

# victim FILE: a process of the caller's outside; its facts go into FILE
victim() {
	: >"$1"
	chmod 666 "$1"
	as_caller "$ESCAPE" victim "$WS/world" "$1" >>"$W/servers.log" 2>&1 \
		</dev/null &
	SERVERS+=($!)
	VICTIMS+=($!)
	until_true 5 grep -q victim_socket "$1" ||
		not_ok "a victim starts" "$(cat "$W/servers.log")"
}

# What was seen so far is forgotten.
forget() {
	rm -f "$WS"/meet/seen.* "$WS"/meet/ask.* "$WS/meet/beat"
	: >"$W/arrived"
}

escape_down() {
	local status=$? pid
	trap - EXIT
	# They clean up what has a name for the whole machine.
	for pid in "${VICTIMS[@]}"; do
		kill -TERM "$pid" 2>/dev/null
	done
	rm -rf "${CALLER_HOME:?}/$MARK-secret" "/home/$MARK" \
		"/root/$MARK-secret" "/run/$MARK" "/tmp/$MARK-secret" \
		"/dev/shm/$MARK-secret"
	rm -f /dev/shm/nlesc-* /tmp/nlesc-* /var/tmp/nlesc-* /run/nlesc-* \
		"$CALLER_HOME"/nlesc-*
	(exit "$status")
	world_down
}

# of STATE: the probes that ended so, with what they say
of() {
	grep "^probe [a-z0-9_]*: $1" "$WS/results"
}

names() {
	sed 's/^probe \([a-z0-9_]*\):.*/\1/' | sort
}

# all_lent: what the starter has open; lent() says what is expected
all_lent() {
	local kind
	lent descriptors 20=tcp 21=udp 22=fresh 23=unix 24=dir 25=path \
		26=secret -- lent_tcp lent_udp lent_fresh lent_unix lent_dir \
		lent_path lent_secret
	for kind in tcp udp dir path; do
		lent "$kind on 0" 0=$kind -- stdin_$kind
	done
	lent "sockets on 1 and 2" 1=fresh 2=unix -- stdout_fresh stderr_unix
	lent "the terminal" terminal -- type type_tty type_garbage paste
	lent "the process group" group -- renice_group kill_group
	lent "the key ring" ring -- ring_session
}
