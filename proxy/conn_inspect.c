/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_inspect.c - a connection whose tunnel is looked into
 *
 * In:         a tunnel that policy allows because each request in it will be
 *             judged; its client was just told so
 * Out:        the same connection, now of requests: those of conn_http.c, with
 *             https, the tunnel's host and nothing else as their target
 * Steps:      TLS with the client (inspector.c) -> requests -> for one that is
 *             allowed, TLS with the host on a connection that was made for the
 *             tunnel, or for this request
 * Invariants: what cannot be looked into does not pass: no TLS, no request;
 *             the host's certificate is good before a byte of a request is
 *             sent; nothing of the inside is known to the tunnel's own line
 * References: RFC 9112 section 3.2 (forms of the target inside of a tunnel)
 */
#include "proxy/conn_inspect.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "proxy/blocked.h"
#include "proxy/conn_answer.h"
#include "proxy/conn_http.h"
#include "proxy/conn_priv.h"
#include "proxy/conn_upstream.h"
#include "proxy/inspector.h"

/*
 * The tunnel's own connection to the host, if no request has used it for this
 * long: the host may be about to give it up.
 */
#define RAW_MAX_MS 5000u

#define DETAIL_MAX (TLS_ERROR_MAX + HOSTNAME_BUFFER + 16)

/**
 * struct conn_inspect
 * @op:    what the inspector is doing for us
 * @placed: a place is taken, and the inspector has it not yet
 * @tunnel: where it leads
 * @raw:   c->remote_fd is the tunnel's own connection, made at @raw_ms
 * @address, @has_address: where that leads
 * @error: of the client's handshake
 */
struct conn_inspect {
	struct inspect_op *op;
	struct target tunnel;
	bool placed, inside, raw, has_address;
	uint64_t raw_ms;
	struct addr address;
	char error[TLS_ERROR_MAX];
};

bool conn_inspect_is_inside(const struct conn *c)
{
	return c->inspect && c->inspect->inside;
}

const char *conn_inspect_detail(const struct conn *c)
{
	return c->inspect && c->inspect->error[0] ? c->inspect->error : NULL;
}

void conn_inspect_free(struct conn *c)
{
	if (c->inspect && c->inspect->placed)
		inspect_share_give(c->scope->inspects);
	if (c->inspect)
		inspect_cancel(c->inspect->op);
	free(c->inspect);
	c->inspect = NULL;
}

void conn_inspect_drop(struct conn *c)
{
	if (c->inspect)
		c->inspect->raw = false;
}

