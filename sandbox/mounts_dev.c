/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_dev.c - CMD's /dev
 *
 * In:  the host's /dev, and the caller's terminal on descriptor 0
 * Out: a tmpfs with null, zero, full, random, urandom, tty; pseudo terminals
 *      and shared memory of its own; nothing else: no disk, no /dev/log, no
 *      /dev/kvm, no vsock
 *
 * Nodes are bound, not made: mknod(2) is refused in a user namespace, and so
 * is opening what was made there.
 *
 * References: pts(4), ttyname(3).
 */
#include "sandbox/mounts_dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macros.h"
#include "sandbox/mounts_compat.h"
#include "sandbox/mounts_tree.h"

static const char *const nodes[DEV_NODES] = {
	"/dev/null",   "/dev/zero",    "/dev/full",
	"/dev/random", "/dev/urandom", "/dev/tty",
};

static const struct {
	const char *target, *path;
} links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
	{ "pts/ptmx", "/dev/ptmx" },
};

/* Group tty, everywhere; it may not be mapped in a user namespace. */
#define PTS_OPTIONS	  "newinstance,ptmxmode=0666,mode=620"
#define PTS_OPTIONS_GROUP PTS_OPTIONS ",gid=5"

static int take(const char *path, int *ret_fd)
{
	int fd = -1, r;

	r = tree_open(path, &fd);
	if (r < 0)
		return r;
	r = tree_clone(fd, ret_fd);
	(void)close(fd);
	return r;
}

/*
 * The terminal's own name is in the host's /dev/pts, which CMD does not see;
 * ttyname(3) also looks in /dev and finds it there by its device number. The
 * name is only believed where it leads to the very terminal we hold. Without
 * one the terminal still works; only its name is unknown.
 */
static void take_console(struct dev *dev)
{
	struct stat held, named;
	char path[128];
	ssize_t n;

	if (!isatty(STDIN_FILENO) || fstat(STDIN_FILENO, &held) < 0)
		return;
	n = readlink("/proc/self/fd/0", path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	if (take(path, &dev->console) < 0)
		return;
	if (fstat(dev->console, &named) < 0 || named.st_dev != held.st_dev ||
	    named.st_ino != held.st_ino || !S_ISCHR(named.st_mode)) {
		(void)close(dev->console);
		dev->console = -1;
	}
}

int dev_take(struct view *v, struct dev *dev)
{
	for (size_t i = 0; i < DEV_NODES; i++) {
		int r = take(nodes[i], &dev->node[i]);

		if (r < 0 && r != -ENOENT)
			return view_fail(v, r, "%s cannot be bound", nodes[i]);
	}
	take_console(dev);
	return 0;
}

/* An empty file at @path, the place for the tree @fd. */
static int put_node(struct view *v, const char *path, int fd)
{
	int place = -1, r;

	r = view_open_place(v, path, true, &place);
	if (r < 0)
		return r;
	/* No nodev: on this mount it would make the node useless. */
	r = tree_set(fd, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, -1);
	if (r == 0)
		r = tree_move(fd, place);
	(void)close(place);
	return r;
}

static int put_nodes(struct view *v, const struct dev *dev)
{
	for (size_t i = 0; i < DEV_NODES; i++) {
		int r = dev->node[i] < 0 ? 0
					 : put_node(v, nodes[i], dev->node[i]);

		if (r < 0)
			return view_fail(v, r, "%s cannot be bound", nodes[i]);
	}
	if (dev->console >= 0) {
		int r = put_node(v, "/dev/console", dev->console);

		if (r < 0)
			return view_fail(v, r, "/dev/console cannot be bound");
	}
	return 0;
}

static int mount_pts(void)
{
	const unsigned long flags = MS_NOSUID | MS_NOEXEC;

	if (mkdir("/dev/pts", 0755) < 0)
		return -errno;
	if (mount("devpts", "/dev/pts", "devpts", flags, PTS_OPTIONS_GROUP) ==
	    0)
		return 0;
	if (errno != EINVAL ||
	    mount("devpts", "/dev/pts", "devpts", flags, PTS_OPTIONS) < 0)
		return -errno;
	return 0;
}

static int mount_shm(void)
{
	if (mkdir("/dev/shm", 01777) < 0 ||
	    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV,
		  "mode=1777") < 0)
		return -errno;
	return 0;
}

int dev_apply(struct view *v, struct dev *dev)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int r;

	if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC,
		  "mode=0755") < 0)
		return view_fail(v, -errno, "/dev cannot be replaced");
	r = put_nodes(v, dev);
	if (r < 0)
		return r;
	r = mount_pts();
	if (r < 0)
		return view_fail(v, r, "/dev/pts cannot be mounted");
	r = mount_shm();
	if (r < 0)
		return view_fail(v, r, "/dev/shm cannot be mounted");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i].target, links[i].path) < 0)
			return view_fail(v, -errno, "%s cannot be made",
					 links[i].path);
	/* In a user namespace the tmpfs is CMD's own: nothing to add here. */
	if (mount_setattr(AT_FDCWD, "/dev", 0, &attr, sizeof(attr)) < 0)
		return view_fail(v, -errno, "/dev cannot be made read-only");
	return 0;
}

void dev_fini(struct dev *dev)
{
	for (size_t i = 0; i < DEV_NODES; i++)
		if (dev->node[i] >= 0)
			(void)close(dev->node[i]);
	if (dev->console >= 0)
		(void)close(dev->console);
	*dev = (struct dev)DEV_INIT;
}
