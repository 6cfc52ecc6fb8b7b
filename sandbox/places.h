/* SPDX-License-Identifier: MIT */
/*
 * sandbox/places.h - how many callers are attended to at a time, and whose
 *
 * Pure. Callers are hostile to one another: what one of them takes must leave
 * room for the others, however many connections he opens.
 *
 * Invariants: a call is asking until it is permitted, and is a run from then
 *             on. One user has PLACES_ASKING_OF_USER calls that ask at most;
 *             where all who ask together have every place, the oldest of the
 *             user with most of them makes room for one who has fewer. What one
 *             user has of the runs is four times at most what he leaves to
 *             others, so that no few of them have all
 */
#ifndef NETLEASH_SANDBOX_PLACES_H
#define NETLEASH_SANDBOX_PLACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/identity.h"

#define PLACES_RUNS	      IDENTITY_RUN_UIDS
#define PLACES_ASKING	      256
#define PLACES_ASKING_OF_USER (PLACES_ASKING / 4)

/* Those that were told to go, and have not ended yet, are beside the others. */
#define PLACES_LEAVING 64
#define PLACES_MAX     (PLACES_RUNS + PLACES_ASKING + PLACES_LEAVING)

enum place_state {
	PLACE_FREE,
	PLACE_ASKING,
	PLACE_RUN,
	PLACE_LEAVING
};

/**
 * struct place - one call
 * @turn: when it came: the lower, the older
 */
struct place {
	enum place_state state;
	pid_t pid;
	uid_t uid;
	uint64_t turn;
};

struct places { /* start from a zeroed one */
	struct place v[PLACES_MAX];
	uint64_t turn;
};

/*
 * May one more of @uid come? Where somebody has to go for it, *@ret_leaves is
 * his process, else 0; he counts as gone then.
 */
bool places_ask(struct places *p, uid_t uid, pid_t *ret_leaves);

/* @pid is there for @uid, and asks. Behind places_ask(). */
void places_add(struct places *p, uid_t uid, pid_t pid);

/* One who asks, and counts as gone then; 0: there is none left. */
pid_t places_clear(struct places *p);

/* It is permitted; it has ended. Others are passed over. */
void places_permitted(struct places *p, pid_t pid);
void places_ended(struct places *p, pid_t pid);

#endif
