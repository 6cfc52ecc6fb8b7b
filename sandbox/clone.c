/* SPDX-License-Identifier: MIT */
/*
 * sandbox/clone.c - fork(2) into namespaces, and into a cgroup
 *
 * glibc has no wrapper of clone3(2); without a new stack it is a fork.
 */
#include "sandbox/clone.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t clone_process(uint64_t flags, int cgroup_fd)
{
	struct clone_args args = {
		.flags = flags,
		.exit_signal = SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}
