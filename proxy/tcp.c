/* SPDX-License-Identifier: MIT */
/*
 * proxy/tcp.c - what we want of TCP on our sockets
 */
#include "proxy/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"

static void prepare(int fd, const struct addr *far)
{
	static const char plain[] = "reno"; /* always there, for everybody */
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (addr_is_loopback(far))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain,
				 (socklen_t)strlen(plain));
}

void tcp_prepare_listener(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr own = { 0 };
	uint16_t port;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		(void)addr_from_sockaddr((struct sockaddr *)&ss, &own, &port);
	prepare(fd, &own);
}

void tcp_prepare_dial(int fd, const struct addr *to)
{
	prepare(fd, to);
}
