/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/client.c - clients: through a proxy to the origin, then work
 *
 * States: CONNECTING -> [GREETING -> REPLY] -> [SHAKING] -> WORKING, as the
 *         protocol says; in rate mode a client that has its byte, or response,
 *         begins anew
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPENING_MAX    32
#define FAILED_MAX     100
#define PINGPONG_BYTES 64

struct clients clients;

enum state {
	CONNECTING,
	GREETING, /* SOCKS5: the method is asked for */
	REPLY,	  /* the proxy is asked for the tunnel */
	SHAKING,  /* TLS is begun */
	WORKING
};

/**
 * struct client - one of them
 * @tls:  NULL: none, or not yet
 * @have: bytes of the answer that is awaited; its head is in @head
 * @left: bytes of a long body that are to come still
 * @asked_ns: when a round trip began
 * @counted: it is among clients.ready
 */
struct client {
	struct watch watch;
	struct tls *tls;
	enum state state;
	size_t have, left;
	uint64_t asked_ns;
	bool counted;
	char head[2048];
};

static unsigned to_open, opening;
static char sink[256 * 1024];

static void client_begin(struct client *c);

static void say(struct client *c, const void *bytes, size_t n)
{
	ssize_t sent = c->tls ? tls_send(c->tls, bytes, n)
			      : send(c->watch.fd, bytes, n, MSG_NOSIGNAL);

	if (sent != (ssize_t)n && clients.mode != MODE_RATE)
		bench_die("a client could not send");
	c->have = 0;
}

static ssize_t hear(struct client *c, void *bytes, size_t n)
{
	return c->tls ? tls_recv(c->tls, bytes, n)
		      : recv(c->watch.fd, bytes, n, 0);
}

static void client_end(struct client *c)
{
	tls_end(c->tls);
	c->tls = NULL;
	(void)close(c->watch.fd);
}

static void open_next(void)
{
	while (to_open > 0 && opening < OPENING_MAX) {
		struct client *c = calloc(1, sizeof(*c));

		if (!c)
			bench_die("no memory");
		to_open--;
		opening++;
		client_begin(c);
	}
}

void clients_start(unsigned n)
{
	to_open += n;
	open_next();
}

/* The connection ended before its work was done. */
static void client_failed(struct client *c, const char *why)
{
	if (clients.mode != MODE_RATE || ++clients.failed > FAILED_MAX)
		bench_die(why);
	client_end(c);
	client_begin(c);
}

static void ask_http(struct client *c)
{
	const char *path = clients.mode == MODE_BULK ? "big" : "";
	char url[300] = "", text[700];
	int n;

	if (clients.protocol != PROTOCOL_NONE && !clients.tls)
		(void)snprintf(url, sizeof(url), "http://%s:%u", clients.host,
			       (unsigned)clients.to);
	n = snprintf(text, sizeof(text),
		     "GET %s/%s HTTP/1.1\r\nHost: %s:%u\r\n\r\n", url, path,
		     clients.host, (unsigned)clients.to);
	say(c, text, (size_t)n);
}

static void work(struct client *c)
{
	char text[PINGPONG_BYTES];

	memset(text, 'E', sizeof(text));
	c->state = WORKING;
	if (clients.tls) {
		ask_http(c);
		return;
	}
	switch (clients.mode) {
	case MODE_RATE:
	case MODE_IDLE:
		say(c, "E", 1);
		break;
	case MODE_BULK:
		say(c, "B", 1);
		break;
	case MODE_PINGPONG:
		c->asked_ns = bench_now_ns();
		say(c, text, sizeof(text));
		break;
	case MODE_HTTP:
		ask_http(c);
		break;
	}
}

/* The answer to its first work has come: another may begin. */
static void count_ready(struct client *c)
{
	if (c->counted)
		return;
	c->counted = true;
	clients.ready++;
	opening--;
	open_next();
}

/* The tunnel stands. */
static void shake(struct client *c)
{
	int events;

	if (!clients.tls) {
		work(c);
		return;
	}
	if (!c->tls)
		c->tls = tls_new(c->watch.fd, clients.host, clients.resume);
	c->state = SHAKING;
	events = tls_shake(c->tls);
	if (events < 0) {
		errno = 0;
		client_failed(c, "a TLS handshake failed");
		return;
	}
	bench_rewatch(&c->watch, events == EPOLLOUT ? EPOLLOUT : EPOLLIN);
	if (events != 0)
		return;
	clients.resumed += tls_was_resumed(c->tls);
	work(c);
}

static void ask_tunnel(struct client *c)
{
	char text[600];
	int n = snprintf(text, sizeof(text),
			 "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n",
			 clients.host, (unsigned)clients.to, clients.host,
			 (unsigned)clients.to);

	c->state = REPLY;
	say(c, text, (size_t)n);
}

static void ask_socks(struct client *c)
{
	unsigned char text[10] = { 5, 1, 0, 1, 127, 0, 0, 1 };

	text[8] = (unsigned char)(clients.to >> 8);
	text[9] = (unsigned char)(clients.to & 0xff);
	c->state = REPLY;
	say(c, text, sizeof(text));
}

