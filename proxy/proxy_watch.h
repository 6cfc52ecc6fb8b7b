/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy_watch.h - what a proxy does, for whoever looks on
 *
 * A part of the facade; proxy.h includes it.
 */
#ifndef NETLEASH_PROXY_PROXY_WATCH_H
#define NETLEASH_PROXY_PROXY_WATCH_H

#include <stdint.h>

struct proxy;
struct proxy_stats;

/**
 * struct proxy_tap_head - before each line of the access log, on the tap
 * @thread: whose line; each counts its own
 * @line:   how many it had before; a gap is lines that were lost
 */
struct proxy_tap_head {
	uint32_t thread, line;
};

/*
 * Each line of the access log also goes to @fd, a datagram socket, behind that
 * head, whether it is logged anywhere else or not. It is borrowed, and never
 * waited for. -1: no more.
 */
void proxy_set_tap(struct proxy *p, int fd);

/* All scopes together, those that are no more too, and the lines of the access
 * log that were lost. */
void proxy_totals(struct proxy *p, struct proxy_stats *ret,
		  uint64_t *ret_log_dropped);

#endif
