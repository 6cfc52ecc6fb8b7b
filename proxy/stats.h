/* SPDX-License-Identifier: MIT */
/*
 * proxy/stats.h - what a loop has done, in numbers
 *
 * Touched by the loop's own thread only.
 */
#ifndef NETLEASH_PROXY_STATS_H
#define NETLEASH_PROXY_STATS_H

#include <stdint.h>

#include "proxy/reason.h"

/**
 * struct stats
 * @connections, @dials: how many there are now; the rest only grows
 * @ended:     requests by the reason they ended for
 * @bytes_in, @bytes_out: as in proxy/access_log.h
 */
struct stats {
	uint32_t connections, dials;
	uint64_t accepted;
	uint64_t ended[REASON_COUNT];
	uint64_t bytes_in, bytes_out;
};

void stats_count_end(struct stats *s, enum reason reason, uint64_t bytes_in,
		     uint64_t bytes_out);

/* One line in the operator's log, at level info. */
void stats_log(const struct stats *s, uint64_t log_lines_dropped);

#endif
