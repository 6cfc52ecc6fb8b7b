/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_answer.c - tell the client the verdict, then make it a flow
 *
 * In:         a verdict from conn.c or conn_request.c
 * Out:        the answer on its way, and a flow; or both sockets closed in the
 *             way their peers should see
 * Steps:      render -> send -> flow, or the gentle close after a refusal
 * Invariants: a refusal by policy, and a failure, is remembered for the summary
 *             exactly once;
 *             an answer is never eaten by a reset of ours (closer.h)
 */
#include "proxy/conn_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/conf.h"
#include "proxy/blocked.h"
#include "proxy/closer.h"
#include "proxy/conn_http.h"
#include "proxy/conn_inspect.h"
#include "proxy/conn_priv.h"
#include "proxy/conn_upstream.h"
#include "proxy/flow.h"
#include "proxy/reply.h"
#include "proxy/socks5.h"
#include "proxy/socks5_auth.h"

static void on_last_sent(void *arg)
{
	struct conn *c = arg;

	c->closer = NULL;
	conn_close(c);
}

void conn_close_client(struct conn *c, enum closer_how how)
{
	int last = c->client_fd;

	c->client_fd = -1;
	conn_drop_remote(c);
	conn_set_state(c, CONN_LAST);
	if (closer_start(c->loop->base, last, how, on_last_sent, c,
			 &c->closer) < 0)
		conn_close(c);
}

void conn_start_tunnel(struct conn *c)
{
	const struct target *t = &c->request.target;
	const char *query = c->plain ? memchr(t->path, '?', t->path_len) : NULL;
	char target[TARGET_TEXT_MAX];
	struct flow_opts opts = {
		.client_fd = c->client_fd,
		.remote_fd = c->remote_fd,
		.client = &c->client,
		.client_port = c->client_port,
		.user = c->user,
		.address = c->has_address ? &c->address : NULL,
		.started_ms = c->started_ms,
		.protocol = c->protocol,
		.target = target_format(t, target),
		.method = conn_http_method(c),
		.path = c->plain ? t->path : NULL,
		.path_len = query ? (size_t)(query - t->path) : t->path_len,
		.rules = c->rules,
		.decision = &c->decision,
		.counted = c->counted,
		.status = c->status,
		.early = c->in,
		.early_n = c->in_n,
		/* Of plain HTTP it is a WebSocket, whose head was judged. */
		.look = !c->plain &&
			c->rules->conf->tunnel_check != CONF_TUNNEL_CHECK_OFF,
		.idle = true,
	};

	conn_upstream_used(c, &opts.upstream, &opts.upstream_status);
	conn_http_unwatch(c);
	if (flow_start(c->scope->flows, &opts) < 0) {
		c->reason = REASON_INTERNAL;
		conn_abort(c);
		return;
	}
	c->client_fd = c->remote_fd = -1;
	c->counted = NULL;
	c->is_flow = c->logged = true;
	conn_close(c);
}

void conn_send(struct conn *c)
{
	while (c->out_at < c->out.len) {
		ssize_t n = send(c->client_fd, c->out.s + c->out_at,
				 c->out.len - c->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			conn_close(c);
			return;
		}
		if (n < 0) {
			conn_update_interest(c);
			return;
		}
		c->out_at += (size_t)n;
	}
	if (c->state == CONN_SOCKS) {
		strbuf_reset(&c->out); /* the greeting's answer */
		c->out_at = 0;
		conn_update_interest(c);
	} else if (c->reason == REASON_ALLOWED && c->decision.inspect) {
		conn_inspect_begin(c);
	} else if (c->reason == REASON_ALLOWED) {
		conn_start_tunnel(c);
	} else if (c->keep && !c->loop->draining) {
		conn_next(c);
	} else {
		conn_close_client(c, CLOSER_FIN);
	}
}

