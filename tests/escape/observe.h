/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/observe.h - the observer's loop and its sources
 */
#ifndef NETLEASH_TESTS_ESCAPE_OBSERVE_H
#define NETLEASH_TESTS_ESCAPE_OBSERVE_H

#include <stdbool.h>
#include <sys/socket.h>

struct source;
union address;

/* Return: false when the source has ended and is to be closed. */
typedef bool on_ready_fn(const struct source *s);

/* @what: what the log says that a name came by */
struct source {
	int fd;
	on_ready_fn *on_ready;
	const char *what;
};

/* Takes @fd. A negative one is told on standard error. */
void observe_add(int fd, on_ready_fn *on_ready, const char *what);

/* Collectors on one address (outside.c). */
void observe_listen(const union address *a, socklen_t n, int protocol,
		    const char *what);
void observe_datagrams(const union address *a, socklen_t n, int protocol,
		       const char *what);

/* TCP, MPTCP, UDP and UDP-Lite on all addresses, SCTP if there; and the two
 * multicast groups of the probes. */
void outside_collect(bool groups);
/* Every frame that comes from the machine's side. */
void outside_tap(void);
/* What is the machine's own: unix sockets, a terminal, netlink, vsock. */
void outside_local(void);

#endif
