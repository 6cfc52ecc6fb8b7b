/* SPDX-License-Identifier: MIT */
/*
 * proxy/dial.c - connect to the first address of a list that answers
 *
 * In:         addresses that policy has already allowed, best first
 * Out:        one done callback: a connected socket, or a reason
 * Steps:      start an attempt; start the next when the stagger time is over
 *             or at once when one fails; the first to connect wins and the
 *             others are closed; the deadline ends all of it
 * Invariants: nothing runs before dial_start() has returned; at most
 *             DIAL_ATTEMPTS_MAX sockets are open; while attempts are open or
 *             addresses are left, a timer or a socket will wake us
 * References: RFC 8305 sections 5 and 8; connect(2)
 *
 * Which failure is told: of several the one that says most about what can be
 * done. No memory, then no descriptors (ours, so the other addresses were
 * never tried), then a time-out (the address may only be slow), and "refused"
 * only if every single address refused or could not be reached.
 */
#include "proxy/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "proxy/tcp.h"

/*
 * A name with many dead addresses must not eat our descriptors: beyond this
 * the oldest attempt makes room. At 250 ms of stagger it had two seconds.
 */
#define DIAL_ATTEMPTS_MAX 8

struct attempt {
	TAILQ_ENTRY(attempt) link;
	struct dial *dial;
	struct event ev;
	struct addr addr;
	int fd;
	bool connected; /* before the loop could tell */
};

TAILQ_HEAD(attempt_list, attempt);

struct dial {
	struct event_base *base;
	struct event stagger_ev;
	struct event deadline_ev;
	struct attempt_list attempts; /* oldest first */
	size_t attempts_n;
	dial_done_fn *done;
	void *arg;
	enum reason reason; /* the worst failure so far */
	uint32_t stagger_ms;
	uint16_t port;
	size_t next, n;
	struct addr addrs[];
};

static struct timeval ms_to_timeval(uint32_t ms)
{
	return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
				 .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}

static enum reason reason_of_errno(int err)
{
	switch (err) {
	case ENOMEM:
		return REASON_INTERNAL;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
		return REASON_LIMIT;
	case ETIMEDOUT:
		return REASON_CONNECT_TIMEOUT;
	default:
		/*
		 * Refused, reset, unreachable, no such family, or forbidden by
		 * a firewall: a definite answer in every case.
		 */
		return REASON_CONNECT_REFUSED;
	}
}

static int reason_rank(enum reason r)
{
	static const enum reason order[] = {
		REASON_CONNECT_REFUSED,
		REASON_CONNECT_TIMEOUT,
		REASON_LIMIT,
		REASON_INTERNAL,
	};

	for (int i = 0; i < (int)(sizeof(order) / sizeof(*order)); i++)
		if (order[i] == r)
			return i;
	return -1;
}

static void note_failure(struct dial *d, enum reason r)
{
	if (reason_rank(r) > reason_rank(d->reason))
		d->reason = r;
}

/* Forgets an attempt; its socket is closed unless @ret_fd takes it. */
static void attempt_end(struct attempt *a, int *ret_fd)
{
	struct dial *d = a->dial;

	(void)event_del(&a->ev); /* before the descriptor goes */
	if (ret_fd)
		*ret_fd = a->fd;
	else
		(void)close(a->fd);
	TAILQ_REMOVE(&d->attempts, a, link);
	d->attempts_n--;
	free(a);
}

static void dial_free(struct dial *d)
{
	struct attempt *a;

	while ((a = TAILQ_FIRST(&d->attempts)))
		attempt_end(a, NULL);
	(void)event_del(&d->stagger_ev);
	(void)event_del(&d->deadline_ev);
	free(d);
}

/* The one way out; everything is silent before the owner hears of it. */
static void dial_finish(struct dial *d, int fd, const struct addr *addr)
{
	dial_done_fn *done = d->done;
	void *arg = d->arg;
	enum reason reason = d->reason;

	dial_free(d);
	if (fd >= 0)
		done(fd, addr, REASON_ALLOWED, arg);
	else
		done(-1, NULL, reason, arg);
}

/*
 * A connect to a free port of our own range on loopback may meet itself (TCP's
 * simultaneous open): a connection, but to nobody.
 */
static bool is_connected_to_itself(const struct attempt *a)
{
	struct sockaddr_storage us;
	socklen_t len = sizeof(us);
	struct addr addr;
	uint16_t port;

	return getsockname(a->fd, (struct sockaddr *)&us, &len) == 0 &&
	       addr_from_sockaddr((struct sockaddr *)&us, &addr, &port) == 0 &&
	       port == a->dial->port && addr_equal(&addr, &a->addr);
}

/* What became of a connect that is through. Return: 0, or an errno. */
static int connect_result(const struct attempt *a)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	if (err == 0 && is_connected_to_itself(a))
		return ECONNREFUSED;
	return err;
}

static void dial_step(struct dial *d);

static void attempt_connected(struct attempt *a)
{
	struct dial *d = a->dial;
	struct addr addr = a->addr;
	int fd = -1;

	attempt_end(a, &fd);
	dial_finish(d, fd, &addr);
}

