/* SPDX-License-Identifier: MIT */
/*
 * proxy/resolve.c - a name to its addresses, once
 *
 * In:         normal names, many of them the same at the same time
 * Out:        one done callback a look-up, from the loop
 * Steps:      localhost -> hosts table -> cache -> a query that is under way
 *             -> a new query: A and AAAA asked together
 * States:     a query is ASKING until both answers are in; GRACE when A is
 *             there and AAAA is late; LATE when its look-ups have been told
 *             and only the cache still waits for the rest
 * Invariants: a look-up is either in its query's list or in `ready`; a query
 *             lives until both its answers are in, whoever has cancelled: its
 *             answer is worth keeping, and c-ares cannot forget it
 * References: RFC 8305 sections 3 and 4, RFC 6761 section 6.3, RFC 2308
 *
 * Waiting for the second family: A is always waited for. When A has come and
 * leads somewhere, AAAA gets 50 ms more (RFC 8305's resolution delay), so
 * that a server which never answers AAAA costs that and no more; on a network
 * without IPv4 it is waited for as long as anything is.
 */
#include "proxy/resolve.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"
#include "common/hostname.h"
#include "proxy/addr_sort.h"
#include "proxy/dns_cache.h"
#include "proxy/dns_channel.h"
#include "proxy/hosts_file.h"

#define RESOLUTION_DELAY_MS 50

enum family {
	FAMILY_V4,
	FAMILY_V6,
	FAMILIES
};
enum query_state {
	QUERY_ASKING,
	QUERY_GRACE,
	QUERY_LATE
};

/* One look-up. @query is NULL and the outcome set once it is in `ready`. */
struct resolve {
	TAILQ_ENTRY(resolve) link;
	struct resolver *resolver;
	struct query *query;
	resolve_done_fn *done;
	void *arg;
	enum reason reason;
	size_t n;
	struct addr *addrs;
};
TAILQ_HEAD(lookups, resolve);

/* The answer for one family. */
struct half {
	struct query *query;
	bool is_in;
	enum dns_status status;
	uint32_t ttl_s;
	size_t n;
	struct addr *addrs;
};

struct query {
	TAILQ_ENTRY(query) link;
	struct resolver *resolver;
	struct event timer_ev;	/* the deadline, or the end of GRACE */
	enum query_state state; /* from ASKING, the zero of calloc(3) */
	struct lookups lookups;
	struct half half[FAMILIES];
	char name[HOSTNAME_BUFFER];
};

struct resolver {
	struct event_base *base;
	struct event ready_ev;
	struct lookups ready;
	TAILQ_HEAD(, query) queries;
	size_t queries_n;
	struct dns_channel *channel;
	struct dns_cache *cache;
	struct hosts_file *hosts;
	uint32_t timeout_ms, pending_max;
};

/* Addresses in the order in which they are to be tried. */
struct found {
	size_t n;
	struct addr v[RESOLVE_ADDRS_MAX];
};

/* --------------------------------------------------------------- look-ups */

static void lookup_free(struct resolve *l)
{
	free(l->addrs);
	free(l);
}

/* The outcome is known; the owner hears of it from the loop. */
static int lookup_settle(struct resolve *l, enum reason reason,
			 const struct addr *addrs, size_t n)
{
	struct resolver *r = l->resolver;

	if (n > 0) {
		l->addrs = malloc(n * sizeof(*addrs));
		if (!l->addrs)
			return -ENOMEM;
		memcpy(l->addrs, addrs, n * sizeof(*addrs));
	}
	l->n = n;
	l->reason = reason;
	TAILQ_INSERT_TAIL(&r->ready, l, link);
	event_active(&r->ready_ev, EV_TIMEOUT, 0);
	return 0;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;
	struct resolve *l;

	(void)fd;
	(void)what;
	while ((l = TAILQ_FIRST(&r->ready))) {
		TAILQ_REMOVE(&r->ready, l, link);
		l->done(l->addrs, l->n, l->reason, l->arg);
		lookup_free(l);
	}
}

/* ---------------------------------------------------------------- queries */

static void query_free(struct query *q)
{
	(void)event_del(&q->timer_ev);
	TAILQ_REMOVE(&q->resolver->queries, q, link);
	q->resolver->queries_n--;
	for (int i = 0; i < FAMILIES; i++)
		free(q->half[i].addrs);
	free(q);
}

static void query_set_timer(struct query *q, uint32_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
			      .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_add(&q->timer_ev, &tv);
}

static bool query_is_answered(const struct query *q)
{
	return q->half[FAMILY_V4].is_in && q->half[FAMILY_V6].is_in;
}

static void query_addrs(const struct query *q, struct found *ret)
{
	struct addr all[FAMILIES * RESOLVE_ADDRS_MAX];
	size_t n = 0;

	for (int i = 0; i < FAMILIES; i++) {
		const struct half *h = &q->half[i];

		if (h->n > 0)
			memcpy(&all[n], h->addrs, h->n * sizeof(*all));
		n += h->n;
	}
	ret->n = addr_interleave(all, n, ret->v, RESOLVE_ADDRS_MAX);
}

