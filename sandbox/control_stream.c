/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_stream.c - the access log, live, to those who look on
 */
#include "sandbox/control_stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/conf.h"
#include "proxy/proxy.h"

#define STREAMS_MAX 32
#define WAITING_MAX (256u * 1024) /* bytes that a reader may be behind */
#define LINE_MAX_N  16384

struct stream {
	LIST_ENTRY(stream) link;
	struct control_streams *all;
	struct evhttp_request *rq;
	uint64_t lost; /* since the last line that it got */
};

/**
 * struct control_streams
 * @tap:  the proxy writes to the second, while somebody looks
 * @next: the line that each thread has next
 */
struct control_streams {
	struct proxy *proxy;
	int tap[2];
	struct event *readable;
	unsigned n;
	LIST_HEAD(, stream) streams;
	uint32_t next[CONF_THREADS_MAX];
	bool known[CONF_THREADS_MAX];
};

static void set_tap(struct control_streams *cs)
{
	proxy_set_tap(cs->proxy, cs->n > 0 ? cs->tap[1] : -1);
	memset(cs->known, 0, sizeof(cs->known));
}

static void stream_free(struct stream *s)
{
	struct control_streams *cs = s->all;

	LIST_REMOVE(s, link);
	free(s);
	if (--cs->n == 0)
		set_tap(cs);
}

/* The client is gone; evhttp frees the request. */
static void on_close(struct evhttp_connection *connection, void *arg)
{
	(void)connection;
	stream_free(arg);
}

static void send_bytes(struct stream *s, const char *bytes, size_t n)
{
	struct evhttp_connection *c = evhttp_request_get_connection(s->rq);
	struct evbuffer *waiting =
		bufferevent_get_output(evhttp_connection_get_bufferevent(c));
	struct evbuffer *chunk;

	if (evbuffer_get_length(waiting) + n > WAITING_MAX) {
		s->lost++;
		return;
	}
	chunk = evbuffer_new();
	if (!chunk) {
		s->lost++;
		return;
	}
	if (s->lost > 0)
		(void)evbuffer_add_printf(chunk, "{\"dropped\":%" PRIu64 "}\n",
					  s->lost);
	s->lost = 0;
	if (evbuffer_add(chunk, bytes, n) < 0)
		s->lost++;
	evhttp_send_reply_chunk(s->rq, chunk);
	evbuffer_free(chunk);
}

/* What the tap itself has lost. */
static uint32_t gap(struct control_streams *cs,
		    const struct proxy_tap_head *head)
{
	uint32_t lost = 0;

	if (head->thread >= CONF_THREADS_MAX)
		return 0;
	if (cs->known[head->thread])
		lost = head->line - cs->next[head->thread];
	cs->known[head->thread] = true;
	cs->next[head->thread] = head->line + 1;
	return lost;
}

static void on_line(evutil_socket_t fd, short what, void *arg)
{
	struct control_streams *cs = arg;
	char datagram[sizeof(struct proxy_tap_head) + LINE_MAX_N];
	struct proxy_tap_head head;
	struct stream *s, *next;
	uint32_t lost;
	ssize_t n;

	(void)what;
	n = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT);
	if (n < (ssize_t)sizeof(head))
		return;
	memcpy(&head, datagram, sizeof(head));
	lost = gap(cs, &head);
	for (s = LIST_FIRST(&cs->streams); s; s = next) {
		next = LIST_NEXT(s, link);
		s->lost += lost;
		send_bytes(s, datagram + sizeof(head),
			   (size_t)n - sizeof(head));
	}
}

int control_streams_new(struct proxy *p, struct control_streams **ret)
{
	struct control_streams *cs = calloc(1, sizeof(*cs));

	if (!cs)
		return -ENOMEM;
	cs->proxy = p;
	LIST_INIT(&cs->streams);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       cs->tap) < 0) {
		free(cs);
		return -errno;
	}
	cs->readable = event_new(proxy_base(p), cs->tap[0],
				 EV_READ | EV_PERSIST, on_line, cs);
	if (!cs->readable || event_add(cs->readable, NULL) < 0) {
		control_streams_free(cs);
		return -ENOMEM;
	}
	*ret = cs;
	return 0;
}

void control_streams_end(struct control_streams *cs)
{
	struct stream *s;

	while ((s = LIST_FIRST(&cs->streams))) {
		struct evhttp_request *rq = s->rq;

		evhttp_connection_set_closecb(evhttp_request_get_connection(rq),
					      NULL, NULL);
		stream_free(s);
		evhttp_send_reply_end(rq);
	}
}

void control_streams_free(struct control_streams *cs)
{
	if (!cs)
		return;
	control_streams_end(cs);
	if (cs->readable)
		event_free(cs->readable);
	(void)close(cs->tap[0]);
	(void)close(cs->tap[1]);
	free(cs);
}

int control_streams_add(struct control_streams *cs, struct evhttp_request *rq)
{
	struct evhttp_connection *c = evhttp_request_get_connection(rq);
	struct stream *s;

	if (cs->n >= STREAMS_MAX)
		return -EBUSY;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->all = cs;
	s->rq = rq;
	LIST_INSERT_HEAD(&cs->streams, s, link);
	if (cs->n++ == 0)
		set_tap(cs);
	(void)evhttp_add_header(evhttp_request_get_output_headers(rq),
				"Content-Type", "application/x-ndjson");
	evhttp_connection_set_closecb(c, on_close, s);
	/* He has nothing more to say, and we may have nothing for hours. */
	bufferevent_set_timeouts(evhttp_connection_get_bufferevent(c), NULL,
				 NULL);
	evhttp_send_reply_start(rq, HTTP_OK, "OK");
	return 0;
}
