/* SPDX-License-Identifier: MIT */
/*
 * sandbox/state.c - the state folder and its lock
 *
 * In:         nothing but the right to write below /run
 * Out:        /run/netleash (0755), leases/ in it (0700), the file `lock`
 * Invariants: a lock is only ever held on the file that has the name `lock`
 *             now: one taken on a removed file is given back and tried again
 * References: flock(2), unlinkat(2)
 */
#include "sandbox/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "common/clock.h"
#include "common/scope.h"

#define LEASES_DIR     IDENTITY_STATE_DIR "/leases"
#define LOCK_FILE      IDENTITY_STATE_DIR "/lock"
#define DAEMON_LOCK    IDENTITY_STATE_DIR "/daemon.lock"
#define LOCK_WAIT_MS   30000
#define DAEMON_WAIT_MS 1000
#define TREE_DEPTH     8

static int fail(char *error, int r, const char *what, const char *path)
{
	const char *hint = "";

	if (r == -EROFS)
		hint = "; netleash keeps its state there: mount a tmpfs on "
		       "/run";
	else if (r == -EACCES || r == -EPERM)
		hint = "; run it as root";
	else if (r == -ENOENT)
		hint = "; run 'netleash setup'";
	(void)snprintf(error, IDENTITY_ERROR_MAX, "cannot %s %s: %s%s", what,
		       path, strerror(-r), hint);
	return r;
}

/* Makes a folder of ours, or sees that what is there is one. */
static int make_dir(const char *path, mode_t mode, char *error)
{
	AUTOCLOSE int fd = -1;
	struct stat st;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return fail(error, -errno, "make", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(error, -errno, "open", path);
	if (st.st_uid != 0) {
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "%s belongs to uid %u, not to root: remove it",
			       path, (unsigned)st.st_uid);
		return -EPERM;
	}
	/* The umask of whoever started us had a say in mkdir(2). */
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return fail(error, -errno, "set the mode of", path);
	return 0;
}

int state_apply(char error[IDENTITY_ERROR_MAX])
{
	int r;

	r = make_dir(IDENTITY_STATE_DIR, 0755, error);
	if (r < 0)
		return r;
	return make_dir(LEASES_DIR, 0700, error);
}

/* Removes what is below @dir_fd. Takes @dir_fd. */
static int remove_tree(int dir_fd, int depth)
{
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	dir = fdopendir(dir_fd);
	if (!dir) {
		r = -errno;
		close(dir_fd);
		return r;
	}
	while ((entry = readdir(dir))) {
		int fd;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 ||
		    errno == ENOENT)
			continue;
		if (errno != EISDIR || depth == 0) {
			r = -errno;
			continue;
		}
		fd = openat(dirfd(dir), entry->d_name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			r = -errno;
			continue;
		}
		(void)remove_tree(fd, depth - 1); /* the next line tells */
		if (unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) < 0)
			r = -errno;
	}
	closedir(dir);
	return r;
}

int state_revert(char error[IDENTITY_ERROR_MAX])
{
	int fd, r;

	fd = open(IDENTITY_STATE_DIR,
		  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : fail(error, -errno, "open",
					      IDENTITY_STATE_DIR);
	r = remove_tree(fd, TREE_DEPTH);
	if (r == 0 && rmdir(IDENTITY_STATE_DIR) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? fail(error, r, "remove", IDENTITY_STATE_DIR) : 0;
}

/* Return: 0, -EWOULDBLOCK, -ESTALE if the file was removed meanwhile. */
static int lock_once(int fd, enum state_lock how)
{
	struct stat held, named;
	int op = how == STATE_EXCLUSIVE ? LOCK_EX : LOCK_SH;

	if (flock(fd, op | LOCK_NB) < 0)
		return -errno;
	if (fstat(fd, &held) < 0)
		return -errno;
	if (stat(LOCK_FILE, &named) < 0 || held.st_ino != named.st_ino ||
	    held.st_dev != named.st_dev)
		return -ESTALE;
	return 0;
}

int state_lock(enum state_lock how, int *ret_fd, char error[IDENTITY_ERROR_MAX])
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	uint64_t deadline = clock_ms() + LOCK_WAIT_MS;
	int fd, r;

	do {
		fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
		if (fd < 0)
			return fail(error, -errno, "open", LOCK_FILE);
		/*
		 * Polled, not waited for: a holder that was stopped with
		 * SIGSTOP must not hang every later start for good.
		 */
		while ((r = lock_once(fd, how)) == -EWOULDBLOCK &&
		       clock_ms() < deadline)
			(void)nanosleep(&pause, NULL);
		if (r == 0) {
			*ret_fd = fd;
			return 0;
		}
		close(fd);
	} while (r == -ESTALE);

	if (r != -EWOULDBLOCK)
		return fail(error, r, "lock", LOCK_FILE);
	(void)snprintf(error, IDENTITY_ERROR_MAX,
		       "%s is held by another netleash for too long: see "
		       "fuser(1) for which",
		       LOCK_FILE);
	return -EBUSY;
}

int state_lock_daemon(int *ret_fd, char error[IDENTITY_ERROR_MAX])
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	const uint64_t deadline = clock_ms() + DAEMON_WAIT_MS;
	int fd = open(DAEMON_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	int r;

	if (fd < 0)
		return fail(error, -errno, "open", DAEMON_LOCK);
	while ((r = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0) ==
		       -EWOULDBLOCK &&
	       clock_ms() < deadline)
		(void)nanosleep(&pause, NULL);
	if (r == 0) {
		*ret_fd = fd;
		return 0;
	}
	(void)close(fd);
	if (r != -EWOULDBLOCK)
		return fail(error, r, "lock", DAEMON_LOCK);
	(void)snprintf(error, IDENTITY_ERROR_MAX,
		       "another netleash daemon is running: stop it first");
	return -EBUSY;
}
