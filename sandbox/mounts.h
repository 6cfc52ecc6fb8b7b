/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts.h - the file-system view of CMD
 *
 * In:    a mount namespace of the caller's own (CLONE_NEWNS), root in it
 * Out:   the host's tree read-only and nosuid; private /tmp, /run, /dev/shm,
 *        /dev; empty homes; fresh /proc; the writable folders at their own
 *        paths, owned by the caller on disk through idmapped mounts
 * Steps: numbered in mounts.c; each fails with its name and errno, and then
 *        CMD is not run
 *
 * References: mount_setattr(2), open_tree(2), move_mount(2), proc(5),
 * pts(4), mount_namespaces(7).
 */
#ifndef NETLEASH_SANDBOX_MOUNTS_H
#define NETLEASH_SANDBOX_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct caller;

#define MOUNTS_ERROR_MAX 512

/**
 * struct mounts_file - @n bytes of @text, which are read at @path
 */
struct mounts_file {
	const char *path, *text;
	size_t n;
};

/**
 * struct mounts_opts
 * @home:      the caller's home: replaced by an empty folder that CMD owns
 * @cwd:       absolute, resolved; CMD's working directory
 * @writable, @readonly, @hidden: absolute, resolved paths
 * @files_folder: a mount of its own, which holds @files and cannot be moved;
 *             NULL: none
 * @files:     @files_n, read-only, and in the place of what is there
 * @idmap:     writable folders show the caller's files as CMD's and the
 *             reverse (false where CMD has the caller's uid)
 * @run_uid, @run_gid: CMD's
 * @caller_uid, @caller_gid: owner on disk
 * @user_name: the name that CMD's uid gets in its passwd and group
 * @opener:    whose rights decide whether a folder can be reached; NULL: ours
 */
struct mounts_opts {
	const char *home;
	const char *cwd;
	const char *shell;
	const char *user_name;
	const char *const *writable;
	size_t writable_n;
	const char *const *readonly;
	size_t readonly_n;
	const char *const *hidden;
	size_t hidden_n;
	const char *files_folder;
	const struct mounts_file *files;
	size_t files_n;
	bool idmap;
	uid_t run_uid, caller_uid;
	gid_t run_gid, caller_gid;
	const struct caller *opener;
};

/*
 * Builds the view and makes @cwd the working directory; where it is not in the
 * view, @home; where CMD may not enter it, that is an error. Paths that are
 * links by now are refused. Return: 0 or -errno with a sentence in @error.
 */
int mounts_apply(const struct mounts_opts *opts, char error[MOUNTS_ERROR_MAX]);

/*
 * Is @path (absolute, resolved) a place that can be a workspace? False for /,
 * /root, homes themselves, and the system's folders; a folder below @home is
 * one even where the home is a service's in /var.
 */
bool mounts_is_workspace(const char *path, const char *home);

/* Is @home a folder that can be replaced by an empty one? False for "", /,
 * /tmp and the system folders that passwd names for accounts without a home. */
bool mounts_is_home(const char *home);

/*
 * Is @path (absolute, resolved) one of those that CMD sees empty, private, or
 * not at all, while it is not given as a workspace? @home as above.
 */
bool mounts_is_hidden(const char *path, const char *home);

/* Of those: is there an empty one in its place, at the same path? */
bool mounts_is_replaced(const char *path, const char *home);

#endif
