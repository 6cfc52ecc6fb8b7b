/* SPDX-License-Identifier: MIT */
/*
 * tests/support/loopback.h - connections over 127.0.0.1, for tests
 */
#ifndef NETLEASH_TESTS_SUPPORT_LOOPBACK_H
#define NETLEASH_TESTS_SUPPORT_LOOPBACK_H

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * On @port, or if that is 0 on one that is nobody's: also others of ours may
 * have it. One that does not listen keeps it from other tests when those that
 * did are gone; who connects then is refused.
 */
static inline int loopback_bind(uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*ret_port = ntohs(sin.sin_port);
	return fd;
}

/* On a free port; it blocks. */
static inline int loopback_listen(int backlog, uint16_t *ret_port)
{
	int fd = loopback_bind(0, ret_port);

	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

/* Connected, and non-blocking from then on. */
static inline int loopback_connect(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* Both ends of one connection, non-blocking. */
static inline void loopback_pair(int *ret_client, int *ret_server)
{
	uint16_t port;
	int listener = loopback_listen(1, &port);

	*ret_client = loopback_connect(port);
	*ret_server =
		accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(*ret_server >= 0);
	close(listener);
}

#endif
