/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/packets.h - who sends what under the firewall, and how it ends
 *
 * Children with a chosen uid, gid and cgroup connect and send; their exit
 * status says how the call ended.
 */
#ifndef NETLEASH_TESTS_UNIT_PACKETS_H
#define NETLEASH_TESTS_UNIT_PACKETS_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>

#include "world.h"

#define OUTSIDER   1000u
#define SILENCE_MS 400
#define SILENT	   200 /* no answer: not an errno */

/* Who a child is. @cgroup: -1 stays outside. */
struct who {
	int cgroup;
	uid_t uid;
	gid_t gid;
};

static const struct who root = { -1, 0, 0 };
static const struct who outsider = { -1, OUTSIDER, OUTSIDER };

static inline void become(const struct who *w)
{
	if (w->cgroup >= 0) {
		int fd = openat(w->cgroup, "cgroup.procs", O_WRONLY);

		WORLD_MUST(fd);
		WORLD_MUST(write(fd, "0", 1));
		close(fd);
	}
	WORLD_MUST(setgroups(0, NULL));
	WORLD_MUST(setresgid(w->gid, w->gid, w->gid));
	WORLD_MUST(setresuid(w->uid, w->uid, w->uid));
}

static inline socklen_t address(const char *host, uint16_t port,
				struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	assert_int_equal(inet_pton(AF_INET6, host, &in6->sin6_addr), 1);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

/* A listener on a free port, or on @port. */
static inline int listener(const char *host, uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_storage a;
	socklen_t n = address(host, port, &a);
	int one = 1;
	int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	if (ret_port)
		*ret_port = ntohs(((struct sockaddr_in *)&a)->sin_port);
	return fd;
}

/* Waits for a connect() or an answer. Return: 0, an errno, or SILENT. */
static inline int outcome(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	socklen_t n = sizeof(int);
	int e = 0;

	if (poll(&p, 1, SILENCE_MS) == 0)
		return SILENT;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n);
	return e;
}

static inline int try_tcp(const char *host, uint16_t port)
{
	struct sockaddr_storage a;
	socklen_t n = address(host, port, &a);
	int fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (connect(fd, (struct sockaddr *)&a, n) == 0)
		return 0;
	return errno == EINPROGRESS ? outcome(fd, POLLOUT) : errno;
}

static inline int try_udp(const char *host, uint16_t port)
{
	struct sockaddr_storage a;
	socklen_t n = address(host, port, &a);
	int fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, n) < 0 ? errno : 0;
}

typedef int try_fn(const char *host, uint16_t port);

/*
 * What @try says as @w. What does not come at once is SILENT; how long all of
 * it takes is the machine's, which may be busy.
 */
static inline int as(const struct who *w, try_fn *try, const char *host,
		     uint16_t port)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		become(w);
		_exit(try(host, port));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif
