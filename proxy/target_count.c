/* SPDX-License-Identifier: MIT */
/*
 * proxy/target_count.c - how many connections each target has
 *
 * A hash table with chains; an entry lives while its count is above zero. A
 * target has one of its own, and one for each owner that uses it, so that
 * there are never more entries than twice the connections.
 */
#include "proxy/target_count.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/queue.h>

#include "common/siphash.h"

#define CHAINS 2048u /* a power of two */

/* @owner: behind the host; "": it is the target's own. @total: that, where this
 * is not. */
struct target_count {
	LIST_ENTRY(target_count) link;
	struct target_counts *all;
	struct target_count *total;
	const char *owner;
	uint32_t uses;
	uint16_t port;
	char host[];
};

LIST_HEAD(chain, target_count);

struct target_counts {
	struct siphash_key key;
	bool shared;
	pthread_mutex_t lock; /* where it is shared */
	struct chain chain[CHAINS];
};

struct target_counts *target_counts_new(bool shared)
{
	struct target_counts *tc = calloc(1, sizeof(*tc));

	if (!tc || siphash_key_make(&tc->key) < 0) {
		free(tc);
		return NULL;
	}
	tc->shared = shared;
	(void)pthread_mutex_init(&tc->lock, NULL);
	for (size_t i = 0; i < CHAINS; i++)
		LIST_INIT(&tc->chain[i]);
	return tc;
}

void target_counts_free(struct target_counts *tc)
{
	if (tc)
		(void)pthread_mutex_destroy(&tc->lock);
	free(tc);
}

static void lock(struct target_counts *tc)
{
	if (tc->shared)
		pthread_mutex_lock(&tc->lock);
}

static void unlock(struct target_counts *tc)
{
	if (tc->shared)
		pthread_mutex_unlock(&tc->lock);
}

static struct chain *chain_of(struct target_counts *tc, const char *owner,
			      const char *host, uint16_t port)
{
	const uint64_t words[] = {
		siphash(&tc->key, host, strlen(host)),
		*owner ? siphash(&tc->key, owner, strlen(owner)) : 0,
		port,
	};

	return &tc->chain[siphash(&tc->key, words, sizeof(words)) &
			  (CHAINS - 1)];
}

/* Return: an entry, that is not used yet where it is new; NULL without memory.
 */
static struct target_count *entry_of(struct target_counts *tc,
				     const char *owner, const char *host,
				     uint16_t port)
{
	struct chain *chain = chain_of(tc, owner, host, port);
	struct target_count *t;
	const size_t host_size = strlen(host) + 1;
	const size_t owner_size = strlen(owner) + 1;

	LIST_FOREACH (t, chain, link)
		if (t->port == port && strcmp(t->host, host) == 0 &&
		    strcmp(t->owner, owner) == 0)
			return t;
	t = calloc(1, sizeof(*t) + host_size + owner_size);
	if (!t)
		return NULL;
	memcpy(t->host, host, host_size);
	memcpy(t->host + host_size, owner, owner_size);
	t->owner = t->host + host_size;
	t->port = port;
	t->all = tc;
	LIST_INSERT_HEAD(chain, t, link);
	return t;
}

/* NULL is fine. */
static void drop_if_unused(struct target_count *t)
{
	if (!t || t->uses > 0)
		return;
	LIST_REMOVE(t, link);
	free(t);
}

static bool may(const struct target_count *own,
		const struct target_count *total, uint32_t max)
{
	return max == 0 || total->uses < max ||
	       (own != total && own->uses < MIN(TARGET_COUNT_ASSURED, max / 2));
}

static int take(struct target_counts *tc, const char *owner, const char *host,
		uint16_t port, uint32_t max, struct target_count **ret)
{
	struct target_count *total = entry_of(tc, "", host, port);
	struct target_count *own =
		*owner && total ? entry_of(tc, owner, host, port) : total;
	int r = -ENOMEM;

	if (own)
		r = may(own, total, max) ? 0 : -EDQUOT;
	if (r < 0) {
		if (own != total)
			drop_if_unused(own);
		drop_if_unused(total);
		return r;
	}
	own->uses++;
	if (own != total) {
		own->total = total;
		total->uses++;
	}
	*ret = own;
	return 0;
}

int target_count_take(struct target_counts *tc, const char *owner,
		      const char *host, uint16_t port, uint32_t max,
		      struct target_count **ret)
{
	int r;

	lock(tc);
	r = take(tc, owner, host, port, max, ret);
	unlock(tc);
	return r;
}

void target_count_give(struct target_count *t)
{
	struct target_counts *tc;
	struct target_count *total;

	if (!t)
		return;
	tc = t->all;
	lock(tc);
	total = t->total;
	t->uses--;
	if (total)
		total->uses--;
	drop_if_unused(t);
	drop_if_unused(total);
	unlock(tc);
}