/*
 * Why a query without an address has none. What is still out has missed the
 * deadline; else a definite failure says more than silence: of two questions
 * to a closed port c-ares reports one as timed out.
 */
static enum reason query_failure(const struct query *q)
{
	const struct half *v4 = &q->half[FAMILY_V4];
	const struct half *v6 = &q->half[FAMILY_V6];

	if (!query_is_answered(q))
		return REASON_DNS_TIMEOUT;
	if (v4->status == DNS_FAILED || v6->status == DNS_FAILED)
		return REASON_DNS_FAILURE;
	if (v4->status == DNS_TIMED_OUT || v6->status == DNS_TIMED_OUT)
		return REASON_DNS_TIMEOUT;
	return REASON_DNS_FAILURE;
}

/*
 * Keeps what is worth keeping: that a name has no address only if the server
 * said so for both families; addresses whose other family went wrong only for
 * a moment.
 */
static void query_remember(const struct query *q, const struct found *found)
{
	uint32_t ttl_s = DNS_CACHE_TTL_MAX_S;

	for (int i = 0; i < FAMILIES; i++) {
		const struct half *h = &q->half[i];
		uint32_t keep_s = h->status == DNS_FOUND ? h->ttl_s
							 : DNS_CACHE_NEGATIVE_S;

		if (h->status == DNS_NOTHING)
			continue;
		if (h->status != DNS_FOUND && found->n == 0)
			return;
		if (keep_s < ttl_s)
			ttl_s = keep_s;
	}
	dns_cache_put(q->resolver->cache, q->name, found->v, found->n, ttl_s,
		      clock_ms());
}

/* Tells every look-up of @q. The owners may start and cancel others. */
static void query_tell(struct query *q, const struct found *found)
{
	enum reason reason = found->n > 0 ? REASON_ALLOWED : query_failure(q);
	struct resolve *l;

	while ((l = TAILQ_FIRST(&q->lookups))) {
		TAILQ_REMOVE(&q->lookups, l, link);
		l->done(found->n > 0 ? found->v : NULL, found->n, reason,
			l->arg);
		lookup_free(l);
	}
}

/* Both answers are in. */
static void query_complete(struct query *q)
{
	struct found found;

	query_addrs(q, &found);
	query_remember(q, &found);
	/* From here on nobody may join: the cache answers, or a new query. */
	q->state = QUERY_LATE;
	query_tell(q, &found);
	query_free(q);
}

/* The deadline, or the end of GRACE: told with what there is. */
static void on_query_timer(evutil_socket_t fd, short what, void *arg)
{
	struct query *q = arg;
	struct found found;

	(void)fd;
	(void)what;
	q->state = QUERY_LATE;
	query_addrs(q, &found);
	query_tell(q, &found);
}

static void half_fill(struct half *h, enum dns_status status,
		      const struct addr *addrs, size_t n, uint32_t ttl_s)
{
	h->is_in = true;
	h->status = status;
	h->ttl_s = ttl_s;
	if (n == 0)
		return;
	h->addrs = malloc(n * sizeof(*addrs));
	if (!h->addrs) {
		h->status = DNS_FAILED;
		return;
	}
	memcpy(h->addrs, addrs, n * sizeof(*addrs));
	h->n = n;
}

static void on_half(enum dns_status status, const struct addr *addrs, size_t n,
		    uint32_t ttl_s, void *arg)
{
	struct half *h = arg;
	struct query *q = h->query;

	half_fill(h, status, addrs, n, ttl_s);
	if (query_is_answered(q)) {
		query_complete(q);
		return;
	}
	if (q->state == QUERY_ASKING && h == &q->half[FAMILY_V4] && h->n > 0 &&
	    addr_has_route(&h->addrs[0])) {
		q->state = QUERY_GRACE;
		query_set_timer(q, RESOLUTION_DELAY_MS);
	}
}

/* One that missed its deadline with nothing is no help. */
static bool query_is_joinable(const struct query *q)
{
	return q->state != QUERY_LATE || q->half[FAMILY_V4].n > 0 ||
	       q->half[FAMILY_V6].n > 0;
}

static struct query *query_find(struct resolver *r, const char *name)
{
	struct query *q;

	TAILQ_FOREACH (q, &r->queries, link)
		if (query_is_joinable(q) && strcmp(q->name, name) == 0)
			return q;
	return NULL;
}

static int query_new(struct resolver *r, const char *name, struct query **ret)
{
	static const int family[FAMILIES] = { AF_INET, AF_INET6 };
	struct query *q = calloc(1, sizeof(*q));
	int asked = 0;

	if (!q)
		return -ENOMEM;
	q->resolver = r;
	memcpy(q->name, name, strlen(name) + 1); /* normal: it fits */
	TAILQ_INIT(&q->lookups);
	(void)event_assign(&q->timer_ev, r->base, -1, 0, on_query_timer, q);
	TAILQ_INSERT_TAIL(&r->queries, q, link);
	r->queries_n++;
	query_set_timer(q, r->timeout_ms);
	for (int i = 0; i < FAMILIES; i++) {
		struct half *h = &q->half[i];

		h->query = q;
		if (dns_channel_ask(r->channel, name, family[i], on_half, h) ==
		    0)
			asked++;
		else
			half_fill(h, DNS_FAILED, NULL, 0, 0);
	}
	if (asked == 0) {
		query_free(q);
		return -ENOMEM;
	}
	*ret = q;
	return 0;
}

