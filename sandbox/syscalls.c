/* SPDX-License-Identifier: MIT */
/*
 * sandbox/syscalls.c - choose and load a seccomp program
 *
 * In:  the programs that filter/generate.c made
 * Out: the process, confined
 */
#include "sandbox/syscalls.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/macros.h"
#include "sandbox/syscalls_programs.h"

/* seccomp(2) only reads, but takes no const. */
#define PROGRAM(array)                                                         \
	{                                                                      \
		ARRAY_SIZE(array), (struct sock_filter *)(uintptr_t)(array)    \
	}

const struct sock_fprog *syscalls_command(const struct syscalls_opts *opts)
{
	static const struct sock_fprog programs[SYSCALLS_PROGRAMS] = {
		PROGRAM(command_0),
		PROGRAM(command_1),
		PROGRAM(command_2),
		PROGRAM(command_3),
	};
	const unsigned number = (opts->unix_sockets ? 1u : 0u) |
				(opts->user_namespaces ? 2u : 0u);

	return &programs[number];
}

int syscalls_load(const struct sock_fprog *prog)
{
	/*
	 * All threads or none. A thread that cannot follow is named by its
	 * id, a positive value: that is a failure too.
	 */
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			 SECCOMP_FILTER_FLAG_TSYNC, prog);

	if (r < 0)
		return -errno;
	return r > 0 ? -ESRCH : 0;
}

/* Only comparisons have such an operand; the number is no pid of any system. */
static void fill_self_in(struct sock_filter *filter, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (filter[i].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
		    filter[i].k == SYSCALLS_SELF)
			filter[i].k = (uint32_t)getpid();
}

int syscalls_apply_proxy(void)
{
	struct sock_filter own[ARRAY_SIZE(proxy_0)];
	const struct sock_fprog program = PROGRAM(own);

	memcpy(own, proxy_0, sizeof(own));
	fill_self_in(own, ARRAY_SIZE(own));
	return syscalls_load(&program);
}
