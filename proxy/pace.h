/* SPDX-License-Identifier: MIT */
/*
 * proxy/pace.h - the work of many in one thread, each in turn
 *
 * Who has work adds an item of it, of some milliseconds at most; it is done
 * from the loop. However many items one party has waiting: the parties come one
 * after the other, an item of each; and between some of them the loop looks for
 * what else has happened.
 */
#ifndef NETLEASH_PROXY_PACE_H
#define NETLEASH_PROXY_PACE_H

#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct pace;

/* What is done without looking at anything else. */
#define PACE_BUDGET_US 2000u

typedef void pace_fn(void *arg);

/* All zeros but for its list; of one thread, like all of this. */
struct pace_party {
	TAILQ_ENTRY(pace_party) link; /* while something of it waits */
	TAILQ_HEAD(pace_items, pace_item) items;
};

/**
 * struct pace_item - all zeros: it does not wait
 * @party: whose it is, as long as it waits
 */
struct pace_item {
	TAILQ_ENTRY(pace_item) link;
	struct pace *pace;
	struct pace_party *party;
	pace_fn *fn;
	void *arg;
	bool waits;
};

/* Return: 0 or -ENOMEM. */
int pace_new(struct event_base *base, struct pace **ret);

/* Nothing waits any more, or never will. NULL is fine. */
void pace_free(struct pace *p);

void pace_party_init(struct pace_party *party);

/* Nothing calls back before the loop's next turn; @item stays the caller's, who
 * may be gone, with it, when @fn returns. Not twice: it waits once. */
void pace_add(struct pace *p, struct pace_party *party, struct pace_item *item,
	      pace_fn *fn, void *arg);

/* It waits no more, if it did. */
void pace_drop(struct pace_item *item);

#endif
