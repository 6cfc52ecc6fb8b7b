/* SPDX-License-Identifier: MIT */
/*
 * proxy/tunnel.c - move bytes both ways until both sides are done
 *
 * In:         two connected sockets, and early data, from conn.c
 * Out:        one done callback: how it ended, and two byte counts
 * States:     each side has two flags: it has said all (read_done), and it
 *             takes no more (deaf). A direction is over when its reader's
 *             side is deaf, or its writer has said all and nothing is pending;
 *             the tunnel is over when both directions are
 *             Before all that, while @look is set, the client's bytes are
 *             held in what is pending for the remote
 * Invariants: interest follows state (update_interest is its only writer); a
 *             side is read only while nothing is pending for the other, so
 *             that at most one read's worth is ever held; both directions use
 *             the same code
 * References: RFC 9110 section 9.3.6, shutdown(2), tcp(7)
 *
 * How bytes get from one socket to the other is the business of move() and
 * flush() alone; the rest sees only enum moved. Another primitive (splice(2)
 * through a pipe) takes their place for a direction without the rest knowing.
 */
#include "proxy/tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"

/* One read of this size costs little more than one of 64 KiB. */
#define READ_MAX (256u * 1024)

/*
 * Peers that read slowly make us hold what a short write left over. Beyond
 * this much on one loop, reads get small, and so do leftovers.
 */
#define PENDING_SOFT_MAX (64u * 1024 * 1024)
#define READ_SMALL	 4096u

struct tunnel_loop {
	struct event_base *base;
	size_t pending_bytes;
	char *buffer; /* READ_MAX bytes, in use only within one callback */
};

/**
 * struct side - one socket, and what is to be written to it
 * @pending: what a short write left over, from @pending_at; NULL for nothing
 */
struct side {
	struct tunnel *tunnel;
	struct side *peer;
	int fd;
	struct event readable, writable;
	char *pending;
	size_t pending_at, pending_n;
	uint64_t written;
	bool reading, writing; /* which events are registered */
	bool read_done, deaf;
};

struct tunnel {
	struct tunnel_loop *loop;
	struct side client, remote;
	uint64_t active_ms;
	tunnel_look_fn *look; /* while the client's first bytes are held */
	tunnel_done_fn *done;
	void *arg;
};

enum moved {
	MOVED,	       /* some bytes, or none just now; @pending tells */
	MOVED_EOF,     /* the side that was read has said all */
	MOVED_RESET,   /* reading failed */
	MOVED_DEAF,    /* writing failed */
	MOVED_REFUSED, /* the look at the first bytes has failed */
	MOVED_NO_MEMORY,
};

static bool is_transient(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

static void pending_free(struct side *to)
{
	to->tunnel->loop->pending_bytes -= to->pending_n;
	free(to->pending);
	to->pending = NULL;
	to->pending_at = to->pending_n = 0;
}

/* Appends; mostly to nothing. */
static int pending_keep(struct side *to, const char *bytes, size_t n)
{
	char *grown = realloc(to->pending, to->pending_n + n);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + to->pending_n, bytes, n);
	to->pending = grown;
	to->pending_n += n;
	to->tunnel->loop->pending_bytes += n;
	return 0;
}

/* Return: how many bytes were taken, or -1 if @to takes no more. */
static ssize_t give(struct side *to, const char *bytes, size_t n)
{
	ssize_t sent = send(to->fd, bytes, n, MSG_NOSIGNAL);

	if (sent < 0)
		return is_transient(errno) ? 0 : -1;
	if (sent > 0) {
		to->written += (uint64_t)sent;
		to->tunnel->active_ms = clock_ms();
	}
	return sent;
}

/* True while the client's first bytes, pending for @to, may not go on. */
static bool is_held(const struct side *to)
{
	return to->tunnel->look && to == &to->tunnel->remote;
}

/*
 * Looks at @n more bytes of the client's first. Return: MOVED; then either
 * the look is over, with what was held still pending, or all is pending.
 */
static enum moved look_at(struct tunnel *t, const char *bytes, size_t n)
{
	struct side *to = &t->remote;
	enum tunnel_look verdict;

