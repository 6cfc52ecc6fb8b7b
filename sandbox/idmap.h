/* SPDX-License-Identifier: MIT */
/*
 * sandbox/idmap.h - one user on disk, another one in a mount
 *
 * An idmapped mount takes its map from a user namespace. Only the caller's
 * uid is in it: files of any third user belong to nobody there, and the kernel
 * lets nobody write them. Groups pass unchanged, but for the caller's own,
 * which becomes CMD's: a file of the caller's in a group that he shares with
 * others would else have no valid owner and could not be written either. CMD
 * is in none of those groups.
 *
 * References: mount_setattr(2) "ID-mapped mounts", user_namespaces(7).
 */
#ifndef NETLEASH_SANDBOX_IDMAP_H
#define NETLEASH_SANDBOX_IDMAP_H

#include <stddef.h>
#include <sys/types.h>

/**
 * struct idmap_ids
 * @disk_uid, @disk_gid: owner on disk
 * @seen_uid, @seen_gid: the same owner in the mount
 */
struct idmap_ids {
	uid_t disk_uid, seen_uid;
	gid_t disk_gid, seen_gid;
};

/* Text for /proc/PID/uid_map and gid_map. Pure. @size at least
 * IDMAP_TEXT_MAX. */
#define IDMAP_TEXT_MAX 256
void idmap_render_uids(const struct idmap_ids *ids, char *buf, size_t size);
void idmap_render_gids(const struct idmap_ids *ids, char *buf, size_t size);

/*
 * Makes a user namespace with that map. Needs root, and a /proc of our own pid
 * namespace. *@ret_fd is close-on-exec and the caller's. Return: 0 or -errno.
 */
int idmap_open(const struct idmap_ids *ids, int *ret_fd);

#endif
