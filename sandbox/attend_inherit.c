/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_inherit.c - what a process has of its parent, for a command
 * whose parent is not the one who asked for it
 *
 * References: getrlimit(2), sched(7), ioprio_set(2), proc(5) oom_score_adj
 */
#include "sandbox/attend_inherit.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/param.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fdio.h"
#include "sandbox/stack_limit.h"

#define OOM_BYTES_MAX 16

static int read_oom(const char *path, int *ret)
{
	char *text;
	size_t n;
	int r = fd_read_file(path, OOM_BYTES_MAX, &text, &n);

	if (r < 0)
		return r;
	*ret = (int)strtol(text, NULL, 10);
	free(text);
	return 0;
}

int inherit_read_oom(pid_t pid, struct inherited *ret, const char **ret_what)
{
	char path[40];
	int r;

	*ret_what = "the limits of who called cannot be read";
	/* He is in a namespace that is not below ours: 0 would be ourselves. */
	if (pid <= 0)
		return -ESRCH;
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	r = read_oom(path, &ret->oom);
	return r == -ENOENT ? -ESRCH : r;
}

int inherit_read(pid_t pid, struct inherited *ret, const char **ret_what)
{
	*ret_what = "the limits of who called cannot be read";
	for (int what = 0; what < RLIM_NLIMITS; what++)
		if (prlimit(pid, (__rlimit_resource_t)what, NULL,
			    &ret->limits[what]) < 0)
			return -errno;
	*ret_what = "the priority of who called cannot be read";
	errno = 0;
	ret->nice = getpriority(PRIO_PROCESS, (id_t)pid);
	if (errno != 0)
		return -errno;
	ret->policy = sched_getscheduler(pid);
	ret->io = (int)syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid);
	CPU_ZERO_S(sizeof(ret->cpus), ret->cpus);
	if (ret->policy < 0 || ret->io < 0 ||
	    sched_getaffinity(pid, sizeof(ret->cpus), ret->cpus) < 0)
		return -errno;
	return 0;
}

static void apply_limits(const struct inherited *in)
{
	for (int what = 0; what < RLIM_NLIMITS; what++) {
		struct rlimit limit = in->limits[what], ours;

		if (getrlimit((__rlimit_resource_t)what, &ours) < 0)
			continue;
		limit.rlim_max = MIN(limit.rlim_max, ours.rlim_max);
		limit.rlim_cur = MIN(limit.rlim_cur, limit.rlim_max);
		if (what == RLIMIT_STACK)
			stack_limit_set(&limit);
		else
			(void)setrlimit((__rlimit_resource_t)what, &limit);
	}
}

/* What is real time stays out: that is more than we have. */
static void apply_schedule(const struct inherited *in)
{
	const struct sched_param none = { .sched_priority = 0 };
	const int policy = in->policy & ~SCHED_RESET_ON_FORK;

	if ((policy == SCHED_BATCH || policy == SCHED_IDLE) &&
	    policy > sched_getscheduler(0))
		(void)sched_setscheduler(0, policy, &none);
	if (in->nice > getpriority(PRIO_PROCESS, 0))
		(void)setpriority(PRIO_PROCESS, 0, in->nice);
	(void)sched_setaffinity(0, sizeof(in->cpus), in->cpus);
}

/* The higher, the less. Without a class it is by the nice value. */
static void apply_io(const struct inherited *in)
{
	const int class = IOPRIO_PRIO_CLASS(in->io);

	if ((class == IOPRIO_CLASS_BE || class == IOPRIO_CLASS_IDLE) &&
	    in->io > syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0))
		(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, in->io);
}

static void apply_oom(const struct inherited *in)
{
	static const char path[] = "/proc/self/oom_score_adj";
	char text[OOM_BYTES_MAX];
	int ours;

	if (read_oom(path, &ours) < 0 || in->oom <= ours)
		return;
	(void)snprintf(text, sizeof(text), "%d", in->oom);
	(void)fd_write_file(path, text);
}

void inherit_apply(const struct inherited *in)
{
	apply_oom(in); /* with descriptors that the limits may not leave */
	apply_schedule(in);
	apply_io(in);
	apply_limits(in);
}
