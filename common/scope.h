/* SPDX-License-Identifier: MIT */
/*
 * common/scope.h - locals that clean up after themselves
 *
 * For straight-line code only (conf loading, sandbox/): a local declared with
 * AUTOFREE or AUTOCLOSE is released when it leaves scope. Objects with a life
 * of their own use goto out.
 */
#ifndef NETLEASH_COMMON_SCOPE_H
#define NETLEASH_COMMON_SCOPE_H

#include <stdlib.h>
#include <unistd.h>

static inline void auto_free(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

static inline void auto_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing to do about a failure here */
}

#define AUTOFREE  __attribute__((cleanup(auto_free)))
#define AUTOCLOSE __attribute__((cleanup(auto_close)))

#endif
