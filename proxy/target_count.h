/* SPDX-License-Identifier: MIT */
/*
 * proxy/target_count.h - how many connections each target has
 *
 * For `limit tunnels-per-target`. A target is a host and a port, as the
 * client names them, in normal form.
 */
#ifndef NETLEASH_PROXY_TARGET_COUNT_H
#define NETLEASH_PROXY_TARGET_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct target_counts;
struct target_count; /* one target's entry, while it is in use */

/* @shared: by several threads. Return: NULL without memory. */
struct target_counts *target_counts_new(bool shared);

/* Every entry must have been given back. NULL is fine. */
void target_counts_free(struct target_counts *tc);

/*
 * Counts one more use of @host and @port. Return: 0 with *@ret to give back;
 * -EDQUOT if there are @max already (@max 0: no limit); -ENOMEM.
 *
 * @owner names one of several who share the targets; "": nobody. Of a target
 * each may have TARGET_COUNT_ASSURED, and at most half of @max, whatever the
 * others have, or one of them would shut out the rest.
 */
#define TARGET_COUNT_ASSURED 64u
int target_count_take(struct target_counts *tc, const char *owner,
		      const char *host, uint16_t port, uint32_t max,
		      struct target_count **ret);

/* One use less. NULL is fine. */
void target_count_give(struct target_count *t);

#endif
