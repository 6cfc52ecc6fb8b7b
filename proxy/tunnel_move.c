/* SPDX-License-Identifier: MIT */
/*
 * proxy/tunnel_move.c - get bytes from one socket of a tunnel to the other
 *
 * In:         a side that can be read, or one that can be written again
 * Out:        enum moved; what could not be written is the other's backlog
 * Steps:      read into the loop's buffer and write it on; a direction that
 *             fills much of the buffer goes through a pipe by splice(2) from
 *             then on, until little comes at a time
 * Invariants: a pipe holds bytes of one direction, and is only kept while it
 *             does: it is taken empty and put back empty. So "try again" when
 *             it is filled means that the socket has nothing, never that the
 *             pipe is full
 * References: splice(2); SPLICE_F_MORE would cork the socket for 200 ms
 */
#include "proxy/tunnel_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "proxy/pipe_pool.h"

/*
 * A direction whose reads bring this much is a bulky one; below the second
 * figure it is none any more.
 */
#define BULK_MIN  65536
#define BULK_LESS 16384

/*
 * Peers that read slowly make us hold what a short write left over. Beyond
 * this much on one loop, reads get small, and so do leftovers.
 */
#define BACKLOG_SOFT_MAX (64u * 1024 * 1024)
#define READ_SMALL	 4096u

