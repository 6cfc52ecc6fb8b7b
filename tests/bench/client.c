/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/client.c - clients: through a proxy to the origin, then work
 *
 * States: CONNECTING -> [GREETING -> REPLY] -> WORKING, as the protocol says;
 *         in rate mode a client that has its byte begins anew
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
	WORKING
};

/**
 * struct client - one of them
 * @have: bytes of the answer that is awaited; its head is in @head
 * @counted: it is among clients.ready
 */
struct client {
	struct watch watch;
	enum state state;
	size_t have;
	bool counted;
	char head[2048];
};

static unsigned to_open, opening;
static char sink[256 * 1024];

static void client_begin(struct client *c);

static void say(struct client *c, const void *bytes, size_t n)
{
	if (send(c->watch.fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n &&
	    clients.mode != MODE_RATE)
		bench_die("a client could not send");
	c->have = 0;
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
	(void)close(c->watch.fd);
	client_begin(c);
}

static void ask_http(struct client *c)
{
	char text[128];
	int n = snprintf(
		text, sizeof(text),
		clients.protocol == PROTOCOL_NONE
			? "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n"
			: "GET http://127.0.0.1:%u/ HTTP/1.1\r\n"
			  "Host: 127.0.0.1:%u\r\n\r\n",
		(unsigned)clients.to, (unsigned)clients.to);

	say(c, text, (size_t)n);
}

static void work(struct client *c)
{
	char text[PINGPONG_BYTES];

	memset(text, 'E', sizeof(text));
	c->state = WORKING;
	switch (clients.mode) {
	case MODE_RATE:
	case MODE_IDLE:
		say(c, "E", 1);
		break;
	case MODE_BULK:
		say(c, "B", 1);
		break;
	case MODE_PINGPONG:
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

static void ask_tunnel(struct client *c)
{
	char text[128];
	int n = snprintf(text, sizeof(text),
			 "CONNECT 127.0.0.1:%u HTTP/1.1\r\n"
			 "Host: 127.0.0.1:%u\r\n\r\n",
			 (unsigned)clients.to, (unsigned)clients.to);

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
	if (clients.protocol == PROTOCOL_NONE || clients.mode == MODE_HTTP) {
		work(c);
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

/* Return: true if one response is whole. Nothing is pipelined. */
static bool response_is_whole(struct client *c)
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
		return false;
	return c->have >=
	       (size_t)(end - c->head) + 4 + strtoul(length + 14, NULL, 10);
}

static void on_response(struct client *c)
{
	ssize_t n = recv(c->watch.fd, c->head + c->have,
			 sizeof(c->head) - 1 - c->have, 0);

	if (n <= 0) {
		client_failed(c, "a response ended early");
		return;
	}
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	if (!response_is_whole(c))
		return;
	clients.units++;
	count_ready(c);
	ask_http(c);
}

static void on_work(struct client *c)
{
	ssize_t n;

	if (clients.mode == MODE_HTTP) {
		on_response(c);
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
		clients.units++;
		work(c);
	} else if (clients.mode == MODE_RATE) {
		clients.units++;
		(void)close(c->watch.fd);
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
			work(c);
		break;
	case WORKING:
		on_work(c);
		break;
	}
}

static void client_begin(struct client *c)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(clients.via),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
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
