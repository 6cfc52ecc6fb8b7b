/* SPDX-License-Identifier: MIT */
/*
 * sandbox/filter/program.h - tables of system calls to seccomp programs
 *
 * Part of what runs when netleash is built (filter/generate.c). A table row is
 * one libseccomp rule; its conditions are joined by "and", the rows by "or".
 */
#ifndef NETLEASH_SANDBOX_FILTER_PROGRAM_H
#define NETLEASH_SANDBOX_FILTER_PROGRAM_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include <seccomp.h>

struct sock_fprog;
struct syscalls_opts;

/*
 * The kernel cuts int arguments to 32 bits, a filter sees 64: a comparison
 * that looks at the high word is passed by with garbage there. So every
 * condition masks. BITS: all bits of @mask are as in @value.
 */
#define SYSCALLS_BITS(arg, mask, value)                                        \
	{                                                                      \
		(arg), SCMP_CMP_MASKED_EQ, (mask), (value)                     \
	}
#define SYSCALLS_IS(arg, value) SYSCALLS_BITS(arg, UINT32_MAX, (value))
#define SYSCALLS_HAS(arg, bit)	SYSCALLS_BITS(arg, bit, bit)

#define SYSCALLS_CONDITIONS_MAX 3

/**
 * struct syscalls_rule
 * @nr:     as SCMP_SYS(); negative where this machine has no such call, and
 *          then the row means nothing
 * @action: SCMP_ACT_ALLOW, SCMP_ACT_ERRNO()
 * @n:      how many of @cmp count; 0: whatever the arguments are
 */
struct syscalls_rule {
	int nr;
	uint32_t action;
	unsigned n;
	struct scmp_arg_cmp cmp[SYSCALLS_CONDITIONS_MAX];
};

#define SYSCALLS_ERRNO(name, error)                                            \
	{                                                                      \
		SCMP_SYS(name), SCMP_ACT_ERRNO(error), 0,                      \
		{                                                              \
			{                                                      \
				0                                              \
			}                                                      \
		}                                                              \
	}
#define SYSCALLS_EPERM(name)  SYSCALLS_ERRNO(name, EPERM)
#define SYSCALLS_ENOSYS(name) SYSCALLS_ERRNO(name, ENOSYS)
#define SYSCALLS_ALLOW(name)                                                   \
	{                                                                      \
		SCMP_SYS(name), SCMP_ACT_ALLOW, 0,                             \
		{                                                              \
			{                                                      \
				0                                              \
			}                                                      \
		}                                                              \
	}

/*
 * A filter for the native architecture, where any other one kills the
 * process, and calls from @first_unknown on (those of x32 among them) are
 * ENOSYS. *@ret is owned by the caller; free it with seccomp_release().
 */
int syscalls_context(uint32_t default_action, scmp_filter_ctx *ret);

/* Return: 0 or -errno. */
int syscalls_add(scmp_filter_ctx ctx, const struct syscalls_rule *rules,
		 size_t n);

/* @ctx as a program that seccomp(2) takes; its ->filter is malloc'ed. */
int syscalls_export(scmp_filter_ctx ctx, struct sock_fprog *ret);

/* filter/command.c, filter/proxy.c: the programs of sandbox/syscalls.h. */
int filter_compile_command(const struct syscalls_opts *opts,
			   struct sock_fprog *ret);
int filter_compile_proxy(struct sock_fprog *ret);

#endif
