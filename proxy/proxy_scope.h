/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy_scope.h - whose connections a proxy serves, and by which rules
 *
 * The part of the facade that a run has to itself; proxy.h includes it.
 */
#ifndef NETLEASH_PROXY_PROXY_SCOPE_H
#define NETLEASH_PROXY_PROXY_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/reason.h"

struct conf;
struct policy;
struct proxy;
struct proxy_scope;

/**
 * struct proxy_secret - of a credential of the conf, known by its @name
 * @text: what goes into requests: no control byte, not empty
 * @placeholder: what the command has in its place; NULL: nothing
 */
struct proxy_secret {
	const char *name, *text, *placeholder;
};

/**
 * struct proxy_scope_opts - whose connections they are
 * @conf, @policy: what judges them, with the limits of one run; borrowed for
 *          the life of the scope, or until replaced
 * @run:    name of the run for the log, copied; "" for none: then
 *          `connections-per-run` does not count
 * @caller, @command: whose it is and what he runs, for the log too; NULL for
 *          what is not known
 * @all_threads: its listeners are spread over the threads of the proxy, one
 *          after the other in the order they are added; else all that it has
 *          is on one of them. What is counted for a run is then counted for
 *          each thread
 * @secrets: @secrets_n of the run's, borrowed for the life of the scope
 * @distrusted: its clients do not know the CA of the proxy: a tunnel that must
 *          be looked into is refused
 * @asks: the conf's `auth` counts; a listener beyond loopback needs it
 * @compare: what @policy lets pass and this would not is remembered too, for
 *          proxy_scope_needed(); borrowed for the life of the scope; NULL: none
 * @remember_blocked: for proxy_scope_blocked() and proxy_scope_failed()
 */
struct proxy_scope_opts {
	const struct conf *conf;
	const struct policy *policy, *compare;
	const char *run, *caller, *command;
	const struct proxy_secret *secrets;
	size_t secrets_n;
	bool all_threads, remember_blocked, distrusted, asks;
};

/*
 * Whoever comes through a scope's listeners is judged by its policy, counted
 * among its connections and logged with its name, and by nothing that they
 * say. A proxy may have any number of scopes; what one costs does not depend
 * on how many others there are. Lives until it is closed, or proxy_free().
 * Return: 0 or -ENOMEM.
 */
int proxy_scope_new(struct proxy *p, const struct proxy_scope_opts *opts,
		    struct proxy_scope **ret);

/* Takes a listening, close-on-exec socket, in failure too.
 * Return: 0 or -errno. */
int proxy_add_listener(struct proxy_scope *s, int fd);

/*
 * Takes a listening, close-on-exec socket whose connections go to @port of our
 * own loopback (127.0.0.1, then ::1) as they are: no policy is asked, nothing
 * is looked into. Return: 0 or -errno.
 */
int proxy_add_forward(struct proxy_scope *s, int listen_fd, uint16_t port);

/*
 * Judges each request that comes from now on by @policy, which is made of
 * @cf, with the limits of @cf; requests and tunnels that have begun keep what
 * they began with. Both are borrowed until @release runs, in any thread, when
 * nothing needs them; not where this fails. Return: 0 or -ENOMEM.
 */
int proxy_scope_set_policy(struct proxy_scope *s, const struct conf *cf,
			   const struct policy *policy,
			   void (*release)(void *arg), void *arg);

/**
 * struct proxy_stats - what was done, in numbers
 * @connections: how many there are now; the rest only grows
 * @ended:     requests by the reason they ended for
 * @bytes_in:  received from far sides and sent to clients
 * @bytes_out: received from clients and sent to far sides
 */
struct proxy_stats {
	uint32_t connections;
	uint64_t accepted;
	uint64_t ended[REASON_COUNT];
	uint64_t bytes_in, bytes_out;
};

void proxy_scope_stats(struct proxy_scope *s, struct proxy_stats *ret);

/*
 * Closes its listeners and its connections, and no others: a run's end. Where
 * handshakes with clients are under way it lets these end first, just as
 * proxy_stop_settled() does. @done, which may be NULL, runs from the loop when
 * nothing of it is left; it may still ask for what was blocked, and for the
 * numbers. The scope is freed when it returns.
 */
void proxy_scope_close(struct proxy_scope *s, void (*done)(void *arg),
		       void *arg);

/**
 * struct proxy_blocked - one thing that was refused, for the summary
 * @target:  "host:port", or "METHOD http://host:port/path" where they decided
 * @allow_with: the rule that would allow it, "" if none can
 * @rule:    place of the rule that refused, "" if none; of what failed, why
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
 * did not fit. Borrowed until the next call.
 */
#define PROXY_BLOCKED_MAX 200
const struct proxy_blocked *
proxy_scope_blocked(struct proxy_scope *s, size_t *ret_n, uint64_t *ret_more);

/* The same for what policy allowed, and the network, or a limit, did not. */
const struct proxy_blocked *
proxy_scope_failed(struct proxy_scope *s, size_t *ret_n, uint64_t *ret_more);

/* The same for what was reached and `compare` would have refused: for which
 * reason, and the rule that allows it. */
const struct proxy_blocked *
proxy_scope_needed(struct proxy_scope *s, size_t *ret_n, uint64_t *ret_more);

#endif
