/* SPDX-License-Identifier: MIT */
/*
 * proxy/ruleset.c - a policy and its conf, for as long as a request needs them
 */
#include "proxy/ruleset.h"

#include <stdlib.h>

#include "common/conf.h"
#include "proxy/policy.h"

struct ruleset *ruleset_new_borrowed(const struct conf *cf,
				     const struct policy *policy)
{
	struct ruleset *rs = calloc(1, sizeof(*rs));

	if (!rs)
		return NULL;
	rs->conf = cf;
	rs->policy = policy;
	rs->users = 1;
	return rs;
}

struct ruleset *ruleset_new(struct conf *cf, struct policy *policy)
{
	struct ruleset *rs = ruleset_new_borrowed(cf, policy);

	if (rs) {
		rs->own_conf = cf;
		rs->own_policy = policy;
	}
	return rs;
}

struct ruleset *ruleset_ref(struct ruleset *rs)
{
	rs->users++;
	return rs;
}

void ruleset_unref(struct ruleset *rs)
{
	if (!rs || --rs->users > 0)
		return;
	policy_free(rs->own_policy);
	conf_free(rs->own_conf);
	free(rs);
}