/* The host has ended it, which nobody watches; what it says first is TLS's. */
static bool is_ended(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

bool conn_inspect_has_raw(struct conn *c)
{
	struct conn_inspect *i = c->inspect;

	if (!i || !i->raw)
		return false;
	if (clock_ms() - i->raw_ms < RAW_MAX_MS && !is_ended(c->remote_fd) &&
	    (conn_upstream_takes(c) || /* then the address is the parent's */
	     policy_check_address(c->rules->policy, &c->request, &i->address)
			     .reason == REASON_ALLOWED)) {
		c->address = i->address;
		c->has_address = i->has_address;
		return true;
	}
	conn_drop_remote(c);
	return false;
}

/* The summary shows it beside what was blocked: nobody else would say it. */
static void remember(struct conn *c)
{
	char target[TARGET_TEXT_MAX];

	if (c->scope->blocked)
		blocked_add(c->scope->blocked,
			    target_format(&c->inspect->tunnel, target),
			    REASON_TLS, "", c->inspect->error);
}

static void on_client_tls(int fd, const char *error, void *arg)
{
	struct conn *c = arg;
	struct conn_inspect *i = c->inspect;

	i->op = NULL;
	if (fd < 0) {
		(void)snprintf(i->error, sizeof(i->error), "the client %s",
			       error);
		remember(c);
		conn_close(c);
		return;
	}
	i->error[0] = '\0';
	c->reason = REASON_ALLOWED;
	conn_adopt_client(c, fd);
	i->inside = true;
	conn_next(c); /* the tunnel's line is written */
	c->socks = c->greeted = false;
}

/* Whom it is for, as the inspector wants it. */
static struct inspect_opts opts_of(const struct conn *c)
{
	const struct target *t = &c->inspect->tunnel;

	return (struct inspect_opts){
		.share = c->scope->inspects,
		.host = t->host,
		.addr = t->is_addr ? &t->addr : NULL,
		.port = t->port,
		.deadline_ms = c->scope->limits->head_time,
	};
}

int conn_inspect_reserve(struct conn *c)
{
	const struct inspect_bounds bounds = scope_inspect_bounds(c->scope);
	struct conn_inspect *i = calloc(1, sizeof(*i));

	assert(!c->inspect);
	if (!i)
		return -ENOMEM;
	if (!inspect_share_take(c->scope->inspects, &bounds)) {
		free(i);
		return -EDQUOT;
	}
	i->placed = true;
	c->inspect = i;
	return 0;
}

void conn_inspect_begin(struct conn *c)
{
	struct conn_inspect *i = c->inspect;
	struct inspect_opts opts;
	int fd;

	i->tunnel = c->request.target;
	i->raw = true;
	i->raw_ms = clock_ms();
	i->address = c->address;
	i->has_address = c->has_address;
	opts = opts_of(c);
	opts.signer = c->scope->signer;
	opts.early = c->in;
	opts.early_n = c->in_n;
	fd = conn_give_client(c);
	conn_set_state(c, CONN_TLS);
	/* Until it is known better: we may be ended before the handshake is. */
	c->reason = REASON_TLS;
	(void)snprintf(i->error, sizeof(i->error),
		       "the client's TLS handshake was not over at the end");
	i->placed = false;
	if (inspector_serve(c->loop->all->inspector, &c->loop->mailbox, fd,
			    &opts, on_client_tls, c, &i->op) < 0) {
		c->reason = REASON_INTERNAL;
		conn_close(c);
		return;
	}
	conn_take_input(c, c->in_n);
}

const char *conn_inspect_url(const struct conn *c, const char *target, size_t n,
			     struct strbuf *out)
{
	const struct target *t = &c->inspect->tunnel;
	char where[TARGET_TEXT_MAX];

	if (n == 0 || target[0] != '/') {
		/* Absolute form is known by its target, once it is parsed. */
		if (n >= 8 && strncasecmp(target, "https://", 8) == 0) {
			strbuf_add(out, target, n);
			return NULL;
		}
		return "the target is neither a path nor an https URL";
	}
	strbuf_addf(out, "https://%s", target_format(t, where));
	strbuf_add(out, target, n);
	return NULL;
}

bool conn_inspect_is_for(const struct conn *c, const struct target *t)
{
	const struct target *tunnel = &c->inspect->tunnel;

	return t->port == tunnel->port && strcmp(t->host, tunnel->host) == 0;
}

static void on_host_tls(int fd, const char *error, void *arg)
{
	struct conn *c = arg;
	char detail[DETAIL_MAX];

	c->inspect->op = NULL;
	if (fd < 0) {
		(void)snprintf(detail, sizeof(detail), "The server %s %s.",
			       c->inspect->tunnel.host, error);
		conn_drop_remote(c);
		conn_refuse(c, REASON_UPSTREAM, detail, NULL, 0);
		return;
	}
	c->remote_fd = fd;
	conn_http_forward(c);
}

void conn_inspect_connect(struct conn *c)
{
	const struct inspect_bounds bounds = scope_inspect_bounds(c->scope);
	const struct inspect_opts opts = opts_of(c);
	int fd = c->remote_fd, r;

	c->remote_fd = -1;
	c->inspect->raw = false;
	if (c->state != CONN_DIAL)
		conn_set_state(c, CONN_DIAL);
	r = inspector_connect(c->loop->all->inspector, &c->loop->mailbox, fd,
			      &opts, &bounds, on_host_tls, c, &c->inspect->op);
	if (r == -EDQUOT)
		conn_refuse(c, REASON_LIMIT, CONN_INSPECT_FULL, NULL, 0);
	else if (r < 0)
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
}
