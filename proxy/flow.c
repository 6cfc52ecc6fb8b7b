/* SPDX-License-Identifier: MIT */
/*
 * proxy/flow.c - a tunnel from its first byte to its log line
 *
 * States:     tunnel -> (closing ->) gone; each owns exactly one of @tunnel and
 *             @closer
 * Invariants: flow_end() frees: its caller returns at once. The line is
 *             written before the last bytes are on their way: a client that is
 *             slow to take them does not hold it back
 *
 * Idle flows are found by one timer a scope: it goes off when the first of them
 * may have been silent for long enough, looks at all, and is set anew. That
 * costs nothing for a byte that is moved, and no timer a flow.
 */
#include "proxy/flow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"
#include "common/strbuf.h"
#include "proxy/access_log.h"
#include "proxy/closer.h"
#include "proxy/flow_priv.h"
#include "proxy/loop.h"
#include "proxy/ruleset.h"
#include "proxy/scope.h"
#include "proxy/stats.h"
#include "proxy/target_count.h"
#include "proxy/upstream.h"

/* Silence is measured to this part of its limit, but not finer than this. */
#define IDLE_PARTS  32u
#define IDLE_MIN_MS 10u

struct flows {
	struct scope *scope;
	TAILQ_HEAD(, flow) live;
	struct event idle;
};

struct scope *flow_scope(const struct flow *f)
{
	return f->flows->scope;
}

static const char *text_at(const struct flow *f, uint16_t at)
{
	return at > 0 ? f->text + at : NULL;
}

static void log_end(struct flow *f, struct tunnel_counts counts)
{
	struct scope *s = flow_scope(f);
	char client[ADDR_PORT_TEXT_MAX], address[ADDR_TEXT_MAX];
	struct strbuf rule = STRBUF_INIT;
	struct access_entry e = {
		.who = &s->who,
		.protocol = f->protocol,
		.client = addr_format_port(&f->client, f->client_port, client),
		.user = text_at(f, f->user_at),
		.method = text_at(f, f->method_at),
		.target = f->text,
		.path = text_at(f, f->path_at),
		.reason = f->decision.reason,
		.status = f->status,
		.bytes_in = counts.in,
		.bytes_out = counts.out,
		.ms = clock_ms() - f->started_ms,
	};

	if (f->logged)
		return;
	f->logged = true;
	stats_count_end(&s->stats, e.reason, counts.in, counts.out);
	e.path_len = e.path ? strlen(e.path) : 0;
	if (f->has_address)
		e.address = addr_format(&f->address, address);
	if (f->upstream) {
		e.upstream = upstream_name(s->loop->upstream);
		e.upstream_status = f->upstream_status;
	}
	if (f->decision.rule)
		policy_place(f->rules->policy, &f->decision, &rule);
	e.rule = rule.s;
	access_log_write(s->loop->log, &e);
	strbuf_fini(&rule);
}

