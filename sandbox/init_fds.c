/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_fds.c - which descriptors the init of a run holds, and when
 */
#include "sandbox/init_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "sandbox/clone.h"
#include "sandbox/firewall_socket.h"
#include "sandbox/init.h"

static int fd_of(const struct door *d, size_t i)
{
	return i < d->fds_n ? d->fds[i] : -1;
}

int init_fds_keep(const struct init_opts *opts, int sock)
{
	int keep[] = {
		sock,
		opts->wake_fd,
		opts->cgroup_fd,
		opts->stdio[0],
		opts->stdio[1],
		opts->stdio[2],
		fd_of(&opts->door, 0),
		fd_of(&opts->door, 1),
		fd_of(&opts->decoy, 0),
		fd_of(&opts->decoy, 1),
		opts->lease ? opts->lease->fd : -1,
		opts->firewall ? firewall_socket_peek() : -1,
	};

	return fd_close_all_but(keep, ARRAY_SIZE(keep));
}

/* Never returns. CMD may stop reading: SIGPIPE is blocked, EPIPE ends us, once
 * we hold nothing of CMD's ourselves. */
static _Noreturn void copy_input(int to)
{
	int keep[] = { to };
	char buffer[65536];
	ssize_t n;

	if (fd_close_all_but(keep, ARRAY_SIZE(keep)) < 0)
		_exit(1);
	do {
		n = read(STDIN_FILENO, buffer, sizeof(buffer));
	} while ((n > 0 && fd_write_all(to, buffer, (size_t)n) == 0) ||
		 (n < 0 && errno == EINTR));
	_exit(0);
}

int init_fds_divert(struct init_opts *opts, int *ret_fd)
{
	struct stat st;
	int ends[2];

	*ret_fd = -1;
	if (!opts->own_users || opts->stdio[0] >= 0 ||
	    fstat(STDIN_FILENO, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE) != O_RDONLY)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	opts->stdio[0] = ends[0];
	*ret_fd = ends[1];
	return 0;
}

int init_fds_pump(int fd)
{
	pid_t pid;
	int r;

	if (fd < 0)
		return 0;
	pid = clone_process(0, -1);
	r = pid < 0 ? -errno : 0;
	if (pid == 0)
		copy_input(fd);
	(void)close(fd);
	return r;
}

void init_fds_release(const struct init_opts *opts)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++) {
		if (opts->stdio[fd] >= 0)
			(void)close(opts->stdio[fd]);
		if (null_fd >= 0)
			(void)dup2(null_fd, fd);
	}
	if (null_fd >= 0)
		(void)close(null_fd);
}
