/* SPDX-License-Identifier: MIT */
/*
 * proxy/forward_port.c - bytes between a listening socket and our own loopback
 *
 * In:         listening sockets, each with the port that it stands for
 * Out:        bytes moved; an access-log line for each connection
 * States:     dialling -> tunnel -> closing -> gone; each owns exactly one of
 *             @dial, @tunnel and @closer
 * Invariants: counted among the connections of the loop, and so by its limits
 *             and by a drain; a client whose service does not answer sees a
 *             reset, which is what connecting to it would have looked like;
 *             after forwarded_end() its caller returns at once
 *
 * There is no idle limit: nothing of ours is spent on silence, and without a
 * network of its own the run would have none here either.
 */
#include "proxy/forward_port.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/addr.h"
#include "common/clock.h"
#include "common/fdio.h"
#include "common/log.h"
#include "common/macros.h"
#include "proxy/access_log.h"
#include "proxy/closer.h"
#include "proxy/dial.h"
#include "proxy/loop.h"
#include "proxy/tcp.h"
#include "proxy/tunnel.h"

/* How long accepting rests when there is no room. */
#define REST_MS 100

/* Taken in one go; the other events of the loop get their turn after. */
#define ACCEPT_BATCH 64

/* Loopback answers at once or not at all. */
#define STAGGER_MS 250

#define TARGET_MAX 24

static const struct addr loopback[] = {
	{ .family = AF_INET, .bytes = { 127, 0, 0, 1 } },
	{ .family = AF_INET6, .bytes = { [15] = 1 } },
};

struct forwarded {
	LIST_ENTRY(forwarded) link;
	struct forward_port *port;
	int client_fd, remote_fd;
	struct addr client, address;
	uint16_t client_port;
	bool has_address, logged;
	uint64_t started_ms;
	struct dial *dial;
	struct tunnel *tunnel;
	struct closer *closer;
	struct tunnel_counts counts;
	enum reason reason;
};

struct forward_port {
	LIST_ENTRY(forward_port) link;
	struct loop *loop;
	int fd;
	uint16_t port;
	bool stopped;
	struct event acceptable, rested;
	LIST_HEAD(, forwarded) live;
};

/* Its one line, and its counters. */
static void log_end(struct forwarded *f)
{
	char client[ADDR_TEXT_MAX + 10], address[ADDR_TEXT_MAX];
	char text[ADDR_TEXT_MAX], target[TARGET_MAX];
	struct loop *lp = f->port->loop;
	struct access_entry e = {
		.run = lp->run,
		.protocol = "local-port",
		.client = client,
		.target = target,
		.reason = f->reason,
		.bytes_in = f->counts.in,
		.bytes_out = f->counts.out,
		.ms = clock_ms() - f->started_ms,
	};

	if (f->logged)
		return;
	f->logged = true;
	stats_count_end(&lp->stats, f->reason, f->counts.in, f->counts.out);
	(void)snprintf(client, sizeof(client),
		       f->client.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		       addr_format(&f->client, text), (unsigned)f->client_port);
	(void)snprintf(target, sizeof(target), "localhost:%u",
		       (unsigned)f->port->port);
	if (f->has_address)
		e.address = addr_format(&f->address, address);
	access_log_write(lp->log, &e);
}

static void close_with_reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (fd < 0)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* From any state. With @reset both peers see that it did not end well. */
static void forwarded_end(struct forwarded *f, bool reset)
{
	struct loop *lp = f->port->loop;

	if (f->tunnel)
		f->counts = tunnel_counts(f->tunnel);
	log_end(f);
	dial_cancel(f->dial);
	tunnel_cancel(f->tunnel);
	closer_cancel(f->closer);
	if (reset) {
		close_with_reset(f->client_fd);
		close_with_reset(f->remote_fd);
	} else {
		if (f->client_fd >= 0)
			close(f->client_fd);
		if (f->remote_fd >= 0)
			close(f->remote_fd);
	}
	LIST_REMOVE(f, link);
	free(f);
	lp->stats.connections--;
	/* There is room again, or a drain is over. */
	event_active(lp->reap, EV_TIMEOUT, 0);
}

static void on_closed(void *arg)
{
	struct forwarded *f = arg;

	f->closer = NULL;
	forwarded_end(f, false);
}

/* One socket goes in its own way; the other at once. */
static void close_last(struct forwarded *f, int *fd, enum closer_how how)
{
	int last = *fd;

	*fd = -1;
	log_end(f);
	if (f->client_fd >= 0)
		close(f->client_fd);
	if (f->remote_fd >= 0)
		close(f->remote_fd);
	f->client_fd = f->remote_fd = -1;
	if (closer_start(f->port->loop->base, last, how, on_closed, f,
			 &f->closer) < 0)
		forwarded_end(f, false);
}

static void on_tunnel_done(enum tunnel_end end, struct tunnel_counts counts,
			   void *arg)
{
	struct forwarded *f = arg;

	f->tunnel = NULL;
	f->counts = counts;
	switch (end) {
	case TUNNEL_DONE:
		forwarded_end(f, false);
		break;
	case TUNNEL_CLIENT_RESET:
		close_last(f, &f->remote_fd, CLOSER_RESET);
		break;
	case TUNNEL_REMOTE_RESET:
		close_last(f, &f->client_fd, CLOSER_RESET);
		break;
	case TUNNEL_CLIENT_DEAF:
		close_last(f, &f->remote_fd, CLOSER_FIN);
		break;
	case TUNNEL_REMOTE_DEAF:
		close_last(f, &f->client_fd, CLOSER_FIN);
		break;
	case TUNNEL_REFUSED: /* nobody looks at a port's bytes */
	case TUNNEL_NO_MEMORY:
		f->reason = REASON_INTERNAL;
		forwarded_end(f, true);
		break;
	}
}

