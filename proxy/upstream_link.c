/* SPDX-License-Identifier: MIT */
/*
 * proxy/upstream_link.c - one way through the parent proxy
 *
 * In:         the parent, and a target or none
 * Out:        one done callback: a descriptor on which the target answers, or
 *             a sentence that says what the parent did
 * Steps:      resolve the parent -> dial -> (TLS) -> say CONNECT -> read its
 *             answer; without a target it is done before CONNECT
 * Invariants: one of @resolve, @dial, @tls, @fd at a time; not a byte behind
 *             the head of the answer is taken from the socket: it is the far
 *             side's first; the deadline covers all but the look-up, which has
 *             its own
 * References: RFC 9110 sections 9.3.6 and 15.2; RFC 9112 section 6.3: a 2xx
 *             to CONNECT has no body, whatever its fields say
 */
#include "proxy/upstream.h"

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
#include "proxy/dial.h"
#include "proxy/http_response.h"
#include "proxy/resolve.h"
#include "proxy/tls_client.h"
#include "proxy/upstream_priv.h"

/* RFC 8305 section 8: the recommended delay between attempts. */
#define STAGGER_MS 250

/* Interim answers (100, 102, 103) that are let pass before the final one. */
#define INTERIM_MAX 4

#define READ_MAX 4096

/**
 * struct upstream_link
 * @target: once @has_target
 * @text:   the request, sent up to @sent; then the answer's head so far
 */
struct upstream_link {
	struct upstream *u;
	struct target target;
	bool has_target, has_addr;
	struct addr addr;
	struct resolve *resolve;
	struct dial *dial;
	struct tls_client *tls;
	int fd;
	struct event ev, deadline;
	uint64_t deadline_ms;
	struct strbuf text;
	size_t sent;
	struct http_response answer;
	unsigned interims;
	upstream_done_fn *done;
	void *arg;
};

static void link_free(struct upstream_link *l)
{
	event_del(&l->ev);
	event_del(&l->deadline);
	resolve_cancel(l->resolve);
	dial_cancel(l->dial);
	tls_client_cancel(l->tls);
	if (l->fd >= 0)
		close(l->fd);
	if (l->text.s)
		explicit_bzero(l->text.s, l->text.len);
	strbuf_fini(&l->text);
	free(l);
}

/* The one way out; everything is silent before the owner hears of it. */
static void finish(struct upstream_link *l, struct upstream_result *result)
{
	upstream_done_fn *done = l->done;
	void *arg = l->arg;
	struct addr addr = l->addr;

	result->addr = l->has_addr ? &addr : NULL;
	link_free(l);
	done(result, arg);
}

/* "The parent proxy HOST:PORT @what." */
static void fail(struct upstream_link *l, enum reason reason, const char *what)
{
	char detail[UPSTREAM_DETAIL_MAX];
	struct upstream_result result = { .fd = -1,
					  .reason = reason,
					  .detail = detail };

	(void)snprintf(detail, sizeof(detail), "The parent proxy %s %s.",
		       l->u->name, what);
	finish(l, &result);
}

static void fail_no_memory(struct upstream_link *l)
{
	fail(l, REASON_INTERNAL, "cannot be spoken to: no memory");
}

static void succeed(struct upstream_link *l, unsigned status)
{
	struct upstream_result result = { .fd = l->fd,
					  .reason = REASON_ALLOWED,
					  .status = status };

	event_del(&l->ev); /* before the descriptor is another's */
	l->fd = -1;
	finish(l, &result);
}

/* How much of the time is left, never 0. */
static uint32_t time_left(const struct upstream_link *l)
{
	uint64_t now = clock_ms();

	return now < l->deadline_ms ? (uint32_t)(l->deadline_ms - now) : 1;
}

/* The final answer's head is whole. */
static void on_answer(struct upstream_link *l)
{
	const struct http_response *a = &l->answer;
	char detail[UPSTREAM_DETAIL_MAX];
	struct upstream_result result = { .fd = -1,
					  .reason = REASON_UPSTREAM,
					  .status = a->status,
					  .detail = detail };

	if (a->status >= 200 && a->status < 300) {
		succeed(l, a->status);
		return;
	}
	upstream_describe_status(l->u, "CONNECT", a->status,
				 l->text.s + a->phrase.at, a->phrase.len,
				 detail);
	finish(l, &result);
}

