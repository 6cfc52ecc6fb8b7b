/* SPDX-License-Identifier: MIT */
/*
 * proxy/loop.c - one event loop, what lives on it, and its thread
 *
 * In:         options; jobs from the other loops
 * Out:        connections served
 * Invariants: the reaper is the only one to free connections while the loop
 *             runs; no lock is taken and none is asked for but to hand over a
 *             job, so that a loop alone pays nothing for there being threads
 */
#include "proxy/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/log.h"
#include "proxy/access_log.h"
#include "proxy/conn_priv.h"
#include "proxy/inspector.h"
#include "proxy/listener.h"
#include "proxy/resolve.h"
#include "proxy/thread.h"
#include "proxy/upstream.h"

/* Descriptors that are not for connections: logs, DNS, listeners, the loop. */
#define FDS_RESERVED	  64u
#define FDS_RESERVED_MORE 32u /* for each further loop */

/*
 * Pipes of 1 MiB for bulky tunnels: an unprivileged user gets 64 of them, and
 * they must not take the descriptors that connections were promised.
 */
#define PIPES_MAX      48u
#define FILES_FOR_PIPE 64u

/* Each connection needs one descriptor, and those of its far side. */
static uint32_t connections_max(const struct loop *lp,
				const struct conf_limits *limits)
{
	struct rlimit files = { .rlim_cur = 1024 };
	rlim_t room = 1, each = 1 + upstream_fds(lp->upstream) +
				(lp->all->inspector ? INSPECTOR_FDS : 0);
	rlim_t reserved = FDS_RESERVED + (lp->all->n - 1) * FDS_RESERVED_MORE;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur > reserved + each)
		room = (files.rlim_cur - reserved) / each;
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

static size_t pipes_max(const struct loop *lp)
{
	struct rlimit files = { .rlim_cur = 1024 };
	rlim_t n;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	n = files.rlim_cur / FILES_FOR_PIPE;
	return (n < PIPES_MAX ? n : PIPES_MAX) / lp->all->n;
}

/* This loop's part of what is for all, one at least. */
static uint32_t share(const struct loop *lp, uint32_t of)
{
	return (of + lp->all->n - 1) / lp->all->n;
}

void loop_set_limits(struct loop *lp, const struct conf_limits *limits)
{
	lp->connections_max = connections_max(lp, limits);
	lp->dials_max = share(lp, limits->pending_dials);
	lp->inspections_max = limits->inspections;
}

/* Frees what has ended, lets paused listeners go on, ends a drain. */
static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct loop *lp = arg;
	void (*emptied)(void *) = lp->emptied;

	(void)fd;
	(void)what;
	conn_reap(lp);
	scope_reap(lp);
	/* In a drain there are those of runs. */
	listener_resume_all(lp);
	if (lp->draining && emptied && lp->connections == 0) {
		lp->emptied = NULL;
		emptied(lp->emptied_arg);
	}
}

static int open_resolver(struct loop *lp, const struct conf *cf)
{
	struct resolver_opts opts = {
		.servers = cf->resolvers,
		.servers_n = cf->resolvers_n,
		.timeout_ms = cf->limits.dns_time,
		.pending_max = share(lp, cf->limits.pending_lookups),
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

int loop_init(struct loop *lp, struct loops *all, const struct proxy_opts *opts)
{
	int r;

	lp->all = all;
	LIST_INIT(&lp->scopes);
	LIST_INIT(&lp->ending);
	LIST_INIT(&lp->full);
	TAILQ_INIT(&lp->dead);
	mailbox_init(&lp->mailbox);
	lp->base = event_base_new();
	if (!lp->base)
		return -ENOMEM;
	lp->reap = event_new(lp->base, -1, EV_PERSIST, on_reap, lp);
	if (!lp->reap)
		return -ENOMEM;
	r = all->n > 1 || all->inspector ? mailbox_open(&lp->mailbox, lp->base)
					 : 0;
	if (r == 0)
		r = tunnel_loop_new(lp->base, pipes_max(lp), &lp->tunnels);
	if (r == 0)
		r = access_log_new(opts->log_fd, opts->log_syslog, &lp->log);
	if (r == 0) {
		access_log_share(lp->log, &all->log_torn);
		r = open_resolver(lp, opts->conf);
	}
	if (r == 0)
		r = open_upstream(lp, opts);
	return r;
}

void loop_fini(struct loop *lp)
{
	if (!lp->all)
		return; /* never begun */
	upstream_free(lp->upstream);
	resolver_free(lp->resolver);
	tunnel_loop_free(lp->tunnels);
	access_log_free(lp->log);
	mailbox_fini(&lp->mailbox);
	if (lp->reap)
		event_free(lp->reap);
	if (lp->base)
		event_base_free(lp->base);
}

int loop_start(struct loop *lp)
{
	struct scope *s;
	int r = 0;

	for (s = LIST_FIRST(&lp->scopes); s && r == 0; s = LIST_NEXT(s, link))
		r = scope_start(s);
	lp->started = r == 0;
	return r;
}

void loop_drain(struct loop *lp, void (*emptied)(void *arg), void *arg)
{
	struct scope *s;

	lp->draining = true;
	lp->emptied = emptied;
	lp->emptied_arg = arg;
	for (s = LIST_FIRST(&lp->scopes); s; s = LIST_NEXT(s, link))
		if (!*s->who.run)
			scope_drain(s);
	event_active(lp->reap, EV_TIMEOUT, 0);
}

void loop_post(struct loop *lp, struct job *job)
{
	mailbox_post(&lp->mailbox, job);
}

struct call {
	void (*fn)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended;
};

static void run_call(void *arg)
{
	struct call *call = arg;

	call->fn(call->arg);
	pthread_mutex_lock(&call->lock);
	call->has_ended = true;
	pthread_cond_signal(&call->ended);
	pthread_mutex_unlock(&call->lock);
}

void loop_call(struct loop *lp, void (*fn)(void *arg), void *arg)
{
	struct call call = { .fn = fn,
			     .arg = arg,
			     .lock = PTHREAD_MUTEX_INITIALIZER,
			     .ended = PTHREAD_COND_INITIALIZER };
	struct job job = { .fn = run_call, .arg = &call };

	if (!lp->threaded) {
		fn(arg);
		return;
	}
	loop_post(lp, &job);
	pthread_mutex_lock(&call.lock);
	while (!call.has_ended)
		pthread_cond_wait(&call.ended, &call.lock);
	pthread_mutex_unlock(&call.lock);
	(void)pthread_mutex_destroy(&call.lock);
	(void)pthread_cond_destroy(&call.ended);
}

int loop_thread_start(struct loop *lp)
{
	int r;

	lp->threaded = true;
	r = thread_start(&lp->thread, lp->base);
	if (r < 0)
		lp->threaded = false;
	return r;
}

/* From inside, so that it is not lost where the loop has not begun yet. */
static void quit(void *arg)
{
	struct loop *lp = arg;

	(void)event_base_loopbreak(lp->base);
}

void loop_thread_join(struct loop *lp)
{
	struct job job = { .fn = quit, .arg = lp };

	if (!lp->threaded)
		return;
	loop_post(lp, &job);
	(void)pthread_join(lp->thread, NULL);
	lp->threaded = false;
}
