/* SPDX-License-Identifier: MIT */
/*
 * proxy/scope.c - whose connections these are
 *
 * In:         a policy with its limits, listeners, forwarded ports
 * Out:        numbers, and what was blocked, of these connections alone
 * States:     open -> settling (nobody comes any more; handshakes may end) ->
 *             closed (all of it is silent) -> ended (the reaper has freed the
 *             last connection)
 * Invariants: nothing here takes longer because of other scopes
 */
#include "proxy/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "proxy/blocked.h"
#include "proxy/conn_priv.h"
#include "proxy/flow.h"
#include "proxy/forward_port.h"
#include "proxy/inspector.h"
#include "proxy/listener.h"
#include "proxy/ruleset.h"
#include "proxy/signer.h"
#include "proxy/stats.h"

/* Return: false without memory. */
static bool copy_name(const char *name, const char **ret)
{
	*ret = strdup(name ? name : "");
	return *ret;
}

static void free_names(struct access_who *who)
{
	const char *const names[] = { who->run, who->caller, who->command };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		free((char *)(uintptr_t)names[i]);
}

static void on_settled(evutil_socket_t fd, short what, void *arg);

int scope_new(struct loop *lp, const struct proxy_scope_opts *opts,
	      struct scope **ret)
{
	struct scope *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	LIST_INIT(&s->listeners);
	LIST_INIT(&s->forwards);
	TAILQ_INIT(&s->live);
	LIST_INSERT_HEAD(&lp->scopes, s, link);
	s->loop = lp;
	s->limits = &opts->conf->limits;
	s->rules = ruleset_new_borrowed(opts->conf, opts->policy);
	s->secrets = opts->secrets;
	s->secrets_n = opts->secrets_n;
	s->distrusted = opts->distrusted;
	s->asks = opts->asks;
	s->compare = opts->compare;
	if (lp->all->signer && !s->distrusted)
		s->signer = signer_ref(lp->all->signer);
	if (opts->remember_blocked)
		s->blocked = blocked_new();
	if (opts->compare)
		s->needed = blocked_new();
	s->settle = event_new(lp->base, -1, 0, on_settled, s);
	if (flows_new(s, &s->flows) < 0 || !s->rules || !s->settle ||
	    (s->signer &&
	     inspect_share_new(lp->all->inspector, &s->inspects) < 0) ||
	    !copy_name(opts->run, &s->who.run) ||
	    !copy_name(opts->caller, &s->who.caller) ||
	    !copy_name(opts->command, &s->who.command) ||
	    (opts->remember_blocked && !s->blocked) ||
	    (opts->compare && !s->needed)) {
		scope_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

/* Afterwards nothing of it can call back; its conns wait for the reaper. */
static void close_all(struct scope *s)
{
	struct listener *l;
	struct conn *c;

	while ((l = LIST_FIRST(&s->listeners)))
		listener_free(l);
	forward_port_free_all(s);
	while ((c = TAILQ_FIRST(&s->live)))
		conn_close(c);
	flows_free(s->flows);
	s->flows = NULL;
}

void scope_free(struct scope *s)
{
	if (!s)
		return;
	s->settling = false;
	close_all(s);
	conn_reap(s->loop);
	stats_add(&s->loop->past, &s->stats);
	LIST_REMOVE(s, link);
	blocked_free(s->blocked);
	blocked_free(s->failed);
	blocked_free(s->needed);
	ruleset_unref(s->rules);
	signer_unref(s->signer);
	inspect_share_free(s->inspects);
	if (s->settle)
		event_free(s->settle);
	free_names(&s->who);
	free(s);
}

/* What cannot be told is taken for one that is not. */
static bool is_on_loopback(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr addr;
	uint16_t port;

	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	       addr_from_sockaddr((struct sockaddr *)&ss, &addr, &port) == 0 &&
	       addr_is_loopback(&addr);
}

int scope_add_listener(struct scope *s, int fd)
{
	int r;

	s->exposed = s->exposed || !is_on_loopback(fd);
	r = listener_new(s, fd);

	if (r == 0 && s->loop->started)
		r = listener_start(LIST_FIRST(&s->listeners));
	return r;
}

int scope_add_forward(struct scope *s, int fd, uint16_t port)
{
	int r = forward_port_new(s, fd, port);

	if (r == 0 && s->loop->started)
		r = forward_port_start_all(s);
	return r;
}

void scope_set_rules(struct scope *s, struct ruleset *rules)
{
	ruleset_unref(s->rules);
	s->rules = rules;
	s->limits = &rules->conf->limits;
	flows_check(s->flows);
}

void scope_set_signer(struct scope *s, struct signer *signer)
{
	if (*s->who.run)
		return; /* its command was told whom to trust */
	signer_unref(s->signer);
	s->signer = signer_ref(signer);
}

bool scope_is_full(const struct scope *s, uint32_t beyond)
{
	uint32_t per_run = s->limits->connections_per_run;

	uint32_t all = atomic_load_explicit(&s->loop->all->connections,
					    memory_order_relaxed);

	return all >= s->loop->connections_max + beyond ||
	       (*s->who.run && per_run > 0 &&
		s->stats.connections >= per_run + beyond);
}

struct inspect_bounds scope_inspect_bounds(const struct scope *s)
{
	return (struct inspect_bounds){
		.share = *s->who.run ? s->limits->inspections_per_run : 0,
		.all = s->loop->inspections_max,
	};
}

void scope_count_begin(struct scope *s)
{
	atomic_fetch_add_explicit(&s->loop->all->connections, 1,
				  memory_order_relaxed);
	s->loop->connections++;
	s->stats.connections++;
}

void scope_count_end(struct scope *s)
{
	atomic_fetch_sub_explicit(&s->loop->all->connections, 1,
				  memory_order_relaxed);
	s->loop->connections--;
	s->stats.connections--;
}

int scope_start(struct scope *s)
{
	struct listener *l;
	int r = forward_port_start_all(s);

	for (l = LIST_FIRST(&s->listeners); l && r == 0; l = listener_next(l))
		r = listener_start(l);
	return r;
}

/* So that clients hear it at once, and whoever follows us can have the port. */
static void close_listeners(struct scope *s)
{
	struct listener *l;

	while ((l = LIST_FIRST(&s->listeners)))
		listener_free(l);
	forward_port_stop_all(s);
}

void scope_drain(struct scope *s)
{
	struct conn *c, *next;

	close_listeners(s);
	/* Who has not asked for anything yet has nothing to lose. */
	for (c = TAILQ_FIRST(&s->live); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == CONN_SNIFF || c->state == CONN_IDLE)
			conn_close(c);
	}
}

void scope_shake_begin(struct scope *s)
{
	s->loop->handshakes++;
	s->handshakes++;
}

void scope_shake_end(struct scope *s)
{
	s->loop->handshakes--;
	s->handshakes--;
	if (s->settling && s->handshakes == 0)
		event_active(s->settle, EV_TIMEOUT, 0);
}

static void finish(struct scope *s)
{
	s->settling = false;
	event_del(s->settle);
	close_all(s);
	LIST_REMOVE(s, link);
	LIST_INSERT_HEAD(&s->loop->ending, s, link);
	event_active(s->loop->reap, EV_TIMEOUT, 0);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg);
}

/* A client that does not trust us says so as it goes, and that is wanted. */
void scope_close(struct scope *s, scope_ended_fn *ended, void *arg)
{
	const struct timeval most = { .tv_usec = PROXY_SETTLE_MS * 1000 };

	s->ended = ended;
	s->ended_arg = arg;
	close_listeners(s);
	s->settling = s->handshakes > 0 && event_add(s->settle, &most) == 0;
	if (!s->settling)
		finish(s);
}

void scope_reap(struct loop *lp)
{
	struct scope *s, *next;

	for (s = LIST_FIRST(&lp->ending); s; s = next) {
		next = LIST_NEXT(s, link);
		if (s->ended && s->stats.connections == 0) {
			scope_ended_fn *ended = s->ended;

			s->ended = NULL;
			ended(s->ended_arg);
		}
	}
}
