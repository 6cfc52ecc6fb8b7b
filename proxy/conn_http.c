/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_http.c - requests of plain HTTP, one after the other
 *
 * In:         a head in c->in that is whole, and not of a CONNECT
 * Out:        conn_judge() for every request by itself, then http_forward.c
 *             with a connection to just that origin, and then conn_next(), the
 *             last close, or a tunnel
 * Steps:      URL -> framing -> Host -> auth -> rewrite -> policy ->
 *             (the connection at hand, or resolve and dial) -> forward
 * Invariants: requests of a connection are served in order, one at a time; an
 *             origin's connection is used again only by the same client's
 *             connection, for the same host and port, at an address that
 *             policy allows for this request too; the body of a request that
 *             was refused is never read as a request: what has a body ends the
 *             connection
 * References: RFC 9112 sections 3.2.2, 9.3 and 9.6; RFC 9110 section 9.2.2
 */
#include "proxy/conn_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "proxy/access_log.h"
#include "proxy/conn_answer.h"
#include "proxy/conn_auth.h"
#include "proxy/conn_credential.h"
#include "proxy/conn_inspect.h"
#include "proxy/conn_priv.h"
#include "proxy/conn_request.h"
#include "proxy/conn_upstream.h"
#include "proxy/http_forward.h"
#include "proxy/http_framing.h"
#include "proxy/http_rewrite.h"

/*
 * An origin's connection that has been silent for longer is not trusted: what
 * lies between may have forgotten it without a word.
 */
#define REUSE_MAX_MS 60000u

/* Of a path, in the summary. */
#define DESCRIBE_MAX 256u

/* Room for a sentence around what a parser says. */
#define DETAIL_MAX 400

/**
 * struct conn_http - what plain HTTP needs beyond struct conn
 * @framing: of the request at hand
 * @url:     its target, which c->request.target.path points into
 * @method:  as the client wrote it
 * @head:    for the origin; kept, as it may have to be sent twice
 * @repeatable: sending it twice does no harm (RFC 9110 9.2.2)
 * @forward: while in CONN_FORWARD
 * @host, @port, @address: where c->remote_fd leads
 * @idle, @watching: notices that the origin ends its connection meanwhile
 * @to_parent: the request is for the parent proxy to forward
 * @at_parent: c->remote_fd leads to the parent proxy, and so to all hosts
 * @used:    c->remote_fd has carried an answer, at @used_ms the last time
 */
struct conn_http {
	struct http_framing framing;
	struct strbuf url, method, head;
	bool repeatable;
	struct forward *forward;
	char host[HOSTNAME_BUFFER];
	uint16_t port;
	struct addr address;
	struct event idle;
	bool watching, used, to_parent, at_parent;
	uint64_t used_ms;
};

/* The origin closes, or says what nobody asked for: of no use any more. */
static void on_origin_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_drop_remote(arg);
}

static void watch(struct conn *c)
{
	struct conn_http *h = c->http;

	(void)event_assign(&h->idle, c->loop->base, c->remote_fd, EV_READ,
			   on_origin_idle, c);
	if (event_add(&h->idle, NULL) < 0)
		conn_drop_remote(c);
	else
		h->watching = true;
}

void conn_http_unwatch(struct conn *c)
{
	if (c->http && c->http->watching)
		event_del(&c->http->idle);
	if (c->http)
		c->http->watching = c->http->used = false;
}

void conn_http_cancel(struct conn *c)
{
	if (!c->http || !c->http->forward)
		return;
	forward_counts(c->http->forward, &c->counts.in, &c->counts.out);
	forward_cancel(c->http->forward);
	c->http->forward = NULL;
}

void conn_http_free(struct conn *c)
{
	if (!c->http)
		return;
	strbuf_fini(&c->http->url);
	strbuf_fini(&c->http->method);
	strbuf_fini(&c->http->head);
	free(c->http);
}

const char *conn_http_method(const struct conn *c)
{
	if (c->plain)
		return c->http->method.s;
	return c->protocol && !c->socks && c->has_target ? "CONNECT" : NULL;
}

void conn_http_describe(const struct conn *c, struct strbuf *out)
{
	const struct target *t = &c->request.target;
	const char *query = memchr(t->path, '?', t->path_len);
	size_t n = query ? (size_t)(query - t->path) : t->path_len;
	char where[TARGET_TEXT_MAX];

	strbuf_addf(out, "%.*s %s://%s", ACCESS_METHOD_MAX, c->http->method.s,
		    c->protocol, target_format(t, where));
	strbuf_add(out, n > 0 ? t->path : "/",
		   n == 0	      ? 1
		   : n < DESCRIBE_MAX ? n
				      : DESCRIBE_MAX);
}

static void refuse_head(struct conn *c, const char *what)
{
	char detail[DETAIL_MAX];

	(void)snprintf(detail, sizeof(detail), "In the head, %s.", what);
	c->keep = false;
	conn_refuse(c, REASON_MALFORMED, detail, NULL, 0);
}

