/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_folders.c - the folders that the run shows or hides
 *
 * In:    --writable (with the workspace), --readonly, --hide
 * Out:   mounts at these paths in CMD's view
 * Steps: take (from the host's view), then apply (in CMD's), parents first,
 *        so that a folder in a folder comes out on top
 *
 * Trees are taken with the mounts in them. Without these, what a mount covers
 * would show through, and in a user namespace the kernel refuses such a copy.
 * If a mount inside cannot have the map (a network file system in a
 * workspace), the top gets it alone and those inside become read-only: their
 * files have owners that CMD is not.
 *
 * References: mount_setattr(2), open_tree(2).
 */
#include "sandbox/mounts_folders.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/macros.h"
#include "common/scope.h"
#include "sandbox/identity.h"
#include "sandbox/mounts_compat.h"
#include "sandbox/mounts_tree.h"

#define FOLDER_FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static const struct {
	unsigned long magic;
	const char *name;
} filesystems[] = {
	{ OVERLAYFS_SUPER_MAGIC, "overlay" },
	{ NFS_SUPER_MAGIC, "nfs" },
	{ 0xff534d42, "cifs" },
	{ 0xfe534d42, "smb2" },
	{ 0x65735546, "fuse" },
	{ V9FS_MAGIC, "9p" },
	{ 0x786f4256, "vboxsf" },
	{ MSDOS_SUPER_MAGIC, "vfat" },
	{ 0x2011bab0, "exfat" },
	{ 0x5346544e, "ntfs" },
	{ 0x7366746e, "ntfs3" },
	{ 0x2fc12fc1, "zfs" },
	{ TMPFS_MAGIC, "tmpfs" },
	{ RAMFS_MAGIC, "ramfs" },
	{ AFS_SUPER_MAGIC, "afs" },
	{ 0x00c36400, "ceph" },
};

static const char *filesystem_name(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return "unknown";
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++)
		if ((unsigned long)st.f_type == filesystems[i].magic)
			return filesystems[i].name;
	return "this";
}

static int by_path_then_kind(const void *a, const void *b)
{
	const struct folder *l = a, *r = b;
	int c = strcmp(l->path, r->path);

	return c != 0 ? c : (int)l->kind - (int)r->kind;
}

static void add(struct folders *folders, const char *const *paths, size_t n,
		enum folder_kind kind)
{
	for (size_t i = 0; i < n; i++)
		folders->v[folders->n++] =
			(struct folder){ paths[i], kind, -1, false };
}

/*
 * A folder of the path may have been swapped since it was resolved: who could
 * not go there himself is not led there by us.
 */
static int open_folder(const struct view *v, const char *path, int *ret_fd)
{
	const struct caller *opener = v->opts->opener;
	int r, left;

	if (!opener)
		return tree_open(path, ret_fd);
	r = caller_enter(opener);
	if (r == 0)
		r = tree_open(path, ret_fd);
	left = caller_leave();
	if (r == 0 && left < 0) {
		(void)close(*ret_fd);
		r = left;
	}
	return r;
}

static int take_one(struct view *v, struct folder *f)
{
	struct stat st;
	int fd = -1, r;

	r = open_folder(v, f->path, &fd);
	if (r < 0)
		return view_fail(v, r, "the folder %s cannot be opened",
				 f->path);
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISREG(st.st_mode) && f->kind != FOLDER_WRITABLE)
		f->is_file = true;
	else if (!S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	if (r == 0 && f->kind != FOLDER_HIDDEN)
		r = tree_clone(fd, &f->fd);
	(void)close(fd);
	if (r < 0)
		return view_fail(v, r, "the folder %s cannot be taken",
				 f->path);
	return 0;
}

