/* SPDX-License-Identifier: MIT */
/*
 * proxy/listener.c - accept clients, as many as there is room for
 *
 * In:         a listening socket from the owner
 * Out:        non-blocking, close-on-exec sockets for conn.c
 * States:     STOPPED (never started, or draining), ACCEPTING, FULL (too many
 *             connections: the next that ends wakes us; where it may be one
 *             of another thread, a timer does), RESTING (accept
 *             failed: a timer wakes us)
 * Invariants: the socket is registered only while ACCEPTING, so that a full
 *             queue that we cannot take from never makes the loop spin
 * References: accept(2) "Error handling": errors of the network belong to the
 *             connection that was to be accepted, not to the listener
 */
#include "proxy/listener.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "proxy/conn_priv.h"
#include "proxy/tcp.h"

/* Connections beyond the limit that are taken to be told so, with a 503. */
#define OVERFLOW_MAX 16u

/* Taken in one go; the other events of the loop get their turn after. */
#define ACCEPT_BATCH 64

#define REST_MS 100

enum listener_state {
	LISTENER_STOPPED,
	LISTENER_ACCEPTING,
	LISTENER_FULL,
	LISTENER_RESTING,
};

struct listener {
	LIST_ENTRY(listener) link;
	LIST_ENTRY(listener) full; /* in lp->full, while FULL */
	struct scope *scope;
	int fd;
	enum listener_state state;
	bool told; /* that accepting fails, since it last worked */
	struct event acceptable, rested;
};

/* The only writer of l->state. Return: 0 or -ENOMEM. */
static int set_state(struct listener *l, enum listener_state next)
{
	struct timeval rest = { .tv_sec = 0, .tv_usec = REST_MS * 1000 };
	int r = 0;

	event_del(&l->acceptable);
	event_del(&l->rested);
	if (l->state == LISTENER_FULL)
		LIST_REMOVE(l, full);
	l->state = next;
	if (next == LISTENER_FULL)
		LIST_INSERT_HEAD(&l->scope->loop->full, l, full);
	if (next == LISTENER_ACCEPTING)
		r = event_add(&l->acceptable, NULL);
	else if (next == LISTENER_RESTING ||
		 (next == LISTENER_FULL && l->scope->loop->all->n > 1))
		r = event_add(&l->rested, &rest);
	return r < 0 ? -ENOMEM : 0;
}

static void on_accept_failed(struct listener *l, int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
		return;
	case EINVAL:
		/* Whoever shares the socket has shut it: nobody comes again. */
		(void)set_state(l, LISTENER_STOPPED);
		return;
	default:
		/* EMFILE, ENFILE, ENOBUFS, ENOMEM, and what nobody foresaw:
		 * trying again at once would only burn the processor. */
		if (!l->told)
			log_warn("accepting pauses: %s", strerror(err));
		l->told = true;
		(void)set_state(l, LISTENER_RESTING);
	}
}

/* Return: false if there is none to take, for now. */
static bool accept_one(struct listener *l)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr client = { .family = AF_INET };
	uint16_t port = 0;
	int fd;

	if (scope_is_full(l->scope, OVERFLOW_MAX)) {
		(void)set_state(l, LISTENER_FULL);
		return false;
	}
	fd = accept4(l->fd, (struct sockaddr *)&ss, &len,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		on_accept_failed(l, errno);
		return false;
	}
	l->told = false;
	/* A family that we do not know is logged as 0.0.0.0:0. */
	(void)addr_from_sockaddr((struct sockaddr *)&ss, &client, &port);
	conn_accept(l->scope, fd, &client, port, scope_is_full(l->scope, 0));
	return true;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	for (int i = 0; i < ACCEPT_BATCH; i++)
		if (!accept_one(arg))
			return;
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	(void)listener_start(l); /* without memory, the next end tries again */
}

int listener_new(struct scope *scope, int fd)
{
	struct event_base *base = scope->loop->base;
	struct listener *l = calloc(1, sizeof(*l));
	int r = -ENOMEM;

	if (!l)
		goto out;
	/* A connection that is gone again when we accept must not block us. */
	r = fd_set_nonblocking(fd);
	if (r < 0)
		goto out;
	tcp_prepare_listener(fd);
	l->scope = scope;
	l->fd = fd;
	l->state = LISTENER_STOPPED;
	(void)event_assign(&l->acceptable, base, fd, EV_READ | EV_PERSIST,
			   on_acceptable, l);
	(void)event_assign(&l->rested, base, -1, 0, on_rested, l);
	LIST_INSERT_HEAD(&scope->listeners, l, link);
	return 0;
out:
	free(l);
	close(fd);
	return r;
}

void listener_free(struct listener *l)
{
	(void)set_state(l, LISTENER_STOPPED);
	LIST_REMOVE(l, link);
	close(l->fd);
	free(l);
}

int listener_start(struct listener *l)
{
	int r = set_state(l, LISTENER_ACCEPTING);

	if (r < 0)
		(void)set_state(l, LISTENER_FULL); /* tried again, see above */
	return r;
}

void listener_resume_all(struct loop *lp)
{
	struct listener *l, *next;

	for (l = LIST_FIRST(&lp->full); l; l = next) {
		next = LIST_NEXT(l, full);
		if (!scope_is_full(l->scope, OVERFLOW_MAX))
			(void)listener_start(l);
	}
}

struct listener *listener_next(const struct listener *l)
{
	return LIST_NEXT(l, link);
}
