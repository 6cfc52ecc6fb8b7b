/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_fds.c - which descriptors the init of a run holds, and when
 */
#include "sandbox/init_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/macros.h"
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
	};

	return fd_close_all_but(keep, ARRAY_SIZE(keep));
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
