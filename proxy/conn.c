/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn.c - one client's connection, its states, its one way out
 *
 * In:         an accepted socket from listener.c
 * Out:        one access-log line, the socket closed, the memory reaped; or a
 *             flow, to which line and socket belong
 * States:     SNIFF -> HEAD or SOCKS -> (RESOLVE ->) DIAL -> REPLY -> CLOSED
 *             for what becomes a flow; HEAD -> (RESOLVE -> DIAL ->) FORWARD ->
 *             IDLE -> HEAD for plain HTTP; REPLY -> TLS -> IDLE for a tunnel
 *             that is looked into, and then as plain HTTP; REPLY -> LAST for a
 *             refusal from any state before it; CLOSED from all.
 *             next_allowed[] is the law
 * Invariants: conn_set_state() alone writes the state; interest and deadline
 *             are derived from it; nothing is freed inside its own callback;
 *             a client that sends nothing costs this struct and no buffer
 *
 * The line is written on the way to IDLE, LAST or CLOSED, whichever comes
 * first: a client that is slow to take our last bytes does not hold it back.
 */
#include "proxy/conn_priv.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "proxy/closer.h"
#include "proxy/conn_answer.h"
#include "proxy/conn_http.h"
#include "proxy/conn_inspect.h"
#include "proxy/conn_log.h"
#include "proxy/conn_request.h"
#include "proxy/conn_upstream.h"
#include "proxy/dial.h"
#include "proxy/resolve.h"
#include "proxy/sniff.h"
#include "proxy/target_count.h"

/* How long a client may take to read an answer that does not fit at once. */
#define REPLY_TIME_MS 10000u

/* How long a connection waits for its next request. */
#define KEEP_TIME_MS 120000u

/* What may come before we have answered: a TLS ClientHello fits in easily. */
#define EARLY_MAX 16384u

static const char *const state_name[CONN_STATES] = {
	"sniff", "head",    "socks", "resolve", "dial",	  "reply",
	"tls",	 "forward", "idle",  "last",	"closed",
};

#define TO(state) (1u << CONN_##state)
static const unsigned next_allowed[CONN_STATES] = {
	[CONN_SNIFF] = TO(HEAD) | TO(SOCKS) | TO(REPLY) | TO(CLOSED),
	[CONN_HEAD] =
		TO(RESOLVE) | TO(DIAL) | TO(REPLY) | TO(FORWARD) | TO(CLOSED),
	[CONN_SOCKS] = TO(RESOLVE) | TO(DIAL) | TO(REPLY) | TO(CLOSED),
	[CONN_RESOLVE] = TO(DIAL) | TO(REPLY) | TO(CLOSED),
	[CONN_DIAL] = TO(REPLY) | TO(FORWARD) | TO(CLOSED),
	[CONN_REPLY] = TO(TLS) | TO(IDLE) | TO(LAST) | TO(CLOSED),
	[CONN_TLS] = TO(IDLE) | TO(CLOSED),
	[CONN_FORWARD] = TO(RESOLVE) | TO(DIAL) | TO(REPLY) | TO(IDLE) |
			 TO(LAST) | TO(CLOSED),
	[CONN_IDLE] = TO(HEAD) | TO(CLOSED),
	[CONN_LAST] = TO(CLOSED),
};

/* How much more of the client's bytes we would keep now. */
static size_t room_for_input(const struct conn *c)
{
	size_t max = EARLY_MAX;

	if (c->state == CONN_SNIFF || c->state == CONN_HEAD ||
	    c->state == CONN_IDLE)
		max += c->scope->limits->head_size;
	else if (c->state > CONN_DIAL)
		return 0; /* the tunnel's, or the closer's */
	return c->in_n < max ? max - c->in_n : 0;
}

static void set_event(struct conn *c, struct event *ev, bool *is, bool wanted)
{
	if (*is == wanted)
		return;
	*is = wanted;
	if (!wanted) {
		event_del(ev);
	} else if (event_add(ev, NULL) < 0) {
		/* on_deadline() closes it: we may be anywhere here. */
		c->broken = true;
		event_active(&c->deadline, EV_TIMEOUT, 0);
	}
}

void conn_update_interest(struct conn *c)
{
	set_event(c, &c->readable, &c->reading,
		  !c->client_eof && room_for_input(c) > 0);
	set_event(c, &c->writable, &c->writing,
		  (c->state == CONN_REPLY || c->state == CONN_SOCKS) &&
			  c->out_at < c->out.len);
}

void conn_set_deadline(struct conn *c, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
			      .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	if (event_add(&c->deadline, &tv) < 0) {
		c->broken = true;
		event_active(&c->deadline, EV_TIMEOUT, 0);
	}
}

