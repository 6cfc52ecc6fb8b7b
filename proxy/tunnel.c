/* SPDX-License-Identifier: MIT */
/*
 * proxy/tunnel.c - move bytes both ways until both sides are done
 *
 * In:         two connected sockets, and early data, from conn.c
 * Out:        one done callback: how it ended, and two byte counts
 * States:     each side has two flags: it has said all (read_done), and it
 *             takes no more (deaf). A direction is over when its reader's
 *             side is deaf, or its writer has said all and there is no backlog;
 *             the tunnel is over when both directions are
 *             Before all that, while @look is set, the client's bytes are
 *             held in the remote's backlog
 * Invariants: interest follows state (update_interest is its only writer); a
 *             side is read only while the other has no backlog, so that at
 *             most one read's worth is ever held; both directions use the same
 *             code
 * References: RFC 9110 section 9.3.6, shutdown(2), tcp(7)
 *
 * How bytes get from one socket to the other is tunnel_move.c's business: here
 * is only seen what became of it, enum moved.
 */
#include "proxy/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "proxy/pipe_pool.h"
#include "proxy/tunnel_priv.h"

static void side_stop(struct side *s)
{
	event_del(&s->readable);
	tunnel_backlog_free(s);
}

static void finish(struct tunnel *t, enum tunnel_end end)
{
	side_stop(&t->client);
	side_stop(&t->remote);
	t->done(end, tunnel_counts(t), t->arg);
	free(t);
}

/* Return: 0 or -ENOMEM. */
static int update_interest(struct side *s)
{
	bool read =
		!s->read_done && (!peer_of(s)->backlog || is_held(peer_of(s)));
	bool write = s->backlog && !is_held(s);
	int r = 0;

	if (read != s->reading)
		r = read ? event_add(&s->readable, NULL)
			 : event_del(&s->readable);
	if (r == 0 && write && !s->writing)
		r = event_add(&s->backlog->writable, NULL);
	if (r < 0)
		return -ENOMEM;
	s->reading = read;
	s->writing = write;
	return 0;
}

/* True if nothing will be moved from @from to its peer any more. */
static bool direction_over(struct side *from)
{
	const struct side *to = peer_of(from);

	return to->deaf || (from->read_done && !to->backlog);
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
	struct side *to = peer_of(from);

	/* Where the other direction is over too, the close will tell. */
	if (from->read_done && !to->backlog && !to->deaf && !direction_over(to))
		(void)shutdown(to->fd, SHUT_WR); /* if it fails it is gone */
}

static void on_eof(struct side *from)
{
	from->read_done = true;
	tunnel_of(from)->active_ms = clock_ms();
	pass_eof(from);
}

/* @s takes no more: what is left for it is discarded. */
static void on_deaf(struct side *s)
{
	s->deaf = true;
	tunnel_backlog_free(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct side *from = arg;
	struct tunnel *t = tunnel_of(from);

	(void)fd;
	(void)what;
	switch (tunnel_move(from)) {
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
		on_deaf(peer_of(from));
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

void tunnel_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct side *to = arg;
	struct tunnel *t = tunnel_of(to);

	(void)fd;
	(void)what;
	if (is_held(to)) { /* early data, see tunnel_start() */
		if (tunnel_look_at(t, NULL, 0) != MOVED) {
			finish(t, TUNNEL_REFUSED);
			return;
		}
	} else if (tunnel_flush(to) == MOVED_DEAF) {
		on_deaf(to);
	} else {
		pass_eof(peer_of(to));
	}
	settle(t);
}

static void side_init(struct tunnel *t, struct side *s, int fd)
{
	s->fd = fd;
	s->is_remote = s == &t->remote;
	(void)event_assign(&s->readable, t->loop->base, fd,
			   EV_READ | EV_PERSIST, on_readable, s);
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
	side_init(t, &t->client, client_fd);
	side_init(t, &t->remote, remote_fd);
	if ((early_n > 0 &&
	     tunnel_backlog_keep(&t->remote, early, early_n) < 0) ||
	    update_interest(&t->client) < 0 ||
	    update_interest(&t->remote) < 0) {
		tunnel_cancel(t);
		return -ENOMEM;
	}
	if (is_held(&t->remote) && early_n > 0)
		event_active(&t->remote.backlog->writable, EV_WRITE, 0);
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

int tunnel_loop_new(struct event_base *base, size_t pipes_max,
		    struct tunnel_loop **ret)
{
	struct tunnel_loop *tl = calloc(1, sizeof(*tl));

	if (!tl)
		return -ENOMEM;
	tl->base = base;
	tl->buffer = malloc(TUNNEL_READ_MAX);
	if (!tl->buffer || pipe_pool_new(pipes_max, &tl->pipes) < 0) {
		tunnel_loop_free(tl);
		return -ENOMEM;
	}
	*ret = tl;
	return 0;
}

void tunnel_loop_free(struct tunnel_loop *tl)
{
	if (!tl)
		return;
	pipe_pool_free(tl->pipes);
	free(tl->buffer);
	free(tl);
}
