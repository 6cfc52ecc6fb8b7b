/* SPDX-License-Identifier: MIT */
/*
 * sandbox/runs.h - the runs that a daemon's proxy serves
 *
 * In:         tickets and words of the launcher's attendants (run_ticket.h)
 * Out:        a scope of the proxy for each run, judged by its own profile and
 *             told apart by its own door; its summary at the end
 * Invariants: what a ticket says is for the log and for choosing a profile;
 *             who may have which was decided by who sent it
 */
#ifndef NETLEASH_SANDBOX_RUNS_H
#define NETLEASH_SANDBOX_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/conf_choice.h"
#include "sandbox/run_ticket.h"

struct proxy;
struct proxy_scope;
struct rulebook;
struct runs;

/* Takes @tickets, the launcher's socket; refers to @rules. Return: 0 or
 * -ENOMEM and nothing is taken. */
int runs_new(struct proxy *p, int tickets, struct rulebook *rules,
	     struct runs **ret);

/* The daemon ends once nothing is open: no run begins any more; @over runs when
 * there is none left. */
void runs_drain(struct runs *rs, void (*over)(void *arg), void *arg);
bool runs_are_left(const struct runs *rs);

/* Before proxy_free(), and after it. NULL is fine. */
void runs_stop(struct runs *rs);
void runs_free(struct runs *rs);

/* Runs that begin from now on are judged by these; those that there are where
 * the conf says `running-runs follow`. */
void runs_set_rules(struct runs *rs, struct rulebook *rules);

/* Whatever a conf says, as rulebook_force_mode(), for every run. */
void runs_force_mode(struct runs *rs, enum conf_mode mode);

/* How many have begun since the start. */
uint64_t runs_begun(const struct runs *rs);

/**
 * struct run_facts - one run that there is
 * @ticket: what its attendant said; @rules are not to be looked at
 * @since:  when it began
 */
struct run_facts {
	const struct run_ticket *ticket;
	struct timespec since;
	struct proxy_scope *scope;
};

/* Return: how many there are; @fn may be NULL. */
typedef void runs_fn(const struct run_facts *run, void *arg);
size_t runs_each(const struct runs *rs, runs_fn *fn, void *arg);

#endif
