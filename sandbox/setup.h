/* SPDX-License-Identifier: MIT */
/*
 * sandbox/setup.h - make and remove what every run needs, once
 */
#ifndef NETLEASH_SANDBOX_SETUP_H
#define NETLEASH_SANDBOX_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/identity.h"

struct conf;

/*
 * What `run` as root does by itself: state folder, users, the check of the
 * block of run uids, the cgroup of all runs, the base rules, and the sweep of
 * dead runs. Quick where nothing is missing. Idempotent.
 *
 * @firewall: the firewall holds the leash, so it must work. False: another
 * layer does, and the base rules are loaded behind it where they can be.
 * @sweep: places to look at, of LEASE_SWEEP_ALL.
 * Return: 0, or -errno with a sentence in @error (@size bytes).
 */
int setup_apply(const struct conf *cf, bool firewall, size_t sweep,
		struct identities *ret, char *error, size_t size);

/* `netleash setup [-c CONF]` and `netleash teardown`; @argv[0] is the verb.
 * Return: 0; 1 with a sentence on standard error; 2 for wrong usage. */
int setup_main(int argc, char **argv);
int teardown_main(int argc, char **argv);

#endif
