/* SPDX-License-Identifier: MIT */
/*
 * proxy/forward_port.c - bytes between a listening socket and our own loopback
 *
 * In:         listening sockets, each with the port that it stands for
 * Out:        a flow (flow.h) for each connection, or a reset and a log line
 * Invariants: counted among the connections of its scope, and so by its
 *             limits and by a drain; a client whose service does not answer
 * sees a reset, which is what connecting to it would have looked like; after
 * forwarded_fail() its caller returns at once
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
#include "proxy/dial.h"
#include "proxy/flow.h"
#include "proxy/loop.h"
#include "proxy/scope.h"
#include "proxy/stats.h"
#include "proxy/tcp.h"

/* How long accepting rests when there is no room. */
#define REST_MS 100

/* Taken in one go; the other events of the loop get their turn after. */
#define ACCEPT_BATCH 64

/* Loopback answers at once or not at all. */
#define STAGGER_MS 250

#define PROTOCOL   "local-port"
#define TARGET_MAX 24

static const struct addr loopback[] = {
	{ .family = AF_INET, .bytes = { 127, 0, 0, 1 } },
	{ .family = AF_INET6, .bytes = { [15] = 1 } },
};

struct forwarded {
	LIST_ENTRY(forwarded) link;
	struct forward_port *port;
	int client_fd;
	struct addr client;
	uint16_t client_port;
	uint64_t started_ms;
	struct dial *dial;
	enum reason reason;
};

struct forward_port {
	LIST_ENTRY(forward_port) link;
	struct scope *scope;
	int fd;
	uint16_t port;
	bool stopped;
	struct event acceptable, rested;
	LIST_HEAD(, forwarded) live;
};

static const char *format_target(const struct forward_port *p,
				 char buf[TARGET_MAX])
{
	(void)snprintf(buf, TARGET_MAX, "localhost:%u", (unsigned)p->port);
	return buf;
}

static void log_failure(const struct forwarded *f)
{
	char client[ADDR_PORT_TEXT_MAX], target[TARGET_MAX];
	struct scope *s = f->port->scope;
	const struct access_entry e = {
		.who = &s->who,
		.protocol = PROTOCOL,
		.client = addr_format_port(&f->client, f->client_port, client),
		.target = format_target(f->port, target),
		.reason = f->reason,
		.ms = clock_ms() - f->started_ms,
	};

	stats_count_end(&s->stats, f->reason, 0, 0);
	access_log_write(s->loop->log, &e);
}

static void close_with_reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void forwarded_free(struct forwarded *f)
{
	dial_cancel(f->dial);
	LIST_REMOVE(f, link);
	free(f);
}

/* It did not come to a tunnel. */
static void forwarded_fail(struct forwarded *f)
{
	struct scope *s = f->port->scope;

	log_failure(f);
	close_with_reset(f->client_fd);
	forwarded_free(f);
	scope_count_end(s);
	/* There is room again, or a drain is over. */
	event_active(s->loop->reap, EV_TIMEOUT, 0);
}

static void on_dialed(int fd, const struct addr *addr, enum reason reason,
		      void *arg)
{
	struct forwarded *f = arg;
	char target[TARGET_MAX];
	const struct flow_opts opts = {
		.client_fd = f->client_fd,
		.remote_fd = fd,
		.client = &f->client,
		.client_port = f->client_port,
		.address = addr,
		.started_ms = f->started_ms,
		.protocol = PROTOCOL,
		.target = format_target(f->port, target),
	};

	f->dial = NULL;
	f->reason = reason;
	if (reason == REASON_ALLOWED) {
		if (flow_start(f->port->scope->flows, &opts) == 0) {
			forwarded_free(f);
			return;
		}
		f->reason = REASON_INTERNAL;
		close(fd);
	}
	forwarded_fail(f);
}

/* Takes @fd, in failure too. */
static void begin(struct forward_port *p, int fd,
		  const struct sockaddr_storage *client)
{
	const struct dial_opts opts = {
		.stagger_ms = STAGGER_MS,
		.deadline_ms = p->scope->limits->dial_time,
	};
	struct forwarded *f = calloc(1, sizeof(*f));

	p->scope->stats.accepted++;
	if (!f) {
		log_warn("no memory for another connection");
		close_with_reset(fd);
		return;
	}
	f->port = p;
	f->client_fd = fd;
	f->started_ms = clock_ms();
	f->client = loopback[0]; /* a family that we do not know: 127.0.0.1:0 */
	(void)addr_from_sockaddr((const struct sockaddr *)client, &f->client,
				 &f->client_port);
	LIST_INSERT_HEAD(&p->live, f, link);
	scope_count_begin(p->scope);
	if (dial_start(p->scope->loop->base, loopback, ARRAY_SIZE(loopback),
		       p->port, &opts, on_dialed, f, &f->dial) < 0) {
		f->reason = REASON_INTERNAL;
		forwarded_fail(f);
	}
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

		if (scope_is_full(p->scope, 0)) {
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

int forward_port_new(struct scope *s, int fd, uint16_t port)
{
	struct forward_port *p = calloc(1, sizeof(*p));
	int r = -ENOMEM;

	if (!p)
		goto out;
	r = fd_set_nonblocking(fd);
	if (r < 0)
		goto out;
	tcp_prepare_listener(fd);
	p->scope = s;
	p->fd = fd;
	p->port = port;
	LIST_INIT(&p->live);
	(void)event_assign(&p->acceptable, s->loop->base, fd,
			   EV_READ | EV_PERSIST, on_acceptable, p);
	(void)event_assign(&p->rested, s->loop->base, -1, 0, on_rested, p);
	LIST_INSERT_HEAD(&s->forwards, p, link);
	return 0;
out:
	free(p);
	close(fd);
	return r;
}

int forward_port_start_all(struct scope *s)
{
	struct forward_port *p;

	for (p = LIST_FIRST(&s->forwards); p; p = LIST_NEXT(p, link))
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

void forward_port_stop_all(struct scope *s)
{
	struct forward_port *p;

	for (p = LIST_FIRST(&s->forwards); p; p = LIST_NEXT(p, link))
		stop(p);
}

void forward_port_free_all(struct scope *s)
{
	struct forward_port *p;
	struct forwarded *f;

	while ((p = LIST_FIRST(&s->forwards))) {
		stop(p);
		while ((f = LIST_FIRST(&p->live)))
			forwarded_fail(f);
		LIST_REMOVE(p, link);
		close(p->fd);
		free(p);
	}
}
