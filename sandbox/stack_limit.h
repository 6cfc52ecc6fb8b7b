/* SPDX-License-Identifier: MIT */
/*
 * sandbox/stack_limit.h - room for our own stack, whatever `ulimit -s` says
 *
 * A low limit is for CMD alone.
 */
#ifndef NETLEASH_SANDBOX_STACK_LIMIT_H
#define NETLEASH_SANDBOX_STACK_LIMIT_H

struct rlimit;

/* What netleash itself may need, with what libraries need for it. */
#define STACK_LIMIT_KIB 256

/*
 * Raises this process's limit where it is lower than that, and with it that of
 * all who are forked from now on; CMD's is the one from before. Once. Return:
 * 0, or -errno: a hard limit is not everybody's to raise.
 */
int stack_limit_raise(void);

/* CMD's is @limit, whose hard limit is not above ours; ours stays. */
void stack_limit_set(const struct rlimit *limit);

/* In CMD's process, before its exec. */
void stack_limit_give_back(void);

#endif
