/* SPDX-License-Identifier: MIT */
/*
 * proxy/pace.c - the work of many in one thread, each in turn
 *
 * Invariants: a party is in the list while something of it waits, and goes to
 *             its end when an item of it is done
 *
 * Why not an event for each: libevent serves what is active in the order in
 * which it became so, and looks for more only when all of it is done; whoever
 * has a thousand is served a thousand times before anybody else is seen. What
 * is made active in the meantime is served in the same round.
 */
#include "proxy/pace.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "common/clock.h"

struct pace {
	struct event *turn;
	TAILQ_HEAD(, pace_party) parties;
	bool turning;
};

static void do_next(struct pace *p)
{
	struct pace_party *party = TAILQ_FIRST(&p->parties);
	struct pace_item *item = TAILQ_FIRST(&party->items);
	pace_fn *fn = item->fn;
	void *arg = item->arg;

	pace_drop(item);
	if (!TAILQ_EMPTY(&party->items)) {
		TAILQ_REMOVE(&p->parties, party, link);
		TAILQ_INSERT_TAIL(&p->parties, party, link);
	}
	fn(arg); /* item and party may be gone */
}

/* By the timer, which the loop looks at between two looks at descriptors. */
static void go_on(struct pace *p)
{
	const struct timeval now = { 0 };

	if (event_add(p->turn, &now) < 0)
		event_active(p->turn, EV_TIMEOUT, 0);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	const uint64_t end = clock_us() + PACE_BUDGET_US;
	struct pace *p = arg;

	(void)fd;
	(void)what;
	p->turning = true;
	do {
		if (TAILQ_EMPTY(&p->parties))
			break;
		do_next(p);
	} while (clock_us() < end);
	p->turning = false;
	if (!TAILQ_EMPTY(&p->parties))
		go_on(p);
}

int pace_new(struct event_base *base, struct pace **ret)
{
	struct pace *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	TAILQ_INIT(&p->parties);
	p->turn = event_new(base, -1, 0, on_turn, p);
	if (!p->turn) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

void pace_free(struct pace *p)
{
	if (!p)
		return;
	event_free(p->turn);
	free(p);
}

void pace_party_init(struct pace_party *party)
{
	TAILQ_INIT(&party->items);
}

void pace_add(struct pace *p, struct pace_party *party, struct pace_item *item,
	      pace_fn *fn, void *arg)
{
	const bool first = TAILQ_EMPTY(&p->parties);

	if (item->waits)
		return;
	*item = (struct pace_item){
		.pace = p,
		.party = party,
		.fn = fn,
		.arg = arg,
		.waits = true,
	};
	if (TAILQ_EMPTY(&party->items))
		TAILQ_INSERT_TAIL(&p->parties, party, link);
	TAILQ_INSERT_TAIL(&party->items, item, link);
	/* Behind what the loop has found active by now, in the same round. */
	if (first && !p->turning)
		event_active(p->turn, EV_TIMEOUT, 0);
}

void pace_drop(struct pace_item *item)
{
	struct pace_party *party = item->party;

	if (!item->waits)
		return;
	item->waits = false;
	TAILQ_REMOVE(&party->items, item, link);
	if (TAILQ_EMPTY(&party->items))
		TAILQ_REMOVE(&item->pace->parties, party, link);
}
