#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The command sees a private, mostly read-only machine, and the caller's folder,
# where what it makes belongs to the caller.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
USER_ID=54321
CALLER=("SUDO_UID=$USER_ID" "SUDO_GID=$USER_ID" SUDO_USER=nobody-here)
chown "$USER_ID:$USER_ID" "$WS"
echo mine >"$WS/mine"
chown "$USER_ID:$USER_ID" "$WS/mine"
chmod 600 "$WS/mine"
echo roots >"$WS/roots"
chmod 600 "$WS/roots"

try leash run -- sh -c 'echo new >new; mkdir -p a/b; echo deep >a/b/c;
	ln -s new link; cat mine'
is "the caller's own file can be read inside" "$OUT" mine
is "a new file belongs to the caller on disk" \
	"$(stat -c %u:%g "$WS/new")" "$USER_ID:$USER_ID"
is "and one deep in a new folder" \
	"$(stat -c %u:%g "$WS/a/b/c")" "$USER_ID:$USER_ID"
is "and a link" "$(stat -c %u:%g "$WS/link")" "$USER_ID:$USER_ID"
try leash run -- sh -c 'stat -c %u new mine; id -u'
is "inside they belong to the command" \
	"$(printf '%s\n' "$OUT" | sort -u | wc -l)" 1
try leash run -- cat roots
is "a file of root's in it stays closed" "$STATUS" 1
try leash run -- sh -c 'chmod u+s new; chmod g+s new; chmod 755 new'
is "no setuid file is left to the caller" "$(stat -c %a "$WS/new")" 755
try leash run -- sh -c 'chmod 4755 new'
is "chmod 4755 is refused" "$([ "$STATUS" != 0 ] && echo refused)" refused
is "and changes nothing" "$(stat -c %a "$WS/new")" 755

# --- the rest of the machine
PLACES="/ /usr /etc /var /var/tmp /opt /srv /boot /lib /dev /run /sys /proc
	/home /root $W"
cat >"$WS/write.sh" <<'END'
for place; do
	touch "$place/netleash-was-here" 2>/dev/null && echo "$place"
done
END
# shellcheck disable=SC2086 # a list of folders
try leash run -- sh write.sh $PLACES
is "nothing of the machine but private folders can be written" \
	"$(printf '%s\n' "$OUT" | grep -v -x -E '/home|/root|/run|/dev|/var/tmp|')" ""
for place in $PLACES; do
	[ ! -e "$place/netleash-was-here" ] ||
		not_ok "netleash-was-here was left in $place"
	rm -f "$place/netleash-was-here"
done
probe=netleash-probe.$$
try leash run -- sh -c 'for d in /tmp /dev/shm; do
	touch "$d/$1" && ls -A "$d"; done' sh "$probe"
is "/tmp and /dev/shm can be written, and hold nothing else" "$OUT" "$probe
$probe"
check "and the machine's own have nothing of it" \
	sh -c "[ ! -e /tmp/$probe ] && [ ! -e /dev/shm/$probe ]"
touch "/root/.netleash-probe$$"
try leash run -- ls -A /root
rm -f "/root/.netleash-probe$$"
unlike "root's home is not seen" "$OUT" 'netleash-probe'
try leash run -- sh -c 'ls /run | grep -v -x "lock\|user\|shm"'
is "/run is empty" "$OUT" ""
try leash run -- sh -c 'ls /proc | grep -c "^[0-9]"'
is "/proc shows the run's own processes only" \
	"$([ "${OUT:-99}" -le 6 ] && echo few)" few
try leash run -- sh -c 'cat /etc/shadow; cat /proc/1/environ; ls /proc/1/fd'
unlike "no secret of the machine is read" "$OUT" '^root:|='
try leash run -- mount -t tmpfs none /tmp
is "nothing can be mounted" "$([ "$STATUS" != 0 ] && echo refused)" refused
try leash run -- sh -c 'mknod null c 1 3 || echo refused'
is "nor a device made" "$OUT" refused

