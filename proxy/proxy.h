/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy.h - the facade of the room: listeners in, decisions out
 *
 * accept -> sniff -> head -> policy(name) -> resolve -> policy(address)
 *        -> dial -> reply -> tunnel -> access log
 *
 * In:         listening sockets, a policy, limits, a log descriptor
 * Out:        bytes moved; a log line and a counter for each request; what
 *             was blocked, for the summary
 * Invariants: nothing here needs privilege after proxy_new(); no byte is read
 *             from a client before proxy_start()
 *
 * sandbox/ includes this and policy.h of the room, and nothing else.
 */
#ifndef NETLEASH_PROXY_PROXY_H
#define NETLEASH_PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/policy.h"
#include "proxy/reason.h"

struct conf;
struct event_base;
struct proxy;

/**
 * struct proxy_opts - borrowed for the life of the proxy, or until replaced
 * @conf:   limits, resolvers, tunnel-check
 * @policy: what may pass
 * @run:    name of the run for the log; "" for none
 * @log_fd: the access log, appended to; -1: none. Not closed by the proxy
 * @log_syslog: @log_fd is a datagram socket of syslog's
 * @remember_blocked: keep what was refused, for proxy_blocked()
 * @error:  PROXY_ERROR_MAX bytes for a sentence, where proxy_new() has one; may
 *          be NULL
 */
struct proxy_opts {
	const struct conf *conf;
	const struct policy *policy;
	const char *run;
	int log_fd;
	bool log_syslog;
	bool remember_blocked;
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

/* Takes a listening, close-on-exec socket. Return: 0 or -errno. */
int proxy_add_listener(struct proxy *p, int fd);

/*
 * Judges each request that comes from now on by @policy, which is made of
 * @cf, with the limits of @cf; requests and tunnels that have begun keep what
 * they began with. Resolvers, listeners and the upstream stay. Takes both, and
 * frees them when nothing needs them; not where it fails. Return: 0 or -ENOMEM.
 */
int proxy_set_policy(struct proxy *p, struct conf *cf, struct policy *policy);

/* Logs to @fd from now on, as in struct proxy_opts. Return: 0, or -errno and
 * the log is where it was. */
int proxy_set_log(struct proxy *p, int fd, bool is_syslog);

/*
 * Takes a listening, close-on-exec socket whose connections go to @port of our
 * own loopback (127.0.0.1, then ::1) as they are: no policy is asked, nothing
 * is looked into. Return: 0 or -errno.
 */
int proxy_add_forward(struct proxy *p, int listen_fd, uint16_t port);

/* Begin accepting. Return: 0 or -errno. */
int proxy_start(struct proxy *p);

/* Runs the loop until proxy_stop(). Return: 0 or -errno. */
int proxy_run(struct proxy *p);
void proxy_stop(struct proxy *p);

/* Closes the listeners; @done runs from the loop when no connection is left. */
void proxy_drain(struct proxy *p, void (*done)(void *arg), void *arg);

/**
 * struct proxy_blocked - one thing that was refused, for the summary
 * @target:  "host:port", or "METHOD http://host:port/path" where they decided
 * @allow_with: the rule that would allow it, "" if none can
 * @rule:    place of the rule that refused, "" if none
 */
struct proxy_blocked {
	char *target;
	enum reason reason;
	char *allow_with;
	char *rule;
	uint64_t count;
};

/*
 * What policy refused, each target and reason once, in order of first
 * appearance; at most PROXY_BLOCKED_MAX, *@ret_more counts the refusals that
 * did not fit. Borrowed until the next turn of the loop.
 */
#define PROXY_BLOCKED_MAX 200
const struct proxy_blocked *proxy_blocked(const struct proxy *p, size_t *ret_n,
					  uint64_t *ret_more);

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