static void on_connected(struct client *c)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0 ||
	    err != 0) {
		errno = err;
		client_failed(c, "a client could not connect");
		return;
	}
	bench_rewatch(&c->watch, EPOLLIN);
	if (clients.protocol == PROTOCOL_NONE ||
	    (clients.mode == MODE_HTTP && !clients.tls)) {
		shake(c);
	} else if (clients.protocol == PROTOCOL_CONNECT) {
		ask_tunnel(c);
	} else {
		c->state = GREETING;
		say(c, "\5\1\0", 3);
	}
}

/* More of a proxy's answer. Return: true if it is whole, and a yes. */
static bool reply_is_whole(struct client *c)
{
	ssize_t n = recv(c->watch.fd, c->head + c->have,
			 sizeof(c->head) - 1 - c->have, 0);
	size_t want = c->state == GREETING ? 2 : 10;

	if (n <= 0) {
		client_failed(c, "the proxy closed the connection");
		return false;
	}
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	if (clients.protocol == PROTOCOL_SOCKS5) {
		if (c->have >= 2 && c->head[1] != 0) {
			errno = 0;
			bench_die("the SOCKS proxy refused");
		}
		return c->have >= want;
	}
	if (c->have > 12 && memcmp(c->head + 8, " 200", 4) != 0) {
		errno = 0;
		bench_die(c->head);
	}
	return strstr(c->head, "\r\n\r\n") != NULL;
}

/* Return: how long the response is, or 0 before its head has come. */
static size_t response_length(struct client *c)
{
	const char *end = strstr(c->head, "\r\n\r\n");
	const char *length = strstr(c->head, "ontent-");

	if (c->have > 12 && memcmp(c->head + 8, " 200", 4) != 0) {
		errno = 0;
		bench_die(c->head);
	}
	while (length && strncasecmp(length, "ontent-Length:", 14) != 0)
		length = strstr(length + 1, "ontent-");
	if (!end || !length)
		return 0;
	return (size_t)(end - c->head) + 4 + strtoul(length + 14, NULL, 10);
}

/* Nothing is pipelined. */
static void on_response(struct client *c)
{
	ssize_t n = hear(c, c->head + c->have, sizeof(c->head) - 1 - c->have);
	size_t length;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		client_failed(c, "a response ended early");
		return;
	}
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	length = response_length(c);
	if (length == 0 || (c->have < length && clients.mode != MODE_BULK))
		return;
	count_ready(c);
	if (clients.mode == MODE_BULK) {
		c->left = length - c->have;
		return;
	}
	clients.units++;
	if (clients.mode == MODE_RATE) {
		client_end(c);
		client_begin(c);
	} else if (clients.mode == MODE_HTTP) {
		ask_http(c);
	}
}

/* What TLS has at hand: no event tells of the rest of a record. */
static void on_body(struct client *c)
{
	while (c->left > 0) {
		ssize_t n =
			hear(c, sink,
			     c->left < sizeof(sink) ? c->left : sizeof(sink));

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			client_failed(c, "a body ended early");
			return;
		}
		clients.units += (uint64_t)n;
		c->left -= (size_t)n;
	}
	ask_http(c);
}

static void on_round_trip(struct client *c)
{
	uint64_t ns = bench_now_ns() - c->asked_ns;

	if (ns > clients.longest_ns)
		clients.longest_ns = ns;
	clients.units++;
	work(c);
}

static void on_work(struct client *c)
{
	ssize_t n;

	if (c->left > 0) {
		on_body(c);
		return;
	}
	if (clients.mode == MODE_HTTP || clients.tls) {
		on_response(c);
		if (c->left > 0)
			on_body(c);
		return;
	}
	n = recv(c->watch.fd, sink, sizeof(sink), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		client_failed(c, "a tunnel ended early");
		return;
	}
	c->have += (size_t)n;
	if (clients.mode == MODE_BULK)
		clients.units += (uint64_t)n;
	if (clients.mode == MODE_PINGPONG && c->have < PINGPONG_BYTES)
		return;
	count_ready(c);
	if (clients.mode == MODE_PINGPONG) {
		on_round_trip(c);
	} else if (clients.mode == MODE_RATE) {
		clients.units++;
		client_end(c);
		client_begin(c);
	}
}

static void on_client(struct watch *w, uint32_t events)
{
	struct client *c = (struct client *)w;

	(void)events;
	switch (c->state) {
	case CONNECTING:
		on_connected(c);
		break;
	case GREETING:
		if (reply_is_whole(c))
			ask_socks(c);
		break;
	case REPLY:
		if (reply_is_whole(c))
			shake(c);
		break;
	case SHAKING:
		shake(c);
		break;
	case WORKING:
		on_work(c);
		break;
	}
}

/* A proxy's own address is 127.0.0.1, and so is what has a name. */
static in_addr_t address(void)
{
	struct in_addr a;

	if (clients.protocol == PROTOCOL_NONE &&
	    inet_aton(clients.host, &a) == 1)
		return a.s_addr;
	return htonl(INADDR_LOOPBACK);
}

static void client_begin(struct client *c)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(clients.via),
		.sin_addr.s_addr = address(),
	};
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		bench_die("socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 &&
	    errno != EINPROGRESS)
		bench_die("connect");
	c->state = CONNECTING;
	c->have = 0;
	c->watch = (struct watch){ fd, on_client };
	bench_watch(&c->watch, EPOLLOUT);
}
