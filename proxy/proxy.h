/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy.h - the facade of the room: listeners in, decisions out
 *
 * accept -> sniff -> head -> policy(name) -> resolve -> policy(address)
 *        -> dial -> reply -> tunnel -> access log
 *
 * In:         listening sockets, a policy for those of each run (the scopes of
 *             proxy_scope.h, which comes with this), limits, a log descriptor
 * Out:        bytes moved; a log line and a counter for each request; what
 *             was blocked, for the summary
 * Invariants: nothing here needs privilege after proxy_new(); no byte is read
 *             from a client before proxy_start()
 *
 * All of the facade belongs to one thread, the owner's, and so do its
 * callbacks.
 *
 * sandbox/ includes this and policy.h of the room, and nothing else.
 */
#ifndef NETLEASH_PROXY_PROXY_H
#define NETLEASH_PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/ca_file.h"
#include "proxy/ca_pass.h"
#include "proxy/ca_store.h"
#include "proxy/policy.h"
#include "proxy/proxy_scope.h"
#include "proxy/proxy_watch.h"
#include "proxy/signer.h"

struct conf;
struct event_base;
struct proxy;

/**
 * struct proxy_opts - borrowed for the life of the proxy, or until replaced
 * @conf:   resolvers, the upstream, the limits of the whole
 * @threads: event loops; 0 is 1. All but one get a thread in proxy_start()
 * @log_fd: the access log, appended to; -1: none. Not closed by the proxy
 * @log_syslog: @log_fd is a datagram socket of syslog's
 * @ca:     signs for tunnels that are looked into; NULL: none is. Taken, not
 *          where proxy_new() fails
 * @ca_number: of @ca, the owner's
 * @error:  PROXY_ERROR_MAX bytes for a sentence, where proxy_new() has one; may
 *          be NULL
 */
struct proxy_opts {
	const struct conf *conf;
	unsigned threads;
	int log_fd;
	bool log_syslog;
	struct ca *ca;
	uint32_t ca_number;
	char *error;
};
#define PROXY_ERROR_MAX 512

/*
 * Makes the event loop, the resolver, the timers. Opens all that needs a path
 * (resolv.conf, hosts, nsswitch, CAs) so that later confinement costs nothing.
 * Return: 0 or -errno.
 */
int proxy_new(const struct proxy_opts *opts, struct proxy **ret);
void proxy_free(struct proxy *p);

/* The loop, for the owner's own events (signals, control). Borrowed. */
struct event_base *proxy_base(struct proxy *p);

/* The limits of the whole are those of @cf from now on: `connections`,
 * `pending-dials` and `inspections`. What is beyond them already goes on. */
void proxy_set_limits(struct proxy *p, const struct conf *cf);

/* Logs to @fd from now on, as in struct proxy_opts. Return: 0, or -errno and
 * the log is where it was. */
int proxy_set_log(struct proxy *p, int fd, bool is_syslog);

/*
 * @s signs for the runs that begin from now on, and at once for what is no
 * run's; a run keeps the one that it began with, whose keys are wiped when its
 * last run has ended. The proxy began with one. Takes the reference.
 */
void proxy_set_signer(struct proxy *p, struct signer *s);

/* Who signs for a run that begins now: its number; 0 for none. */
uint32_t proxy_ca_number(const struct proxy *p);

/* Begin accepting; a listener that is added later begins at once.
 * Return: 0 or -errno. */
int proxy_start(struct proxy *p);

/* Runs the loop until proxy_stop(). Return: 0 or -errno. */
int proxy_run(struct proxy *p);
void proxy_stop(struct proxy *p);

/*
 * The same, but lets handshakes with clients on the owner's loop end first, for
 * PROXY_SETTLE_MS at most: a client that does not trust our certificate says so
 * and is gone, and what it said is wanted for the summary.
 */
#define PROXY_SETTLE_MS 250
void proxy_stop_settled(struct proxy *p);

/* Closes the listeners, but those of runs, who have nowhere else to go; @done
 * runs from the loop when no connection is left. */
void proxy_drain(struct proxy *p, void (*done)(void *arg), void *arg);

/*
 * The addresses of the normal name @name, as the proxy would get them, up to
 * @max (at most 64 are ever found), without a proxy: runs a loop of its own
 * and takes as long as `limit dns-time` allows. The caller has asked policy
 * whether the name may be looked up.
 * Return: 0 with *@ret_reason as for resolve_done_fn, -ENOMEM or -errno.
 */
int proxy_resolve_once(const struct conf *cf, const char *name,
		       struct addr *ret, size_t max, size_t *ret_n,
		       enum reason *ret_reason);

#endif
