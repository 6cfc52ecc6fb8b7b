/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_tree.h - mounts by descriptor, and places to put them
 *
 * For the mounts*.c files only. A tree is a mount with all that is mounted in
 * it, held by a descriptor and seen by nobody until it is moved to a place.
 * Nothing here follows a symbolic link, or looks up a path twice.
 *
 * References: open_tree(2), move_mount(2), mount_setattr(2), openat2(2).
 */
#ifndef NETLEASH_SANDBOX_MOUNTS_TREE_H
#define NETLEASH_SANDBOX_MOUNTS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/macros.h"
#include "sandbox/mounts.h"

#define VIEW_PRIVATE_MAX 8

/**
 * struct view - what the steps of mounts_apply() share
 * @error:     MOUNTS_ERROR_MAX bytes
 * @userns_fd: the map of writable folders, or -1
 * @home:      resolved path of CMD's home, "" for none; owned
 * @private:   resolved paths that a tmpfs hides; owned
 */
struct view {
	const struct mounts_opts *opts;
	char *error;
	int userns_fd;
	char *home;
	char *private[VIEW_PRIVATE_MAX];
	size_t private_n;
};

/* Puts a sentence with the reason of @r into the view. Return: @r. */
PRINTF_LIKE(3, 4)
int view_fail(struct view *v, int r, const char *fmt, ...);

/* True if @path is @dir or lies below it. */
bool path_is_below(const char *path, const char *dir);

/* O_PATH descriptor of what @path names now. Return: 0 or -errno, -ELOOP for
 * a link anywhere in it. */
int tree_open(const char *path, int *ret_fd);

/* A copy of the mount at @fd, from @fd down, with the mounts in it. */
int tree_clone(int fd, int *ret_fd);

/* Sets and clears MOUNT_ATTR_ flags; @userns_fd < 0: no map. */
int tree_set(int fd, bool recursive, uint64_t set, uint64_t clear,
	     int userns_fd);

/* A new tmpfs, nosuid and nodev, with @mode as "0755". */
int tree_new_tmpfs(const char *mode, int *ret_fd);

/* Puts the tree @fd over what @target_fd names. */
int tree_move(int fd, int target_fd);

/*
 * Opens @path in the view, making what is missing: folders on the way, and at
 * the end a folder or, if @is_file, an empty file. What is made below HOME is
 * CMD's. A folder on the way that CMD could not search is replaced by an empty
 * one, which shows it no less than before. Return: 0 or -errno.
 */
int view_open_place(struct view *v, const char *path, bool is_file,
		    int *ret_fd);

/*
 * Binds a read-only file with this text, kept in memory, over the file
 * @target_fd. Needs the /dev/shm of the view. Return: 0 or -errno.
 */
int tree_bind_text(const char *text, size_t n, int target_fd);

#endif
