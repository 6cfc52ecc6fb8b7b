/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_watch_filter.h - what of others' changes wakes no watch
 *
 * Every run watches the rule set, and every run's start and end changes it:
 * without a filter each start would wake all runs there are. Dropped is only
 * what was recognised to the last byte that means anything: the door of another
 * run, opened or closed by a transaction of its own, and the number that the
 * rule set has after any change. All else is for firewall_watch_lost().
 *
 * References: socket(7) SO_ATTACH_FILTER, linux/filter.h
 */
#ifndef NETLEASH_SANDBOX_FIREWALL_WATCH_FILTER_H
#define NETLEASH_SANDBOX_FIREWALL_WATCH_FILTER_H

#include "sandbox/firewall_watch.h"

/* On a netlink socket, or one of a test's. Return: 0 or -errno: then @fd just
 * gets more than it needs. */
int firewall_watch_filter(int fd, const struct firewall_watched *run);

#endif
