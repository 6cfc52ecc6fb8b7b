/* SPDX-License-Identifier: MIT */
/*
 * proxy/cares_compat.h - what differs between c-ares 1.18 and later
 *
 * Only dns_channel.c includes this. Later versions
 *  - keep a query cache of their own, on by default and with an hour's reach:
 *    ours is the only one, so that its bounds are the only bounds;
 *  - can take a fresh source port for each question, which makes a forged
 *    answer harder to land; 1.18 keeps a port while questions are open;
 *  - no longer hear a late answer to an earlier try, shorten each try but the
 *    first by up to a half, at random, and make tries of a server that
 *    was quick so far as short as 250 ms: see cares_compat_patience();
 *  - take every address for the answer, whoever's it is (1.22): but they hand
 *    out whole answers, of which we take what 1.18 took.
 */
#ifndef NETLEASH_PROXY_CARES_COMPAT_H
#define NETLEASH_PROXY_CARES_COMPAT_H

#include <string.h>
#include <strings.h>

#include <ares.h>
#include <netinet/in.h>
#include <stdbool.h>

/* One address, and its TTL; or NULL, and the TTL of an alias before it. */
typedef void cares_found_fn(const struct sockaddr *sa, int ttl_s, void *arg);

/* After all of them; with one of c-ares' codes. */
typedef void cares_done_fn(int status, void *arg);

/**
 * struct cares_question - for one family of addresses
 *
 * It outlives the question; callbacks may come inside the call that asks.
 */
struct cares_question {
	const char *name;
	int family;
	cares_found_fn *found;
	cares_done_fn *done;
	void *arg;
};

/*
 * All tries of a server are to take as long in all as they do in 1.18, where
 * each takes twice as long as the one before it: so there are more of them.
 * None gets longer than 1.18's last, and the first is 500 ms where that leaves
 * time for another: there is no late answer to it.
 */
static inline void cares_compat_patience(struct ares_options *options,
					 int *mask)
{
#ifdef ARES_OPT_MAXTIMEOUTMS
	const int longest = options->timeout << (options->tries - 1);
	const int base = longest < 250 ? longest : 250;
	int left = 2 * longest - options->timeout, next = base;

	for (options->tries = 0; left > 0; options->tries++) {
		const int cut = next < longest ? next : longest;

		left -= cut / 2 > base ? cut / 2 : base;
		next = 2 * cut;
	}
	if (options->timeout < 500)
		options->timeout = longest < 500 ? longest : 500;
	options->maxtimeout = longest;
	*mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
	(void)options;
	(void)mask;
}

static inline void cares_compat_options(struct ares_options *options, int *mask)
{
#ifdef ARES_OPT_QUERY_CACHE
	options->qcache_max_ttl = 0;
	*mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_UDP_MAX_QUERIES
	options->udp_max_queries = 1;
	*mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
	cares_compat_patience(options, mask);
}

static inline void cares_on_addrinfo(void *arg, int status, int timeouts,
				     struct ares_addrinfo *ai)
{
	const struct cares_question *q = arg;

	(void)timeouts;
	if (status == ARES_SUCCESS && ai) {
		for (struct ares_addrinfo_node *n = ai->nodes; n;
		     n = n->ai_next)
			q->found(n->ai_addr, n->ai_ttl, q->arg);
		for (struct ares_addrinfo_cname *n = ai->cnames; n; n = n->next)
			q->found(NULL, n->ttl, q->arg);
	}
	if (ai)
		ares_freeaddrinfo(ai);
	q->done(status, q->arg);
}

static inline void cares_ask_addrinfo(ares_channel ares,
				      struct cares_question *q)
{
	/* One node an address; sorting opens a socket for each of them. */
	const struct ares_addrinfo_hints hints = {
		.ai_family = q->family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = ARES_AI_NOSORT,
	};

	ares_getaddrinfo(ares, q->name, NULL, &hints, cares_on_addrinfo, q);
}

#if ARES_VERSION >= 0x011600
#include "proxy/cares_record.h"
#else
static inline void cares_ask(ares_channel ares, struct cares_question *q)
{
	cares_ask_addrinfo(ares, q);
}
#endif

#endif