int folders_take(struct view *v, struct folders *ret)
{
	const struct mounts_opts *o = v->opts;
	size_t n = o->writable_n + o->readonly_n + o->hidden_n;

	ret->v = calloc(n + 1, sizeof(*ret->v));
	if (!ret->v)
		return view_fail(v, -ENOMEM, "the folders cannot be listed");
	add(ret, o->writable, o->writable_n, FOLDER_WRITABLE);
	add(ret, o->readonly, o->readonly_n, FOLDER_READONLY);
	add(ret, o->hidden, o->hidden_n, FOLDER_HIDDEN);
	qsort(ret->v, ret->n, sizeof(*ret->v), by_path_then_kind);
	for (size_t i = 0; i < ret->n; i++) {
		int r = take_one(v, &ret->v[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The top alone gets the map. MOUNT_ATTR_RDONLY is cleared only where we set
 * it: a folder that the host holds read-only stays so.
 */
static int map_top_only(int fd, int userns_fd)
{
	struct statvfs st;
	bool was_readonly;
	int r;

	if (fstatvfs(fd, &st) < 0)
		return -errno;
	was_readonly = st.f_flag & ST_RDONLY;
	r = tree_set(fd, true, MOUNT_ATTR_RDONLY, 0, -1);
	if (r < 0)
		return r;
	return tree_set(fd, false, 0, was_readonly ? 0 : MOUNT_ATTR_RDONLY,
			userns_fd);
}

static int set_writable(struct view *v, const struct folder *f)
{
	int r = tree_set(f->fd, true, FOLDER_FLAGS, 0, -1);

	if (r < 0)
		return view_fail(v, r, "the folder %s cannot be bound",
				 f->path);
	if (v->userns_fd < 0)
		return 0;
	if (tree_set(f->fd, true, 0, 0, v->userns_fd) == 0)
		return 0;
	r = map_top_only(f->fd, v->userns_fd);
	if (r == -ENOSYS)
		return view_fail(v, r, "idmapped mounts need Linux 5.12");
	if (r < 0)
		return view_fail(v, r,
				 "the folder %s is on a file system (%s) that "
				 "cannot map its owner to the command: start "
				 "in a folder on ext4, xfs, btrfs or tmpfs",
				 f->path, filesystem_name(f->fd));
	return 0;
}

/* The map only lets CMD read what the caller alone may read; without it the
 * rest is readable still. */
static int set_readonly(struct view *v, const struct folder *f)
{
	int r = tree_set(f->fd, true, FOLDER_FLAGS | MOUNT_ATTR_RDONLY, 0, -1);

	if (r < 0)
		return view_fail(v, r, "the folder %s cannot be bound",
				 f->path);
	if (v->userns_fd >= 0 && tree_set(f->fd, true, 0, 0, v->userns_fd) < 0)
		(void)tree_set(f->fd, false, 0, 0, v->userns_fd);
	return 0;
}

/* Puts the folder @path over itself. */
static int pin(const char *path)
{
	int fd = -1, tree = -1, r;

	r = tree_open(path, &fd);
	if (r < 0)
		return r;
	r = tree_clone(fd, &tree);
	if (r == 0)
		r = tree_move(tree, fd);
	(void)close(fd);
	if (tree >= 0)
		(void)close(tree);
	return r;
}

/* The innermost writable folder that @f lies in, or NULL. */
static const char *find_writable(const struct folders *folders,
				 const struct folder *f)
{
	const char *found = NULL;

	/* Sorted: the last that fits is the innermost. */
	for (size_t i = 0; i < folders->n; i++)
		if (folders->v[i].kind == FOLDER_WRITABLE &&
		    path_is_below(f->path, folders->v[i].path))
			found = folders->v[i].path;
	return found;
}

/*
 * What is read-only or hidden in a writable folder could be had by another
 * name: CMD would rename a folder on the way and put its own in the place, and
 * the next run would read that conf. A mount point cannot be renamed.
 */
static int pin_way(struct view *v, const struct folders *folders,
		   const struct folder *f)
{
	const char *top = find_writable(folders, f);
	AUTOFREE char *path = top ? strdup(f->path) : NULL;
	char *slash;
	int r = 0;

	if (!top)
		return 0;
	if (!path)
		return view_fail(v, -ENOMEM, "%s cannot be held", f->path);
	slash = strchr(path + strlen(top) + (path[strlen(top)] == '/'), '/');
	for (; slash && r == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = pin(path);
		*slash = '/';
	}
	/* Where the way is hidden too, so is its end. */
	if (r < 0 && r != -ENOENT)
		return view_fail(v, r, "%s cannot be held", f->path);
	return 0;
}

static int put_shown(struct view *v, const struct folder *f)
{
	int place = -1, r;

	r = view_open_place(v, f->path, f->is_file, &place);
	if (r == 0) {
		r = tree_move(f->fd, place);
		(void)close(place);
	}
	return r < 0 ? view_fail(v, r, "no place for the folder %s", f->path)
		     : 0;
}

/* What is not there, because its folder is hidden, needs no hiding. */
static int put_hidden(struct view *v, const struct folder *f)
{
	int place = -1, tree = -1, r;

	r = tree_open(f->path, &place);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return view_fail(v, r, "%s cannot be hidden", f->path);
	/* 0555: CMD cannot write, and a folder shown in it finds a place. */
	if (f->is_file) {
		r = tree_bind_text("", 0, place);
	} else {
		r = tree_new_tmpfs("0555", &tree);
		if (r == 0)
			r = tree_move(tree, place);
	}
	(void)close(place);
	if (tree >= 0)
		(void)close(tree);
	return r < 0 ? view_fail(v, r, "%s cannot be hidden", f->path) : 0;
}

int folders_apply(struct view *v, struct folders *folders)
{
	for (size_t i = 0; i < folders->n; i++) {
		const struct folder *f = &folders->v[i];
		int r = 0;

		if (f->kind == FOLDER_WRITABLE)
			r = set_writable(v, f);
		else if (f->kind == FOLDER_READONLY)
			r = set_readonly(v, f);
		if (r == 0 && f->kind != FOLDER_WRITABLE)
			r = pin_way(v, folders, f);
		if (r == 0)
			r = f->kind == FOLDER_HIDDEN ? put_hidden(v, f)
						     : put_shown(v, f);
		if (r < 0)
			return r;
	}
	return 0;
}

void folders_fini(struct folders *folders)
{
	for (size_t i = 0; i < folders->n; i++)
		if (folders->v[i].fd >= 0)
			(void)close(folders->v[i].fd);
	free(folders->v);
	*folders = (struct folders)FOLDERS_INIT;
}