/* Copies what has to outlive the bytes in c->in. Return: 0 or -ENOMEM. */
static int keep_start_line(struct conn *c)
{
	struct conn_http *h = c->http;

	if (!h)
		h = c->http = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	strbuf_reset(&h->method);
	strbuf_add(&h->method, c->in + c->head.method.at, c->head.method.len);
	strbuf_reset(&h->head);
	if (strbuf_failed(&h->method))
		return -ENOMEM;
	c->plain = true;
	return 0;
}

/* A copy of the URL, which has to outlive the bytes in c->in. Return: NULL, or
 * what is wrong with it. */
static const char *keep_url(struct conn *c)
{
	const char *target = c->in + c->head.target.at;
	const size_t n = c->head.target.len;
	struct strbuf *url = &c->http->url;

	strbuf_reset(url);
	if (conn_inspect_is_inside(c))
		return conn_inspect_url(c, target, n, url);
	if (n > 0 && (target[0] == '/' || target[0] == '*'))
		return "the target is no URL: this is a proxy, which is asked "
		       "for http://HOST/PATH";
	strbuf_add(url, target, n);
	return NULL;
}

/* Return: false if it was refused. */
static bool parse_url(struct conn *c)
{
	const struct strbuf *url = &c->http->url;
	char detail[TARGET_DETAIL_MAX];
	const char *error = keep_url(c);

	policy_set_method(&c->request, c->http->method.s, c->http->method.len);
	if (error) {
		refuse_head(c, error);
		return false;
	}
	if (strbuf_failed(url)) {
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
		return false;
	}
	if (target_parse_url(url->s, url->len, &c->request.target, detail) !=
	    TARGET_OK) {
		conn_refuse_target(c, detail);
		return false;
	}
	if (conn_inspect_is_inside(c) &&
	    !conn_inspect_is_for(c, &c->request.target)) {
		refuse_head(c, "the target is another host than the tunnel's");
		return false;
	}
	c->has_target = true;
	return true;
}

/* Framing, Host, whose it is. Return: NULL, or what is wrong. */
static const char *check_head(struct conn *c)
{
	struct conn_http *h = c->http;
	const char *error;

	error = http_framing_request(&c->head, c->in, &h->framing);
	if (!error)
		error = http_framing_check_host(&c->head, c->in,
						&c->request.target);
	if (!error)
		error = conn_auth_read(c);
	return error;
}

static bool is_repeatable(const struct conn *c)
{
	const unsigned methods =
		METHOD_GET | METHOD_HEAD | METHOD_OPTIONS | METHOD_TRACE;

	return ((unsigned)c->request.method & methods) &&
	       c->http->framing.body == HTTP_FRAMING_NONE;
}

void conn_http_begin(struct conn *c)
{
	struct http_rewrite_request how = { .target = &c->request.target };
	struct conn_http *h;
	const char *error;

	if (keep_start_line(c) < 0) {
		c->plain = false;
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
		return;
	}
	if (!parse_url(c))
		return;
	error = check_head(c);
	if (error) {
		refuse_head(c, error);
		return;
	}
	h = c->http;
	/* Behind an upgrade nobody sees methods any more. */
	if (policy_is_limited(c->scope->rules->policy))
		h->framing.upgrade = false;
	h->repeatable = is_repeatable(c);
	c->keep = h->framing.keep_alive && h->framing.body == HTTP_FRAMING_NONE;
	how.framing = &h->framing;
	how.upgrade = h->framing.upgrade;
	/* An upgrade has a tunnel through it instead: few pass one on. */
	h->to_parent = conn_upstream_takes(c) && !h->framing.upgrade &&
		       !conn_inspect_is_inside(c);
	how.absolute = h->to_parent;
	how.extra = h->to_parent ? conn_upstream_authorization(c) : NULL;
	http_rewrite_request(&c->head, c->in, &how, &h->head);
	/* What traces sends back its head in a body (RFC 9110 9.3.8). */
	if (conn_inspect_is_inside(c) && c->request.method != METHOD_TRACE)
		conn_credential_put(c->scope, &c->request.target, &h->head);
	if (strbuf_failed(&h->head)) {
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
		return;
	}
	/* What is left is the body, and the next requests. */
	conn_take_input(c, c->head.length);
	if (conn_auth_pass(c))
		conn_judge(c);
}

bool conn_http_is_to_parent(const struct conn *c)
{
	return c->plain && c->http->to_parent;
}

bool conn_http_can_reuse(struct conn *c)
{
	const struct target *t = &c->request.target;
	const struct conn_http *h = c->http;

	if (c->remote_fd < 0 || !h->used || h->at_parent != h->to_parent ||
	    clock_ms() - h->used_ms >= REUSE_MAX_MS)
		return false;
	if (h->at_parent)
		return true;
	return h->port == t->port && strcmp(h->host, t->host) == 0 &&
	       (conn_upstream_takes(c) || /* then the address is the parent's */
		policy_check_address(c->rules->policy, &c->request, &h->address)
				.reason == REASON_ALLOWED);
}

/* The client's bytes behind the request are the connection's again. */
static void take_back(struct conn *c, const struct forward_result *r)
{
	c->client_eof = r->client_eof;
	c->in = r->extra->s;
	c->in_n = r->extra->len;
	c->in_size = r->extra->size;
	*r->extra = (struct strbuf)STRBUF_INIT;
}

