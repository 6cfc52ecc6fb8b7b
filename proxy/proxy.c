/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy.c - the facade of the room: one event loop and what lives on it
 *
 * In:         options and listening sockets from the owner
 * Out:        a loop that serves clients until it is stopped or drained
 * Steps:      new (everything that needs a path or a limit of the process) ->
 *             add listeners -> start -> run -> stop or drain -> free
 * Invariants: no byte of a client is read before proxy_start(); the reaper is
 *             the only one to free connections while the loop runs
 *
 * How one connection goes, by file:
 *
 *   scope.c         whose it is, by the listener it comes through
 *   listener.c      accept, pause when there is no room
 *   conn.c          states, deadlines, reading, the one way out
 *   sniff.c, http_head.c, conn_socks.c    what the client says
 *   conn_request.c  policy -> resolve.c -> policy -> dial.c
 *   conn_upstream.c upstream_link.c in their place, through a parent proxy
 *   conn_http.c     http_forward.c, for plain HTTP
 *   conn_answer.c   reply.c -> closer.c, or a flow
 *   flow.c          tunnel.c (flow_sni.c looks) -> closer.c
 *   access_log.c    its line
 *
 * and beside it, without any request: forward_port.c.
 */
#include "proxy/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/log.h"
#include "proxy/access_log.h"
#include "proxy/blocked.h"
#include "proxy/conn_priv.h"
#include "proxy/listener.h"
#include "proxy/resolve.h"
#include "proxy/ruleset.h"
#include "proxy/scope.h"
#include "proxy/stats.h"
#include "proxy/target_count.h"
#include "proxy/upstream.h"

/* Descriptors that are not for connections: logs, DNS, listeners, the loop. */
#define FDS_RESERVED 64u

/*
 * Pipes of 1 MiB for bulky tunnels: an unprivileged user gets 64 of them, and
 * they must not take the descriptors that connections were promised.
 */
#define PIPES_MAX      48u
#define FILES_FOR_PIPE 64u

struct proxy_scope {
	LIST_ENTRY(proxy_scope) link;
	struct proxy *proxy;
	struct scope *scope;
	void (*done)(void *arg);
	void *done_arg;
};

struct proxy {
	struct loop loop;
	LIST_HEAD(, proxy_scope) scopes;
	bool stopped;
	void (*drained)(void *arg);
	void *drained_arg;
};

static void on_libevent_log(int severity, const char *text)
{
	if (severity >= EVENT_LOG_WARN)
		log_warn("libevent: %s", text);
}

/* Each connection needs one descriptor, and those of its far side. */
static uint32_t connections_max(const struct conf_limits *limits,
				const struct upstream *upstream)
{
	struct rlimit files = { .rlim_cur = 1024 };
	rlim_t room = 1, each = 1 + upstream_fds(upstream);

	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur > FDS_RESERVED + each)
		room = (files.rlim_cur - FDS_RESERVED) / each;
	if (room > UINT32_MAX)
		room = UINT32_MAX;
	if (limits->connections == 0)
		return (uint32_t)room;
	if (limits->connections > room) {
		log_warn("limit connections %u is more than the descriptors "
			 "allow: it is %u",
			 limits->connections, (unsigned)room);
		return (uint32_t)room;
	}
	return limits->connections;
}

static size_t pipes_max(void)
{
	struct rlimit files = { .rlim_cur = 1024 };

	(void)getrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur / FILES_FOR_PIPE < PIPES_MAX
		       ? files.rlim_cur / FILES_FOR_PIPE
		       : PIPES_MAX;
}

/* Frees what has ended, lets paused listeners go on, ends a drain. */
static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct proxy *p = arg;
	void (*drained)(void *) = p->drained;

	(void)fd;
	(void)what;
	conn_reap(&p->loop);
	scope_reap(&p->loop);
	if (!p->loop.draining)
		listener_resume_all(&p->loop);
	if (p->loop.draining && drained && p->loop.connections == 0) {
		p->drained = NULL;
		drained(p->drained_arg);
	}
}

static int open_resolver(struct loop *lp, const struct conf *cf)
{
	struct resolver_opts opts = {
		.servers = cf->resolvers,
		.servers_n = cf->resolvers_n,
		.timeout_ms = cf->limits.dns_time,
		.pending_max = cf->limits.pending_lookups,
	};

	return resolver_new(lp->base, &opts, &lp->resolver);
}

static int open_upstream(struct loop *lp, const struct proxy_opts *opts)
{
	char error[UPSTREAM_DETAIL_MAX] = "";
	int r = upstream_new(lp->base, lp->resolver, opts->conf, &lp->upstream,
			     error);

	if (r < 0 && opts->error)
		(void)snprintf(opts->error, PROXY_ERROR_MAX, "%s", error);
	return r;
}