	/* Nearly always the first read has all that there is to see. */
	if (to->pending_n == 0) {
		verdict = t->look(bytes, n, t->arg);
		if (verdict == TUNNEL_LOOK_MORE &&
		    pending_keep(to, bytes, n) < 0)
			return MOVED_NO_MEMORY;
	} else {
		if (n > 0 && pending_keep(to, bytes, n) < 0)
			return MOVED_NO_MEMORY;
		verdict = t->look(to->pending, to->pending_n, t->arg);
	}
	if (verdict == TUNNEL_LOOK_REFUSE)
		return MOVED_REFUSED;
	if (verdict == TUNNEL_LOOK_PASS)
		t->look = NULL;
	return MOVED;
}

/* Reads @from once and writes that to its peer. */
static enum moved move(struct side *from)
{
	struct tunnel_loop *tl = from->tunnel->loop;
	struct side *to = from->peer;
	size_t room =
		tl->pending_bytes < PENDING_SOFT_MAX ? READ_MAX : READ_SMALL;
	ssize_t n = recv(from->fd, tl->buffer, room, 0), sent;

	if (n < 0)
		return is_transient(errno) ? MOVED : MOVED_RESET;
	if (n == 0)
		return is_held(to) && to->pending_n > 0 ? MOVED_REFUSED
							: MOVED_EOF;
	if (to->deaf)
		return MOVED; /* discarded; see on_readable() */
	if (is_held(to)) {
		bool whole = to->pending_n == 0;
		enum moved moved = look_at(from->tunnel, tl->buffer, (size_t)n);

		/* What is held is all pending, and goes out from there. */
		if (moved != MOVED || is_held(to) || !whole)
			return moved;
	}
	sent = give(to, tl->buffer, (size_t)n);
	if (sent < 0)
		return MOVED_DEAF;
	if (sent < n &&
	    pending_keep(to, tl->buffer + sent, (size_t)(n - sent)) < 0)
		return MOVED_NO_MEMORY;
	return MOVED;
}

/* Writes what is pending for @to. */
static enum moved flush(struct side *to)
{
	ssize_t sent = give(to, to->pending + to->pending_at,
			    to->pending_n - to->pending_at);

	if (sent < 0)
		return MOVED_DEAF;
	to->pending_at += (size_t)sent;
	if (to->pending_at == to->pending_n)
		pending_free(to);
	return MOVED;
}

static void side_stop(struct side *s)
{
	event_del(&s->readable);
	event_del(&s->writable);
	pending_free(s);
}

static void finish(struct tunnel *t, enum tunnel_end end)
{
	side_stop(&t->client);
	side_stop(&t->remote);
	t->done(end, tunnel_counts(t), t->arg);
	free(t);
}

/* Return: 0 or -ENOMEM. */
static int set_event(struct event *ev, bool *is, bool wanted)
{
	if (*is == wanted)
		return 0;
	if ((wanted ? event_add(ev, NULL) : event_del(ev)) < 0)
		return -ENOMEM;
	*is = wanted;
	return 0;
}

static int update_interest(struct side *s)
{
	int r = set_event(
		&s->readable, &s->reading,
		!s->read_done && (s->peer->pending_n == 0 || is_held(s->peer)));

	if (r == 0)
		r = set_event(&s->writable, &s->writing,
			      s->pending_n > 0 && !is_held(s));
	return r;
}

/* True if nothing will be moved from @from to its peer any more. */
static bool direction_over(const struct side *from)
{
	return from->peer->deaf ||
	       (from->read_done && from->peer->pending_n == 0);
}

static enum tunnel_end how_it_ended(const struct tunnel *t)
{
	/* A side that has said all has nothing left that a close could cut. */
	if (t->remote.deaf && !t->client.read_done)
		return TUNNEL_REMOTE_DEAF;
	if (t->client.deaf && !t->remote.read_done)
		return TUNNEL_CLIENT_DEAF;
	return TUNNEL_DONE;
}

/* After anything happened: is it over, and what do we wait for? */
static void settle(struct tunnel *t)
{
	if (direction_over(&t->client) && direction_over(&t->remote))
		finish(t, how_it_ended(t));
	else if (update_interest(&t->client) < 0 ||
		 update_interest(&t->remote) < 0)
		finish(t, TUNNEL_NO_MEMORY);
}

/* All of @from's bytes are with its peer: pass their end on. */
static void pass_eof(struct side *from)
{
	struct side *to = from->peer;

	if (from->read_done && to->pending_n == 0 && !to->deaf)
		(void)shutdown(to->fd, SHUT_WR); /* if it fails it is gone */
}

