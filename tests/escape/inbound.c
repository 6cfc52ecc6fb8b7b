/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/inbound.c - let somebody outside come in
 *
 * The probe listens and an observer is asked to come. With cookies the kernel
 * answers a SYN in a packet that no socket sends; what is written before a
 * close is sent again later by a socket that nobody owns any more.
 */
#include "tests/escape/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define COME_MS 2000

enum how {
	PLAIN,
	COOKIE,
	MPTCP,
	CLOSE, /* write and close at once: does it still go out? */
	UDP
};

static int bound(const struct probe *p, const char *port)
{
	const bool six = strchr(world_word(p->a), ':');
	union address any;
	socklen_t n = address_make(&any, six ? "::" : "0.0.0.0", port);
	int fd, on = 1;

	fd = socket(any.any.sa_family,
		    (p->n == UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC,
		    p->n == MPTCP ? IPPROTO_MPTCP : 0);
	if (fd < 0)
		blocked_by("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &any.any, n) < 0)
		blocked_by("bind");
	return fd;
}

/* Landlock may refuse a bind: a socket that listens unbound gets a port. */
static void inbound(const struct probe *p)
{
	char port[8], answer[256];
	int fd, peer;
	ssize_t n;

	(void)snprintf(port, sizeof(port), "%zu", 20000 + probe_index(p));
	fd = bound(p, port);
	if (p->n != UDP && listen(fd, 1) < 0)
		blocked_by("listen");
	ask(p->name, "%s %s %s %s", p->b,
	    p->n == UDP	     ? "udp"
	    : p->n == COOKIE ? "cookie"
			     : "tcp",
	    world_word(p->a), port);
	if (!readable(fd, COME_MS)) {
		if (seen(p->name, 0))
			escaped("they came, and we did not see it");
		blocked("nobody comes in");
	}
	if (p->n == UDP) {
		n = recv(fd, answer, sizeof(answer), 0);
		escaped("received %zd bytes", n);
	}
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (peer < 0)
		blocked_by("accept");
	if (p->n != CLOSE)
		escaped("accepted a connection");
	(void)snprintf(answer, sizeof(answer), "ESC %s\n", p->name);
	(void)!write(peer, answer, strlen(answer));
	(void)close(peer);
	(void)close(fd);
	if (seen(p->name, 3000))
		escaped("what was written before close() went out");
	blocked("nothing went out");
}

/* listen() without bind(): the port is the kernel's choice. */
static void unbound(const struct probe *p)
{
	union address a;
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || listen(fd, 1) < 0 || getsockname(fd, &a.any, &n) < 0)
		blocked_by("listen");
	ask(p->name, "%s tcp %s %u", p->b, world_word(p->a),
	    ntohs(a.in.sin_port));
	if (!readable(fd, COME_MS))
		blocked("nobody comes in");
	escaped("a connection came in");
}

#define IN(name, address, from, how)                                           \
	{                                                                      \
		"inbound_" name, inbound, address, from, how, AS_USER, false   \
	}

/* clang-format off */
const struct probe inbound_probes[] = {
	IN("tcp4", "@host4", "inet", PLAIN),
	IN("tcp6", "@host6", "inet", PLAIN),
	IN("cookie4", "@host4", "inet", COOKIE),
	IN("cookie6", "@host6", "inet", COOKIE),
	IN("mptcp4", "@host4", "inet", MPTCP),
	IN("udp4", "@host4", "inet", UDP),
	IN("udp6", "@host6", "inet", UDP),
	IN("close_exfil4", "@host4", "inet", CLOSE),
	IN("close_exfil6", "@host6", "inet", CLOSE),
	IN("loop4", "127.0.0.1", "host", PLAIN),
	IN("loop6", "::1", "host", PLAIN),
	IN("loop_second", "127.0.0.2", "host", PLAIN),
	IN("loop_own", "@host4", "host", PLAIN),
	IN("loop_cookie", "127.0.0.1", "host", COOKIE),
	IN("loop_mptcp", "127.0.0.1", "host", MPTCP),
	IN("loop_udp4", "127.0.0.1", "host", UDP),
	IN("loop_udp6", "::1", "host", UDP),
	IN("loop_close_exfil", "127.0.0.1", "host", CLOSE),
	{ "inbound_unbound", unbound, "@host4", "inet", 0, AS_USER, false },
	{ 0 },
};
/* clang-format on */
