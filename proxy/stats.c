/* SPDX-License-Identifier: MIT */
/*
 * proxy/stats.c - what was done, in numbers
 */
#include "proxy/stats.h"

#include <inttypes.h>

#include "common/log.h"
#include "common/strbuf.h"

void stats_count_end(struct proxy_stats *s, enum reason reason,
		     uint64_t bytes_in, uint64_t bytes_out)
{
	s->ended[reason]++;
	s->bytes_in += bytes_in;
	s->bytes_out += bytes_out;
}

void stats_add(struct proxy_stats *s, const struct proxy_stats *more)
{
	s->connections += more->connections;
	s->accepted += more->accepted;
	s->bytes_in += more->bytes_in;
	s->bytes_out += more->bytes_out;
	for (int r = 0; r < REASON_COUNT; r++)
		s->ended[r] += more->ended[r];
}

void stats_log(const struct proxy_stats *s, uint64_t log_lines_dropped)
{
	struct strbuf line = STRBUF_INIT;

	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	strbuf_addf(&line,
		    "connections=%" PRIu64 " bytes_in=%" PRIu64
		    " bytes_out=%" PRIu64 " log_dropped=%" PRIu64,
		    s->accepted, s->bytes_in, s->bytes_out, log_lines_dropped);
	for (int r = 0; r < REASON_COUNT; r++)
		if (s->ended[r] > 0)
			strbuf_addf(&line, " %s=%" PRIu64,
				    reason_name((enum reason)r), s->ended[r]);
	if (!strbuf_failed(&line))
		log_info("proxy: %s", line.s);
	strbuf_fini(&line);
}