static void begin_answer(struct upstream_link *l)
{
	strbuf_reset(&l->text);
	http_response_init(&l->answer, l->u->head_size, l->u->header_count);
}

/* Return: true if it is to be read on. */
static bool on_head(struct upstream_link *l)
{
	char what[160];

	switch (l->answer.verdict) {
	case HTTP_HEAD_MORE:
		return true;
	case HTTP_HEAD_OK:
		if (l->answer.status < 200 && l->answer.status != 101 &&
		    l->interims++ < INTERIM_MAX) {
			begin_answer(l);
			return true;
		}
		on_answer(l);
		return false;
	case HTTP_HEAD_MALFORMED:
	case HTTP_HEAD_TOO_LARGE:
		(void)snprintf(what, sizeof(what),
			       "gave an answer to CONNECT that cannot be "
			       "understood: %.80s",
			       l->answer.error);
		fail(l, REASON_UPSTREAM, what);
		return false;
	}
	return false;
}

/* Takes @n bytes that were seen, and that must still be there. */
static bool take(int fd, size_t n)
{
	char waste[READ_MAX];

	while (n > 0) {
		ssize_t got = recv(fd, waste, n, 0);

		if (got <= 0)
			return false;
		n -= (size_t)got;
	}
	return true;
}

/*
 * Looks first and then takes only what is the head's: what follows a final
 * head stays in the socket. Return: true if there may be more to read.
 */
static bool read_some(struct upstream_link *l)
{
	size_t before = l->text.len, mine;
	char bytes[READ_MAX];
	ssize_t n = recv(l->fd, bytes, sizeof(bytes), MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		fail(l, REASON_UPSTREAM,
		     n == 0 ? "ended the connection before it answered CONNECT"
			    : "broke off the connection before it answered "
			      "CONNECT");
		return false;
	}
	strbuf_add(&l->text, bytes, (size_t)n);
	if (strbuf_failed(&l->text)) {
		fail_no_memory(l);
		return false;
	}
	mine = (size_t)n;
	if (http_response_parse(&l->answer, l->text.s, l->text.len) ==
	    HTTP_HEAD_OK)
		mine = l->answer.length - before;
	if (!take(l->fd, mine)) {
		fail(l, REASON_UPSTREAM,
		     "broke off the connection before it answered CONNECT");
		return false;
	}
	return on_head(l);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	/* Once a turn: a parent that floods us is not our only peer. */
	(void)read_some(arg);
}

/* The request is with the parent: the same event, for reading. */
static void await_answer(struct upstream_link *l)
{
	event_del(&l->ev);
	if (l->text.s)
		explicit_bzero(l->text.s, l->text.len);
	begin_answer(l);
	if (event_assign(&l->ev, l->u->base, l->fd, EV_READ | EV_PERSIST,
			 on_readable, l) < 0 ||
	    event_add(&l->ev, NULL) < 0)
		fail_no_memory(l);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_link *l = arg;
	ssize_t n = send(fd, l->text.s + l->sent, l->text.len - l->sent,
			 MSG_NOSIGNAL);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail(l, REASON_UPSTREAM,
		     "broke off the connection before it was asked");
		return;
	}
	l->sent += (size_t)n;
	if (l->sent == l->text.len)
		await_answer(l);
}

/* Connected to the parent, through TLS where it is to be. */
static void on_connected(struct upstream_link *l)
{
	char target[TARGET_TEXT_MAX];

	if (!l->has_target) {
		succeed(l, 0);
		return;
	}
	(void)target_format(&l->target, target);
	strbuf_addf(&l->text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
		    target, target,
		    l->u->authorization ? l->u->authorization : "");
	if (strbuf_failed(&l->text) ||
	    event_assign(&l->ev, l->u->base, l->fd, EV_WRITE | EV_PERSIST,
			 on_writable, l) < 0 ||
	    event_add(&l->ev, NULL) < 0)
		fail_no_memory(l);
}

