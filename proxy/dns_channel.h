/* SPDX-License-Identifier: MIT */
/*
 * proxy/dns_channel.h - one c-ares channel on one event loop
 *
 * In:   normal names that are no literal and not below localhost
 * Out:  the addresses of one family, or what kind of nothing there is
 *
 * Hides what is awkward about c-ares: it answers inside the call that asks,
 * it cannot forget a single question, it reads resolv.conf once, and its
 * answers are as long as a hostile server likes. No cache, no deadline: those
 * are in resolve.c.
 */
#ifndef NETLEASH_PROXY_DNS_CHANNEL_H
#define NETLEASH_PROXY_DNS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

struct conf_server;
struct dns_channel;
struct event_base;

enum dns_status {
	DNS_FOUND,
	DNS_NOTHING,   /* the server says so: NXDOMAIN, or no such record */
	DNS_FAILED,    /* no server gave an answer that can be used */
	DNS_TIMED_OUT, /* no server gave any answer */
};

/**
 * struct dns_channel_opts - all borrowed until dns_channel_new() returns
 * @servers, @servers_n: ask these; 0: those of @resolv_conf
 * @resolv_conf: path
 * @timeout_ms: what all tries at one server may take together
 */
struct dns_channel_opts {
	const struct conf_server *servers;
	size_t servers_n;
	const char *resolv_conf;
	uint32_t timeout_ms;
};

/* Return: 0, -ENOMEM, -EINVAL for servers that make no sense, or -EIO. */
int dns_channel_new(struct event_base *base,
		    const struct dns_channel_opts *opts,
		    struct dns_channel **ret);

/* Questions under way are forgotten. Not from inside a dns_answer_fn. */
void dns_channel_free(struct dns_channel *c);

/**
 * dns_answer_fn - receives the answer, once, from the loop
 * @addrs, @n: distinct, at most RESOLVE_ADDRS_MAX; borrowed for this call
 * @ttl_s: how long the answer may be kept; 0 unless DNS_FOUND
 */
typedef void dns_answer_fn(enum dns_status status, const struct addr *addrs,
			   size_t n, uint32_t ttl_s, void *arg);

/*
 * Asks for the addresses of one @family. Never answers from inside.
 * Return: 0 or -ENOMEM.
 */
int dns_channel_ask(struct dns_channel *c, const char *name, int family,
		    dns_answer_fn *answer, void *arg);

/*
 * Looks, at most once a second, whether resolv.conf has changed; if so asks
 * the new servers from now on, open questions included. Return: true if it
 * did, which also means that older answers are no longer to be trusted.
 */
bool dns_channel_refresh(struct dns_channel *c, uint64_t now_ms);

#endif
