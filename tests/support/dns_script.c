/* SPDX-License-Identifier: MIT */
/*
 * tests/support/dns_script.c - a DNS server on the test's own event loop
 *
 * What goes wrong on this side ends the test: there is nobody to tell.
 */
#include "tests/support/dns_script.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/addr.h"

#define SCRIPT_PACKET_MAX 65535
#define SCRIPT_UDP_MAX	  512
#define SCRIPT_TYPE_A	  1
#define SCRIPT_TYPE_AAAA  28

struct script_reply {
	LIST_ENTRY(script_reply) link;
	struct event *ev;
	struct dns_script *server;
	int fd; /* of the stream, or the datagram socket */
	bool is_udp;
	struct sockaddr_storage peer;
	socklen_t peer_len;
	size_t n;
	uint8_t bytes[2 + SCRIPT_PACKET_MAX];
};

struct script_stream {
	LIST_ENTRY(script_stream) link;
	struct event *ev;
	struct dns_script *server;
	int fd;
	size_t n;
	uint8_t bytes[2 + 512];
};

/* A cursor for writing a packet; what does not fit is left out whole. */
struct script_packet {
	size_t n;
	uint8_t bytes[SCRIPT_PACKET_MAX];
};

static void script_put(struct script_packet *p, const void *bytes, size_t n)
{
	if (n > sizeof(p->bytes) - p->n)
		return;
	memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
}

static void script_put16(struct script_packet *p, unsigned v)
{
	uint8_t b[] = { (uint8_t)(v >> 8), (uint8_t)v };

	script_put(p, b, sizeof(b));
}

static void script_set16(struct script_packet *p, size_t at, unsigned v)
{
	p->bytes[at] = (uint8_t)(v >> 8);
	p->bytes[at + 1] = (uint8_t)v;
}

/* The name of the question as text. Return: its end in @bytes, or 0. */
static size_t script_name(const uint8_t *bytes, size_t n, char ret[256])
{
	size_t at = 12, len = 0;

	while (at < n && bytes[at] != 0) {
		size_t label = bytes[at];

		if (label > 63 || at + 1 + label >= n || len + label > 250)
			return 0;
		if (len > 0)
			ret[len++] = '.';
		memcpy(ret + len, bytes + at + 1, label);
		len += label;
		at += 1 + label;
	}
	ret[len] = '\0';
	return at + 5 <= n ? at + 1 : 0;
}

/* True if the script of @name has the piece @word; a number may follow it. */
static bool script_has(const char *name, const char *word, unsigned *ret_number)
{
	size_t n = strlen(word);

	for (const char *s = name;;) {
		size_t piece = strcspn(s, "-.");
		char *end;

		if (piece >= n && memcmp(s, word, n) == 0) {
			unsigned long v = strtoul(s + n, &end, 10);

			if (end == s + piece &&
			    (ret_number ? piece > n : piece == n)) {
				if (ret_number)
					*ret_number = (unsigned)v;
				return true;
			}
		}
		if (s[piece] != '-')
			return false;
		s += piece + 1;
	}
}

static void script_put_address(struct script_packet *p, unsigned type,
			       unsigned i, bool mapped)
{
	uint8_t v4[] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };
	uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	if (mapped) {
		memset(v6, 0, sizeof(v6));
		v6[10] = v6[11] = 0xff;
		memcpy(v6 + 12, v4, sizeof(v4));
	} else {
		memcpy(v6 + 14, v4 + 2, 2);
	}
	script_put16(p, type == SCRIPT_TYPE_A ? 4 : 16);
	if (type == SCRIPT_TYPE_A)
		script_put(p, v4, sizeof(v4));
	else
		script_put(p, v6, sizeof(v6));
}

/* The records that @name asks for. Return: how many. */
static unsigned script_records(struct script_packet *p, const char *name,
			       unsigned type)
{
	static const uint8_t other[] = "\5other\7example";
	unsigned n = 0, ttl = 60, answers = 0;
	size_t owner = 12, alias;

	(void)script_has(name, "ttl", &ttl);
	(void)script_has(name, type == SCRIPT_TYPE_A ? "a" : "q", &n);
	if (script_has(name, "cname", NULL)) {
		script_put16(p, 0xc000 | 12);
		script_put16(p, 5);
		script_put16(p, 1);
		script_put16(p, 0);
		script_put16(p, 0);
		script_put16(p, sizeof(other));
		alias = p->n;
		script_put(p, other, sizeof(other));
		owner = alias;
		answers++;
	}
	if (script_has(name, "loop", NULL))
		owner = p->n;
	for (unsigned i = 1; i <= n; i++) {
		if (p->n + 32 > sizeof(p->bytes))
			break;
		if (script_has(name, "wrongname", NULL))
			script_put(p, other, sizeof(other));
		else
			script_put16(p, 0xc000 | (unsigned)owner);
		script_put16(p, type);
		script_put16(p, 1);
		script_put16(p, ttl >> 16);
		script_put16(p, ttl & 0xffff);
		script_put_address(p, type, i,
				   script_has(name, "mapped", NULL));
		answers++;
	}
	return answers;
}