static bool is_transient(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

static struct backlog *backlog_of(struct side *to)
{
	struct backlog *b = to->backlog;

	if (b)
		return b;
	b = calloc(1, sizeof(*b));
	if (b)
		(void)event_assign(&b->writable, tunnel_of(to)->loop->base,
				   to->fd, EV_WRITE | EV_PERSIST,
				   tunnel_on_writable, to);
	to->backlog = b;
	return b;
}

void tunnel_backlog_free(struct side *to)
{
	struct backlog *b = to->backlog;
	struct tunnel_loop *tl = tunnel_of(to)->loop;

	if (!b)
		return;
	event_del(&b->writable);
	if (b->pipe)
		pipe_pool_put(tl->pipes, b->pipe, b->n - b->at);
	else
		tl->backlog_bytes -= b->n;
	free(b->bytes);
	free(b);
	to->backlog = NULL;
	to->writing = false;
}

int tunnel_backlog_keep(struct side *to, const char *bytes, size_t n)
{
	struct backlog *b = backlog_of(to);
	char *grown = b ? realloc(b->bytes, b->n + n) : NULL;

	if (!grown)
		return -ENOMEM;
	memcpy(grown + b->n, bytes, n);
	b->bytes = grown;
	b->n += n;
	tunnel_of(to)->loop->backlog_bytes += n;
	return 0;
}

/* What a write returned, as bytes taken, or -1 if @to takes no more. */
static ssize_t note_given(struct side *to, ssize_t sent)
{
	if (sent < 0)
		return is_transient(errno) ? 0 : -1;
	if (sent > 0) {
		to->written += (uint64_t)sent;
		tunnel_of(to)->active_ms = clock_ms();
	}
	return sent;
}

static ssize_t give(struct side *to, const char *bytes, size_t n)
{
	return note_given(to, send(to->fd, bytes, n, MSG_NOSIGNAL));
}

/* The same from a pipe with @n bytes in it, as far as the socket goes. */
static ssize_t give_pipe(struct side *to, struct pipe *pipe, size_t n)
{
	size_t given = 0;

	while (given < n) {
		ssize_t sent = note_given(
			to, splice(pipe->read_fd, NULL, to->fd, NULL, n - given,
				   SPLICE_F_MOVE | SPLICE_F_NONBLOCK));

		if (sent < 0)
			return -1;
		if (sent == 0)
			break;
		given += (size_t)sent;
	}
	return (ssize_t)given;
}

enum moved tunnel_look_at(struct tunnel *t, const char *bytes, size_t n)
{
	struct side *to = &t->remote;
	enum tunnel_look verdict;

	/* Nearly always the first read has all that there is to see. */
	if (!to->backlog) {
		verdict = t->look(bytes, n, t->arg);
		if (verdict == TUNNEL_LOOK_MORE &&
		    tunnel_backlog_keep(to, bytes, n) < 0)
			return MOVED_NO_MEMORY;
	} else {
		if (n > 0 && tunnel_backlog_keep(to, bytes, n) < 0)
			return MOVED_NO_MEMORY;
		verdict = t->look(to->backlog->bytes, to->backlog->n, t->arg);
	}
	if (verdict == TUNNEL_LOOK_REFUSE)
		return MOVED_REFUSED;
	if (verdict == TUNNEL_LOOK_PASS)
		t->look = NULL;
	return MOVED;
}

/* Into a unix socket, a TLS session's plain end, splice(2) got stuck. */
static bool is_internet(int fd)
{
	socklen_t len = sizeof(int);
	int domain = AF_UNSPEC;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       (domain == AF_INET || domain == AF_INET6);
}

static enum moved move_by_copy(struct side *from)
{
	struct tunnel_loop *tl = tunnel_of(from)->loop;
	struct side *to = peer_of(from);
	size_t room = tl->backlog_bytes < BACKLOG_SOFT_MAX ? TUNNEL_READ_MAX
							   : READ_SMALL;
	ssize_t n = recv(from->fd, tl->buffer, room, 0), sent;

	if (n < 0)
		return is_transient(errno) ? MOVED : MOVED_RESET;
	if (n == 0)
		return is_held(to) && to->backlog ? MOVED_REFUSED : MOVED_EOF;
	if (to->deaf)
		return MOVED; /* discarded; see on_readable() */
	if (is_held(to)) {
		bool whole = !to->backlog;
		enum moved moved =
			tunnel_look_at(tunnel_of(from), tl->buffer, (size_t)n);

		/* What is held is all in the backlog, and goes from there. */
		if (moved != MOVED || is_held(to) || !whole)
			return moved;
	}
	from->bulk =
		n >= BULK_MIN && is_internet(from->fd) && is_internet(to->fd);
	sent = give(to, tl->buffer, (size_t)n);
	if (sent < 0)
		return MOVED_DEAF;
	if (sent < n &&
	    tunnel_backlog_keep(to, tl->buffer + sent, (size_t)(n - sent)) < 0)
		return MOVED_NO_MEMORY;
	return MOVED;
}

/* What is left in @pipe waits until @to can be written. */
static enum moved keep_pipe(struct side *to, struct pipe *pipe, size_t n)
{
	struct backlog *b = backlog_of(to);

	if (!b) {
		pipe_pool_put(tunnel_of(to)->loop->pipes, pipe, n);
		return MOVED_NO_MEMORY;
	}
	b->pipe = pipe;
	b->n = n;
	return MOVED;
}

static enum moved move_by_splice(struct side *from, struct pipe *pipe)
{
	struct pipe_pool *pool = tunnel_of(from)->loop->pipes;
	struct side *to = peer_of(from);
	ssize_t n = splice(from->fd, NULL, pipe->write_fd, NULL,
			   PIPE_POOL_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	ssize_t sent;

	if (n <= 0) {
		int err = errno;

		pipe_pool_put(pool, pipe, 0);
		if (n == 0)
			return MOVED_EOF;
		from->bulk = false;
		/* What cannot be spliced is copied. */
		return is_transient(err) || err == EINVAL || err == EPERM ||
				       err == ENOSYS
			       ? MOVED
			       : MOVED_RESET;
	}
	if (n < BULK_LESS)
		from->bulk = false;
	sent = give_pipe(to, pipe, (size_t)n);
	if (sent == n) {
		pipe_pool_put(pool, pipe, 0);
		return MOVED;
	}
	if (sent < 0) {
		pipe_pool_put(pool, pipe, 1); /* something is in there */
		return MOVED_DEAF;
	}
	return keep_pipe(to, pipe, (size_t)(n - sent));
}

enum moved tunnel_move(struct side *from)
{
	struct side *to = peer_of(from);
	struct pipe *pipe = NULL;

	if (from->bulk && !to->deaf && !is_held(to))
		pipe = pipe_pool_get(tunnel_of(from)->loop->pipes);
	return pipe ? move_by_splice(from, pipe) : move_by_copy(from);
}

enum moved tunnel_flush(struct side *to)
{
	struct backlog *b = to->backlog;
	size_t n = b->n - b->at;
	ssize_t sent = b->pipe ? give_pipe(to, b->pipe, n)
			       : give(to, b->bytes + b->at, n);

	if (sent < 0)
		return MOVED_DEAF;
	b->at += (size_t)sent;
	if (b->at == b->n)
		tunnel_backlog_free(to);
	return MOVED;
}
