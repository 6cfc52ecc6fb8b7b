/* SPDX-License-Identifier: MIT */
/*
 * sandbox/proof.c - before CMD runs: does the leash hold, seen from inside?
 *
 * Steps:      1. the door answers on 127.0.0.1, and on ::1 where it exists
 *             2. another live listener of netleash's cannot be reached (TCP)
 *             3. a datagram to it cannot be sent
 *             4. an outside address of each family cannot be reached
 * Invariants: a claim that cannot be tested is a claim that failed; a refusal
 *             must come at once, since CMD would hang where we do
 * References: RFC 5737 and RFC 3849 (addresses that no machine has)
 */
#include "sandbox/proof.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/scope.h"

/* Outside every network; only a default route would lead there. */
#define OUTSIDE_IPV4 "192.0.2.1"
#define OUTSIDE_IPV6 "2001:db8::1"
#define OUTSIDE_PORT 443

/* Return: 0 once connected, -ETIMEDOUT, or what connect(2) said, negative. */
static int try_connect(const char *host, uint16_t port)
{
	AUTOCLOSE int fd = -1;
	struct sockaddr_storage ss;
	struct addr addr;
	struct pollfd pfd;
	socklen_t len, error_len = sizeof(int);
	int error = 0;

	if (addr_parse(host, strlen(host), &addr) != ADDR_OK)
		return -EINVAL;
	len = addr_to_sockaddr(&addr, port, &ss);
	fd = socket(addr.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&ss, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	pfd = (struct pollfd){ .fd = fd, .events = POLLOUT };
	if (poll(&pfd, 1, PROOF_TIMEOUT_MS) <= 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		return -errno;
	return -error;
}

static int try_datagram(const char *host, uint16_t port)
{
	AUTOCLOSE int fd = -1;
	struct sockaddr_storage ss;
	struct addr addr;
	socklen_t len;

	if (addr_parse(host, strlen(host), &addr) != ADDR_OK)
		return -EINVAL;
	len = addr_to_sockaddr(&addr, port, &ss);
	fd = socket(addr.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, "", 1, 0, (const struct sockaddr *)&ss, len) < 0)
		return -errno;
	return 0;
}

/* The machine may have a family switched off; then nothing leads out by it. */
static bool is_absent(int r)
{
	return r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL;
}

static int check_door(uint16_t port, char *error, size_t size)
{
	int r = try_connect("127.0.0.1", port);

	if (r < 0) {
		(void)snprintf(error, size,
			       "the door 127.0.0.1:%u does not "
			       "answer: %s",
			       port, strerror(-r));
		return r;
	}
	return 0;
}

static int check_closed(int r, const char *what, char *error, size_t size)
{
	switch (-r) {
	case ECONNREFUSED:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EPERM:
	case EACCES:
		return 0;
	default:
		break;
	}
	if (is_absent(r))
		return 0;
	(void)snprintf(error, size, "%s %s", what,
		       r == 0 ? "is within reach" : "is not refused at once");
	return r == 0 ? -ENOTRECOVERABLE : r;
}

int proof_check(const struct proof_opts *opts, char *error, size_t size)
{
	const uint16_t decoy = opts->decoy_port;
	int r = 0;

	if (opts->door_port)
		r = check_door(opts->door_port, error, size);
	if (r == 0)
		r = check_closed(try_connect("127.0.0.1", decoy),
				 "a foreign listener on 127.0.0.1", error,
				 size);
	if (r == 0)
		r = check_closed(try_connect("::1", decoy),
				 "a foreign listener on ::1", error, size);
	if (r == 0)
		r = check_closed(try_connect(OUTSIDE_IPV4, OUTSIDE_PORT),
				 "an outside address over IPv4", error, size);
	if (r == 0)
		r = check_closed(try_connect(OUTSIDE_IPV6, OUTSIDE_PORT),
				 "an outside address over IPv6", error, size);
	if (r == 0 && !opts->own_loopback)
		r = check_closed(try_datagram("127.0.0.1", decoy),
				 "a datagram to loopback", error, size);
	return r;
}
