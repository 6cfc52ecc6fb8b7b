/* SPDX-License-Identifier: MIT */
/*
 * proxy/rules.h - an index of rules: which of a million match this host
 *
 * A look-up costs by the number of labels of the name, or by the number of
 * prefix lengths in use, never by the number of rules. Only the host is
 * indexed: ports, methods and paths are the caller's to check on the few rules
 * that are left. Immutable once made: any thread may ask.
 */
#ifndef NETLEASH_PROXY_RULES_H
#define NETLEASH_PROXY_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"
#include "common/rule.h"

struct rules;

#define RULES_SPANS_MAX 2

/* Rules that lie side by side in memory; borrowed for the index's life. */
struct rules_span {
	const struct rule *rules;
	size_t n;
};

/* Return: 0, -EINVAL for too many spans, -E2BIG beyond 2^31 rules, -ENOMEM. */
int rules_new(const struct rules_span *spans, size_t spans_n,
	      struct rules **ret);
void rules_free(struct rules *x);

/*
 * What @base has, borrowed for the index's life, and @more behind it: costs by
 * how many @more are. @base may be NULL. Return: as above.
 */
int rules_new_on(const struct rules *base, struct rules_span more,
		 struct rules **ret);

/* Called for one rule that matches. Return: false to be called no more. */
typedef bool rules_visit_fn(void *arg, const struct rule *r);

/*
 * Every rule that matches the normal name @name, the most specific first, and
 * of equally specific ones in their order: exact names, then patterns by how
 * much of the name they spell out, then '*'.
 */
void rules_visit_name(const struct rules *x, const char *name,
		      rules_visit_fn *visit, void *arg);

/*
 * Every CIDR rule that contains @a itself (addresses that it embeds are the
 * caller's to ask for), the longest prefix first.
 */
void rules_visit_addr(const struct rules *x, const struct addr *a,
		      rules_visit_fn *visit, void *arg);

/* Every '*' rule: of all patterns the one that matches IP literals. */
void rules_visit_any(const struct rules *x, rules_visit_fn *visit, void *arg);

/*
 * Every rule about names that is filed under exactly @key: the name of an
 * exact rule, what follows the wildcard labels of a pattern, "" where nothing
 * follows. For policy_lint(), which compares rules with each other.
 */
void rules_visit_key(const struct rules *x, const char *key,
		     rules_visit_fn *visit, void *arg);

/* The key under which a rule about names is filed; borrowed from the rule. */
const char *rules_key(const struct rule *r);

/* Rules by number, in their order, from 0. NULL beyond the last. */
const struct rule *rules_get(const struct rules *x, size_t i);
size_t rules_count(const struct rules *x);

/* Bytes that the index itself takes, without the rules and without @base. */
size_t rules_bytes(const struct rules *x);

#endif
