/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy_watch.c - what a proxy does, for whoever looks on
 */
#include "proxy/proxy_watch.h"

#include "proxy/access_log.h"
#include "proxy/proxy_priv.h"
#include "proxy/stats.h"

struct watch_call {
	struct loop *loop;
	uint32_t thread;
	int fd;
	struct proxy_stats *stats;
	uint64_t *dropped;
};

static void set_tap(void *arg)
{
	const struct watch_call *call = arg;

	access_log_set_tap(call->loop->log, call->fd, call->thread);
}

void proxy_set_tap(struct proxy *p, int fd)
{
	for (unsigned i = 0; i < p->all.n; i++) {
		struct watch_call call = { .loop = &p->loops[i],
					   .thread = i,
					   .fd = fd };

		loop_call(&p->loops[i], set_tap, &call);
	}
}

static void add_totals(void *arg)
{
	const struct watch_call *call = arg;
	const struct scope *s;

	stats_add(call->stats, &call->loop->past);
	LIST_FOREACH (s, &call->loop->scopes, link)
		stats_add(call->stats, &s->stats);
	LIST_FOREACH (s, &call->loop->ending, link)
		stats_add(call->stats, &s->stats);
	*call->dropped += access_log_dropped(call->loop->log);
}

void proxy_totals(struct proxy *p, struct proxy_stats *ret,
		  uint64_t *ret_log_dropped)
{
	struct proxy_stats sum = { 0 };

	*ret_log_dropped = 0;
	for (unsigned i = 0; i < p->all.n; i++) {
		struct watch_call call = { .loop = &p->loops[i],
					   .stats = &sum,
					   .dropped = ret_log_dropped };

		loop_call(&p->loops[i], add_totals, &call);
	}
	*ret = sum;
}
