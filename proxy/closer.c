/* SPDX-License-Identifier: MIT */
/*
 * proxy/closer.c - close a socket so that the peer gets what was sent to it
 *
 * In:         a socket whose last bytes have been handed to the kernel
 * Out:        the socket closed, one done callback
 * Invariants: never longer than CLOSER_MAX_MS, never more than
 *             CLOSER_MAX_BYTES read, whatever the peer does
 * References: RFC 9112 section 9.6, tcp(7) TCP_INFO, socket(7)
 *             SO_LINGER
 */
#include "proxy/closer.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/clock.h"

#define OUTQ_POLL_MS 10

struct closer {
	int fd;
	enum closer_how how;
	struct event readable;
	struct event timer;
	uint64_t deadline_ms;
	size_t discarded;
	closer_done_fn *done;
	void *arg;
};

static void timer_set(struct closer *c, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
			      .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	/* Only memory can fail, and a closer without a timer would stay. */
	if (event_add(&c->timer, &tv) < 0)
		event_active(&c->timer, EV_TIMEOUT, 0);
}

static void closer_free(struct closer *c)
{
	/* SO_LINGER with no time: close(2) sends a reset and nothing else. */
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	event_del(&c->readable);
	event_del(&c->timer);
	if (c->how == CLOSER_RESET)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset,
				 sizeof(reset));
	close(c->fd);
	free(c);
}

static void finish(struct closer *c)
{
	closer_done_fn *done = c->done;
	void *arg = c->arg;

	closer_free(c);
	done(arg);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct closer *c = arg;
	char waste[16384];
	ssize_t n = recv(fd, waste, sizeof(waste), 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->discarded += (size_t)n;
	if (n <= 0 || c->discarded > CLOSER_MAX_BYTES)
		finish(c);
}

/* True if the peer's kernel has all that was sent. */
static bool all_received(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return true; /* no way to know, so nothing to wait for */
	return info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0;
}

/* FIN: time is up. RESET: time to look whether all has arrived. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct closer *c = arg;

	(void)fd;
	(void)what;
	if (c->how == CLOSER_RESET && clock_ms() < c->deadline_ms &&
	    !all_received(c->fd))
		timer_set(c, OUTQ_POLL_MS);
	else
		finish(c);
}

int closer_start(struct event_base *base, int fd, enum closer_how how,
		 closer_done_fn *done, void *arg, struct closer **ret)
{
	struct closer *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	c->how = how;
	c->done = done;
	c->arg = arg;
	c->deadline_ms = clock_ms() + CLOSER_MAX_MS;
	(void)event_assign(&c->readable, base, fd, EV_READ | EV_PERSIST,
			   on_readable, c);
	(void)event_assign(&c->timer, base, -1, 0, on_timer, c);
	if (how == CLOSER_RESET) {
		timer_set(c, 0);
	} else if (shutdown(fd, SHUT_WR) < 0 ||
		   event_add(&c->readable, NULL) < 0) {
		timer_set(c, 0); /* nobody is there any more */
	} else {
		timer_set(c, CLOSER_MAX_MS);
	}
	*ret = c;
	return 0;
}

void closer_cancel(struct closer *c)
{
	if (c)
		closer_free(c);
}