/* --------------------------------------------------------------- resolver */

/*
 * c-ares would send anything: an address, and what other resolvers read as
 * one ("127.1"), go out as names.
 */
static bool is_normal_name(const char *name)
{
	char normal[HOSTNAME_BUFFER];

	return hostname_normalise(name, strlen(name), normal) == HOSTNAME_OK &&
	       strcmp(name, normal) == 0;
}

/* Joins a query for @name, old or new, or settles without one. */
static int lookup_ask(struct resolve *l, const char *name)
{
	struct resolver *r = l->resolver;
	struct query *q = query_find(r, name);
	struct found found;
	int err;

	if (q && q->state == QUERY_LATE) {
		query_addrs(q, &found);
		return lookup_settle(l, REASON_ALLOWED, found.v, found.n);
	}
	if (!q) {
		if (r->queries_n >= r->pending_max)
			return lookup_settle(l, REASON_LIMIT, NULL, 0);
		err = query_new(r, name, &q);
		if (err < 0)
			return err;
	}
	l->query = q;
	TAILQ_INSERT_TAIL(&q->lookups, l, link);
	return 0;
}

int resolve_start(struct resolver *r, const char *name, resolve_done_fn *done,
		  void *arg, struct resolve **ret)
{
	uint64_t now_ms = clock_ms();
	const struct addr *addrs;
	struct addr local[RESOLVE_ADDRS_MAX];
	struct found found;
	struct resolve *l;
	size_t n;
	int err;

	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->resolver = r;
	l->done = done;
	l->arg = arg;

	if (!is_normal_name(name)) {
		err = lookup_settle(l, REASON_DNS_FAILURE, NULL, 0);
		goto out;
	}
	if (dns_channel_refresh(r->channel, now_ms))
		dns_cache_flush(r->cache);
	n = hosts_file_find(r->hosts, name, now_ms, local, RESOLVE_ADDRS_MAX);
	found.n = addr_interleave(local, n, found.v, RESOLVE_ADDRS_MAX);
	if (found.n > 0)
		err = lookup_settle(l, REASON_ALLOWED, found.v, found.n);
	else if (dns_cache_get(r->cache, name, now_ms, &addrs, &n))
		err = lookup_settle(l,
				    n > 0 ? REASON_ALLOWED : REASON_DNS_FAILURE,
				    addrs, n);
	else
		err = lookup_ask(l, name);
out:
	if (err < 0) {
		lookup_free(l);
		return err;
	}
	*ret = l;
	return 0;
}

void resolve_cancel(struct resolve *l)
{
	if (!l)
		return;
	if (l->query)
		TAILQ_REMOVE(&l->query->lookups, l, link);
	else
		TAILQ_REMOVE(&l->resolver->ready, l, link);
	lookup_free(l);
}

int resolver_new(struct event_base *base, const struct resolver_opts *opts,
		 struct resolver **ret)
{
	const struct dns_channel_opts channel = {
		.servers = opts->servers,
		.servers_n = opts->servers_n,
		.resolv_conf = opts->resolv_conf_path ? opts->resolv_conf_path
						      : "/etc/resolv.conf",
		.timeout_ms = opts->timeout_ms,
	};
	const char *hosts_path =
		opts->hosts_path ? opts->hosts_path : "/etc/hosts";
	struct resolver *r;
	int err;

	if (opts->timeout_ms == 0)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->base = base;
	r->timeout_ms = opts->timeout_ms;
	r->pending_max = opts->pending_max;
	TAILQ_INIT(&r->ready);
	TAILQ_INIT(&r->queries);
	(void)event_assign(&r->ready_ev, base, -1, 0, on_ready, r);
	if ((err = hosts_file_open(hosts_path, clock_ms(), &r->hosts)) < 0 ||
	    (err = dns_cache_new(DNS_CACHE_ENTRIES, &r->cache)) < 0 ||
	    (err = dns_channel_new(base, &channel, &r->channel)) < 0)
		goto out;
	*ret = r;
	r = NULL;
out:
	resolver_free(r);
	return err;
}

void resolver_free(struct resolver *r)
{
	struct query *q;

	if (!r)
		return;
	assert(TAILQ_EMPTY(&r->ready));
	dns_channel_free(r->channel);
	while ((q = TAILQ_FIRST(&r->queries))) {
		assert(TAILQ_EMPTY(&q->lookups));
		query_free(q);
	}
	(void)event_del(&r->ready_ev);
	dns_cache_free(r->cache);
	hosts_file_close(r->hosts);
	free(r);
}