static void on_done(struct conn *c, const struct forward_result *r)
{
	struct conn_http *h = c->http;

	c->reason = REASON_ALLOWED;
	if (r->keep_origin) {
		h->used = true;
		h->used_ms = clock_ms();
		watch(c);
	} else {
		conn_drop_remote(c);
	}
	if (r->keep_client && !c->loop->draining)
		conn_next(c);
	else
		conn_close_client(c, CLOSER_FIN);
}

/* No answer came, or none that can be passed on. */
static void on_failed(struct conn *c, const struct forward_result *r)
{
	char detail[DETAIL_MAX];

	conn_drop_remote(c);
	if (r->end == FORWARD_STALE && c->http->repeatable) {
		conn_judge(c); /* on a connection of its own */
		return;
	}
	c->keep = c->http->framing.keep_alive && r->body_done;
	if (c->http->at_parent) {
		conn_upstream_refuse(c, r->status, r->error);
		return;
	}
	(void)snprintf(detail, sizeof(detail), "Of the answer: %s.", r->error);
	conn_refuse(c, REASON_UPSTREAM, detail, NULL, 0);
}

static void on_bad_body(struct conn *c, const char *error)
{
	char detail[DETAIL_MAX];

	conn_drop_remote(c);
	c->keep = false;
	(void)snprintf(detail, sizeof(detail), "In the body, %s.", error);
	conn_refuse(c, REASON_MALFORMED, detail, NULL, 0);
}

static void on_forwarded(const struct forward_result *r, void *arg)
{
	struct conn *c = arg;

	c->http->forward = NULL;
	c->status = r->status;
	c->counts = (struct tunnel_counts){ .in = r->in, .out = r->out };
	take_back(c, r);
	switch (r->end) {
	case FORWARD_DONE:
		on_done(c, r);
		break;
	case FORWARD_UPGRADED:
		c->reason = REASON_ALLOWED;
		conn_start_tunnel(c);
		break;
	case FORWARD_FAILED:
	case FORWARD_STALE:
		on_failed(c, r);
		break;
	case FORWARD_BAD_BODY:
		on_bad_body(c, r->error);
		break;
	case FORWARD_CUT:
		c->reason =
			r->client_fault ? REASON_MALFORMED : REASON_UPSTREAM;
		conn_close_client(c, CLOSER_RESET);
		break;
	case FORWARD_CLIENT_GONE:
		c->reason = REASON_ALLOWED;
		conn_abort(c);
		break;
	case FORWARD_NO_MEMORY:
		c->reason = REASON_INTERNAL;
		conn_abort(c);
		break;
	}
}

static void note_origin(struct conn *c)
{
	struct conn_http *h = c->http;

	(void)snprintf(h->host, sizeof(h->host), "%s", c->request.target.host);
	h->port = c->request.target.port;
	h->address = c->address;
	h->at_parent = h->to_parent;
}

static void edit_answer(struct strbuf *lines, bool trailer, void *arg)
{
	const struct conn *c = arg;

	conn_credential_hide(c->scope, lines, trailer);
}

void conn_http_forward(struct conn *c)
{
	const struct conf_limits *limits = c->scope->limits;
	struct conn_http *h = c->http;
	struct forward_opts opts = {
		.base = c->loop->base,
		.client_fd = c->client_fd,
		.origin_fd = c->remote_fd,
		.request = h->framing,
		.head = &h->head,
		.rest = c->in,
		.rest_n = c->in_n,
		.client_eof = c->client_eof,
		.close = c->loop->draining,
		.reused = h->used,
		.parent = h->to_parent,
		.edit = conn_inspect_is_inside(c) ? edit_answer : NULL,
		.edit_arg = c,
		.head_size = limits->head_size,
		.header_count = limits->header_count,
	};
	int r;

	if (h->to_parent)
		conn_upstream_note(c);
	else if (conn_inspect_is_inside(c))
		conn_upstream_again(c);
	if (h->used) { /* it leads where it did */
		c->address = h->address;
		c->has_address = true;
	} else {
		note_origin(c);
	}
	r = forward_start(&opts, on_forwarded, c, &h->forward);
	/* After it, so that the kernel does not hear of the change. */
	conn_http_unwatch(c);
	if (r < 0) {
		c->keep = false;
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
		return;
	}
	free(c->in);
	c->in = NULL;
	c->in_n = c->in_size = 0;
	conn_set_state(c, CONN_FORWARD);
}

void conn_http_idle(struct conn *c)
{
	struct forward *f = c->http->forward;
	uint64_t limit = c->scope->limits->idle_time;
	uint64_t silent = clock_ms() - forward_active_ms(f);

	if (silent < limit) {
		conn_set_deadline(c, limit - silent);
	} else if (forward_has_answered(f)) {
		c->reason = REASON_IDLE;
		conn_abort(c);
	} else {
		conn_http_cancel(c);
		conn_drop_remote(c);
		c->keep = false;
		conn_refuse(c, REASON_IDLE, NULL, NULL, 0);
	}
}