/* Every state that waits for a peer has its time limit. */
static void begin_deadline(struct conn *c)
{
	const struct conf_limits *limits = c->scope->limits;

	switch (c->state) {
	case CONN_SNIFF:
		conn_set_deadline(c, limits->head_time);
		break;
	case CONN_HEAD:
	case CONN_SOCKS:
		break; /* one limit for all of the head, see below */
	case CONN_IDLE:
		conn_set_deadline(c, limits->idle_time < KEEP_TIME_MS
					     ? limits->idle_time
					     : KEEP_TIME_MS);
		break;
	case CONN_REPLY:
		conn_set_deadline(c, REPLY_TIME_MS);
		break;
	case CONN_FORWARD:
		conn_set_deadline(c, limits->idle_time);
		break;
	case CONN_RESOLVE: /* the resolver, the dial, the inspector and the */
	case CONN_DIAL:	   /* closer have limits of their own */
	case CONN_TLS:
	case CONN_LAST:
	case CONN_CLOSED:
	case CONN_STATES:
		if (!c->broken)
			event_del(&c->deadline);
		break;
	}
}

void conn_set_state(struct conn *c, enum conn_state next)
{
	assert(next_allowed[c->state] & (1u << next));
	log_debug("conn %" PRIu64 ": %s -> %s", c->id, state_name[c->state],
		  state_name[next]);
	if (c->state == CONN_TLS)
		scope_shake_end(c->scope);
	if (next == CONN_TLS)
		scope_shake_begin(c->scope);
	c->state = next;
	if (next == CONN_IDLE || next == CONN_LAST || next == CONN_CLOSED)
		conn_log_end(c);
	begin_deadline(c);
	/* Mostly the answer is out at once, and a flow takes over. */
	if (next != CONN_REPLY)
		conn_update_interest(c);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void conn_drop_remote(struct conn *c)
{
	conn_http_unwatch(c);
	conn_inspect_drop(c);
	close_fd(&c->remote_fd);
	target_count_give(c->counted);
	c->counted = NULL;
}

void conn_close(struct conn *c)
{
	struct loop *lp = c->loop;

	if (c->state == CONN_CLOSED)
		return;
	conn_http_cancel(c);
	conn_set_state(c, CONN_CLOSED);
	event_del(&c->deadline);
	resolve_cancel(c->resolve);
	c->resolve = NULL;
	if (c->dial)
		lp->dials--;
	dial_cancel(c->dial);
	c->dial = NULL;
	conn_upstream_cancel(c);
	conn_inspect_free(c);
	closer_cancel(c->closer);
	c->closer = NULL;
	conn_drop_remote(c);
	close_fd(&c->client_fd);
	TAILQ_REMOVE(&c->scope->live, c, link);
	TAILQ_INSERT_TAIL(&lp->dead, c, link);
	event_active(lp->reap, EV_TIMEOUT, 0);
}

void conn_abort(struct conn *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (c->client_fd >= 0)
		(void)setsockopt(c->client_fd, SOL_SOCKET, SO_LINGER, &now,
				 sizeof(now));
	if (c->remote_fd >= 0)
		(void)setsockopt(c->remote_fd, SOL_SOCKET, SO_LINGER, &now,
				 sizeof(now));
	conn_close(c);
}

void conn_reap(struct loop *lp)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&lp->dead))) {
		TAILQ_REMOVE(&lp->dead, c, link);
		if (!c->is_flow)
			scope_count_end(c->scope);
		strbuf_fini(&c->out);
		ruleset_unref(c->rules);
		conn_http_free(c);
		free(c->in);
		free(c);
	}
}

static int keep_input(struct conn *c, const char *bytes, size_t n)
{
	if (c->in_size - c->in_n < n) {
		size_t size = c->in_n + n < 1024 ? 1024 : (c->in_n + n) * 2;
		char *grown = realloc(c->in, size);

		if (!grown)
			return -ENOMEM;
		c->in = grown;
		c->in_size = size;
	}
	memcpy(c->in + c->in_n, bytes, n);
	c->in_n += n;
	return 0;
}

void conn_take_input(struct conn *c, size_t n)
{
	c->in_n -= n;
	memmove(c->in, c->in + n, c->in_n);
}

static void on_head_bytes(struct conn *c)
{
	enum http_head_verdict v = http_head_parse(&c->head, c->in, c->in_n);

	if (v == HTTP_HEAD_OK)
		conn_request_begin(c);
	else if (v != HTTP_HEAD_MORE)
		conn_request_malformed(c, v);
	else if (c->client_eof)
		conn_refuse(c, REASON_MALFORMED,
			    "The request ends in the middle of its head.", NULL,
			    0);
}

static void begin_head(struct conn *c)
{
	const struct conf_limits *limits = c->scope->limits;

	c->started_ms = clock_ms();
	c->protocol = conn_inspect_is_inside(c) ? "https" : "http";
	http_head_init(&c->head, limits->head_size, limits->header_count);
	conn_set_state(c, CONN_HEAD);
	on_head_bytes(c);
}

