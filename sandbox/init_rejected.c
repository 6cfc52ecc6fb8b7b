/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_rejected.c - what of a run's did not go to its door
 *
 * Landlock, where the kernel has it for ports, refuses a connection before
 * there is a packet; but who connects has most often asked DNS before.
 */
#include "sandbox/init_rejected.h"

#include <inttypes.h>
#include <stdio.h>

#include "sandbox/init_firewall.h"
#include "sandbox/netns.h"

uint64_t init_rejected(const struct init_opts *opts,
		       const struct init_firewall *fw)
{
	uint64_t n = 0;
	int r = 0;

	if (!opts->tells)
		return 0;
	if (opts->firewall)
		r = init_firewall_rejected(fw, opts, &n);
	else if (opts->own_network)
		r = netns_unrouted(&n);
	return r == 0 ? n : 0;
}

bool init_rejected_render(uint64_t n, char ret[INIT_TEXT_MAX])
{
	if (n == 0 || n > INT64_MAX) /* a count that failed in between */
		return false;
	(void)snprintf(ret, INIT_TEXT_MAX,
		       "netleash: rejected %" PRIu64
		       " packet%s or connection%s "
		       "past the proxy: of a program that does not use it, see "
		       "netleash(1)\n",
		       n, n == 1 ? "" : "s", n == 1 ? "" : "s");
	return true;
}
