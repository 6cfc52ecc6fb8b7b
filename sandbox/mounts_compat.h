/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_compat.h - the mount calls where the C library has them not
 *
 * glibc has them from 2.36 on; Ubuntu 22.04's is 2.35. Include this in place of
 * sys/mount.h: before 2.36 it has to stand before linux/mount.h, and from then
 * on it brings that in itself.
 *
 * References: mount_setattr(2), open_tree(2), move_mount(2), fsopen(2).
 */
#ifndef NETLEASH_SANDBOX_MOUNTS_COMPAT_H
#define NETLEASH_SANDBOX_MOUNTS_COMPAT_H

#include <sys/mount.h>

#ifndef MOUNT_ATTR_RDONLY
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mount.h>

static inline int open_tree(int fd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, fd, path, flags);
}

static inline int move_mount(int from_fd, const char *from, int to_fd,
			     const char *to, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int mount_setattr(int fd, const char *path, unsigned flags,
				struct mount_attr *attr, size_t size)
{
	return (int)syscall(SYS_mount_setattr, fd, path, flags, attr, size);
}

static inline int fsopen(const char *type, unsigned flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static inline int fsconfig(int fd, unsigned cmd, const char *key,
			   const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fd, cmd, key, value, aux);
}

static inline int fsmount(int fd, unsigned flags, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, fd, flags, attributes);
}
#endif

#endif
