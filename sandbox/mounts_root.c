/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_root.c - a root that is a mount, private to us
 *
 * In:    a mount namespace of our own; "/" may be a plain folder (chroot)
 * Out:   "/" is a mount, and so are flags and propagation ours to set
 * Steps: 1. in a chroot, climb to the namespace's true root: only from there
 *           can the propagation of its mounts be cut, and until that is done
 *           whatever we mount would be mounted for everybody
 *        2. cut it
 *        3. in a chroot, make its folder a mount, and that the root
 *
 * Build machines and rescue systems live in a chroot. What lies outside of it
 * is out of CMD's reach as before: where pivot_root(2) can do it, it is not
 * even in the namespace any more.
 *
 * References: chroot(2), pivot_root(2), mount_namespaces(7).
 */
#include "sandbox/mounts_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/scope.h"
#include "sandbox/mounts_tree.h"

/* Deeper than any path that could be entered. */
#define DEPTH_MAX 4096

static int is_mount(const char *path, bool *ret)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, 0, 0, &stx) < 0)
		return -errno;
	*ret = stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return 0;
}

/* Is the working directory the end of all ".."? */
static bool is_top(void)
{
	struct stat here, above;

	return stat(".", &here) == 0 && stat("..", &above) == 0 &&
	       here.st_dev == above.st_dev && here.st_ino == above.st_ino;
}

/*
 * ".." stops at the root of the process only; with the root moved aside, below
 * where we stand, it leads on to the top. /dev is the place to stand aside: a
 * system without it could not run us.
 */
static int climb(int root_fd)
{
	if (chroot("/dev") < 0 || fchdir(root_fd) < 0)
		return -errno;
	for (unsigned i = 0; i < DEPTH_MAX; i++) {
		if (is_top())
			return chroot(".") < 0 ? -errno : 0;
		if (chdir("..") < 0)
			return -errno;
	}
	return -ELOOP;
}

static int cut_propagation(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

/* Step 3. The tree covers the folder that it is a copy of. */
static int enter_as_mount(int root_fd)
{
	AUTOCLOSE int tree = -1;
	int r = tree_clone(root_fd, &tree);

	if (r == 0)
		r = tree_move(tree, root_fd);
	if (r < 0)
		return r;
	if (fchdir(tree) < 0)
		return -errno;
	/* The old root lands on the new one, where we take it off again. A
	 * ramfs as true root cannot be moved: then it stays, out of reach. */
	if (syscall(SYS_pivot_root, ".", ".") == 0)
		return umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ? -errno
								      : 0;
	return chroot(".") < 0 || chdir("/") < 0 ? -errno : 0;
}

static int leave_chroot(void)
{
	AUTOCLOSE int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root_fd < 0)
		return -errno;
	r = climb(root_fd);
	if (r == 0)
		r = cut_propagation();
	if (r == 0)
		r = enter_as_mount(root_fd);
	return r;
}

int root_apply(struct view *v)
{
	bool mounted = true;
	int r = is_mount("/", &mounted);

	if (r == 0)
		r = mounted ? cut_propagation() : leave_chroot();
	return r < 0 ? view_fail(v, r, "mounts cannot be made private") : 0;
}
