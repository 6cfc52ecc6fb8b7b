/* SPDX-License-Identifier: MIT */
/*
 * proxy/blocked.h - what policy refused, each thing once, for the summary
 *
 * Bounded: PROXY_BLOCKED_MAX different things; what comes after is only
 * counted. A thing is a target with a reason.
 */
#ifndef NETLEASH_PROXY_BLOCKED_H
#define NETLEASH_PROXY_BLOCKED_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/proxy.h"

struct blocked;

/* Return: NULL without memory. */
struct blocked *blocked_new(void);
void blocked_free(struct blocked *b);

/*
 * Counts one refusal. The text is copied; @allow_with and @rule, NULL for
 * none, are kept as they were the first time. Without memory it counts as one
 * that did not fit.
 */
void blocked_add(struct blocked *b, const char *target, enum reason reason,
		 const char *allow_with, const char *rule);

/* Adds all of @more to @b. */
void blocked_merge(struct blocked *b, const struct blocked *more);

/* As proxy_scope_blocked(). */
const struct proxy_blocked *blocked_list(const struct blocked *b, size_t *ret_n,
					 uint64_t *ret_more);

#endif
