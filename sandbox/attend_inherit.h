/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_inherit.h - what a process has of its parent, for a command
 * whose parent is not the one who asked for it
 *
 * Read off the caller, not asked: who is in a corner does not get out of it by
 * asking us. Never more than we have ourselves.
 */
#ifndef NETLEASH_SANDBOX_ATTEND_INHERIT_H
#define NETLEASH_SANDBOX_ATTEND_INHERIT_H

#include <sched.h>
#include <sys/resource.h>
#include <sys/types.h>

/**
 * struct inherited
 * @policy, @io: of the scheduler and of ioprio_set(2), as the kernel has them
 * @oom:  oom_score_adj, see proc(5)
 * @cpus: where it may run, of 8192
 */
struct inherited {
	struct rlimit limits[RLIM_NLIMITS];
	int nice, policy, io, oom;
	cpu_set_t cpus[8192 / CPU_SETSIZE];
};

/*
 * In two steps: as root, before @pid can have become another's; and then with
 * the caller's rights, which fails where @pid is not his. Return: 0, or -errno
 * with what cannot be read.
 */
int inherit_read_oom(pid_t pid, struct inherited *ret, const char **ret_what);
int inherit_read(pid_t pid, struct inherited *ret, const char **ret_what);

/* To this process, as root. What the system does not take stays as it is; of
 * the stack it is for CMD alone (stack_limit.h). */
void inherit_apply(const struct inherited *in);

#endif
