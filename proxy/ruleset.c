/* SPDX-License-Identifier: MIT */
/*
 * proxy/ruleset.c - a policy and its conf, for as long as a request needs them
 */
#include "proxy/ruleset.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "proxy/policy.h"

/* What several rulesets do together, at the end. */
struct ruleset_owned {
	atomic_uint users;
	void (*release)(void *arg);
	void *arg;
};

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

int ruleset_new_many(const struct conf *cf, const struct policy *policy,
		     void (*release)(void *arg), void *arg, unsigned n,
		     struct ruleset **ret)
{
	struct ruleset_owned *owned = calloc(1, sizeof(*owned));
	unsigned made = 0;

	if (!owned)
		return -ENOMEM;
	while (made < n && (ret[made] = ruleset_new_borrowed(cf, policy)))
		made++;
	if (made < n) {
		while (made > 0)
			free(ret[--made]);
		free(owned);
		return -ENOMEM;
	}
	owned->release = release;
	owned->arg = arg;
	atomic_init(&owned->users, n);
	for (unsigned i = 0; i < n; i++)
		ret[i]->owned = owned;
	return 0;
}

struct ruleset *ruleset_ref(struct ruleset *rs)
{
	rs->users++;
	return rs;
}

void ruleset_unref(struct ruleset *rs)
{
	struct ruleset_owned *owned;

	if (!rs || --rs->users > 0)
		return;
	owned = rs->owned;
	if (owned && atomic_fetch_sub(&owned->users, 1) == 1) {
		owned->release(owned->arg);
		free(owned);
	}
	free(rs);
}