void conn_next(struct conn *c)
{
	conn_set_state(c, CONN_IDLE); /* its line is written */
	strbuf_fini(&c->out);
	c->out_at = 0;
	c->plain = c->keep = c->json = c->head_only = c->has_target = false;
	c->has_address = false;
	if (!conn_inspect_is_inside(c))
		c->user[0] = '\0';
	c->protocol = NULL;
	c->reason = REASON_MALFORMED;
	c->decision = (struct decision){ 0 };
	c->counts = (struct tunnel_counts){ 0 };
	c->status = 0;
	if (c->in_n == 0) {
		free(c->in);
		c->in = NULL;
		c->in_size = 0;
	}
	/*
	 * What came already is looked at in a turn of its own: requests that
	 * come many at once must neither pile up on the stack nor keep the
	 * others waiting.
	 */
	if (c->in_n > 0 || c->client_eof || c->loop->draining)
		conn_set_deadline(c, 0);
}

/* The next request begins, or nothing more comes. */
static void on_idle(struct conn *c)
{
	if (c->in_n > 0) {
		c->logged = false;
		conn_set_deadline(c, c->scope->limits->head_time);
		begin_head(c);
	} else if (c->client_eof || c->loop->draining) {
		conn_close(c);
	}
}

static void on_first_bytes(struct conn *c)
{
	switch (sniff_check(c->in, c->in_n)) {
	case SNIFF_MORE:
		if (c->client_eof)
			conn_close(c);
		break;
	case SNIFF_SOCKS5:
		c->started_ms = clock_ms();
		c->protocol = "socks5";
		c->socks = true;
		conn_set_state(c, CONN_SOCKS);
		conn_socks_bytes(c);
		break;
	case SNIFF_HTTP:
		begin_head(c);
		break;
	}
}

static void on_client_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	char bytes[16384];
	size_t room = room_for_input(c);
	ssize_t n;

	(void)what;
	n = recv(fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n > 0 && keep_input(c, bytes, (size_t)n) < 0)) {
		/* It vanished: whatever we were doing for it is cancelled. */
		if (n > 0)
			c->reason = REASON_INTERNAL;
		else if (c->state == CONN_RESOLVE || c->state == CONN_DIAL)
			c->reason = REASON_ALLOWED;
		conn_close(c);
		return;
	}
	if (n == 0)
		c->client_eof = true;
	if (c->state == CONN_SNIFF)
		on_first_bytes(c);
	else if (c->state == CONN_HEAD)
		on_head_bytes(c);
	else if (c->state == CONN_SOCKS)
		conn_socks_bytes(c);
	else if (c->state == CONN_IDLE)
		on_idle(c);
	/* In RESOLVE and DIAL it is early data, or the end of it. */
	if (c->state != CONN_CLOSED)
		conn_update_interest(c);
}

static void on_client_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_send(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->broken) {
		c->reason = REASON_INTERNAL;
		conn_close(c);
	} else if (c->state <= CONN_SOCKS) {
		conn_refuse(c, REASON_HEAD_TIMEOUT, NULL, NULL, 0);
	} else if (c->state == CONN_FORWARD) {
		conn_http_idle(c);
	} else if (c->state == CONN_IDLE && c->in_n > 0) {
		on_idle(c); /* see conn_next() */
	} else {
		conn_close(c); /* it does not read our answer, or is idle */
	}
}

static void watch_client(struct conn *c)
{
	(void)event_assign(&c->readable, c->loop->base, c->client_fd,
			   EV_READ | EV_PERSIST, on_client_readable, c);
	(void)event_assign(&c->writable, c->loop->base, c->client_fd,
			   EV_WRITE | EV_PERSIST, on_client_writable, c);
}

int conn_give_client(struct conn *c)
{
	int fd = c->client_fd;

	set_event(c, &c->readable, &c->reading, false);
	set_event(c, &c->writable, &c->writing, false);
	c->client_fd = -1;
	return fd;
}

void conn_adopt_client(struct conn *c, int fd)
{
	c->client_fd = fd;
	watch_client(c);
}

void conn_accept(struct scope *scope, int fd, const struct addr *client,
		 uint16_t client_port, bool over_limit)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct loop *lp = scope->loop;

	scope->stats.accepted++;
	if (!c) {
		log_warn("no memory for another connection");
		close(fd);
		return;
	}
	scope_count_begin(scope);
	c->loop = lp;
	c->scope = scope;
	c->rules = ruleset_ref(scope->rules);
	c->id = lp->next_id++;
	c->state = CONN_SNIFF;
	c->client_fd = fd;
	c->remote_fd = -1;
	c->client = *client;
	c->client_port = client_port;
	c->over_limit = over_limit;
	c->started_ms = clock_ms();
	c->reason = REASON_MALFORMED;
	watch_client(c);
	(void)event_assign(&c->deadline, lp->base, -1, 0, on_deadline, c);
	TAILQ_INSERT_TAIL(&scope->live, c, link);
	begin_deadline(c);
	conn_update_interest(c);
}