/* Damages the answer behind the question, the same way for the same @seed. */
static void script_flip(struct script_packet *p, size_t from, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (int i = 0; i < 4; i++) {
		x = x * 1664525u + 1013904223u;
		if (p->n > from)
			p->bytes[from + (x >> 8) % (p->n - from)] ^=
				(uint8_t)(1u << (x >> 4) % 8 | x >> 24);
	}
}

/* Answers @query into @p. Return: false to say nothing. */
static bool script_answer(struct dns_script *s, const uint8_t *query, size_t n,
			  bool is_udp, struct script_packet *p,
			  unsigned *ret_wait)
{
	size_t end = script_name(query, n, s->last);
	const char *name = s->last;
	unsigned type, rcode = 0, seed;
	bool v4, v6, cut;

	if (end == 0)
		return false;
	type = (unsigned)query[end] << 8 | query[end + 1];
	v4 = type == SCRIPT_TYPE_A;
	v6 = type == SCRIPT_TYPE_AAAA;
	s->asked_a += v4;
	s->asked_aaaa += v6;
	s->asked_tcp += !is_udp;
	if (script_has(name, "drop", NULL) ||
	    script_has(name, v4 ? "drop4" : "drop6", NULL))
		return false;
	*ret_wait = 0;
	(void)script_has(name, "wait", ret_wait);
	cut = is_udp && script_has(name, "tc", NULL);
	if (script_has(name, "servfail", NULL) ||
	    (v6 && script_has(name, "servfail6", NULL)))
		rcode = 2;
	else if (script_has(name, "nx", NULL))
		rcode = 3;
	else if (script_has(name, "refused", NULL))
		rcode = 5;

	p->n = 0;
	script_put(p, query, end + 4);
	if (script_has(name, "wrongid", NULL))
		p->bytes[0] ^= 0x55;
	script_set16(p, 2, 0x8180 | rcode | (cut ? 0x0200 : 0));
	script_set16(p, 6, rcode || cut ? 0 : script_records(p, name, type));
	script_set16(p, 8, 0);
	script_set16(p, 10, 0);
	if (script_has(name, "garbage", NULL))
		memset(p->bytes + 2, 0xc7, p->n - 2);
	if (script_has(name, "flip", &seed))
		script_flip(p, end + 4, seed);
	if (script_has(name, "cut", NULL))
		p->n -= (p->n - end) / 2;
	if (is_udp && p->n > SCRIPT_UDP_MAX) {
		p->n = end + 4;
		script_set16(p, 2, 0x8380);
		script_set16(p, 6, 0);
	}
	return true;
}

static void script_reply_free(struct script_reply *r)
{
	LIST_REMOVE(r, link);
	event_free(r->ev);
	free(r);
}

static void on_script_reply(evutil_socket_t fd, short what, void *arg)
{
	struct script_reply *r = arg;

	(void)fd;
	(void)what;
	if (r->is_udp)
		(void)sendto(r->fd, r->bytes + 2, r->n, 0,
			     (struct sockaddr *)&r->peer, r->peer_len);
	else
		(void)send(r->fd, r->bytes, r->n + 2, MSG_NOSIGNAL);
	script_reply_free(r);
}

static void script_handle(struct dns_script *s, int fd, const uint8_t *query,
			  size_t n, const struct sockaddr_storage *peer,
			  socklen_t peer_len)
{
	static struct script_packet p; /* one loop, one packet at a time */
	struct script_reply *r;
	unsigned wait_ms;
	struct timeval tv;

	if (!script_answer(s, query, n, peer != NULL, &p, &wait_ms))
		return;
	r = calloc(1, sizeof(*r));
	if (!r)
		abort();
	r->server = s;
	r->fd = fd;
	r->is_udp = peer != NULL;
	if (peer)
		r->peer = *peer;
	r->peer_len = peer_len;
	r->bytes[0] = (uint8_t)(p.n >> 8);
	r->bytes[1] = (uint8_t)p.n;
	r->n = p.n;
	memcpy(r->bytes + 2, p.bytes, p.n);
	r->ev = event_new(s->base, -1, 0, on_script_reply, r);
	LIST_INSERT_HEAD(&s->replies, r, link);
	tv.tv_sec = (time_t)(wait_ms / 1000);
	tv.tv_usec = (suseconds_t)(wait_ms % 1000) * 1000;
	(void)event_add(r->ev, &tv);
}

