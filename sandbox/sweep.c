/* SPDX-License-Identifier: MIT */
/*
 * sandbox/sweep.c - clean up after a run that died without doing so
 *
 * In:         the lease of a dead run, locked by us
 * Steps:      kill, wait until empty, close the door and what else of loopback
 *             it had, remove the cgroup: the order in which init ends a run,
 *             from whatever step it got to
 * Invariants: the door is closed after the last process is gone and before
 *             the cgroup is: nft needs its path, and the cgroup is what tells
 *             the next sweep that there is something left to do
 */
#include "sandbox/sweep.h"

#include <errno.h>

#include "common/scope.h"
#include "sandbox/cgroup.h"
#include "sandbox/firewall.h"

#define KILL_WAIT_MS 5000

static int close_all(const struct lease *dead, struct firewall *fw)
{
	const struct firewall_door door = { dead->run, dead->port };
	const struct firewall_local local = {
		.run = dead->run,
		.uid = dead->uid,
		.index = dead->index,
		.ports = dead->ports,
		.servers = dead->servers,
	};
	char ignored[FIREWALL_ERROR_MAX];
	struct firewall *own = NULL;
	int r;

	if (dead->port == 0 && dead->ports.n == 0 && !dead->servers)
		return 0;
	if (!fw) {
		r = firewall_open(&own, ignored);
		if (r < 0)
			return r;
		fw = own;
	}
	r = firewall_revert_local(fw, &local, ignored);
	if (r == 0)
		r = firewall_revert_door(fw, &door, ignored);
	firewall_close(own);
	return r;
}

int sweep_dead_run(const struct lease *dead, void *firewall)
{
	AUTOCLOSE int fd = -1;
	int r;

	r = cgroup_open(dead->run, &fd);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* it did not get that far */
	r = cgroup_kill(fd, KILL_WAIT_MS);
	if (r == 0)
		r = close_all(dead, firewall);
	if (r == 0)
		r = cgroup_remove(dead->run);
	return r;
}