static void on_secured(int fd, const char *error, void *arg)
{
	struct upstream_link *l = arg;

	l->tls = NULL;
	if (fd < 0) {
		fail(l, REASON_UPSTREAM, error);
		return;
	}
	l->fd = fd;
	on_connected(l);
}

static void on_dialed(int fd, const struct addr *addr, enum reason reason,
		      void *arg)
{
	struct upstream_link *l = arg;
	struct tls_client_opts opts = { .host = l->u->parent.host,
					.port = l->u->parent.port,
					.deadline_ms = time_left(l) };

	l->dial = NULL;
	if (reason == REASON_LIMIT) {
		fail(l, reason,
		     "cannot be connected to: there are no descriptors left");
		return;
	}
	if (reason != REASON_ALLOWED) {
		fail(l, reason == REASON_INTERNAL ? reason : REASON_UPSTREAM,
		     reason == REASON_CONNECT_TIMEOUT
			     ? "did not take the connection in time"
			     : "refused the connection, or cannot be reached");
		return;
	}
	l->addr = *addr;
	l->has_addr = true;
	if (!l->u->tls) {
		l->fd = fd;
		on_connected(l);
		return;
	}
	if (l->u->parent.is_addr)
		opts.addr = &l->u->parent.addr;
	if (tls_client_start(l->u->base, l->u->tls, fd, &opts, on_secured, l,
			     &l->tls) < 0)
		fail_no_memory(l);
}

/* Return: 0 or -ENOMEM. */
static int start_dial(struct upstream_link *l, const struct addr *addrs,
		      size_t n)
{
	struct dial_opts opts = { .stagger_ms = STAGGER_MS,
				  .deadline_ms = l->u->dial_time };
	struct timeval tv = {
		.tv_sec = (time_t)(l->u->dial_time / 1000),
		.tv_usec = (suseconds_t)(l->u->dial_time % 1000) * 1000,
	};
	int r;

	r = dial_start(l->u->base, addrs, n, l->u->parent.port, &opts,
		       on_dialed, l, &l->dial);
	if (r < 0)
		return r;
	l->deadline_ms = clock_ms() + l->u->dial_time;
	return event_add(&l->deadline, &tv) < 0 ? -ENOMEM : 0;
}

static void on_resolved(const struct addr *addrs, size_t n, enum reason reason,
			void *arg)
{
	struct upstream_link *l = arg;

	l->resolve = NULL;
	if (reason == REASON_DNS_FAILURE)
		fail(l, REASON_UPSTREAM, "has a name that cannot be resolved");
	else if (reason == REASON_DNS_TIMEOUT)
		fail(l, REASON_UPSTREAM,
		     "has a name that DNS did not resolve in time");
	else if (reason == REASON_LIMIT)
		fail(l, reason,
		     "cannot be looked up: too many names are being looked up "
		     "(limit pending-lookups)");
	else if (reason != REASON_ALLOWED || start_dial(l, addrs, n) < 0)
		fail_no_memory(l);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_link *l = arg;

	(void)fd;
	(void)what;
	fail(l, REASON_UPSTREAM,
	     l->fd >= 0 ? "did not answer CONNECT in time"
	     : l->tls	? "did not finish the TLS handshake in time"
			: "did not take the connection in time");
}

int upstream_start(struct upstream *u, const struct target *target,
		   upstream_done_fn *done, void *arg,
		   struct upstream_link **ret)
{
	struct upstream_link *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->u = u;
	l->fd = -1;
	l->done = done;
	l->arg = arg;
	if (target) {
		l->target = *target;
		l->target.path = NULL;
		l->target.path_len = 0;
		l->has_target = true;
	}
	(void)event_assign(&l->ev, u->base, -1, 0, on_readable, l);
	(void)event_assign(&l->deadline, u->base, -1, 0, on_deadline, l);
	if (u->parent.is_addr)
		r = start_dial(l, &u->parent.addr, 1);
	else
		r = resolve_start(u->resolver, u->parent.host, on_resolved, l,
				  &l->resolve);
	if (r < 0) {
		link_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void upstream_cancel(struct upstream_link *l)
{
	if (l)
		link_free(l);
}