static void on_dialed(int fd, const struct addr *addr, enum reason reason,
		      void *arg)
{
	struct forwarded *f = arg;

	f->dial = NULL;
	f->remote_fd = fd;
	f->reason = reason;
	if (reason == REASON_ALLOWED) {
		f->address = *addr;
		f->has_address = true;
		if (tunnel_start(f->port->loop->tunnels, f->client_fd, fd, NULL,
				 0, NULL, on_tunnel_done, f, &f->tunnel) == 0)
			return;
		f->reason = REASON_INTERNAL;
	}
	forwarded_end(f, true);
}

/* Takes @fd, in failure too. */
static void begin(struct forward_port *p, int fd,
		  const struct sockaddr_storage *client)
{
	const struct dial_opts opts = {
		.stagger_ms = STAGGER_MS,
		.deadline_ms = p->loop->limits->dial_time,
	};
	struct forwarded *f = calloc(1, sizeof(*f));

	p->loop->stats.accepted++;
	if (!f) {
		log_warn("no memory for another connection");
		close_with_reset(fd);
		return;
	}
	f->port = p;
	f->client_fd = fd;
	f->remote_fd = -1;
	f->started_ms = clock_ms();
	f->client = loopback[0]; /* a family that we do not know: 127.0.0.1:0 */
	(void)addr_from_sockaddr((const struct sockaddr *)client, &f->client,
				 &f->client_port);
	LIST_INSERT_HEAD(&p->live, f, link);
	p->loop->stats.connections++;
	if (dial_start(p->loop->base, loopback, ARRAY_SIZE(loopback), p->port,
		       &opts, on_dialed, f, &f->dial) < 0) {
		f->reason = REASON_INTERNAL;
		forwarded_end(f, true);
	}
}

static bool is_full(const struct loop *lp)
{
	const uint32_t per_run = lp->limits->connections_per_run;

	return lp->stats.connections >= lp->connections_max ||
	       (per_run > 0 && lp->stats.connections >= per_run);
}

/* Clients wait in the kernel's queue meanwhile. */
static void rest(struct forward_port *p)
{
	const struct timeval tv = { .tv_usec = REST_MS * 1000 };

	event_del(&p->acceptable);
	if (event_add(&p->rested, &tv) < 0)
		log_warn("no memory to go on with local port %u",
			 (unsigned)p->port);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct forward_port *p = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage client = { 0 };
		socklen_t len = sizeof(client);
		int accepted;

		if (is_full(p->loop)) {
			rest(p);
			return;
		}
		accepted = accept4(fd, (struct sockaddr *)&client, &len,
				   SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (accepted < 0 && errno != EAGAIN && errno != EINTR &&
		    errno != ECONNABORTED)
			rest(p); /* no descriptors, most likely */
		if (accepted < 0)
			return;
		begin(p, accepted, &client);
	}
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct forward_port *p = arg;

	(void)fd;
	(void)what;
	if (!p->stopped && event_add(&p->acceptable, NULL) < 0)
		rest(p);
}

int forward_port_new(struct loop *lp, int fd, uint16_t port)
{
	struct forward_port *p = calloc(1, sizeof(*p));
	int r = -ENOMEM;

	if (!p)
		goto out;
	r = fd_set_nonblocking(fd);
	if (r < 0)
		goto out;
	tcp_prepare_listener(fd);
	p->loop = lp;
	p->fd = fd;
	p->port = port;
	LIST_INIT(&p->live);
	(void)event_assign(&p->acceptable, lp->base, fd, EV_READ | EV_PERSIST,
			   on_acceptable, p);
	(void)event_assign(&p->rested, lp->base, -1, 0, on_rested, p);
	LIST_INSERT_HEAD(&lp->forwards, p, link);
	return 0;
out:
	free(p);
	close(fd);
	return r;
}

int forward_port_start_all(struct loop *lp)
{
	struct forward_port *p;

	for (p = LIST_FIRST(&lp->forwards); p; p = LIST_NEXT(p, link))
		if (event_add(&p->acceptable, NULL) < 0)
			return -ENOMEM;
	return 0;
}

static void stop(struct forward_port *p)
{
	p->stopped = true;
	event_del(&p->acceptable);
	event_del(&p->rested);
}

void forward_port_stop_all(struct loop *lp)
{
	struct forward_port *p;

	for (p = LIST_FIRST(&lp->forwards); p; p = LIST_NEXT(p, link))
		stop(p);
}

void forward_port_free_all(struct loop *lp)
{
	struct forward_port *p;
	struct forwarded *f;

	while ((p = LIST_FIRST(&lp->forwards))) {
		stop(p);
		while ((f = LIST_FIRST(&p->live)))
			forwarded_end(f, false);
		LIST_REMOVE(p, link);
		close(p->fd);
		free(p);
	}
}
