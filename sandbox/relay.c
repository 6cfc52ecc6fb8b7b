/* SPDX-License-Identifier: MIT */
/*
 * sandbox/relay.c - sockets on 0 to 2 become pipes for CMD
 *
 * States:     a stream reads while its buffer is empty and writes while it is
 *             not; it ends with the end of its source or the loss of its sink
 * Invariants: the flags of the caller's sockets are left alone (they are
 *             shared with others), so socket calls say MSG_DONTWAIT
 */
#include "sandbox/relay.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fdio.h"

#define STREAM_BUFFER 65536

struct stream {
	struct relay *relay;
	bool used;
	bool outward; /* from CMD's pipe to the socket */
	int sock;     /* 0, 1 or 2: the caller's */
	int pipe;     /* our end; -1 when the stream has ended */
	struct event *read_ev, *write_ev;
	size_t start, end; /* bytes waiting in @buffer */
	char buffer[STREAM_BUFFER];
};

struct relay {
	struct stream stream[3];
	void (*done)(void *arg);
	void *arg;
};

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int stream_open(struct stream *s, int fd, int *ret_command_fd)
{
	const bool outward = fd > 0;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	s->outward = outward;
	s->sock = fd;
	s->pipe = outward ? ends[0] : ends[1];
	s->used = true;
	*ret_command_fd = outward ? ends[1] : ends[0];
	r = fd_set_nonblocking(s->pipe);
	return r;
}

int relay_open(int ret_fds[3], struct relay **ret)
{
	struct relay *relay = NULL;
	int r = 0;

	for (int fd = 0; fd <= 2; fd++)
		ret_fds[fd] = -1;
	for (int fd = 0; fd <= 2 && r == 0; fd++) {
		if (!is_socket(fd))
			continue;
		if (!relay)
			relay = calloc(1, sizeof(*relay));
		if (!relay)
			return -ENOMEM;
		relay->stream[fd].relay = relay;
		r = stream_open(&relay->stream[fd], fd, &ret_fds[fd]);
	}
	if (r < 0) {
		for (int fd = 0; fd <= 2; fd++) {
			if (ret_fds[fd] >= 0)
				(void)close(ret_fds[fd]);
			ret_fds[fd] = -1;
		}
		relay_free(relay);
		return r;
	}
	*ret = relay;
	return 0;
}

bool relay_has(const struct relay *r, int fd)
{
	return r && r->stream[fd].used;
}

static bool outward_streams_live(const struct relay *relay)
{
	for (int fd = 1; fd <= 2; fd++)
		if (relay->stream[fd].used && relay->stream[fd].pipe >= 0)
			return true;
	return false;
}

static void stream_end(struct stream *s)
{
	struct relay *relay = s->relay;

	(void)event_del(s->read_ev);
	(void)event_del(s->write_ev);
	(void)close(s->pipe);
	s->pipe = -1;
	if (relay->done && !outward_streams_live(relay)) {
		relay->done(relay->arg);
		relay->done = NULL;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	ssize_t n;

	(void)what;
	assert(s->start == s->end);
	if (s->outward)
		n = read(fd, s->buffer, sizeof(s->buffer));
	else
		n = recv(fd, s->buffer, sizeof(s->buffer), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		stream_end(s);
		return;
	}
	s->start = 0;
	s->end = (size_t)n;
	(void)event_del(s->read_ev);
	if (event_add(s->write_ev, NULL) < 0)
		stream_end(s);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	const char *bytes = s->buffer + s->start;
	size_t len = s->end - s->start;
	ssize_t n;

	(void)what;
	if (s->outward)
		n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		n = write(fd, bytes, len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		stream_end(s); /* CMD gets EPIPE, as it would have */
		return;
	}
	s->start += (size_t)n;
	if (s->start < s->end)
		return;
	(void)event_del(s->write_ev);
	if (event_add(s->read_ev, NULL) < 0)
		stream_end(s);
}

int relay_start(struct relay *r, struct event_base *base)
{
	for (int fd = 0; r && fd <= 2; fd++) {
		struct stream *s = &r->stream[fd];

		if (!s->used)
			continue;
		s->read_ev = event_new(base, s->outward ? s->pipe : s->sock,
				       EV_READ | EV_PERSIST, on_readable, s);
		s->write_ev = event_new(base, s->outward ? s->sock : s->pipe,
					EV_WRITE | EV_PERSIST, on_writable, s);
		if (!s->read_ev || !s->write_ev ||
		    event_add(s->read_ev, NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

void relay_flush(struct relay *r, void (*done)(void *arg), void *arg)
{
	if (!r || !outward_streams_live(r)) {
		done(arg);
		return;
	}
	r->done = done;
	r->arg = arg;
}

void relay_free(struct relay *r)
{
	for (int fd = 0; r && fd <= 2; fd++) {
		struct stream *s = &r->stream[fd];

		if (!s->used)
			continue;
		if (s->read_ev)
			event_free(s->read_ev);
		if (s->write_ev)
			event_free(s->write_ev);
		if (s->pipe >= 0)
			(void)close(s->pipe);
	}
	free(r);
}