static void on_eof(struct side *from)
{
	from->read_done = true;
	from->tunnel->active_ms = clock_ms();
	pass_eof(from);
}

/* @s takes no more: what is left for it is discarded. */
static void on_deaf(struct side *s)
{
	s->deaf = true;
	pending_free(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct side *from = arg;
	struct tunnel *t = from->tunnel;

	(void)fd;
	(void)what;
	switch (move(from)) {
	case MOVED:
		break;
	case MOVED_RESET:
		/*
		 * A side that reset the connection when it was written to says
		 * so again after its last byte: that is its end.
		 */
		if (!from->deaf) {
			finish(t, from == &t->client ? TUNNEL_CLIENT_RESET
						     : TUNNEL_REMOTE_RESET);
			return;
		}
		on_eof(from);
		break;
	case MOVED_EOF:
		on_eof(from);
		break;
	case MOVED_DEAF:
		/*
		 * The peer reset, but what it sent before may still lie in our
		 * kernel (a server that answers without reading the upload to
		 * its end). So its direction goes on, and @from is read and
		 * discarded until that is done, or it would never come to read
		 * the answer.
		 */
		on_deaf(from->peer);
		break;
	case MOVED_REFUSED:
		finish(t, TUNNEL_REFUSED);
		return;
	case MOVED_NO_MEMORY:
		finish(t, TUNNEL_NO_MEMORY);
		return;
	}
	settle(t);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct side *to = arg;
	enum moved moved;

	(void)fd;
	(void)what;
	if (is_held(to)) { /* early data, see tunnel_start() */
		moved = look_at(to->tunnel, NULL, 0);
		if (moved != MOVED) {
			finish(to->tunnel, TUNNEL_REFUSED);
			return;
		}
	} else if (flush(to) == MOVED_DEAF) {
		on_deaf(to);
	} else {
		pass_eof(to->peer);
	}
	settle(to->tunnel);
}

static void side_init(struct tunnel *t, struct side *s, struct side *peer,
		      int fd)
{
	struct event_base *base = t->loop->base;
	int on = 1;

	s->tunnel = t;
	s->peer = peer;
	s->fd = fd;
	/* Whoever wrote it has decided when: no Nagle on top of that. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)event_assign(&s->readable, base, fd, EV_READ | EV_PERSIST,
			   on_readable, s);
	(void)event_assign(&s->writable, base, fd, EV_WRITE | EV_PERSIST,
			   on_writable, s);
}

int tunnel_start(struct tunnel_loop *tl, int client_fd, int remote_fd,
		 const char *early, size_t early_n, tunnel_look_fn *look,
		 tunnel_done_fn *done, void *arg, struct tunnel **ret)
{
	struct tunnel *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->loop = tl;
	t->look = look;
	t->done = done;
	t->arg = arg;
	t->active_ms = clock_ms();
	side_init(t, &t->client, &t->remote, client_fd);
	side_init(t, &t->remote, &t->client, remote_fd);
	if ((early_n > 0 && pending_keep(&t->remote, early, early_n) < 0) ||
	    update_interest(&t->client) < 0 ||
	    update_interest(&t->remote) < 0) {
		tunnel_cancel(t);
		return -ENOMEM;
	}
	if (is_held(&t->remote) && early_n > 0)
		event_active(&t->remote.writable, EV_WRITE, 0);
	*ret = t;
	return 0;
}

void tunnel_cancel(struct tunnel *t)
{
	if (!t)
		return;
	side_stop(&t->client);
	side_stop(&t->remote);
	free(t);
}

struct tunnel_counts tunnel_counts(const struct tunnel *t)
{
	return (struct tunnel_counts){ .in = t->client.written,
				       .out = t->remote.written };
}

uint64_t tunnel_active_ms(const struct tunnel *t)
{
	return t->active_ms;
}

int tunnel_loop_new(struct event_base *base, struct tunnel_loop **ret)
{
	struct tunnel_loop *tl = calloc(1, sizeof(*tl));

	if (!tl)
		return -ENOMEM;
	tl->base = base;
	tl->buffer = malloc(READ_MAX);
	if (!tl->buffer) {
		free(tl);
		return -ENOMEM;
	}
	*ret = tl;
	return 0;
}

void tunnel_loop_free(struct tunnel_loop *tl)
{
	if (!tl)
		return;
	free(tl->buffer);
	free(tl);
}
