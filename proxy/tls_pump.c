/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_pump.c - an established TLS session as a plain descriptor
 *
 * In:         a TLS session, and our end of a socket pair ("plain")
 * Out:        bytes both ways; the ends carried through, each as what it was
 * States:     out (plain to TLS): reading -> plain_eof -> out_over; in (TLS to
 *             plain): reading -> net_eof -> in_over; it ends when both are
 *             over, or at once when the session is cut or the user resets
 * Invariants: TLS is read only while nothing is pending for plain; what is
 *             written to TLS stays in plain's queue until mbedTLS has taken
 *             it, so nothing is held here; one byte of plain's queue is always
 *             left unread (see below) but at an orderly end
 * References: RFC 5246 section 7.2.1 (close_notify), unix(7), socket(7)
 *
 * The byte left unread: a unix socket gives its peer ECONNRESET only if it is
 * closed with unread bytes in it; else the peer sees an end of file, and takes
 * a stream that was cut for a whole one. So the user's end writes a byte of
 * its own first, and ours never takes the last byte that came: it looks
 * (MSG_PEEK), and then takes one byte less than it has seen, that is, the byte
 * before and all but the last. Level-triggered, such a socket would always be
 * readable; therefore its event is edge-triggered, and a turn looks until there
 * is nothing more. For the same reason room is waited for by an event of its
 * own, which is there only while something is pending: the user makes room with
 * each read, and together with it, the byte left unread would be told of again.
 */
#include "proxy/tls_pump.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "proxy/closer.h"
#include "proxy/mbedtls_session.h"
#include "proxy/tls_context.h"
#include "proxy/tls_sessions.h"
#include "proxy/tls_stream.h"

/* One session's share of a turn of the loop, in records each way. */
#define ROUNDS_MAX 8

/* The user is gone and the other side does not take the last bytes. */
#define LINGER_MS 10000

/**
 * struct tls_pump
 * @repeat_n:  mbedTLS has begun to write this many bytes, and wants them again
 * @pending:   decrypted, and plain's queue is full: from @pending_at
 * @net_eof:   close_notify came
 * @shut:      plain was told so
 * @plain_eof: the user has said all
 * @user_gone: and has closed its end
 * @plain_quiet, @net_quiet: nothing more was there, and no event has come since
 * @cut, @reset: it is to end at once: the session's fault, the user's wish
 * @wants_write: mbedTLS waits for room in the socket
 */
struct tls_pump {
	struct tls_pump *next, **prev;
	struct tls_context *ctx;
	struct event_base *base;
	struct tls_stream *stream;
	struct closer *closer;
	int plain;
	struct event plain_edge, plain_room, readable, writable, again, linger;
	size_t repeat_n;
	unsigned char *pending;
	size_t pending_at, pending_n;
	bool reading, writing, wants_room;
	bool plain_quiet, net_quiet;
	bool net_eof, shut, in_over;
	bool plain_eof, user_gone, out_over;
	bool cut, reset, wants_write;
};

