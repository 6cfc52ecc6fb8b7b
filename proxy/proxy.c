/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy.c - the facade of the room: event loops and what lives on them
 *
 * In:         options and listening sockets from the owner
 * Out:        a loop that serves clients until it is stopped or drained
 * Steps:      new (everything that needs a path or a limit of the process) ->
 *             add listeners -> start -> run -> stop or drain -> free
 * Invariants: no byte of a client is read before proxy_start(), and no thread
 *             is started: it has what the owner has shed by then
 *
 * How one connection goes, by file:
 *
 *   loop.c          the event loop, its thread
 *   scope.c         whose it is, by the listener it comes through
 *   listener.c      accept, pause when there is no room
 *   conn.c          states, deadlines, reading, the one way out
 *   sniff.c, http_head.c, conn_socks.c    what the client says
 *   conn_auth.c     whose it is (auth.c, socks5_auth.c), where the conf asks
 *   conn_request.c  policy -> resolve.c -> policy -> dial.c
 *   conn_upstream.c upstream_link.c in their place, through a parent proxy
 *   conn_http.c     http_forward.c, for plain HTTP
 *   conn_answer.c   reply.c -> closer.c, or a flow
 *   conn_inspect.c  inspector.c, then conn_http.c, for what is looked into
 *   flow.c          tunnel.c (flow_sni.c looks) -> closer.c
 *   access_log.c    its line
 *
 * and beside it, without any request: forward_port.c.
 */
#include "proxy/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/conf.h"
#include "common/log.h"
#include "proxy/access_log.h"
#include "proxy/inspector.h"
#include "proxy/proxy_priv.h"
#include "proxy/stats.h"
#include "proxy/target_count.h"

static void on_libevent_log(int severity, const char *text)
{
	if (severity >= EVENT_LOG_WARN)
		log_warn("libevent: %s", text);
}

static int open_inspector(struct proxy *p, const struct proxy_opts *opts)
{
	const struct conf *cf = opts->conf;
	char error[TLS_ERROR_MAX] = "";
	int r = inspector_new(cf->verify_cas, cf->verify_cas_n,
			      &p->all.inspector, error);

	if (r < 0 && opts->error)
		(void)snprintf(opts->error, PROXY_ERROR_MAX, "inspection: %s",
			       error[0] ? error : strerror(-r));
	return r;
}

int proxy_new(const struct proxy_opts *opts, struct proxy **ret)
{
	struct proxy *p = calloc(1, sizeof(*p));
	int r = -ENOMEM;

	if (!p)
		return -ENOMEM;
	LIST_INIT(&p->scopes);
	event_set_log_callback(on_libevent_log);
	p->all.log_torn = (struct access_torn)ACCESS_TORN_INIT;
	p->all.n = opts->threads > 0 ? opts->threads : 1;
	p->loops = calloc(p->all.n, sizeof(*p->loops));
	p->drain_jobs = calloc(p->all.n, sizeof(*p->drain_jobs));
	p->all.targets = target_counts_new(p->all.n > 1);
	if (p->loops && p->drain_jobs && p->all.targets)
		r = opts->ca ? open_inspector(p, opts) : 0;
	for (unsigned i = 0; i < p->all.n && r == 0; i++)
		r = loop_init(&p->loops[i], &p->all, opts);
	/* The last that can fail: @ca is the caller's until then. */
	if (r == 0 && opts->ca)
		r = signer_new(opts->ca, opts->ca_number, &p->all.signer);
	if (r < 0) {
		proxy_free(p);
		return r;
	}
	proxy_set_limits(p, opts->conf);
	*ret = p;
	return 0;
}

void proxy_free(struct proxy *p)
{
	struct proxy_stats sum = { 0 };
	struct proxy_scope *s;
	uint64_t dropped = 0;

	if (!p)
		return;
	for (unsigned i = 0; p->loops && i < p->all.n; i++)
		loop_thread_join(&p->loops[i]);
	while ((s = LIST_FIRST(&p->scopes)))
		proxy_scope_free(s);
	for (unsigned i = 0; p->loops && i < p->all.n; i++) {
		stats_add(&sum, &p->loops[i].past);
		if (p->loops[i].log)
			dropped += access_log_dropped(p->loops[i].log);
	}
	if (p->loops && p->loops[0].log)
		stats_log(&sum, dropped);
	inspector_stop(p->all.inspector);
	for (unsigned i = 0; p->all.inspector && i < p->all.n; i++)
		mailbox_run(&p->loops[i].mailbox);
	for (unsigned i = 0; p->loops && i < p->all.n; i++)
		loop_fini(&p->loops[i]);
	inspector_free(p->all.inspector);
	signer_unref(p->all.signer);
	target_counts_free(p->all.targets);
	free(p->drain_jobs);
	free(p->loops);
	free(p);
}

