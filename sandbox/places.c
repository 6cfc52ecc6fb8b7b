/* SPDX-License-Identifier: MIT */
/*
 * sandbox/places.c - how many callers are attended to at a time, and whose
 */
#include "sandbox/places.h"

#include "sandbox/leaver.h"

/* What one user may have for each that he leaves free: with 256 places, 205 for
 * the first, 41 for the next, then 8, then 2. */
#define OF_USER_FOR_EACH_FREE 4

static size_t count(const struct places *p, enum place_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < PLACES_MAX; i++)
		n += p->v[i].state == state;
	return n;
}

static size_t count_of(const struct places *p, enum place_state state,
		       uid_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < PLACES_MAX; i++)
		n += p->v[i].state == state && p->v[i].uid == uid;
	return n;
}

static struct place *find(struct places *p, pid_t pid)
{
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (p->v[i].state != PLACE_FREE && p->v[i].pid == pid)
			return &p->v[i];
	return NULL;
}

/* His calls that ask may all become runs. */
static bool has_share(const struct places *p, uid_t uid, size_t asking)
{
	const size_t own = count_of(p, PLACE_RUN, uid) + asking;
	const size_t taken = count(p, PLACE_RUN) + asking;

	return taken < PLACES_RUNS &&
	       own < OF_USER_FOR_EACH_FREE * (PLACES_RUNS - taken);
}

/* One who asks, of a user who has more of them than @asking and one more. */
static struct place *find_leaver(struct places *p, size_t asking)
{
	struct stayer v[PLACES_MAX] = { { 0 } };
	struct place *at[PLACES_MAX];
	size_t n = 0, found;

	for (size_t i = 0; i < PLACES_MAX; i++) {
		if (p->v[i].state != PLACE_ASKING)
			continue;
		v[n] = (struct stayer){ p->v[i].uid, p->v[i].turn };
		at[n++] = &p->v[i];
	}
	found = leaver_find(v, n, asking + 1);
	return found < n ? at[found] : NULL;
}

bool places_ask(struct places *p, uid_t uid, pid_t *ret_leaves)
{
	const size_t asking = count_of(p, PLACE_ASKING, uid);
	struct place *leaver;

	*ret_leaves = 0;
	if (asking >= PLACES_ASKING_OF_USER || !has_share(p, uid, asking))
		return false;
	if (count(p, PLACE_ASKING) < PLACES_ASKING)
		return true;
	leaver = count(p, PLACE_LEAVING) < PLACES_LEAVING
			 ? find_leaver(p, asking)
			 : NULL;
	if (!leaver)
		return false;
	leaver->state = PLACE_LEAVING;
	*ret_leaves = leaver->pid;
	return true;
}

pid_t places_clear(struct places *p)
{
	for (size_t i = 0; i < PLACES_MAX; i++) {
		if (p->v[i].state != PLACE_ASKING)
			continue;
		p->v[i].state = PLACE_LEAVING;
		return p->v[i].pid;
	}
	return 0;
}

void places_add(struct places *p, uid_t uid, pid_t pid)
{
	for (size_t i = 0; i < PLACES_MAX; i++) {
		if (p->v[i].state != PLACE_FREE)
			continue;
		p->v[i] = (struct place){ PLACE_ASKING, pid, uid, p->turn++ };
		return;
	}
}

void places_permitted(struct places *p, pid_t pid)
{
	struct place *at = find(p, pid);

	if (at && at->state == PLACE_ASKING)
		at->state = PLACE_RUN;
}

void places_ended(struct places *p, pid_t pid)
{
	struct place *at = find(p, pid);

	if (at)
		at->state = PLACE_FREE;
}
