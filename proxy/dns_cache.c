/* SPDX-License-Identifier: MIT */
/*
 * proxy/dns_cache.c - answers kept for their time, and no longer
 *
 * In:         see dns_cache.h
 * Out:        see dns_cache.h
 * Invariants: every entry is in one bucket and in the list by use, most
 *             recent first; there are at least as many buckets as entries, and
 *             whoever asks for names cannot aim at one of them
 */
#include "proxy/dns_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/siphash.h"

struct cached {
	LIST_ENTRY(cached) in_bucket;
	TAILQ_ENTRY(cached) by_use;
	uint64_t expires_ms;
	char *name; /* behind the addresses, in the same block */
	size_t n;
	struct addr addrs[];
};
LIST_HEAD(bucket, cached);

struct dns_cache {
	size_t n, max;
	size_t mask; /* buckets - 1, a power of two less one */
	struct siphash_key key;
	TAILQ_HEAD(cached_list, cached) by_use;
	struct bucket buckets[];
};

static struct bucket *bucket_of(struct dns_cache *c, const char *name)
{
	return &c->buckets[siphash(&c->key, name, strlen(name)) & c->mask];
}

static void drop(struct dns_cache *c, struct cached *e)
{
	LIST_REMOVE(e, in_bucket);
	TAILQ_REMOVE(&c->by_use, e, by_use);
	c->n--;
	free(e);
}

static struct cached *find(struct dns_cache *c, const char *name)
{
	struct cached *e;

	LIST_FOREACH (e, bucket_of(c, name), in_bucket)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

int dns_cache_new(size_t entries_max, struct dns_cache **ret)
{
	struct dns_cache *c;
	size_t buckets = 1;
	int r;

	while (buckets < entries_max)
		buckets *= 2;
	c = calloc(1, sizeof(*c) + buckets * sizeof(c->buckets[0]));
	if (!c)
		return -ENOMEM;
	r = siphash_key_make(&c->key);
	if (r < 0) {
		free(c);
		return r;
	}
	c->max = entries_max;
	c->mask = buckets - 1;
	TAILQ_INIT(&c->by_use); /* an empty bucket is all zero */
	*ret = c;
	return 0;
}

void dns_cache_flush(struct dns_cache *c)
{
	while (!TAILQ_EMPTY(&c->by_use))
		drop(c, TAILQ_FIRST(&c->by_use));
}

void dns_cache_free(struct dns_cache *c)
{
	if (!c)
		return;
	dns_cache_flush(c);
	free(c);
}

static uint32_t bounded_ttl(uint32_t ttl_s, size_t n)
{
	if (n == 0)
		return DNS_CACHE_NEGATIVE_S;
	if (ttl_s < DNS_CACHE_TTL_MIN_S)
		return DNS_CACHE_TTL_MIN_S;
	return ttl_s < DNS_CACHE_TTL_MAX_S ? ttl_s : DNS_CACHE_TTL_MAX_S;
}

void dns_cache_put(struct dns_cache *c, const char *name,
		   const struct addr *addrs, size_t n, uint32_t ttl_s,
		   uint64_t now_ms)
{
	struct cached *e = find(c, name);
	size_t addrs_size = n * sizeof(*addrs), name_size = strlen(name) + 1;

	if (e)
		drop(c, e);
	if (c->n == c->max)
		drop(c, TAILQ_LAST(&c->by_use, cached_list));
	e = malloc(sizeof(*e) + addrs_size + name_size);
	if (!e)
		return;
	e->expires_ms = now_ms + (uint64_t)bounded_ttl(ttl_s, n) * 1000;
	e->n = n;
	if (n > 0)
		memcpy(e->addrs, addrs, addrs_size);
	e->name = (char *)e->addrs + addrs_size;
	memcpy(e->name, name, name_size);
	LIST_INSERT_HEAD(bucket_of(c, name), e, in_bucket);
	TAILQ_INSERT_HEAD(&c->by_use, e, by_use);
	c->n++;
}

bool dns_cache_get(struct dns_cache *c, const char *name, uint64_t now_ms,
		   const struct addr **ret, size_t *ret_n)
{
	struct cached *e = find(c, name);

	if (!e)
		return false;
	if (now_ms >= e->expires_ms) {
		drop(c, e);
		return false;
	}
	TAILQ_REMOVE(&c->by_use, e, by_use);
	TAILQ_INSERT_HEAD(&c->by_use, e, by_use);
	*ret = e->addrs;
	*ret_n = e->n;
	return true;
}

size_t dns_cache_count(const struct dns_cache *c)
{
	return c->n;
}