static int open_loop(struct proxy *p, const struct proxy_opts *opts)
{
	struct loop *lp = &p->loop;
	int r;

	lp->base = event_base_new();
	if (!lp->base)
		return -ENOMEM;
	lp->reap = event_new(lp->base, -1, EV_PERSIST, on_reap, p);
	lp->targets = target_counts_new();
	if (!lp->reap || !lp->targets)
		return -ENOMEM;
	r = tunnel_loop_new(lp->base, pipes_max(), &lp->tunnels);
	if (r == 0)
		r = access_log_new(opts->log_fd, opts->log_syslog, &lp->log);
	if (r == 0)
		r = open_resolver(lp, opts->conf);
	if (r == 0)
		r = open_upstream(lp, opts);
	proxy_set_limits(p, opts->conf);
	return r;
}

int proxy_new(const struct proxy_opts *opts, struct proxy **ret)
{
	struct proxy *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	LIST_INIT(&p->scopes);
	LIST_INIT(&p->loop.scopes);
	LIST_INIT(&p->loop.ending);
	LIST_INIT(&p->loop.full);
	TAILQ_INIT(&p->loop.dead);
	event_set_log_callback(on_libevent_log);
	r = open_loop(p, opts);
	if (r < 0) {
		proxy_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

static void free_scope(struct proxy_scope *s)
{
	LIST_REMOVE(s, link);
	scope_free(s->scope);
	free(s);
}

void proxy_free(struct proxy *p)
{
	struct proxy_scope *s;
	struct loop *lp;

	if (!p)
		return;
	lp = &p->loop;
	while ((s = LIST_FIRST(&p->scopes)))
		free_scope(s);
	if (lp->log)
		stats_log(&lp->past, access_log_dropped(lp->log));
	upstream_free(lp->upstream);
	resolver_free(lp->resolver);
	tunnel_loop_free(lp->tunnels);
	target_counts_free(lp->targets);
	access_log_free(lp->log);
	if (lp->reap)
		event_free(lp->reap);
	if (lp->base)
		event_base_free(lp->base);
	free(p);
}

struct event_base *proxy_base(struct proxy *p)
{
	return p->loop.base;
}

void proxy_set_limits(struct proxy *p, const struct conf *cf)
{
	p->loop.connections_max =
		connections_max(&cf->limits, p->loop.upstream);
	p->loop.dials_max = cf->limits.pending_dials;
}

int proxy_set_log(struct proxy *p, int fd, bool is_syslog)
{
	return access_log_set(p->loop.log, fd, is_syslog);
}

int proxy_start(struct proxy *p)
{
	struct scope *s;
	int r = 0;

	for (s = LIST_FIRST(&p->loop.scopes); s && r == 0;
	     s = LIST_NEXT(s, link))
		r = scope_start(s);
	p->loop.started = r == 0;
	return r;
}

int proxy_run(struct proxy *p)
{
	/* A break that comes before the loop would be forgotten by it. */
	if (p->stopped)
		return 0;
	return event_base_loop(p->loop.base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? -EIO
									  : 0;
}

void proxy_stop(struct proxy *p)
{
	p->stopped = true;
	(void)event_base_loopbreak(p->loop.base);
}

void proxy_drain(struct proxy *p, void (*done)(void *arg), void *arg)
{
	struct loop *lp = &p->loop;
	struct scope *s;

	lp->draining = true;
	p->drained = done;
	p->drained_arg = arg;
	LIST_FOREACH(s, &lp->scopes, link)
	scope_drain(s);
	event_active(lp->reap, EV_TIMEOUT, 0);
}

int proxy_scope_new(struct proxy *p, const struct proxy_scope_opts *opts,
		    struct proxy_scope **ret)
{
	struct proxy_scope *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	r = scope_new(&p->loop, opts->conf, opts->policy, opts->run,
		      opts->remember_blocked, &s->scope);
	if (r < 0) {
		free(s);
		return r;
	}
	s->proxy = p;
	LIST_INSERT_HEAD(&p->scopes, s, link);
	*ret = s;
	return 0;
}

int proxy_add_listener(struct proxy_scope *s, int fd)
{
	return scope_add_listener(s->scope, fd);
}

int proxy_add_forward(struct proxy_scope *s, int listen_fd, uint16_t port)
{
	return scope_add_forward(s->scope, listen_fd, port);
}

int proxy_scope_set_policy(struct proxy_scope *s, struct conf *cf,
			   struct policy *policy)
{
	struct ruleset *rules = ruleset_new(cf, policy);

	if (!rules)
		return -ENOMEM;
	scope_set_rules(s->scope, rules);
	return 0;
}

void proxy_scope_stats(const struct proxy_scope *s, struct proxy_stats *ret)
{
	*ret = s->scope->stats;
}

static void on_scope_ended(void *arg)
{
	struct proxy_scope *s = arg;

	if (s->done)
		s->done(s->done_arg);
	free_scope(s);
}

void proxy_scope_close(struct proxy_scope *s, void (*done)(void *arg),
		       void *arg)
{
	s->done = done;
	s->done_arg = arg;
	scope_close(s->scope, on_scope_ended, s);
}

const struct proxy_blocked *proxy_scope_blocked(const struct proxy_scope *s,
						size_t *ret_n,
						uint64_t *ret_more)
{
	if (!s->scope->blocked) {
		*ret_n = 0;
		*ret_more = 0;
		return NULL;
	}
	return blocked_list(s->scope->blocked, ret_n, ret_more);
}