static void close_fd(int fd, bool reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (fd < 0)
		return;
	if (reset)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* Closes what is open and gives back its share of limits. */
static void release(struct flow *f, bool reset)
{
	close_fd(f->client_fd, reset);
	close_fd(f->remote_fd, reset);
	f->client_fd = f->remote_fd = -1;
	target_count_give(f->counted);
	f->counted = NULL;
}

/* From any state. With @reset both peers see that it did not end well. */
static void flow_end(struct flow *f, bool reset)
{
	struct scope *s = flow_scope(f);
	struct tunnel_counts none = { 0 };

	log_end(f, f->tunnel ? tunnel_counts(f->tunnel) : none);
	tunnel_cancel(f->tunnel);
	closer_cancel(f->closer);
	release(f, reset);
	if (f->rules)
		ruleset_unref(f->rules);
	TAILQ_REMOVE(&f->flows->live, f, link);
	free(f);
	scope_count_end(s);
	/* There is room again, or a drain is over. */
	event_active(s->loop->reap, EV_TIMEOUT, 0);
}

static void on_closed(void *arg)
{
	struct flow *f = arg;

	f->closer = NULL;
	flow_end(f, false);
}

/* One socket goes in its own way; the other at once. */
static void close_last(struct flow *f, int *fd, enum closer_how how)
{
	int last = *fd;

	*fd = -1;
	release(f, false);
	if (closer_start(flow_scope(f)->loop->base, last, how, on_closed, f,
			 &f->closer) < 0)
		flow_end(f, false);
}

static void on_tunnel_done(enum tunnel_end end, struct tunnel_counts counts,
			   void *arg)
{
	struct flow *f = arg;

	f->tunnel = NULL;
	if (end == TUNNEL_REFUSED)
		f->decision.reason = REASON_SNI;
	else if (end == TUNNEL_NO_MEMORY)
		f->decision.reason = REASON_INTERNAL;
	log_end(f, counts);
	switch (end) {
	case TUNNEL_DONE:
		flow_end(f, false);
		break;
	case TUNNEL_CLIENT_RESET:
		close_last(f, &f->remote_fd, CLOSER_RESET);
		break;
	case TUNNEL_REMOTE_RESET:
		close_last(f, &f->client_fd, CLOSER_RESET);
		break;
	case TUNNEL_CLIENT_DEAF:
		close_last(f, &f->remote_fd, CLOSER_FIN);
		break;
	case TUNNEL_REMOTE_DEAF:
		close_last(f, &f->client_fd, CLOSER_FIN);
		break;
	case TUNNEL_REFUSED:
	case TUNNEL_NO_MEMORY:
		flow_end(f, true);
		break;
	}
}

/* In @ms, or as soon as that can be seen. */
static void set_idle_timer(struct flows *fs, uint64_t ms)
{
	uint64_t least = fs->scope->limits->idle_time / IDLE_PARTS;
	struct timeval tv;

	if (least < IDLE_MIN_MS)
		least = IDLE_MIN_MS;
	if (ms < least)
		ms = least;
	tv.tv_sec = (time_t)(ms / 1000);
	tv.tv_usec = (suseconds_t)(ms % 1000) * 1000;
	/* Without memory for it, the next flow that begins sets it. */
	(void)event_add(&fs->idle, &tv);
}

static void on_idle_timer(evutil_socket_t fd, short what, void *arg)
{
	struct flows *fs = arg;
	const uint64_t limit = fs->scope->limits->idle_time;
	uint64_t now = clock_ms(), next = UINT64_MAX;
	struct flow *f, *following;

	(void)fd;
	(void)what;
	for (f = TAILQ_FIRST(&fs->live); f; f = following) {
		uint64_t silent;

		following = TAILQ_NEXT(f, link);
		if (!f->idle || !f->tunnel)
			continue;
		silent = now - tunnel_active_ms(f->tunnel);
		if (silent >= limit) {
			f->decision.reason = REASON_IDLE;
			flow_end(f, true);
		} else if (limit - silent < next) {
			next = limit - silent;
		}
	}
	if (next != UINT64_MAX)
		set_idle_timer(fs, next);
}

void flows_check(struct flows *fs)
{
	if (event_pending(&fs->idle, EV_TIMEOUT, NULL))
		set_idle_timer(fs, 0);
}

/* Its text after what is there, which ends at *@end. Return: where. */
static uint16_t add_text(struct flow *f, size_t *end, const char *s, size_t n)
{
	size_t at = *end;

	if (!s)
		return 0;
	memcpy(f->text + at, s, n);
	f->text[at + n] = '\0';
	*end += n + 1;
	return (uint16_t)at;
}

static struct flow *flow_new(struct flows *fs, const struct flow_opts *o)
{
	size_t target_n = strlen(o->target);
	size_t method_n = o->method ? strlen(o->method) : 0;
	size_t user_n = o->user ? strlen(o->user) : 0;
	size_t path_n = o->path_len, end = 0;
	struct flow *f;

	/* More than that is not shown either, and offsets are small. */
	if (path_n > ACCESS_PATH_MAX)
		path_n = ACCESS_PATH_MAX;
	if (method_n > ACCESS_METHOD_MAX)
		method_n = ACCESS_METHOD_MAX;
	f = calloc(1, sizeof(*f) + target_n + method_n + path_n + user_n + 4);
	if (!f)
		return NULL;
	(void)add_text(f, &end, o->target, target_n);
	f->method_at = add_text(f, &end, o->method, method_n);
	f->path_at = add_text(f, &end, o->path, path_n);
	if (user_n > 0)
		f->user_at = add_text(f, &end, o->user, user_n);
	f->flows = fs;
	f->rules = o->rules ? ruleset_ref(o->rules) : NULL;
	if (o->decision)
		f->decision = *o->decision;
	f->protocol = o->protocol;
	f->started_ms = o->started_ms;
	f->client_fd = o->client_fd;
	f->remote_fd = o->remote_fd;
	f->client = *o->client;
	f->client_port = o->client_port;
	f->has_address = o->address != NULL;
	if (o->address)
		f->address = *o->address;
	f->status = (uint16_t)o->status;
	f->upstream = o->upstream;
	f->upstream_status = (uint16_t)o->upstream_status;
	f->decision.reason = REASON_ALLOWED;
	f->idle = o->idle;
	return f;
}

int flow_start(struct flows *fs, const struct flow_opts *opts)
{
	struct flow *f = flow_new(fs, opts);

	if (!f)
		return -ENOMEM;
	if (tunnel_start(fs->scope->loop->tunnels, f->client_fd, f->remote_fd,
			 opts->early, opts->early_n,
			 opts->look ? flow_sni_look : NULL, on_tunnel_done, f,
			 &f->tunnel) < 0) {
		if (f->rules)
			ruleset_unref(f->rules);
		free(f);
		return -ENOMEM;
	}
	f->counted = opts->counted;
	TAILQ_INSERT_TAIL(&fs->live, f, link);
	if (f->idle && !event_pending(&fs->idle, EV_TIMEOUT, NULL))
		set_idle_timer(fs, fs->scope->limits->idle_time);
	return 0;
}

int flows_new(struct scope *s, struct flows **ret)
{
	struct flows *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return -ENOMEM;
	fs->scope = s;
	TAILQ_INIT(&fs->live);
	(void)event_assign(&fs->idle, s->loop->base, -1, 0, on_idle_timer, fs);
	*ret = fs;
	return 0;
}

void flows_free(struct flows *fs)
{
	struct flow *f;

	if (!fs)
		return;
	while ((f = TAILQ_FIRST(&fs->live)))
		flow_end(f, false);
	event_del(&fs->idle);
	free(fs);
}
