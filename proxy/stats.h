/* SPDX-License-Identifier: MIT */
/*
 * proxy/stats.h - what was done, in numbers
 *
 * Touched by the loop's own thread only.
 */
#ifndef NETLEASH_PROXY_STATS_H
#define NETLEASH_PROXY_STATS_H

#include <stdint.h>

#include "proxy/proxy.h"

void stats_count_end(struct proxy_stats *s, enum reason reason,
		     uint64_t bytes_in, uint64_t bytes_out);

/* Adds all of @more to @s. */
void stats_add(struct proxy_stats *s, const struct proxy_stats *more);

/* One line in the operator's log, at level info. */
void stats_log(const struct proxy_stats *s, uint64_t log_lines_dropped);

#endif