static void on_writable(evutil_socket_t sock, short what, void *arg)
{
	struct attempt *a = arg;
	struct dial *d = a->dial;
	int err = connect_result(a);

	(void)sock;
	(void)what;
	if (err != 0) {
		note_failure(d, reason_of_errno(err));
		attempt_end(a, NULL);
		dial_step(d);
		return;
	}
	attempt_connected(a);
}

/*
 * On loopback the other side has answered before connect(2) returns, though it
 * says EINPROGRESS: asking again saves a turn of the loop and its system calls.
 * Return: 0 with a->connected set where that is so, or an errno.
 */
static int attempt_connect(struct attempt *a)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&a->addr, a->dial->port, &ss);
	int tries = addr_is_loopback(&a->addr) ? 2 : 1;

	tcp_prepare_dial(a->fd, &a->addr);
	while (tries-- > 0 && !a->connected) {
		if (connect(a->fd, (struct sockaddr *)&ss, len) == 0)
			a->connected = true;
		else if (errno != EINPROGRESS && errno != EALREADY)
			return errno;
	}
	return a->connected && is_connected_to_itself(a) ? ECONNREFUSED : 0;
}

/* Return: 0 with the attempt under way, or an errno. */
static int attempt_start(struct dial *d, const struct addr *addr)
{
	struct attempt *a = calloc(1, sizeof(*a));
	int err = 0;

	if (!a)
		return ENOMEM;
	a->dial = d;
	a->addr = *addr;
	a->fd = socket(addr->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       IPPROTO_TCP);
	if (a->fd < 0) {
		err = errno;
		goto out;
	}
	err = attempt_connect(a);
	if (err != 0)
		goto out;
	(void)event_assign(&a->ev, d->base, a->fd, EV_WRITE, on_writable, a);
	if (!a->connected && event_add(&a->ev, NULL) < 0) {
		err = ENOMEM;
		goto out;
	}
	TAILQ_INSERT_TAIL(&d->attempts, a, link);
	d->attempts_n++;
	return 0;
out:
	if (a->fd >= 0)
		(void)close(a->fd);
	free(a);
	return err;
}

/* Starts the next attempt that can be started, or ends the dial. */
static void dial_step(struct dial *d)
{
	struct timeval stagger = ms_to_timeval(d->stagger_ms);
	struct attempt *newest;

	(void)event_del(&d->stagger_ev);
	while (d->next < d->n) {
		int err;

		if (d->attempts_n == DIAL_ATTEMPTS_MAX) {
			note_failure(d, REASON_CONNECT_TIMEOUT);
			attempt_end(TAILQ_FIRST(&d->attempts), NULL);
		}
		err = attempt_start(d, &d->addrs[d->next]);
		d->next++;
		if (err == 0)
			break;
		note_failure(d, reason_of_errno(err));
		if (reason_of_errno(err) == REASON_LIMIT ||
		    reason_of_errno(err) == REASON_INTERNAL)
			d->next = d->n; /* the rest would fail alike */
	}
	newest = TAILQ_LAST(&d->attempts, attempt_list);
	if (!newest)
		dial_finish(d, -1, NULL);
	else if (newest->connected)
		attempt_connected(newest);
	else if (d->next < d->n)
		(void)event_add(&d->stagger_ev, &stagger);
}

static void on_stagger(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	dial_step(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd;
	(void)what;
	note_failure(d, REASON_CONNECT_TIMEOUT);
	dial_finish(d, -1, NULL);
}

int dial_start(struct event_base *base, const struct addr *addrs, size_t n,
	       uint16_t port, const struct dial_opts *opts, dial_done_fn *done,
	       void *arg, struct dial **ret)
{
	struct timeval deadline = ms_to_timeval(opts->deadline_ms);
	struct dial *d;

	if (n == 0 || n > SIZE_MAX / sizeof(*addrs) - sizeof(*d))
		return -EINVAL;
	d = calloc(1, sizeof(*d) + n * sizeof(*addrs));
	if (!d)
		return -ENOMEM;
	d->base = base;
	d->done = done;
	d->arg = arg;
	d->reason = REASON_CONNECT_REFUSED;
	d->stagger_ms = opts->stagger_ms;
	d->port = port;
	d->n = n;
	memcpy(d->addrs, addrs, n * sizeof(*addrs));
	TAILQ_INIT(&d->attempts);
	(void)event_assign(&d->stagger_ev, base, -1, 0, on_stagger, d);
	(void)event_assign(&d->deadline_ev, base, -1, 0, on_deadline, d);
	if (event_add(&d->deadline_ev, &deadline) < 0) {
		free(d);
		return -ENOMEM;
	}
	/* The first attempt is made from the loop: it may fail at once. */
	event_active(&d->stagger_ev, EV_TIMEOUT, 0);
	*ret = d;
	return 0;
}

void dial_cancel(struct dial *d)
{
	if (d)
		dial_free(d);
}
