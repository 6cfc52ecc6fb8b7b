#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The workspace on each file system that can map its owner, and on one that
# cannot.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need mkfs.ext4 mkfs.xfs mkfs.btrfs
world_up
USER_ID=54321
# shellcheck disable=SC2034 # lib.sh reads it
CALLER=("SUDO_UID=$USER_ID" "SUDO_GID=$USER_ID")
MOUNT=$W/mount
mkdir "$MOUNT"

unmount() {
	umount -l "$MOUNT"
}

# works NAME: what CMD makes in the workspace is the caller's, and only his
works() {
	mkdir "$MOUNT/ws"
	chown "$USER_ID:$USER_ID" "$MOUNT/ws"
	WS=$MOUNT/ws
	try leash run -- sh -c 'mkdir d && echo x >d/f && chmod 700 d &&
		ln d/f l && mv l d/l && stat -c %u d d/f | sort -u | wc -l'
	is "$1: the command works in it" "$OUT $STATUS" "1 0"
	is "$1: what it makes is the caller's" \
		"$(stat -c %u:%g "$WS/d" "$WS/d/f" | sort -u)" \
		"$USER_ID:$USER_ID"
	unmount
}

for kind in ext4 xfs btrfs; do
	truncate -s 400M "$W/image"
	case $kind in
	ext4) mkfs.ext4 -q -F "$W/image" ;;
	*) "mkfs.$kind" -f "$W/image" >/dev/null 2>&1 ;;
	esac
	mount -o loop "$W/image" "$MOUNT" 2>/dev/null ||
		skip "this kernel has no $kind, or no loop device"
	works "$kind"
	rm -f "$W/image"
done
mount -t tmpfs none "$MOUNT"
works tmpfs

mkdir "$W/lower" "$W/upper" "$W/work"
mount -t overlay none \
	-o "lowerdir=$W/lower,upperdir=$W/upper,workdir=$W/work" "$MOUNT"
mkdir "$MOUNT/ws"
WS=$MOUNT/ws
try leash run -- touch made
if [ "$STATUS" = 0 ]; then
	ok "overlay: this kernel maps it"
else
	is "overlay: 125" "$STATUS" 125
	like "overlay: a sentence names it" "$ERR" 'overlay.*cannot map'
	check "overlay: nothing ran" test ! -e "$WS/made"
fi
unmount
done_testing