/* c->out holds the answer. */
void conn_answer(struct conn *c, enum reason reason)
{
	c->reason = reason;
	if (!c->socks)
		c->status = reason_http_status(reason);
	/* Its share of what was not reached: before anybody hears of it. */
	if (reason != REASON_ALLOWED && c->remote_fd < 0)
		conn_drop_remote(c);
	if (strbuf_failed(&c->out)) {
		c->reason = REASON_INTERNAL;
		conn_close(c);
		return;
	}
	conn_set_state(c, CONN_REPLY);
	conn_send(c);
}

static void remember(struct conn *c, enum reason reason, const char *allow_with,
		     const char *rule)
{
	struct strbuf what = STRBUF_INIT;
	char target[TARGET_TEXT_MAX];

	if (!c->scope->blocked || !c->has_target || !reason_is_policy(reason))
		return;
	if (c->plain && (reason == REASON_METHOD || reason == REASON_PATH))
		conn_http_describe(c, &what);
	else
		strbuf_adds(&what, target_format(&c->request.target, target));
	if (!strbuf_failed(&what))
		blocked_add(c->scope->blocked, what.s, reason, allow_with,
			    rule);
	strbuf_fini(&what);
}

/* The table is there once it is needed: it rarely is. */
static void remember_failure(struct conn *c, enum reason reason,
			     const char *detail)
{
	struct scope *s = c->scope;
	char target[TARGET_TEXT_MAX];

	if (!s->blocked || !c->has_target || !reason_is_failure(reason))
		return;
	if (!s->failed)
		s->failed = blocked_new();
	if (s->failed)
		blocked_add(s->failed,
			    target_format(&c->request.target, target), reason,
			    NULL, detail);
}

void conn_refuse(struct conn *c, enum reason reason, const char *detail,
		 const struct addr *addrs, size_t addrs_n)
{
	const struct policy *p = c->rules->policy;
	struct strbuf allow_with = STRBUF_INIT, rule = STRBUF_INIT;
	struct reply r = {
		.reason = reason,
		.detail = detail,
		.json = c->json,
		.keep = c->keep && !c->loop->draining,
		.head_only = c->head_only,
	};

	if (c->has_target) {
		r.host = c->request.target.host;
		r.port = c->request.target.port;
	}
	if (reason_is_policy(reason)) {
		policy_suggest(p, &c->request, c->decision, addrs, addrs_n,
			       &allow_with);
		if (c->decision.rule)
			policy_place(p, &c->decision, &rule);
	}
	r.allow_with = allow_with.s;
	r.rule = rule.s;
	if (!c->socks)
		reply_render(&r, &c->out);
	else if (c->asking)
		socks5_auth_reply_render(false, &c->out);
	else if (c->greeted)
		socks5_reply_render(reason_socks_reply(reason), NULL, 0,
				    &c->out);
	remember(c, reason, allow_with.s, rule.s);
	remember_failure(c, reason, detail);
	strbuf_fini(&allow_with);
	strbuf_fini(&rule);
	conn_answer(c, reason);
}

/* It is reached. Would the policy that it is compared with have had it so? */
static void remember_need(struct conn *c)
{
	const struct policy *p = c->scope->compare;
	struct strbuf allow_with = STRBUF_INIT;
	char target[TARGET_TEXT_MAX];
	struct decision d;

	if (!p)
		return;
	d = policy_check_request(p, &c->request);
	if (d.reason == REASON_ALLOWED)
		return;
	policy_suggest(p, &c->request, d, NULL, 0, &allow_with);
	blocked_add(c->scope->needed, target_format(&c->request.target, target),
		    d.reason, allow_with.s, NULL);
	strbuf_fini(&allow_with);
}

void conn_establish(struct conn *c)
{
	if (conn_inspect_is_inside(c)) {
		conn_inspect_connect(c);
		return;
	}
	remember_need(c);
	if (c->socks)
		socks5_reply_render(reason_socks_reply(REASON_ALLOWED), NULL, 0,
				    &c->out);
	else if (c->plain) {
		conn_http_forward(c);
		return;
	} else
		reply_render_established(&c->out);
	conn_answer(c, REASON_ALLOWED);
}
