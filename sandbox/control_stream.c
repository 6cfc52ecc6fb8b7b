/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_stream.c - the access log, live, to those who look on
 */
#include "sandbox/control_stream.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/conf.h"
#include "proxy/proxy.h"
#include "sandbox/control_http.h"

#define LINE_MAX_N 16384

struct stream {
	LIST_ENTRY(stream) link;
	struct control_streams *all;
	struct control_conn *cc;
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

/* control_gone_fn */
static void on_gone(void *arg)
{
	stream_free(arg);
}

static void send_line(struct stream *s, const char *line, size_t n)
{
	char note[48];
	int note_n;

	if (s->lost > 0) {
		note_n = snprintf(note, sizeof(note),
				  "{\"dropped\":%" PRIu64 "}\n", s->lost);
		if (!control_conn_send(s->cc, note, (size_t)note_n)) {
			s->lost++;
			return;
		}
	}
	s->lost = control_conn_send(s->cc, line, n) ? 0 : 1;
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
		send_line(s, datagram + sizeof(head), (size_t)n - sizeof(head));
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
		control_conn_end(s->cc);
		stream_free(s);
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

int control_streams_add(struct control_streams *cs, struct control_conn *cc)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (!control_conn_hold(cc, CONTROL_STREAM, on_gone, s)) {
		free(s);
		return -EBUSY;
	}
	s->all = cs;
	s->cc = cc;
	LIST_INSERT_HEAD(&cs->streams, s, link);
	if (cs->n++ == 0)
		set_tap(cs);
	control_conn_begin(cc, "application/x-ndjson");
	return 0;
}
