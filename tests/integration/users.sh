# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/integration/users.sh - two users without privilege, and a daemon
#
# In:    lib.sh's world
# Out:   ANN, of the group DEV, and BEN, who is not, with folders $W/ann and
#        $W/ben; a daemon on $W/conf; all of it is gone at exit

ANN=nlann$$ BEN=nlben$$ DEV=nldev$$
users_down() {
	local status=$?
	[ -z "${DAEMON:-}" ] || kill -KILL "$DAEMON" 2>/dev/null
	userdel -f -r "$ANN" 2>/dev/null
	userdel -f -r "$BEN" 2>/dev/null
	groupdel "$DEV" 2>/dev/null
	[ -z "${MADE_GROUP:-}" ] || groupdel "$MADE_GROUP" 2>/dev/null
	(exit "$status")
	world_down
}
trap users_down EXIT
if ! groupadd "$DEV" || ! useradd -m -G "$DEV" "$ANN" || ! useradd -m "$BEN"; then
	skip "users cannot be made here"
fi
mkdir "$W/ann" "$W/ben" "$W/rooty"
cp "$W/ca.pem" "$W/ann"
cp "$W/ca.pem" "$W/ben"
chown -R "$ANN:" "$W/ann"
chown -R "$BEN:" "$W/ben"

# as USER FOLDER WORDS...: netleash as that user, in that folder
as() {
	local user=$1 folder=$2
	shift 2
	cd "$folder" || exit 99
	in_host env -i PATH=/usr/local/bin:/usr/bin:/bin TERM=xterm \
		${USER_ENV:+"$USER_ENV"} \
		HOME="$(getent passwd "$user" | cut -d: -f6)" \
		setpriv --reuid "$user" --regid "$(id -g "$user")" \
		--init-groups "$NETLEASH" "$@"
}
ann() {
	as "$ANN" "$W/ann" "$@"
}
ben() {
	as "$BEN" "$W/ben" "$@"
}

# start_daemon: on $W/conf; sets DAEMON
start_daemon() {
	: >"$W/ready"
	leash daemon -c "$W/conf" --pid-file "$W/pid" >"$W/ready" \
		2>>"$W/messages" </dev/null &
	SHELL_PID=$!
	until_true 20 grep -q '^ready' "$W/ready"
	DAEMON=$(cat "$W/pid")
}

stop_daemon() {
	kill -TERM "$DAEMON"
	wait_for_end "$SHELL_PID" 20
	DAEMON=
}

# No trace of a run: processes, cgroup, lease, door.
# processes PATTERN: of that name, in the test's own host
processes() {
	# shellcheck disable=SC2016 # for the inner shell
	(in_host sh -c 'pgrep -x --ns $$ --nslist net "$1"' sh "$1")
}
none_running() {
	! processes "$1"
}
nothing_left() {
	until_true 10 none_running "netleash-init|netleash-attend" &&
		[ -z "$(find /sys/fs/cgroup/netleash /sys/fs/cgroup/unified/netleash \
			-mindepth 1 -type d 2>/dev/null)" ] &&
		! in_host_rules | grep -q 'dport.*elements.*r[0-9]'
}
in_host_rules() {
	(in_host nft list set inet netleash allow) | tr -d '\n'
}