static void on_script_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	uint8_t query[512];
	ssize_t n = recvfrom(fd, query, sizeof(query), 0,
			     (struct sockaddr *)&peer, &len);

	(void)what;
	if (n > 0)
		script_handle(arg, fd, query, (size_t)n, &peer, len);
}

static void script_stream_free(struct script_stream *t)
{
	struct script_reply *r, *next;

	for (r = LIST_FIRST(&t->server->replies); r; r = next) {
		next = LIST_NEXT(r, link);
		if (!r->is_udp && r->fd == t->fd)
			script_reply_free(r);
	}
	LIST_REMOVE(t, link);
	event_free(t->ev);
	(void)close(t->fd);
	free(t);
}

static void on_script_stream(evutil_socket_t fd, short what, void *arg)
{
	struct script_stream *t = arg;
	ssize_t n = recv(fd, t->bytes + t->n, sizeof(t->bytes) - t->n, 0);
	size_t want;

	(void)what;
	if (n <= 0) {
		script_stream_free(t);
		return;
	}
	t->n += (size_t)n;
	while (t->n >= 2) {
		want = 2 + ((size_t)t->bytes[0] << 8 | t->bytes[1]);
		if (t->n < want)
			break;
		script_handle(t->server, fd, t->bytes + 2, want - 2, NULL, 0);
		memmove(t->bytes, t->bytes + want, t->n - want);
		t->n -= want;
	}
}

static void on_script_accept(evutil_socket_t fd, short what, void *arg)
{
	struct dns_script *s = arg;
	struct script_stream *t;
	int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	if (sock < 0)
		return;
	t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->server = s;
	t->fd = sock;
	t->ev = event_new(s->base, sock, EV_READ | EV_PERSIST, on_script_stream,
			  t);
	LIST_INSERT_HEAD(&s->streams, t, link);
	(void)event_add(t->ev, NULL);
}

/* The same port for both: TCP chooses, UDP follows. */
static int open_sockets(struct dns_script *s, const struct addr *a,
			uint16_t port)
{
	struct sockaddr_storage ss;
	struct addr own;
	socklen_t len;
	int one = 1;

	s->udp = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->tcp = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(s->tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	len = addr_to_sockaddr(a, port, &ss);
	if (bind(s->tcp, (struct sockaddr *)&ss, len) < 0 ||
	    listen(s->tcp, 64) < 0 ||
	    getsockname(s->tcp, (struct sockaddr *)&ss, &len) < 0 ||
	    bind(s->udp, (struct sockaddr *)&ss, len) < 0) {
		int err = errno;

		(void)close(s->udp);
		(void)close(s->tcp);
		return -err;
	}
	(void)addr_from_sockaddr((struct sockaddr *)&ss, &own, &s->port);
	return 0;
}

/* On @text:@port, 0 for a free one. Return: 0, or -errno of bind(2). */
int dns_script_start(struct dns_script *s, struct event_base *base,
		     const char *text, uint16_t port)
{
	struct addr a;
	int r, tries = 0;

	memset(s, 0, sizeof(*s));
	s->base = base;
	LIST_INIT(&s->replies);
	LIST_INIT(&s->streams);
	if (addr_parse(text, strlen(text), &a) != ADDR_OK)
		return -EINVAL;
	/* What TCP has free UDP may not: somebody may be asking from there. */
	do
		r = open_sockets(s, &a, port);
	while (r == -EADDRINUSE && port == 0 && ++tries < 100);
	if (r < 0)
		return r;
	s->udp_ev = event_new(base, s->udp, EV_READ | EV_PERSIST,
			      on_script_datagram, s);
	s->tcp_ev = event_new(base, s->tcp, EV_READ | EV_PERSIST,
			      on_script_accept, s);
	(void)event_add(s->udp_ev, NULL);
	(void)event_add(s->tcp_ev, NULL);
	return 0;
}

void dns_script_stop(struct dns_script *s)
{
	while (!LIST_EMPTY(&s->streams))
		script_stream_free(LIST_FIRST(&s->streams));
	while (!LIST_EMPTY(&s->replies))
		script_reply_free(LIST_FIRST(&s->replies));
	event_free(s->udp_ev);
	event_free(s->tcp_ev);
	(void)close(s->udp);
	(void)close(s->tcp);
}
