/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_priv.h - the inside of a policy
 *
 * For policy.c (decides), policy_new.c (makes it), policy_suggest.c (asks "what
 * if") and policy_lint.c (compares rules) only.
 */
#ifndef NETLEASH_PROXY_POLICY_PRIV_H
#define NETLEASH_PROXY_POLICY_PRIV_H

#include <stdatomic.h>

#include "proxy/policy.h"

struct conf_rules;
struct lists;
struct rules;

#define POLICY_PARTS_MAX 2

/**
 * struct policy
 * @parts: the top level's rules, then the profile's if there is one
 * @mode:  the conf's, and what is said instead: UNSET for nothing
 */
struct policy {
	const struct conf *conf;
	const struct conf_rules *parts[POLICY_PARTS_MAX];
	size_t parts_n;
	struct rules *rules;
	struct lists *lists; /* NULL: none */
	enum conf_mode mode;
	_Atomic(enum conf_mode) forced;
	bool has_allow;
};

/* One line more than the conf has; a member that is not there is NULL. */
struct policy_extra {
	const struct rule *rule;
	const struct cidr *range; /* of a `private` line */
};

/* As the functions of policy.h, with @extra (may be NULL) added. */
struct decision policy_decide(const struct policy *p, const struct request *rq,
			      const struct policy_extra *extra);
struct decision policy_decide_address(const struct policy *p,
				      const struct request *rq,
				      const struct addr *a,
				      const struct policy_extra *extra);

#endif
