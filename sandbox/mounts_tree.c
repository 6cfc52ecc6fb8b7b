/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_tree.c - mounts by descriptor, and places to put them
 *
 * In:         paths that were resolved by the caller
 * Out:        descriptors; mounts moved to their places
 * Invariants: a path is walked once, without links; after that only its
 *             descriptor counts, so that nobody can swap what it names
 */
#include "sandbox/mounts_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/scope.h"
#include "sandbox/mounts_compat.h"

/* Its name is only there while it is being bound. */
#define TEXT_FILE "/dev/shm/.netleash-file"

int view_fail(struct view *v, int r, const char *fmt, ...)
{
	char text[MOUNTS_ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(v->error, MOUNTS_ERROR_MAX, "%.*s: %s",
		       MOUNTS_ERROR_MAX - 64, text, strerror(-r));
	return r;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n > 0 && strncmp(path, dir, n) == 0 &&
	       (path[n] == '\0' || path[n] == '/');
}

int tree_open(const char *path, int *ret_fd)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

int tree_clone(int fd, int *ret_fd)
{
	int clone = open_tree(fd, "",
			      AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE |
				      OPEN_TREE_CLOEXEC);

	if (clone < 0)
		return -errno;
	*ret_fd = clone;
	return 0;
}

int tree_set(int fd, bool recursive, uint64_t set, uint64_t clear,
	     int userns_fd)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };
	unsigned flags = AT_EMPTY_PATH;

	if (userns_fd >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)userns_fd;
	}
	if (recursive)
		flags |= AT_RECURSIVE;
	if (mount_setattr(fd, "", flags, &attr, sizeof(attr)) < 0)
		return -errno;
	return 0;
}

int tree_new_tmpfs(const char *mode, int *ret_fd)
{
	AUTOCLOSE int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", "netleash", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int tree_move(int fd, int target_fd)
{
	if (move_mount(fd, "", target_fd, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/* As inode_permission(9) does for a process without capabilities. */
static bool can_search(const struct view *v, const struct stat *st)
{
	if (st->st_uid == v->opts->run_uid)
		return st->st_mode & S_IXUSR;
	if (st->st_gid == v->opts->run_gid)
		return st->st_mode & S_IXGRP;
	return st->st_mode & S_IXOTH;
}

/* Opens @name in @dir_fd, or makes it there. @path is its whole path. */
static int open_or_make(struct view *v, int dir_fd, const char *name,
			const char *path, bool is_file, int *ret_fd)
{
	const bool is_own = path_is_below(path, v->home);
	int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		goto out;
	if (is_file) {
		fd = openat(dir_fd, name,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
				    O_CLOEXEC,
			    0644);
		if (fd < 0)
			return -errno;
		(void)close(fd);
	} else if (mkdirat(dir_fd, name, 0755) < 0) {
		return -errno;
	}
	if (is_own && fchownat(dir_fd, name, v->opts->run_uid, v->opts->run_gid,
			       AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
out:
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/*
 * The folder *@fd lies on the way to a place. Where CMD has the caller's own
 * uid it may search what he may.
 */
static int make_searchable(struct view *v, int *fd)
{
	struct stat st;
	int tmpfs = -1, r;

	if (fstat(*fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
	if (!v->opts->idmap || can_search(v, &st))
		return 0;
	r = tree_new_tmpfs("0755", &tmpfs);
	if (r < 0)
		return r;
	r = tree_move(tmpfs, *fd);
	if (r < 0) {
		(void)close(tmpfs);
		return r;
	}
	(void)close(*fd);
	*fd = tmpfs;
	return 0;
}

int view_open_place(struct view *v, const char *path, bool is_file, int *ret_fd)
{
	AUTOFREE char *copy = strdup(path);
	AUTOCLOSE int dir_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *at = copy;
	int r;

	if (!copy)
		return -ENOMEM;
	if (dir_fd < 0)
		return -errno;
	for (;;) {
		char *end;
		char *name;
		int fd = -1;
		bool is_last;

		at += strspn(at, "/");
		name = at;
		end = at + strcspn(at, "/");
		is_last = end[strspn(end, "/")] == '\0';
		if (name == end)
			return -EINVAL; /* "/" itself is no place */
		at = end + (*end != '\0');
		*end = '\0';
		/* From here on copy is the path up to this name. */
		r = open_or_make(v, dir_fd, name, copy, is_file && is_last,
				 &fd);
		if (r < 0)
			return r;
		if (is_last) {
			*ret_fd = fd;
			return 0;
		}
		r = make_searchable(v, &fd);
		(void)close(dir_fd);
		dir_fd = fd;
		if (r < 0)
			return r;
		*end = '/';
	}
}

int tree_bind_text(const char *text, size_t n, int target_fd)
{
	const uint64_t flags =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	int fd, tree = -1, r;

	fd = open(TEXT_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, n);
	if (r == 0)
		r = tree_clone(fd, &tree);
	if (r == 0)
		r = tree_set(tree, false, flags, 0, -1);
	if (r == 0)
		r = tree_move(tree, target_fd);
	if (tree >= 0)
		(void)close(tree);
	(void)close(fd);
	/* The mount keeps the file; a file without a name cannot be mounted. */
	if (unlink(TEXT_FILE) < 0 && r == 0)
		r = -errno;
	return r;
}
