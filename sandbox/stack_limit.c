/* SPDX-License-Identifier: MIT */
/*
 * sandbox/stack_limit.c - room for our own stack, whatever `ulimit -s` says
 *
 * References: getrlimit(2): the kernel looks at the limit when a stack grows,
 *             so that a raise counts at once
 */
#include "sandbox/stack_limit.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/param.h>
#include <sys/resource.h>

#define ENOUGH ((rlim_t)STACK_LIMIT_KIB * 1024)

static struct rlimit given;
static bool is_given; /* CMD's is not ours */

int stack_limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) < 0)
		return -errno;
	if (limit.rlim_cur >= ENOUGH)
		return 0;
	given = limit;
	limit.rlim_cur = ENOUGH;
	limit.rlim_max = MAX(limit.rlim_max, ENOUGH);
	if (setrlimit(RLIMIT_STACK, &limit) < 0)
		return -errno;
	is_given = true;
	return 0;
}

void stack_limit_set(const struct rlimit *limit)
{
	given = *limit;
	is_given = true;
}

void stack_limit_give_back(void)
{
	if (is_given) /* no hard limit is raised: it works */
		(void)setrlimit(RLIMIT_STACK, &given);
}
