/* SPDX-License-Identifier: MIT */
/*
 * proxy/dns_cache.h - answers kept for their time, and no longer
 *
 * In:         names with their addresses and TTL, and the time
 * Out:        the same, while they are good
 * Invariants: bounded in entries (the least recently used one goes) and in
 *             time from both sides; pure but for memory: the caller tells the
 *             time, nothing runs by itself
 *
 * Holds what a server said, never that no server could be reached.
 * References: RFC 1035 section 4.1.3, RFC 2308 section 5.
 */
#ifndef NETLEASH_PROXY_DNS_CACHE_H
#define NETLEASH_PROXY_DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

struct dns_cache;

/* A TTL of zero still serves the requests that come together. */
#define DNS_CACHE_TTL_MIN_S  1u
#define DNS_CACHE_TTL_MAX_S  3600u
#define DNS_CACHE_NEGATIVE_S 5u /* c-ares does not tell the SOA's */
#define DNS_CACHE_ENTRIES    4096u

/* Return: 0 or -ENOMEM. @entries_max at least 1. */
int dns_cache_new(size_t entries_max, struct dns_cache **ret);
void dns_cache_free(struct dns_cache *c);

/*
 * Keeps, or replaces, what is known of @name: @n addresses for @ttl_s seconds
 * within the bounds; @n 0, that there are none, for DNS_CACHE_NEGATIVE_S.
 * Without memory nothing is kept.
 */
void dns_cache_put(struct dns_cache *c, const char *name,
		   const struct addr *addrs, size_t n, uint32_t ttl_s,
		   uint64_t now_ms);

/*
 * Return: true if there is an answer that is still good; then *@ret and
 * *@ret_n (0: there are no addresses) are valid until the next put or flush.
 */
bool dns_cache_get(struct dns_cache *c, const char *name, uint64_t now_ms,
		   const struct addr **ret, size_t *ret_n);

/* Forgets everything: the servers have changed. */
void dns_cache_flush(struct dns_cache *c);
size_t dns_cache_count(const struct dns_cache *c);

#endif
