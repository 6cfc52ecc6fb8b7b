/* SPDX-License-Identifier: MIT */
/*
 * proxy/loop.h - what the connections of one event loop share
 *
 * Used by proxy.c, scope.c, listener.c, forward_port.c, the conn files (through
 * conn_priv.h) and the flow files, by nobody else. One loop is one thread's:
 * nothing in here is ever touched by another but for @all, and what
 * loop_call() and loop_post() hand over.
 */
#ifndef NETLEASH_PROXY_LOOP_H
#define NETLEASH_PROXY_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proxy/access_log.h"
#include "proxy/mailbox.h"
#include "proxy/scope.h"

struct event;
struct event_base;
struct inspector;
struct resolver;
struct signer;
struct target_counts;
struct tunnel_loop;
struct upstream;

LIST_HEAD(scope_list, scope);

/**
 * struct loops - what all loops of a proxy share
 * @n:           how many there are
 * @connections: of all together, for `limit connections`
 * @inspector:   NULL: no tunnel is looked into
 * @signer:      for scopes that begin; the owner's thread's
 * @targets:     for `limit tunnels-per-target`; locked where @n > 1
 * @log_torn:    of access_log_share()
 */
struct loops {
	unsigned n;
	_Atomic(uint32_t) connections;
	struct inspector *inspector;
	struct signer *signer;
	struct access_torn log_torn;
	struct target_counts *targets;
};

/**
 * struct loop - what the connections of one event loop share
 * @connections, @dials: how many there are now
 * @connections_max: `limit connections`, never more than descriptors allow; of
 *          all loops together
 * @inspections_max: `limit inspections`
 * @handshakes: connections in CONN_TLS
 * @dials_max: this loop's share of `limit pending-dials`
 * @emptied: called when a drain is over
 * @threaded: it has a thread of its own, which alone may touch it
 * @mailbox: open where somebody may post: where it is not the only thread
 * @past:   what scopes have done that are no more
 * @ending: scopes that are closed, and wait for the reaper
 * @full:   listeners that wait for room
 * @reap:   active when there is something in @dead or @ending, or a drain may
 *          be over
 */
struct loop {
	struct loops *all;
	struct event_base *base;
	struct resolver *resolver;
	struct upstream *upstream; /* NULL: none */
	struct tunnel_loop *tunnels;
	struct access_log *log;
	struct proxy_stats past;
	uint32_t connections, connections_max, inspections_max;
	uint32_t dials, dials_max, handshakes;
	struct scope_list scopes, ending;
	struct listener_list full;
	struct conn_list dead;
	struct event *reap;
	uint64_t next_id;
	bool started, draining;
	void (*emptied)(void *arg);
	void *emptied_arg;
	bool threaded;
	pthread_t thread;
	struct mailbox mailbox;
};

struct proxy_opts;

/*
 * Makes all that connections on it need. Return: 0, or -errno and it is to be
 * ended with loop_fini(), as after success.
 */
int loop_init(struct loop *lp, struct loops *all,
	      const struct proxy_opts *opts);

/* Its scopes are gone. */
void loop_fini(struct loop *lp);

/* `connections`, `pending-dials` and `inspections` of @limits. */
void loop_set_limits(struct loop *lp, const struct conf_limits *limits);

/* Listeners accept from now on. Return: 0 or -errno. */
int loop_start(struct loop *lp);

/* Accepts no more; @emptied runs, in this loop, when nothing is left. */
void loop_drain(struct loop *lp, void (*emptied)(void *arg), void *arg);

/* Gives it a thread, in which it runs until it is joined. Return: 0 or
 * -errno. */
int loop_thread_start(struct loop *lp);
void loop_thread_join(struct loop *lp);

/* Runs @job in the loop's thread, soon; returns at once. */
void loop_post(struct loop *lp, struct job *job);

/*
 * Runs @fn in the loop's thread and waits for it: in the thread that owns the
 * proxy only, or two could wait for each other.
 */
void loop_call(struct loop *lp, void (*fn)(void *arg), void *arg);

#endif
