/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/exchange.c - say one's name outside, and hear the answer
 */
#include "tests/escape/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 1000

socklen_t address_make(union address *a, const char *text, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *list;
	socklen_t n = 0;

	hints.ai_socktype = SOCK_STREAM;
	if (getaddrinfo(world_word(text), world_word(port), &hints, &list) != 0)
		return 0;
	if (list->ai_addrlen <= sizeof(*a)) {
		n = list->ai_addrlen;
		memcpy(a, list->ai_addr, n);
	}
	freeaddrinfo(list);
	return n;
}

bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

int connect_within(int fd, const union address *a, socklen_t n, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int flags = fcntl(fd, F_GETFL);
	socklen_t len = sizeof(errno);
	int error = 0;

	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	if (connect(fd, &a->any, n) < 0) {
		if (errno != EINPROGRESS)
			return -1;
		if (poll(&p, 1, ms) != 1)
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			error = errno;
	}
	(void)fcntl(fd, F_SETFL, flags);
	errno = error;
	return error ? -1 : 0;
}

void say(const struct probe *p, int fd)
{
	char line[NAME_MAX_N + 8], answer[256];
	ssize_t n;
	int len;

	len = snprintf(line, sizeof(line), "ESC %s\n", p->name);
	if (send(fd, line, (size_t)len, MSG_NOSIGNAL) < 0)
		blocked_by("send");
	if (!readable(fd, ANSWER_MS)) {
		if (seen(p->name, 0))
			escaped("it arrived, the answer did not");
		blocked("no answer");
	}
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	if (n < 0)
		blocked_by("recv");
	answer[n] = '\0';
	if (!strstr(answer, "ACK"))
		blocked("the answer is not ours");
	escaped("exchanged bytes");
}

void say_outside(const struct probe *p, int fd)
{
	union address a;
	socklen_t n = address_make(&a, "@inet4", "@port");

	if (fd < 0)
		blocked_by("no socket");
	if (connect_within(fd, &a, n, ANSWER_MS) < 0)
		blocked_by("connect");
	say(p, fd);
}

int door_port(void)
{
	const char *proxy = getenv("HTTPS_PROXY");
	const char *port = proxy ? strrchr(proxy, ':') : NULL;

	if (!port)
		return (int)world_number("door_port");
	return (int)strtol(port + 1, NULL, 10);
}
