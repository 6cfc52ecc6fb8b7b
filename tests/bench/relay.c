/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/relay.c - the least that a proxy on this machine can do
 *
 * A TCP relay to one origin that asks no policy, parses nothing, logs nothing,
 * limits nothing and waits for no time-out: what is slower here than straight
 * to the origin is the price of there being a second process at all. Bytes are
 * copied; a direction whose reads are large is spliced through a pipe that it
 * keeps.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (256u * 1024)
#define PIPE_BYTES   (1024 * 1024)
#define BULK_MIN     65536

/**
 * struct end - one socket of a tunnel, and what was read from it
 * @events: what it is watched for
 * @pipe:   from its first large read on; has_pipe
 * @left:   what was read and not taken by the other, @left_n bytes; in the
 *          pipe if there is one
 */
struct end {
	struct watch watch;
	struct end *other;
	uint32_t events;
	int pipe[2];
	bool has_pipe, read_done, closed;
	char *left;
	size_t left_n;
};

struct tunnel {
	struct end ends[2]; /* the client's first */
	struct tunnel *next;
};

static struct tunnel *unused;
static uint16_t origin_port;
static char buffer[BUFFER_BYTES];

static void end_close(struct end *e)
{
	(void)close(e->watch.fd);
	if (e->has_pipe) {
		(void)close(e->pipe[0]);
		(void)close(e->pipe[1]);
	}
	free(e->left);
	e->left = NULL;
	e->closed = true;
}

/* The memory stays: an event for it may be in hand already. */
static void tunnel_close(struct end *e)
{
	struct end *client = e < e->other ? e : e->other;
	struct tunnel *t = (struct tunnel *)client;

	end_close(e);
	end_close(e->other);
	t->next = unused;
	unused = t;
}

static void update(struct end *e)
{
	uint32_t events = (e->left_n > 0 || e->read_done ? 0 : EPOLLIN) |
			  (e->other->left_n > 0 ? EPOLLOUT : 0);

	if (events != e->events)
		bench_rewatch(&e->watch, events);
	e->events = events;
}

/* Takes bytes from the pipe or @bytes. Return: false if @to is gone. */
static bool give(struct end *from, const char *bytes, size_t n)
{
	int to = from->other->watch.fd;
	size_t given = 0;

	while (given < n) {
		ssize_t r = from->has_pipe
				    ? splice(from->pipe[0], NULL, to, NULL,
					     n - given,
					     SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
				    : send(to, bytes + given, n - given,
					   MSG_NOSIGNAL);

		if (r < 0 && errno == EAGAIN)
			break;
		if (r <= 0)
			return false;
		given += (size_t)r;
	}
	from->left_n = n - given;
	if (from->has_pipe || from->left_n == 0)
		return true;
	if (!from->left)
		from->left = malloc(BUFFER_BYTES);
	if (!from->left)
		bench_die("no memory");
	memmove(from->left, bytes + given, from->left_n);
	return true;
}

static bool take(struct end *from)
{
	bool large;
	ssize_t n =
		from->has_pipe
			? splice(from->watch.fd, NULL, from->pipe[1], NULL,
				 PIPE_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
			: recv(from->watch.fd, buffer, sizeof(buffer), 0);

	if (n < 0)
		return errno == EAGAIN;
	if (n == 0) {
		from->read_done = true;
		(void)shutdown(from->other->watch.fd, SHUT_WR);
		return !from->other->read_done;
	}
	large = !from->has_pipe && n >= BULK_MIN;
	if (!give(from, buffer, (size_t)n))
		return false;
	if (large && from->left_n == 0 && pipe2(from->pipe, O_CLOEXEC) == 0) {
		from->has_pipe = true;
		(void)fcntl(from->pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
	}
	return true;
}

/* An event that was in hand may be of the tunnel before: the socket knows. */
static bool has_error(int fd)
{
	socklen_t n = sizeof(int);
	int error = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ||
	       error != 0;
}

static void on_event(struct watch *w, uint32_t events)
{
	struct end *e = (struct end *)w;
	bool good = true;

	if (e->closed)
		return;
	if ((events & EPOLLOUT) && e->other->left_n > 0)
		good = give(e->other, e->other->left, e->other->left_n);
	if (good && (e->events & EPOLLIN) &&
	    (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		good = take(e);
	else if (events & EPOLLERR)
		good = !has_error(w->fd);
	if (!good) {
		tunnel_close(e);
		return;
	}
	update(e);
	update(e->other);
}

static void end_open(struct end *e, struct end *other, int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*e = (struct end){ .watch = { fd, on_event },
			   .other = other,
			   .events = EPOLLIN };
	bench_watch(&e->watch, EPOLLIN);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr =
					     htonl(INADDR_LOOPBACK) };
}

static void tunnel_open(int client)
{
	struct sockaddr_in at = loopback(origin_port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct tunnel *t = unused;

	if (t)
		unused = t->next;
	else
		t = calloc(1, sizeof(*t));
	if (fd < 0 || !t)
		bench_die("the relay cannot open a tunnel");
	/* Whoever waits for us asks before there is an origin. */
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 &&
	    errno != EINPROGRESS && errno != ECONNREFUSED)
		bench_die("the relay cannot connect");
	end_open(&t->ends[0], &t->ends[1], client);
	end_open(&t->ends[1], &t->ends[0], fd);
}

static void on_accept(struct watch *w, uint32_t events)
{
	int fd;

	(void)events;
	while ((fd = accept4(w->fd, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		tunnel_open(fd);
	if (errno != EAGAIN && errno != ECONNABORTED)
		bench_die("accept4");
}

void relay_main(uint16_t port, uint16_t to)
{
	struct sockaddr_in at = loopback(port);
	struct watch listening = { .on_event = on_accept };
	/* splice(2) has no MSG_NOSIGNAL. */
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	int on = 1;

	(void)sigaction(SIGPIPE, &ignore, NULL);
	origin_port = to;
	listening.fd =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listening.fd < 0 ||
	    setsockopt(listening.fd, SOL_SOCKET, SO_REUSEADDR, &on,
		       sizeof(on)) < 0 ||
	    bind(listening.fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(listening.fd, 4096) < 0)
		bench_die("the relay cannot listen");
	bench_watch(&listening, EPOLLIN);
	bench_loop_run(UINT64_MAX, NULL);
}
