/* SPDX-License-Identifier: MIT */
/*
 * proxy/cares_compat.h - what differs between c-ares 1.18 and later
 *
 * Only dns_channel.c includes this. Later versions keep a query cache of
 * their own, on by default and with an hour's reach: ours is the only one, so
 * that its bounds are the only bounds. They also can take a fresh source port
 * for each question, which makes a forged answer harder to land; 1.18 keeps a
 * port while questions to that server are open.
 */
#ifndef NETLEASH_PROXY_CARES_COMPAT_H
#define NETLEASH_PROXY_CARES_COMPAT_H

#include <ares.h>

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
	(void)options;
	(void)mask;
}

#endif
