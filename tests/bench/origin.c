/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/origin.c - echo, a source without an end, and a small web server
 *
 * What is sent back is never more than what fits into the socket's buffer:
 * the clients ask for the next only when they have it.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (256u * 1024)
#define BODY_BYTES   1024

/**
 * struct served - one connection
 * @kind: its first byte; 0 before that
 * @matched: how much of the blank line after a request's head has come
 */
struct served {
	struct watch watch;
	char kind;
	unsigned matched;
};

static char buffer[BUFFER_BYTES];
static const char response_head[] = "HTTP/1.1 200 OK\r\n"
				    "Content-Type: text/plain\r\n"
				    "Content-Length: 1024\r\n\r\n";

static void served_end(struct served *s)
{
	(void)close(s->watch.fd);
	free(s);
}

static void answer(struct served *s)
{
	char text[sizeof(response_head) - 1 + BODY_BYTES];

	memset(text, 'x', sizeof(text));
	memcpy(text, response_head, sizeof(response_head) - 1);
	(void)send(s->watch.fd, text, sizeof(text), MSG_NOSIGNAL);
}

/* Counts the ends of heads in what has come: requests have no body here. */
static void on_requests(struct served *s, size_t n)
{
	static const char blank_line[] = "\r\n\r\n";

	for (size_t i = 0; i < n; i++) {
		if (buffer[i] == blank_line[s->matched])
			s->matched++;
		else
			s->matched = buffer[i] == '\r';
		if (s->matched == 4) {
			s->matched = 0;
			answer(s);
		}
	}
}

static void on_input(struct served *s)
{
	ssize_t n = recv(s->watch.fd, buffer, sizeof(buffer), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		served_end(s);
		return;
	}
	if (s->kind == 0)
		s->kind = buffer[0];
	if (s->kind == 'E')
		(void)send(s->watch.fd, buffer, (size_t)n, MSG_NOSIGNAL);
	else if (s->kind == 'G')
		on_requests(s, (size_t)n);
	else if (s->kind == 'B')
		bench_rewatch(&s->watch, EPOLLIN | EPOLLOUT);
	else
		served_end(s);
}

static void on_served(struct watch *w, uint32_t events)
{
	struct served *s = (struct served *)w;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		on_input(s);
		return; /* it may be gone */
	}
	if (send(w->fd, buffer, sizeof(buffer), MSG_NOSIGNAL) < 0 &&
	    errno != EAGAIN)
		served_end(s);
}

static void on_accept(struct watch *w, uint32_t events)
{
	(void)events;
	for (;;) {
		int on = 1;
		int fd = accept4(w->fd, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct served *s;

		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0 && errno == ECONNABORTED)
			continue;
		s = fd < 0 ? NULL : calloc(1, sizeof(*s));
		if (!s)
			bench_die("accept4");
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		s->watch = (struct watch){ fd, on_served };
		bench_watch(&s->watch, EPOLLIN);
	}
}

uint16_t origin_listen(const char *host, uint16_t port)
{
	static struct watch listening;
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(host),
	};
	socklen_t at_n = sizeof(at);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &at_n) < 0)
		bench_die("the origin cannot listen");
	listening = (struct watch){ fd, on_accept };
	bench_watch(&listening, EPOLLIN);
	return ntohs(at.sin_port);
}
