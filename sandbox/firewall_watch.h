/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_watch.h - is the rule set that holds the leash still there?
 *
 * The kernel tells every change of the rule set to the members of a netlink
 * group. What only widens elsewhere is not our business; what takes netleash's
 * table, a chain, a rule or a set of it, or an element of this run's, ends it.
 */
#ifndef NETLEASH_SANDBOX_FIREWALL_WATCH_H
#define NETLEASH_SANDBOX_FIREWALL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct firewall_watched - how the rule set names one run
 * @cgroup_id: the first part of every key but two
 * @port:      of its door, as the door's element
 * @uid:       the key of the mark for its servers
 */
struct firewall_watched {
	uint64_t cgroup_id;
	uint16_t port;
	uid_t uid;
};

/* Non-blocking, close-on-exec. Return: 0 or -errno. */
int firewall_watch_open(int *ret_fd);

/*
 * Reads what waits in @fd. Return: true if the leash of @run is gone, or may
 * be (changes were missed).
 */
bool firewall_watch_lost(int fd, const struct firewall_watched *run);

/* The pure part: one datagram of the kernel's. Bounded, for tests. */
bool firewall_watch_parse(const void *bytes, size_t n,
			  const struct firewall_watched *run);

#endif