# --- started where there is no workspace
for place in / /usr /etc /var/lib /root; do
	(cd "$place" && leash run -- sh -c \
		'touch netleash-was-here 2>/dev/null && echo written') \
		>"$W/out" 2>"$W/err" </dev/null
	is "started in $place the command cannot leave a file there" \
		"$([ -e "$place/netleash-was-here" ] && echo left)" ""
	rm -f "$place/netleash-was-here"
done
try leash run -- true
unlike "in a workspace nothing is said of it" "$ERR" 'workspace'
cd_and_run() {
	cd "$1" && shift && leash run "$@"
}
try cd_and_run /root -- true
like "in a home it is said that what is written there is lost" "$ERR" \
	'^netleash: /root is no workspace: .* lost'
try cd_and_run /root --quiet -- true
is "but not with --quiet" "$ERR" ""
mkdir "$WS/shut"
chmod 700 "$WS/shut"
try cd_and_run "$WS/shut" -- touch made
is "a folder that the caller may not enter is an error" "$STATUS" 125
like "which names it" "$ERR" "working directory $WS/shut .*Permission denied"
is "and nothing was run elsewhere instead" "$(ls "$WS/shut")" ""

# --- programs in the caller's home, of which the rest stays unseen
mkdir -p "$W/home/.keys/bin" "$W/home/.local/bin" "$W/home/.local/share/tool"
echo key >"$W/home/.keys/key"
cp /bin/echo "$W/home/.keys/run"
cp /bin/echo "$W/home/.local/share/tool/1.0"
ln -s ../share/tool/1.0 "$W/home/.local/bin/tool"
ln -s "$W/home/.keys" "$WS/bin"
ln -s "$W/home/.keys/run" "$WS/run"
chown -R "$USER_ID:$USER_ID" "$W/home"
# at_home PATH WORDS...: as the user, whose home that is
at_home() {
	in_host setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
		env -i HOME="$W/home" PATH="$1" "$NETLEASH" run --quiet "${@:2}"
}
try at_home "/usr/bin:$W/home/.local/bin" -- tool x
if [ "$STATUS" = 125 ]; then
	ok "SKIP no run without root here # SKIP"
else
	is "a program in PATH that is a link into the home works" "$OUT" x
	try at_home /usr/bin -- "$W/home/.local/bin/tool" x
	is "and by the link's name" "$OUT" x
	try at_home "$WS/bin:/usr/bin" -- cat "$W/home/.keys/key"
	is "a link in the workspace opens no folder by PATH" "$STATUS$OUT" 1
	try at_home "$WS:/usr/bin" -- run x
	is "nor by a command's name" "$STATUS$OUT" 127
	try at_home /usr/bin -- ./run x
	is "nor by a command's path" "$STATUS$OUT" 127
	like "which is said" "$ERR" 'run: it is there, .* --readonly'
fi
rm -rf "${W:?}/home" "$WS/run" && rm "$WS/bin"
printf '#!/no/such/interpreter\n' >"$WS/script"
chmod 755 "$WS/script"
try leash run -- ./script
is "a script without its interpreter is not found" "$STATUS" 127
like "and it is said that it is there" "$ERR" \
	'^netleash: ./script: it is there, but not its interpreter'
try leash run -- no-such-command
like "of a command that is not, whose PATH was looked in" "$ERR" \
	'no-such-command: command not found in the PATH that sudo sets'
try leash run --env NO_SUCH_NAME --env MADE=1 -- true
like "a variable that sudo kept out is named" "$ERR" \
	'--env NO_SUCH_NAME: it is not set here; sudo .*preserve-env='
mkdir "$W/beside"
chown "$USER_ID:$USER_ID" "$W/beside"
try leash run --writable ../beside -- touch ../beside/made
is "a folder beside the workspace can be given by ../" "$STATUS" 0
is "and what is made there is the caller's" \
	"$(stat -c %u "$W/beside/made")" "$USER_ID"
ln -s "$W/beside" "$WS/out"
try leash run --writable "../$(basename -- "$WS")/out" -- true
is "but no link of the workspace that leads there" "$STATUS" 125
rm -f "$WS/out"
done_testing
