/* SPDX-License-Identifier: MIT */
/*
 * proxy/addr_sort.h - in which order to try the addresses of a name
 *
 * IPv6 and IPv4 in turn, IPv6 first, each family in the order given
 * (RFC 8305 section 4). RFC 6724 would put an address without a route last;
 * dial.c does not need that, because such an attempt fails at once.
 */
#ifndef NETLEASH_PROXY_ADDR_SORT_H
#define NETLEASH_PROXY_ADDR_SORT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"

/* The first @max distinct addresses of @v, in turn. Return: how many. */
size_t addr_interleave(const struct addr *v, size_t n, struct addr *ret,
		       size_t max);

/*
 * Whether a packet to @a would have somewhere to go. Asks the routing table
 * by connecting a datagram socket, which sends nothing.
 */
bool addr_has_route(const struct addr *a);

#endif
