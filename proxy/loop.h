/* SPDX-License-Identifier: MIT */
/*
 * proxy/loop.h - what the connections of one event loop share
 *
 * Made and freed by proxy.c; used by listener.c, forward_port.c and the conn
 * files (through conn_priv.h), by nobody else. One loop is one thread's:
 * nothing in here is ever touched by another.
 */
#ifndef NETLEASH_PROXY_LOOP_H
#define NETLEASH_PROXY_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/conf.h"
#include "proxy/stats.h"

struct access_log;
struct blocked;
struct conn;
struct event;
struct event_base;
struct flows;
struct forward_port;
struct listener;
struct resolver;
struct ruleset;
struct target_counts;
struct tunnel_loop;
struct upstream;

TAILQ_HEAD(conn_list, conn);
LIST_HEAD(listener_list, listener);
LIST_HEAD(forward_port_list, forward_port);

/**
 * struct loop - what the connections of one event loop share
 * @limits: of the conf in @rules; kept by nobody else
 * @rules: what judges the next request
 * @connections_max: `limit connections`, never more than descriptors allow
 * @reap: active when there is something in @dead, or a drain may be over
 */
struct loop {
	struct event_base *base;
	const struct conf_limits *limits;
	struct ruleset *rules;
	const char *run;
	struct resolver *resolver;
	struct upstream *upstream; /* NULL: none */
	struct tunnel_loop *tunnels;
	struct flows *flows;
	struct target_counts *targets;
	struct access_log *log;
	struct blocked *blocked; /* NULL: not remembered */
	struct stats stats;
	uint32_t connections_max;
	struct listener_list listeners;
	struct forward_port_list forwards;
	struct conn_list live, dead;
	struct event *reap;
	uint64_t next_id;
	bool draining;
};

#endif
