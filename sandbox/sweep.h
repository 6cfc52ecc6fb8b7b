/* SPDX-License-Identifier: MIT */
/*
 * sandbox/sweep.h - clean up after a run that died without doing so
 */
#ifndef NETLEASH_SANDBOX_SWEEP_H
#define NETLEASH_SANDBOX_SWEEP_H

#include "sandbox/identity.h"

/*
 * A lease_sweep_fn: kills what is left in the run's cgroup, closes its door,
 * removes the cgroup. @firewall is a struct firewall, or NULL to open one if
 * a door has to be closed. Idempotent. Return: 0 or -errno; then the place
 * stays dead and the base rules hold whatever lives there.
 */
int sweep_dead_run(const struct lease *dead, void *firewall);

#endif
