/* SPDX-License-Identifier: MIT */
/*
 * proxy/scope.h - whose connections these are
 *
 * A scope is what some connections of a loop are judged by, and accounted to:
 * those of one run, or all. They belong to it by the listener that they came
 * through, never by what they say; scopes share nothing but the loop's own
 * limits. For the files that loop.h names.
 */
#ifndef NETLEASH_PROXY_SCOPE_H
#define NETLEASH_PROXY_SCOPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/conf.h"
#include "proxy/access_log.h"
#include "proxy/proxy.h"

struct blocked;
struct conn;
struct event;
struct flows;
struct forward_port;
struct inspect_bounds;
struct inspect_share;
struct listener;
struct loop;
struct ruleset;
struct signer;

TAILQ_HEAD(conn_list, conn);
LIST_HEAD(listener_list, listener);
LIST_HEAD(forward_port_list, forward_port);

typedef void scope_ended_fn(void *arg);

/**
 * struct scope - whose connections these are
 * @link:   in lp->scopes; in lp->ending once it is closed
 * @rules:  what judges the next request
 * @limits: of the conf in @rules; kept by nobody else
 * @who:    for the log; each its own, "" for none
 * @signer: for whom its clients trust; NULL: none
 * @inspects: its share of the inspector; NULL: nothing is looked into
 * @secrets: the owner's
 * @distrusted, @compare: see proxy_scope.h
 * @asks:   see proxy_scope.h; @exposed: a listener is beyond loopback
 * @blocked: NULL: not remembered; nor is what @failed, NULL while nothing did
 * @needed: what @compare would have refused; NULL with it
 * @handshakes: connections in CONN_TLS
 * @settling: it is being closed, and waits for them: @settle
 */
struct scope {
	LIST_ENTRY(scope) link;
	struct loop *loop;
	struct ruleset *rules;
	const struct conf_limits *limits;
	struct access_who who;
	struct signer *signer;
	struct inspect_share *inspects;
	const struct proxy_secret *secrets;
	size_t secrets_n;
	bool distrusted, asks, exposed;
	const struct policy *compare;
	struct blocked *blocked, *failed, *needed;
	struct proxy_stats stats;
	struct listener_list listeners;
	struct forward_port_list forwards;
	struct conn_list live;
	struct flows *flows;
	uint32_t handshakes;
	bool settling;
	struct event *settle;
	scope_ended_fn *ended;
	void *ended_arg;
};

/* Borrows the conf and the policy, copies names. Return: 0 or -ENOMEM. */
int scope_new(struct loop *lp, const struct proxy_scope_opts *opts,
	      struct scope **ret);

/* Frees it at once, with all that it holds. NULL is fine. */
void scope_free(struct scope *s);

/* As proxy_add_listener() and proxy_add_forward(). */
int scope_add_listener(struct scope *s, int fd);
int scope_add_forward(struct scope *s, int fd, uint16_t port);

/* Takes @rules: they judge each request that comes from now on. */
void scope_set_rules(struct scope *s, struct ruleset *rules);

/* What is not a run's is signed for by @signer from now on; referred to. */
void scope_set_signer(struct scope *s, struct signer *signer);

/* Is there no room for another connection: in the loop, or in this run? */
bool scope_is_full(const struct scope *s, uint32_t beyond);

/* Of the clients whose tunnels are looked into. */
struct inspect_bounds scope_inspect_bounds(const struct scope *s);

/* A connection begins, or has ended and is freed. */
void scope_count_begin(struct scope *s);
void scope_count_end(struct scope *s);

/* A connection comes into CONN_TLS, or out of it. */
void scope_shake_begin(struct scope *s);
void scope_shake_end(struct scope *s);

/* Begin accepting. Return: 0 or -errno. */
int scope_start(struct scope *s);

/* Accepts no more, and ends the connections that have not asked for anything;
 * the others go on. */
void scope_drain(struct scope *s);

/*
 * Closes its listeners and its connections, and no others; these, where
 * handshakes with clients are under way, once they have ended, for which they
 * have PROXY_SETTLE_MS at most. @ended runs from the loop when nothing of it is
 * left; then it may be freed.
 */
void scope_close(struct scope *s, scope_ended_fn *ended, void *arg);

/* For the reaper: calls @ended of those that are closed and empty. */
void scope_reap(struct loop *lp);

#endif
