/* SPDX-License-Identifier: MIT */
/*
 * proxy/loop.h - what the connections of one event loop share
 *
 * Made and freed by proxy.c; used by scope.c, listener.c, forward_port.c and
 * the conn files (through conn_priv.h), by nobody else. One loop is one
 * thread's: nothing in here is ever touched by another.
 */
#ifndef NETLEASH_PROXY_LOOP_H
#define NETLEASH_PROXY_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proxy/scope.h"

struct access_log;
struct event;
struct event_base;
struct resolver;
struct target_counts;
struct tunnel_loop;
struct upstream;

LIST_HEAD(scope_list, scope);

/**
 * struct loop - what the connections of one event loop share
 * @connections, @dials: how many there are now
 * @connections_max: `limit connections`, never more than descriptors allow
 * @dials_max: `limit pending-dials`
 * @past:   what scopes have done that are no more
 * @ending: scopes that are closed, and wait for the reaper
 * @full:   listeners that wait for room
 * @reap:   active when there is something in @dead or @ending, or a drain may
 *          be over
 */
struct loop {
	struct event_base *base;
	struct resolver *resolver;
	struct upstream *upstream; /* NULL: none */
	struct tunnel_loop *tunnels;
	struct target_counts *targets;
	struct access_log *log;
	struct proxy_stats past;
	uint32_t connections, connections_max;
	uint32_t dials, dials_max;
	struct scope_list scopes, ending;
	struct listener_list full;
	struct conn_list dead;
	struct event *reap;
	uint64_t next_id;
	bool started, draining;
};

#endif
