/* SPDX-License-Identifier: MIT */
/*
 * proxy/target_count.c - how many connections each target has
 *
 * A hash table with chains; an entry lives while its count is above zero, so
 * that there are never more entries than connections. The hash is FNV-1a from
 * a random start: names that are made to fall into one chain would have to
 * be made against a start that nobody outside knows.
 */
#include "proxy/target_count.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#define CHAINS 2048u /* a power of two */

struct target_count {
	LIST_ENTRY(target_count) link;
	struct target_counts *all;
	uint32_t uses;
	uint16_t port;
	char host[];
};

LIST_HEAD(chain, target_count);

struct target_counts {
	uint64_t seed;
	bool shared;
	pthread_mutex_t lock; /* where it is shared */
	struct chain chain[CHAINS];
};

struct target_counts *target_counts_new(bool shared)
{
	struct target_counts *tc = calloc(1, sizeof(*tc));

	if (!tc)
		return NULL;
	/* Too early at boot for random bytes: a known seed only costs speed. */
	if (getrandom(&tc->seed, sizeof(tc->seed), GRND_NONBLOCK) < 0)
		tc->seed = 0;
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

static struct chain *chain_of(struct target_counts *tc, const char *host,
			      uint16_t port)
{
	uint64_t h = 14695981039346656037u ^ tc->seed;

	for (const char *p = host; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	h = (h ^ port) * 1099511628211u;
	return &tc->chain[(h >> 32) & (CHAINS - 1)];
}

static int take(struct target_counts *tc, const char *host, uint16_t port,
		uint32_t max, struct target_count **ret)
{
	struct chain *chain = chain_of(tc, host, port);
	struct target_count *t;
	size_t len = strlen(host);

	LIST_FOREACH (t, chain, link)
		if (t->port == port && strcmp(t->host, host) == 0)
			break;
	if (t && max > 0 && t->uses >= max)
		return -EDQUOT;
	if (!t) {
		t = calloc(1, sizeof(*t) + len + 1);
		if (!t)
			return -ENOMEM;
		memcpy(t->host, host, len);
		t->port = port;
		t->all = tc;
		LIST_INSERT_HEAD(chain, t, link);
	}
	t->uses++;
	*ret = t;
	return 0;
}

int target_count_take(struct target_counts *tc, const char *host, uint16_t port,
		      uint32_t max, struct target_count **ret)
{
	int r;

	lock(tc);
	r = take(tc, host, port, max, ret);
	unlock(tc);
	return r;
}

void target_count_give(struct target_count *t)
{
	struct target_counts *tc;

	if (!t)
		return;
	tc = t->all;
	lock(tc);
	if (--t->uses == 0) {
		LIST_REMOVE(t, link);
		free(t);
	}
	unlock(tc);
}