static bool is_transient(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

static bool is_want(int r)
{
	return r == MBEDTLS_ERR_SSL_WANT_READ ||
	       r == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static void unlink_pump(struct tls_pump *p)
{
	*p->prev = p->next;
	if (p->next)
		p->next->prev = p->prev;
}

static void stop(struct tls_pump *p)
{
	event_del(&p->plain_edge);
	event_del(&p->plain_room);
	event_del(&p->readable);
	event_del(&p->writable);
	event_del(&p->again);
	event_del(&p->linger);
}

void tls_pump_free(struct tls_pump *p)
{
	stop(p);
	unlink_pump(p);
	closer_cancel(p->closer);
	if (p->plain >= 0)
		close(p->plain);
	if (p->stream)
		tls_stream_set_reset(p->stream);
	tls_stream_free(p->stream);
	free(p->pending);
	free(p);
}

static void on_closed(void *arg)
{
	struct tls_pump *p = arg;

	p->closer = NULL;
	unlink_pump(p);
	free(p);
}

/* Both directions are over: the last bytes get their time. */
static void finish(struct tls_pump *p)
{
	unsigned char *buffer = tls_context_buffer(p->ctx);
	int fd = p->stream->fd;

	stop(p);
	/* The byte that was left unread: now there is nothing to reset. */
	(void)recv(p->plain, buffer, 1, 0);
	close(p->plain);
	p->plain = -1;
	p->stream->fd = -1;
	tls_stream_free(p->stream);
	p->stream = NULL;
	if (closer_start(p->base, fd, CLOSER_FIN, on_closed, p, &p->closer) <
	    0) {
		unlink_pump(p);
		free(p);
	}
}

/* Which ends of plain the user has closed, as bits of poll(2). */
static short plain_ends(const struct tls_pump *p)
{
	struct pollfd pfd = { .fd = p->plain, .events = POLLRDHUP };

	return poll(&pfd, 1, 0) > 0 ? pfd.revents : 0;
}

static ssize_t peek(const struct tls_pump *p)
{
	ssize_t n;

	do {
		n = recv(p->plain, tls_context_buffer(p->ctx),
			 TLS_BUFFER_SIZE + 1, MSG_PEEK);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Takes @n bytes that were seen, beginning with the one left from before. */
static void take(const struct tls_pump *p, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(p->plain, tls_context_buffer(p->ctx), n, 0);

		if (got <= 0)
			return; /* a reset: the next look will tell */
		n -= (size_t)got;
	}
}

/* The other side takes no more; what it says is still passed on. */
static void on_net_deaf(struct tls_pump *p)
{
	p->out_over = true;
	(void)shutdown(p->plain, SHUT_RD); /* the user sees EPIPE */
}

/* Return: true if there may be more to do. */
static bool say_close_notify(struct tls_pump *p)
{
	int r = mbedtls_ssl_close_notify(&p->stream->ssl);

	p->wants_write = is_want(r);
	if (!p->wants_write)
		p->out_over = true; /* or it failed: then nobody listens */
	return false;
}

/* One record from plain to TLS. Return: true if there may be more. */
static bool move_out(struct tls_pump *p)
{
	ssize_t n;
	size_t len;
	int r;

	if (p->out_over)
		return false;
	if (p->plain_eof)
		return say_close_notify(p);
	if (p->plain_quiet)
		return false;
	n = peek(p);
	if (n == 1) {
		short ends = plain_ends(p);

		p->plain_quiet = !(ends & (POLLRDHUP | POLLHUP));
		if (p->plain_quiet)
			return false;
		n = peek(p); /* what came before the end, but after the look */
		if (n == 1) {
			p->plain_eof = true;
			/* Gone without a word: see tls_pump.h. */
			p->reset = (ends & POLLHUP) && !p->shut;
			return !p->reset;
		}
	}
	if (n < 1) {
		p->reset = true; /* closed with our bytes unread */
		return false;
	}
	len = p->repeat_n > 0 ? p->repeat_n : (size_t)n - 1;
	r = mbedtls_ssl_write(&p->stream->ssl, tls_context_buffer(p->ctx) + 1,
			      len);
	p->repeat_n = is_want(r) ? len : 0;
	p->wants_write = is_want(r);
	if (r <= 0)
		p->net_quiet = false; /* it may have read (TLS 1.3) */
	if (r > 0)
		take(p, (size_t)r);
	else if (compat_tls_is_ticket(r))
		tls_sessions_on_ticket(p->stream);
	else if (!is_want(r))
		on_net_deaf(p);
	return r > 0 || compat_tls_is_ticket(r);
}

/* Return: true if plain took all of it. */
static bool give(struct tls_pump *p, const unsigned char *bytes, size_t n)
{
	ssize_t sent = send(p->plain, bytes, n, MSG_NOSIGNAL);

	if (sent < 0 && !is_transient(errno)) {
		p->in_over = true; /* the user listens no more */
		return false;
	}
	if (sent < 0)
		sent = 0;
	if (p->pending) {
		p->pending_at += (size_t)sent;
	} else if ((size_t)sent < n) {
		p->pending = malloc(n - (size_t)sent);
		if (!p->pending) {
			p->cut = true;
			return false;
		}
		p->pending_at = 0;
		p->pending_n = n - (size_t)sent;
		memcpy(p->pending, bytes + sent, p->pending_n);
	}
	return (size_t)sent == n;
}

static bool flush(struct tls_pump *p)
{
	if (!give(p, p->pending + p->pending_at, p->pending_n - p->pending_at))
		return false;
	free(p->pending);
	p->pending = NULL;
	return true;
}

/* One record from TLS to plain. Return: true if there may be more. */
static bool move_in(struct tls_pump *p)
{
	unsigned char *buffer = tls_context_buffer(p->ctx);
	int r;

	if (p->in_over)
		return false;
	if (p->pending)
		return flush(p);
	if (p->net_eof) {
		(void)shutdown(p->plain, SHUT_WR);
		p->shut = p->in_over = true;
		return false;
	}
	if (p->net_quiet)
		return false;
	r = mbedtls_ssl_read(&p->stream->ssl, buffer, TLS_BUFFER_SIZE);
	p->net_quiet = r == MBEDTLS_ERR_SSL_WANT_READ &&
		       !compat_tls_has_ticket(&p->stream->ssl);
	if (r > 0)
		return give(p, buffer, (size_t)r);
	if (r == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		p->net_eof = true;
	else if (r == MBEDTLS_ERR_SSL_WANT_WRITE)
		p->wants_write = true;
	else if (compat_tls_is_ticket(r))
		tls_sessions_on_ticket(p->stream);
	else if (!is_want(r))
		p->cut = true;
	return p->net_eof || compat_tls_is_ticket(r) ||
	       compat_tls_has_ticket(&p->stream->ssl);
}

static void set_event(struct tls_pump *p, struct event *ev, bool *is,
		      bool wanted)
{
	if (*is == wanted)
		return;
	if ((wanted ? event_add(ev, NULL) : event_del(ev)) < 0) {
		/* Without it this would hang: end it in the next turn. */
		p->cut = true;
		event_active(&p->again, EV_TIMEOUT, 0);
		return;
	}
	*is = wanted;
}

/*
 * Has the user closed its end while we wait for the other side? (With both
 * directions shut down, poll(2) says the same: then the user is done, too.)
 */
static void watch_user(struct tls_pump *p)
{
	struct timeval linger = { .tv_sec = LINGER_MS / 1000 };

	if (p->user_gone || !(p->wants_write || p->plain_eof) ||
	    !(plain_ends(p) & POLLHUP))
		return;
	p->user_gone = true;
	p->in_over = true; /* nobody reads what would come */
	if (event_add(&p->linger, &linger) < 0)
		p->reset = true;
}

/*
 * For another turn: the owner's next one, or the loop's. Not by an active
 * event: the loop would serve it before it has looked for what others have.
 */
static void go_on(struct tls_pump *p)
{
	const struct timeval now = { 0 };

	if (!tls_stream_ready_later(p->stream) &&
	    event_add(&p->again, &now) < 0)
		event_active(&p->again, EV_TIMEOUT, 0);
}

/* Moves what can be moved; the pump may be gone when it returns. */
static void turn(void *arg)
{
	struct tls_pump *p = arg;
	bool more = true;

	tls_stream_turn(p->stream);
	for (int i = 0; i < ROUNDS_MAX && more && !p->cut && !p->reset; i++) {
		more = move_out(p);
		more = move_in(p) || more;
	}
	watch_user(p);
	if (p->cut || p->reset) {
		/* With the byte unread: a user that is there sees a reset. */
		tls_pump_free(p);
		return;
	}
	if (p->out_over && p->in_over) {
		finish(p);
		return;
	}
	if (more)
		go_on(p);
	set_event(p, &p->readable, &p->reading, !p->in_over && !p->pending);
	set_event(p, &p->writable, &p->writing, p->wants_write);
	set_event(p, &p->plain_room, &p->wants_room, p->pending != NULL);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	const struct tls_pump *p = arg;

	(void)fd;
	(void)what;
	tls_stream_ready(p->stream);
}

static void on_plain(evutil_socket_t fd, short what, void *arg)
{
	struct tls_pump *p = arg;

	(void)fd;
	(void)what;
	p->plain_quiet = false;
	tls_stream_ready(p->stream);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tls_pump *p = arg;

	(void)fd;
	(void)what;
	p->net_quiet = false;
	tls_stream_ready(p->stream);
}

static void on_linger(evutil_socket_t fd, short what, void *arg)
{
	struct tls_pump *p = arg;

	(void)fd;
	(void)what;
	p->reset = true;
	tls_stream_ready(p->stream);
}

/* The pair, with the byte that is never taken in our end. */
static int make_pair(int ret_pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       ret_pair) < 0)
		return -errno;
	if (send(ret_pair[1], "", 1, MSG_NOSIGNAL) == 1)
		return 0;
	close(ret_pair[0]);
	close(ret_pair[1]);
	return -ENOBUFS;
}

int tls_pump_start(struct event_base *base, struct tls_context *ctx,
		   struct tls_stream *stream)
{
	struct tls_pump *p = calloc(1, sizeof(*p));
	struct tls_pump **list = tls_context_pumps(ctx);
	int pair[2], r;

	if (!p)
		return -ENOMEM;
	r = make_pair(pair);
	if (r < 0) {
		free(p);
		return r;
	}
	p->ctx = ctx;
	p->base = base;
	p->stream = stream;
	p->plain = pair[0];
	(void)event_assign(&p->plain_edge, base, p->plain,
			   EV_READ | EV_ET | EV_PERSIST, on_plain, p);
	(void)event_assign(&p->plain_room, base, p->plain,
			   EV_WRITE | EV_ET | EV_PERSIST, on_event, p);
	(void)event_assign(&p->readable, base, stream->fd, EV_READ | EV_PERSIST,
			   on_readable, p);
	(void)event_assign(&p->writable, base, stream->fd,
			   EV_WRITE | EV_PERSIST, on_event, p);
	(void)event_assign(&p->again, base, -1, 0, on_event, p);
	(void)event_assign(&p->linger, base, -1, 0, on_linger, p);
	if (event_add(&p->plain_edge, NULL) < 0) {
		close(pair[0]);
		close(pair[1]);
		free(p);
		return -ENOMEM;
	}
	p->next = *list;
	p->prev = list;
	if (p->next)
		p->next->prev = &p->next;
	*list = p;
	tls_stream_set_driver(stream, turn, p);
	/* Records may lie in mbedTLS already, where no socket tells of them. */
	event_active(&p->again, EV_TIMEOUT, 0);
	return pair[1];
}
