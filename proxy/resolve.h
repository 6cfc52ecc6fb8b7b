/* SPDX-License-Identifier: MIT */
/*
 * proxy/resolve.h - a name to its addresses, once
 *
 * In:   normal names (common/hostname.h) that policy has already allowed
 * Out:  the addresses of the answer, families in turn and IPv6 first (RFC 8305
 *       section 4), or a reason
 *
 * One c-ares channel for an event loop. Answers are cached for their TTL
 * (bounded), concurrent look-ups of one name are one query. /etc/hosts is
 * honoured from our own table; `localhost` and names below it are never sent
 * to DNS (RFC 6761 6.3). Literals do not come here: what is no normal name is
 * a DNS_FAILURE and never sent. All callbacks run from the loop, never from
 * inside resolve_start().
 */
#ifndef NETLEASH_PROXY_RESOLVE_H
#define NETLEASH_PROXY_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "proxy/reason.h"

struct conf_server;
struct event_base;
struct resolve;
struct resolver;

#define RESOLVE_ADDRS_MAX 64

/**
 * struct resolver_opts
 * @servers, @servers_n: ask these; 0: the system's resolv.conf, noticed when
 *                 it changes
 * @resolv_conf_path: NULL: /etc/resolv.conf
 * @hosts_path:    NULL: /etc/hosts
 * @timeout_ms:    for one name, all tries together, > 0
 * @pending_max:   names being asked for; beyond, REASON_LIMIT
 */
struct resolver_opts {
	const struct conf_server *servers;
	size_t servers_n;
	const char *resolv_conf_path;
	const char *hosts_path;
	uint32_t timeout_ms;
	uint32_t pending_max;
};

/* Return: 0, -ENOMEM, or -errno. @opts is copied. */
int resolver_new(struct event_base *base, const struct resolver_opts *opts,
		 struct resolver **ret);

/*
 * Every look-up must have been cancelled or be done; not from inside a
 * resolve_done_fn. NULL is fine.
 */
void resolver_free(struct resolver *r);

/**
 * resolve_done_fn - receives the outcome, once
 * @addrs, @n: borrowed for this call; @n is 0 on failure
 * @reason: REASON_ALLOWED, DNS_FAILURE, DNS_TIMEOUT, LIMIT, INTERNAL
 *
 * The look-up is freed when this returns.
 */
typedef void resolve_done_fn(const struct addr *addrs, size_t n,
			     enum reason reason, void *arg);

/* Return: 0 with *@ret set until @done runs, or -ENOMEM. */
int resolve_start(struct resolver *r, const char *name, resolve_done_fn *done,
		  void *arg, struct resolve **ret);

/* @done will not run. NULL is fine. */
void resolve_cancel(struct resolve *q);

#endif
