/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts.c - the file-system view of CMD
 *
 * In:    a mount namespace of our own, in which the host's tree is seen whole
 * Out:   CMD's view, and its working directory
 * Steps: 1. nothing we do here is seen outside
 *        2. take what is shown later, while it can still be reached
 *        3. the whole tree read-only, setuid bits void
 *        4. fresh /proc
 *        5. empty folders over all that is private to somebody
 *        6. CMD's home
 *        7. /dev
 *        8. the shown folders, back at their own paths
 *        9. names: passwd, group, resolv.conf; the CAs of the run
 *       10. the working directory
 * Invariants: until the last step there is nothing of CMD's to run; a step
 *             that fails ends the launch, so a half-built view is never used
 *
 * The order of 2 and 5 is what makes hidden things unreachable: after 5 a
 * host's home can only be reached through a descriptor that step 2 opened, and
 * these are closed at the end. The mounts themselves cannot be undone by CMD:
 * it has no capability here, and in a user namespace of its own the kernel
 * locks them.
 *
 * References: mount_setattr(2), open_tree(2), proc(5),
 * mount_namespaces(7).
 */
#include "sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "common/scope.h"
#include "sandbox/idmap.h"
#include "sandbox/mounts_compat.h"
#include "sandbox/mounts_dev.h"
#include "sandbox/mounts_folders.h"
#include "sandbox/mounts_root.h"
#include "sandbox/mounts_tree.h"
#include "sandbox/mounts_users.h"

#define RESOLV_CONF	"/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536

/*
 * What becomes an empty tmpfs. /run has the sockets of every service, /tmp and
 * /var/spool/cron are where a file becomes somebody else's program.
 */
static const struct {
	const char *path, *options;
} private_folders[] = {
	{ "/tmp", "mode=1777" },     { "/run", "mode=0755" },
	{ "/home", "mode=0755" },    { "/root", "mode=0755" },
	{ "/var/run", "mode=0755" }, { "/var/spool/cron", "mode=0755" },
};

/**
 * struct taken - what step 2 took from the host's view
 * @resolv_path: where resolv.conf really is; NULL if there is none
 */
struct taken {
	struct folders folders;
	struct dev dev;
	char *resolv_path;
	char *resolv_text;
	size_t resolv_n;
};

/* The home may be reached through a link, as /home is on some systems; one
 * that nobody made yet can still be made inside. */
static int find_home(struct view *v)
{
	const char *home = v->opts->home ? v->opts->home : "";

	v->home = mounts_is_home(home) ? realpath(home, NULL) : NULL;
	if (v->home && !mounts_is_home(v->home)) {
		free(v->home);
		v->home = NULL;
		home = "";
	}
	if (!v->home)
		v->home = strdup(mounts_is_home(home) ? home : "");
	return v->home ? 0 : view_fail(v, -ENOMEM, "no home");
}

/* Step 2. A missing or huge resolv.conf is as good as none. */
static int take(struct view *v, struct taken *t)
{
	int r = find_home(v);

	if (r == 0)
		r = folders_take(v, &t->folders);
	if (r == 0)
		r = dev_take(v, &t->dev);
	if (r < 0)
		return r;
	t->resolv_path = realpath(RESOLV_CONF, NULL);
	if (t->resolv_path && fd_read_file(t->resolv_path, RESOLV_CONF_MAX,
					   &t->resolv_text, &t->resolv_n) < 0) {
		free(t->resolv_path);
		t->resolv_path = NULL;
	}
	return 0;
}

static void taken_fini(struct taken *t)
{
	folders_fini(&t->folders);
	dev_fini(&t->dev);
	free(t->resolv_path);
	free(t->resolv_text);
}

/* Step 3. */
static int make_readonly(struct view *v)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID,
	};

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) <
	    0) {
		if (errno == ENOSYS)
			return view_fail(v, -errno,
					 "read-only views need Linux 5.12");
		return view_fail(v, -errno, "/ cannot be made read-only");
	}
	return 0;
}

/* Step 4. Of our own pid namespace: no other process has a folder there. */
static int mount_proc(struct view *v)
{
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0)
		return view_fail(v, -errno, "/proc cannot be mounted");
	return 0;
}

/* Is @path in a folder that is replaced by an empty one? */
static bool is_hidden(const struct view *v, const char *path)
{
	for (size_t i = 0; i < v->private_n; i++)
		if (path_is_below(path, v->private[i]))
			return true;
	return false;
}

/* Puts a tmpfs over @path, whose links are resolved. Takes @path. */
static int cover(struct view *v, char *path, const char *options)
{
	int r = 0;

	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		r = view_fail(v, -errno, "%s cannot be replaced", path);
	v->private[v->private_n++] = path;
	return r;
}

