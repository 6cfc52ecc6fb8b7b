/* SPDX-License-Identifier: MIT */
/*
 * sandbox/cgroup.c - the cgroup2 directory of a run: make, kill, remove
 *
 * In:         the name of a run
 * Out:        <cgroup2>/netleash/<run>, root's, 0755: CMD cannot leave it nor
 *             make one below it
 * Steps:      end of a run: kill, wait for `populated 0`, remove
 * Invariants: <cgroup2>/netleash stays: the rules know it by its inode
 * References: cgroups(7), the kernel's cgroup-v2.rst
 */
#include "sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

#include "common/clock.h"
#include "common/fdio.h"
#include "common/parse.h"
#include "common/scope.h"
#include "sandbox/identity.h"

#define BASE	       "netleash"
#define PATH_SIZE      320
#define PROCS_MAX      (1024u * 1024)
#define TREE_DEPTH     16
#define REMOVE_WAIT_MS 500
#define KILL_AGAIN_MS  20

static int fail(char *error, int r, const char *what, const char *path)
{
	const char *hint = "";

	if (r == -EROFS)
		hint = "; cgroup2 is mounted read-only here: remount it "
		       "writable, or use --isolation netns";
	else if (r == -EACCES || r == -EPERM)
		hint = "; this needs root";
	(void)snprintf(error, CGROUP_ERROR_MAX, "cannot %s %.100s: %s%s", what,
		       path, strerror(-r), hint);
	return r;
}

/* Opens <cgroup2>/netleash, its path in @path (PATH_SIZE) for messages. */
static int open_base(char *path, char *error)
{
	const char *root;
	int fd, r;

	r = cgroup_find(&root, error);
	if (r < 0)
		return r;
	(void)snprintf(path, PATH_SIZE, "%s/" BASE, root);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(error, -errno, "open", path);
	return fd;
}

/* Writes a word to a control file. */
static int put(int dir_fd, const char *file, const char *word)
{
	AUTOCLOSE int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd_write_all(fd, word, strlen(word));
}

/* Does a short control file have @word in it? -errno if there is none. */
static int has_word(int dir_fd, const char *file, const char *word)
{
	AUTOCLOSE int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	char text[512];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strstr(text, word) != NULL;
}

/*
 * Lets runs have pids.max. Where the controller is not there, or belongs to
 * cgroup v1 (hybrid layouts), RLIMIT_NPROC of the run's uid does alone.
 */
static void enable_pids(int base_fd)
{
	if (has_word(base_fd, "cgroup.subtree_control", "pids") == 1)
		return;
	(void)put(base_fd, "../cgroup.subtree_control", "+pids");
	(void)put(base_fd, "cgroup.subtree_control", "+pids");
}

int cgroup_apply_base(char error[CGROUP_ERROR_MAX])
{
	AUTOCLOSE int fd = -1;
	char path[PATH_SIZE];
	const char *root;
	int r;

	r = cgroup_find(&root, error);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/" BASE, root);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail(error, -errno, "make", path);
	fd = open_base(path, error);
	if (fd < 0)
		return fd;
	enable_pids(fd);
	return 0;
}

