/* SPDX-License-Identifier: MIT */
/*
 * sandbox/leash.h - what holds one run, by isolation, before it starts
 *
 * In:   the plan of a run, the rights that we have
 * Out:  a run uid, a cgroup, a door: whatever the isolation needs, or a
 *       sentence that says what is missing and how to get it
 *
 * `auto` chooses by trying: as root the firewall, or a network namespace where
 * cgroup2 is not usable; without privilege a network namespace.
 */
#ifndef NETLEASH_SANDBOX_LEASH_H
#define NETLEASH_SANDBOX_LEASH_H

#include <stdbool.h>

#include "sandbox/cli.h"
#include "sandbox/door.h"
#include "sandbox/identity.h"

struct init_opts;
struct plan;

#define LEASH_ERROR_MAX 600

/**
 * struct leash - the pieces; -1 and zero where the isolation needs none
 * @isolation: FIREWALL or NETNS; AUTO stays for --online, which has none
 * @root:      we have privilege to shed
 * @user:      CMD's user name, as whoami(1) says it; borrowed from the plan
 * @lease:     .fd is -1 without one; .run is the run's name in every case
 * @decoy:     a live listener that CMD must not reach; its port, as the
 *             door's, is no local port
 */
struct leash {
	enum isolation isolation;
	bool root;
	struct identities ids;
	const char *user;
	struct lease lease;
	int cgroup_fd;
	struct door door, decoy;
};

#define LEASH_INIT                                                             \
	{                                                                      \
		.lease = { .fd = -1 }, .cgroup_fd = -1                         \
	}

/* Return: 0 or -errno with a sentence, and nothing is left but for a sweep. */
int leash_prepare(const struct plan *p, struct leash *ret,
		  char error[LEASH_ERROR_MAX]);

/* Fills the fields of @opts that are the leash's; they borrow from @l. */
void leash_fill(struct leash *l, const struct plan *p, struct init_opts *opts);

/* For who asked for more words than usual. */
void leash_tell(const struct leash *l, const struct plan *p);

/* Undoes leash_prepare() where init has not taken it over. Return: 0, or -errno
 * and a sweep does it once the lease is closed. */
int leash_revert(struct leash *l);

/*
 * Init holds the lease, the cgroup and the decoy from here on: we close ours,
 * so that nobody who takes over the proxy finds them. The door stays.
 */
void leash_hand_over(struct leash *l);

/* Closes what is left. */
void leash_close(struct leash *l);

#endif