struct event_base *proxy_base(struct proxy *p)
{
	return p->loops[0].base;
}

struct limits_call {
	struct loop *loop;
	const struct conf_limits *limits;
};

static void set_limits(void *arg)
{
	const struct limits_call *call = arg;

	loop_set_limits(call->loop, call->limits);
}

void proxy_set_limits(struct proxy *p, const struct conf *cf)
{
	for (unsigned i = 0; i < p->all.n; i++) {
		struct limits_call call = { &p->loops[i], &cf->limits };

		loop_call(&p->loops[i], set_limits, &call);
	}
}

struct log_call {
	struct loop *loop;
	int fd;
	bool is_syslog;
	int result;
};

static void set_log(void *arg)
{
	struct log_call *call = arg;

	call->result =
		access_log_set(call->loop->log, call->fd, call->is_syslog);
}

int proxy_set_log(struct proxy *p, int fd, bool is_syslog)
{
	int r = 0;

	/* A descriptor that is no good is so for the first already. */
	for (unsigned i = 0; i < p->all.n && r == 0; i++) {
		struct log_call call = { &p->loops[i], fd, is_syslog, 0 };

		loop_call(&p->loops[i], set_log, &call);
		r = call.result;
	}
	return r;
}

void proxy_set_signer(struct proxy *p, struct signer *s)
{
	signer_unref(p->all.signer);
	p->all.signer = s;
	proxy_scope_set_signers(p);
}

uint32_t proxy_ca_number(const struct proxy *p)
{
	return p->all.signer ? signer_number(p->all.signer) : 0;
}

int proxy_start(struct proxy *p)
{
	int r = 0;

	for (unsigned i = 0; i < p->all.n && r == 0; i++)
		r = loop_start(&p->loops[i]);
	if (r == 0 && p->all.inspector)
		r = inspector_start(p->all.inspector);
	for (unsigned i = 1; i < p->all.n && r == 0; i++)
		r = loop_thread_start(&p->loops[i]);
	return r;
}

int proxy_run(struct proxy *p)
{
	/* A break that comes before the loop would be forgotten by it. */
	if (p->stopped)
		return 0;
	return event_base_loop(p->loops[0].base, EVLOOP_NO_EXIT_ON_EMPTY) < 0
		       ? -EIO
		       : 0;
}

void proxy_stop(struct proxy *p)
{
	p->stopped = true;
	(void)event_base_loopbreak(p->loops[0].base);
}

static void settle(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval soon = { .tv_sec = 0, .tv_usec = 1000 };
	struct proxy *p = arg;

	(void)fd;
	(void)what;
	if (p->loops[0].handshakes == 0 || clock_ms() >= p->settle_ms ||
	    event_base_once(p->loops[0].base, -1, EV_TIMEOUT, settle, p,
			    &soon) < 0)
		proxy_stop(p);
}

void proxy_stop_settled(struct proxy *p)
{
	p->settle_ms = clock_ms() + PROXY_SETTLE_MS;
	settle(-1, EV_TIMEOUT, p);
}

/* In the owner's thread: one loop more is empty. */
static void on_loop_empty(void *arg)
{
	struct proxy *p = arg;

	if (--p->full == 0)
		p->drained(p->drained_arg);
}

struct drain_call {
	struct proxy *proxy;
	unsigned i;
};

/* In the loop's thread. */
static void post_empty(void *arg)
{
	struct job *job = arg;
	struct proxy *p = job->arg;

	loop_post(&p->loops[0], job);
}

static void drain(void *arg)
{
	const struct drain_call *call = arg;
	struct proxy *p = call->proxy;
	struct job *job = &p->drain_jobs[call->i];

	job->fn = on_loop_empty;
	job->arg = p;
	if (call->i == 0)
		loop_drain(&p->loops[0], on_loop_empty, p);
	else
		loop_drain(&p->loops[call->i], post_empty, job);
}

void proxy_drain(struct proxy *p, void (*done)(void *arg), void *arg)
{
	p->drained = done;
	p->drained_arg = arg;
	p->full = p->all.n;
	for (unsigned i = 0; i < p->all.n; i++) {
		struct drain_call call = { p, i };

		loop_call(&p->loops[i], drain, &call);
	}
}