int cgroup_create(const char *run, unsigned pids_max, int *ret_fd,
		  char error[CGROUP_ERROR_MAX])
{
	AUTOCLOSE int base_fd = -1;
	char path[PATH_SIZE], number[16];
	int fd, r;

	if (!run_name_check(run)) {
		(void)snprintf(error, CGROUP_ERROR_MAX,
			       "a run cannot be called '%.32s'", run);
		return -EINVAL;
	}
	base_fd = open_base(path, error);
	if (base_fd < 0)
		return base_fd;
	if (mkdirat(base_fd, run, 0755) < 0)
		return fail(error, -errno, "make a cgroup in", path);
	fd = openat(base_fd, run,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0) { /* whatever the umask was */
		r = fail(error, -errno, "open a cgroup in", path);
		goto out;
	}
	r = 0;
	if (pids_max > 0) {
		(void)snprintf(number, sizeof(number), "%u", pids_max);
		r = put(fd, "pids.max", number);
		r = r == -ENOENT ? 0 : r;
		if (r < 0)
			(void)fail(error, r, "set pids.max in", path);
	}
out:
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		(void)unlinkat(base_fd, run, AT_REMOVEDIR);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int kill_listed(int dir_fd)
{
	AUTOCLOSE int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	AUTOFREE char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return -errno;
	r = fd_read_all(fd, PROCS_MAX, &text, &len);
	if (r < 0)
		return r;
	for (const char *s = text; *s;) {
		size_t n = strcspn(s, "\n");
		uint32_t pid;

		/* 0 is a process that our pid namespace cannot see: kill(0)
		 * would be our own group. */
		if (parse_u32(s, n, &pid) == 0 && pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
		s += n;
		s += *s == '\n';
	}
	return 0;
}

/* A frozen process stays, so that its number cannot become another's while
 * we look; SIGKILL reaches it all the same (cgroup-v2.rst, cgroup.freeze). */
int cgroup_kill_by_hand(int dir_fd)
{
	struct dirent *entry;
	int r, fd;
	DIR *dir;

	r = put(dir_fd, "cgroup.freeze", "1");
	if (r < 0 && r != -ENOENT)
		return r;
	r = kill_listed(dir_fd);
	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	while ((entry = readdir(dir))) {
		int sub;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		sub = openat(fd, entry->d_name,
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0) {
			(void)kill_listed(sub);
			close(sub);
		}
	}
	closedir(dir);
	return r;
}

/* Return: 1 while something lives in it, 0 when it is empty, -errno. */
static int read_populated(int events_fd)
{
	char text[256];
	ssize_t n;

	n = pread(events_fd, text, sizeof(text) - 1, 0);
	if (n < 0)
		return errno == ENODEV ? 0 : -errno; /* removed meanwhile */
	text[n] = '\0';
	return strstr(text, "populated 0") == NULL;
}

int cgroup_kill(int dir_fd, unsigned timeout_ms)
{
	AUTOCLOSE int fd =
		openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	uint64_t now, deadline = clock_ms() + timeout_ms;
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	bool by_hand = false;
	int r;

	if (fd < 0)
		return errno == ENODEV || errno == ENOENT ? 0 : -errno;
	r = put(dir_fd, "cgroup.kill", "1");
	if (r == -ENOENT)
		by_hand = true;
	else if (r < 0)
		return r == -ENODEV ? 0 : r;

	for (;;) {
		if (by_hand) {
			r = cgroup_kill_by_hand(dir_fd);
			if (r < 0)
				return r == -ENODEV ? 0 : r;
		}
		/* Reading arms the notification: a change after it wakes us. */
		r = read_populated(fd);
		if (r <= 0)
			return r;
		now = clock_ms();
		if (now >= deadline)
			return -ETIMEDOUT;
		r = (int)(deadline - now);
		if (by_hand && r > KILL_AGAIN_MS)
			r = KILL_AGAIN_MS;
		if (poll(&p, 1, r) < 0 && errno != EINTR)
			return -errno;
	}
}

/* rmdir, waiting a little: a killed process leaves its cgroup only when it is
 * reaped far enough, shortly after `populated 0`. */
static int remove_one(int parent_fd, const char *name)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t deadline = clock_ms() + REMOVE_WAIT_MS;

	while (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_ms() >= deadline)
			return -errno;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* Removes a cgroup and those below it, deepest first. */
static int remove_tree(int parent_fd, const char *name, int depth)
{
	struct dirent *entry;
	DIR *dir;
	int fd, r = 0;

	fd = openat(parent_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = depth == 0
				    ? -ELOOP
				    : remove_tree(fd, entry->d_name, depth - 1);
	closedir(dir);
	return r < 0 ? r : remove_one(parent_fd, name);
}

int cgroup_open(const char *run, int *ret_fd)
{
	char path[PATH_SIZE], ignored[CGROUP_ERROR_MAX];
	AUTOCLOSE int base_fd = -1;
	int fd;

	if (!run_name_check(run))
		return -EINVAL;
	base_fd = open_base(path, ignored);
	if (base_fd < 0)
		return base_fd;
	fd = openat(base_fd, run,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int cgroup_remove(const char *run)
{
	char path[PATH_SIZE], ignored[CGROUP_ERROR_MAX];
	AUTOCLOSE int base_fd = -1;

	if (!run_name_check(run))
		return -EINVAL;
	base_fd = open_base(path, ignored);
	if (base_fd < 0)
		return base_fd == -ENOENT ? 0 : base_fd;
	return remove_tree(base_fd, run, TREE_DEPTH);
}

int cgroup_revert_base(char error[CGROUP_ERROR_MAX])
{
	AUTOCLOSE int root_fd = -1;
	const char *root;
	int r;

	r = cgroup_find(&root, error);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return fail(error, -errno, "open", root);
	r = remove_tree(root_fd, BASE, TREE_DEPTH);
	return r < 0 ? fail(error, r, "remove the cgroup " BASE " in", root)
		     : 0;
}
