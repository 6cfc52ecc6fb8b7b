/* SPDX-License-Identifier: MIT */
/*
 * sandbox/idmap.c - one user on disk, another one in a mount
 *
 * In:    two pairs of ids
 * Out:   a descriptor of a user namespace with that map; no process is in it
 * Steps: a child is cloned into a new user namespace and waits; we write its
 *        maps and open its namespace; end of file on its pipe ends it
 */
#include "sandbox/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fdio.h"

/* The last id that exists; 4294967295 means "no id". */
#define ID_LAST (UINT32_MAX - 1)

void idmap_render_uids(const struct idmap_ids *ids, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%" PRIu32 " %" PRIu32 " 1\n", ids->disk_uid,
		       ids->seen_uid);
}

/* Appends the range from @first to @last, mapped to itself. */
static size_t add_same(char *buf, size_t size, size_t at, uint64_t first,
		       uint64_t last)
{
	int n;

	if (first > last || at >= size)
		return at;
	n = snprintf(buf + at, size - at,
		     "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", first, first,
		     last - first + 1);
	return n < 0 ? at : at + (size_t)n;
}

/* Neither of the two may stand twice: everything but them, then the pair. */
void idmap_render_gids(const struct idmap_ids *ids, char *buf, size_t size)
{
	uint64_t low = ids->disk_gid, high = ids->seen_gid;
	size_t at = 0;

	if (low > high) {
		low = ids->seen_gid;
		high = ids->disk_gid;
	}
	if (low > 0)
		at = add_same(buf, size, at, 0, low - 1);
	if (high > 0)
		at = add_same(buf, size, at, low + 1, high - 1);
	at = add_same(buf, size, at, high + 1, ID_LAST);
	if (at < size)
		(void)snprintf(buf + at, size - at,
			       "%" PRIu32 " %" PRIu32 " 1\n", ids->disk_gid,
			       ids->seen_gid);
}

/* The child: nothing but system calls, for it shares our address space's
 * state as it was at the clone. */
static _Noreturn void wait_for_end(const int pipe_fds[2])
{
	char byte;

	(void)close(pipe_fds[1]);
	while (read(pipe_fds[0], &byte, 1) < 0 && errno == EINTR)
		continue;
	_exit(0);
}

static int write_map(pid_t pid, const char *file, const char *text)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fd_write_file(path, text);
}

static int fill_and_open(pid_t pid, const struct idmap_ids *ids, int *ret_fd)
{
	char text[IDMAP_TEXT_MAX], path[64];
	int r;

	idmap_render_uids(ids, text, sizeof(text));
	r = write_map(pid, "uid_map", text);
	if (r < 0)
		return r;
	idmap_render_gids(ids, text, sizeof(text));
	r = write_map(pid, "gid_map", text);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

int idmap_open(const struct idmap_ids *ids, int *ret_fd)
{
	int pipe_fds[2], r;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	/* glibc's clone() wants a stack; the kernel copies ours without one.
	 * The first argument is the flags on both our architectures. */
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		wait_for_end(pipe_fds);
	r = pid < 0 ? -errno : fill_and_open(pid, ids, ret_fd);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	/* Nobody to wait for where SIGCHLD is ignored: then it is gone too. */
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return r;
}
