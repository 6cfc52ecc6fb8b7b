/* SPDX-License-Identifier: MIT */
/*
 * proxy/lookup.c - one name to its addresses, for callers without a loop
 *
 * In:    a conf and a normal name
 * Out:   what the proxy would get, from the same resolver
 * Steps: make a loop and a resolver, ask, run the loop until the answer is in
 *        (the resolver's own time limit ends it), take both down
 */
#include "proxy/proxy.h"

#include <errno.h>
#include <string.h>

#include <event2/event.h>

#include "common/conf.h"
#include "proxy/resolve.h"

struct lookup {
	struct event_base *base;
	struct addr addrs[RESOLVE_ADDRS_MAX];
	size_t n;
	enum reason reason;
	bool done;
};

/* resolve_done_fn */
static void on_resolved(const struct addr *addrs, size_t n, enum reason reason,
			void *arg)
{
	struct lookup *l = arg;

	l->n = n < RESOLVE_ADDRS_MAX ? n : RESOLVE_ADDRS_MAX;
	if (l->n > 0)
		memcpy(l->addrs, addrs, l->n * sizeof(*addrs));
	l->reason = reason;
	l->done = true;
	(void)event_base_loopbreak(l->base); /* only fails without a base */
}

int proxy_resolve_once(const struct conf *cf, const char *name,
		       struct addr *ret, size_t max, size_t *ret_n,
		       enum reason *ret_reason)
{
	const struct resolver_opts opts = {
		.servers = cf->resolvers,
		.servers_n = cf->resolvers_n,
		.timeout_ms = cf->limits.dns_time,
		.pending_max = 1,
	};
	struct lookup l = { .reason = REASON_INTERNAL };
	struct resolver *resolver = NULL;
	struct resolve *query = NULL;
	int r = -ENOMEM;

	l.base = event_base_new();
	if (!l.base)
		goto out;
	r = resolver_new(l.base, &opts, &resolver);
	if (r < 0)
		goto out;
	r = resolve_start(resolver, name, on_resolved, &l, &query);
	if (r < 0)
		goto out;
	if (event_base_dispatch(l.base) < 0 || !l.done) {
		resolve_cancel(query);
		r = -EIO;
		goto out;
	}
	*ret_n = l.n < max ? l.n : max;
	if (*ret_n > 0)
		memcpy(ret, l.addrs, *ret_n * sizeof(*ret));
	*ret_reason = l.reason;
out:
	resolver_free(resolver);
	if (l.base)
		event_base_free(l.base);
	return r;
}