/* Step 5. What this machine does not have needs no hiding. */
static int hide_private(struct view *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(private_folders); i++) {
		char *path = realpath(private_folders[i].path, NULL);
		int r;

		if (!path && (errno == ENOENT || errno == ENOTDIR))
			continue;
		if (!path)
			return view_fail(v, -errno, "%s cannot be found",
					 private_folders[i].path);
		if (is_hidden(v, path)) { /* /var/run is a link to /run */
			free(path);
			continue;
		}
		r = cover(v, path, private_folders[i].options);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Step 6. A home outside /home and /root is covered itself. An account whose
 * home is "/" or a system folder has none.
 */
static int make_home(struct view *v)
{
	const struct mounts_opts *o = v->opts;
	int fd = -1, r;

	if (v->home[0] == '\0')
		return 0;
	if (!is_hidden(v, v->home)) {
		char *path;

		if (access(v->home, F_OK) < 0)
			return 0; /* and nowhere to make it */
		path = strdup(v->home);
		if (!path)
			return view_fail(v, -ENOMEM, "no home");
		r = cover(v, path, "mode=0700");
		if (r < 0)
			return r;
	}
	r = view_open_place(v, v->home, false, &fd);
	if (r < 0)
		return view_fail(v, r, "the home %s cannot be made", v->home);
	/* An O_PATH descriptor takes no fchmod; the path is only ours here. */
	(void)close(fd);
	if (chown(v->home, o->run_uid, o->run_gid) < 0 ||
	    chmod(v->home, 0700) < 0)
		return view_fail(v, -errno, "the home %s cannot be made",
				 v->home);
	return 0;
}

/* Step 8. The map is made late, for it needs the /proc of step 4. */
static int show_folders(struct view *v, struct folders *folders)
{
	const struct mounts_opts *o = v->opts;
	const struct idmap_ids ids = {
		.disk_uid = o->caller_uid,
		.disk_gid = o->caller_gid,
		.seen_uid = o->run_uid,
		.seen_gid = o->run_gid,
	};
	int r;

	if (o->idmap && o->writable_n + o->readonly_n > 0) {
		r = idmap_open(&ids, &v->userns_fd);
		if (r < 0)
			return view_fail(v, r,
					 "the map of owners cannot be made "
					 "(user namespaces are needed for it)");
	}
	return folders_apply(v, folders);
}

/*
 * Step 9. resolv.conf is often a link into /run. A run with a proxy resolves
 * nothing, but libraries that find no such file wait for a server on the
 * loopback; an online run needs it.
 */
static int show_resolv_conf(struct view *v, const struct taken *t)
{
	int place = -1, r;

	if (!t->resolv_path || !is_hidden(v, t->resolv_path))
		return 0;
	r = view_open_place(v, t->resolv_path, true, &place);
	if (r == 0) {
		r = tree_bind_text(t->resolv_text, t->resolv_n, place);
		(void)close(place);
	}
	return r < 0 ? view_fail(v, r, RESOLV_CONF " cannot be shown") : 0;
}

/* /run is CMD's where it has the caller's uid: a plain folder could be renamed,
 * with all that is mounted in it. */
static int put_files_folder(struct view *v, int *ret_tree)
{
	AUTOCLOSE int place = -1;
	int r = view_open_place(v, v->opts->files_folder, false, &place);

	if (r == 0)
		r = tree_new_tmpfs("0755", ret_tree);
	if (r == 0)
		r = tree_move(*ret_tree, place);
	return r < 0 ? view_fail(v, r, "%s cannot be made",
				 v->opts->files_folder)
		     : 0;
}

/* Where it is a link, what it leads to is replaced. */
static int show_each(struct view *v)
{
	const struct mounts_opts *o = v->opts;

	for (size_t i = 0; i < o->files_n; i++) {
		const struct mounts_file *f = &o->files[i];
		AUTOFREE char *real = realpath(f->path, NULL);
		AUTOCLOSE int place = -1;
		int r = view_open_place(v, real ? real : f->path, true, &place);

		if (r == 0)
			r = tree_bind_text(f->text, f->n, place);
		if (r < 0)
			return view_fail(v, r, "%s cannot be shown", f->path);
	}
	return 0;
}

static int show_files(struct view *v)
{
	AUTOCLOSE int folder = -1;
	int r = 0;

	if (v->opts->files_folder)
		r = put_files_folder(v, &folder);
	if (r == 0)
		r = show_each(v);
	if (r == 0 && folder >= 0) {
		r = tree_set(folder, false, MOUNT_ATTR_RDONLY, 0, -1);
		if (r < 0)
			return view_fail(v, r, "%s cannot be made read-only",
					 v->opts->files_folder);
	}
	return r;
}

/* Step 10. The descriptor of the old one would lead to the host's view. */
static int change_folder(struct view *v)
{
	if (chdir(v->opts->cwd) == 0)
		return 0;
	if (errno == EACCES)
		return view_fail(v, -EACCES,
				 "the working directory %s is not one that the "
				 "command, with its caller's rights, may enter",
				 v->opts->cwd);
	if (v->opts->home && chdir(v->opts->home) == 0)
		return 0;
	if (chdir("/") < 0)
		return view_fail(v, -errno, "no working directory");
	return 0;
}

static int build(struct view *v, struct taken *t)
{
	int r;

	r = root_apply(v); /* step 1 */
	if (r == 0)
		r = take(v, t);
	if (r == 0)
		r = make_readonly(v);
	if (r == 0)
		r = mount_proc(v);
	if (r == 0)
		r = hide_private(v);
	if (r == 0)
		r = make_home(v);
	if (r == 0)
		r = dev_apply(v, &t->dev);
	if (r == 0)
		r = show_folders(v, &t->folders);
	if (r == 0)
		r = users_apply(v);
	if (r == 0)
		r = show_resolv_conf(v, t);
	if (r == 0)
		r = show_files(v);
	if (r == 0)
		r = change_folder(v);
	return r;
}

int mounts_apply(const struct mounts_opts *opts, char error[MOUNTS_ERROR_MAX])
{
	struct view view = { .opts = opts, .error = error, .userns_fd = -1 };
	struct taken taken = { .folders = FOLDERS_INIT, .dev = DEV_INIT };
	mode_t mask = umask(022); /* what we make is 0755 and 0644 */
	int r;

	error[0] = '\0';
	r = build(&view, &taken);
	(void)umask(mask);
	taken_fini(&taken);
	if (view.userns_fd >= 0)
		(void)close(view.userns_fd);
	free(view.home);
	for (size_t i = 0; i < view.private_n; i++)
		free(view.private[i]);
	return r;
}
