/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_calls.c - two calls of the C library, taken over
 *
 * A definition in the program goes before the C library's, for libevent and
 * c-ares as for our own code.
 */
#include "tests/fuzz/conn_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/addr.h"
#include "common/macros.h"
#include "tests/fuzz/conn_policy.h"
#include "tests/fuzz/conn_world.h"

/* As many as fill a queue of none. */
#define HOLE_FILLERS 4

static unsigned conf_now;
static uint16_t dns_port_now;
static uint64_t skipped_ns;

/* Where dials arrive; where they are refused; where they get no answer. */
static uint16_t origin_port, closed_port, hole_port;
static struct call dials[64];
static unsigned dials_n;

typedef int clock_fn(clockid_t id, struct timespec *ts);
clock_fn clock_gettime;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static clock_fn *real;
	int r;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	r = real(id, ts);
	if (r == 0 && id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE) {
		uint64_t ns = (uint64_t)ts->tv_nsec + skipped_ns % 1000000000u;

		ts->tv_sec +=
			(time_t)(skipped_ns / 1000000000u + ns / 1000000000u);
		ts->tv_nsec = (long)(ns % 1000000000u);
	}
	return r;
}

static uint16_t port_in(const struct sockaddr_storage *ss)
{
	struct addr unused;
	uint16_t port = 0;

	(void)addr_from_sockaddr((const struct sockaddr *)ss, &unused, &port);
	return port;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 ? port_in(&ss)
								  : 0;
}

/* An IPv6 socket reaches IPv4's loopback, too. */
static int connect_to(int fd, sa_family_t family, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr.s6_addr = {
					    [10] = 0xff, 0xff, 127, 0, 0, 1 } };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (family == AF_INET6)
		return (int)syscall(SYS_connect, fd, &six, sizeof(six));
	return (int)syscall(SYS_connect, fd, &four, sizeof(four));
}

/* What the proxy dials. */
static int redirect(int fd, const struct sockaddr *sa)
{
	struct call *d = &dials[dials_n % ARRAY_SIZE(dials)];
	uint16_t port = 0, to;
	struct addr a;
	int r;

	if (addr_from_sockaddr(sa, &a, &port) < 0)
		world_wrong("an address of no family is dialled");
	addr_format(&a, d->address);
	if (!conn_policy_may_dial(conf_now, &a, port))
		world_wrong("dials %s port %u", d->address, (unsigned)port);
	if (port == CONN_PORT_UNREACHABLE) {
		errno = ENETUNREACH;
		return -1;
	}
	to = port == CONN_PORT_CLOSED ? closed_port
	     : port == CONN_PORT_HOLE ? hole_port
				      : origin_port;
	r = connect_to(fd, sa->sa_family, to);
	d->from = port_of(fd);
	d->port = port;
	dials_n++;
	return r;
}

/* c-ares asks by TCP, too. */
static bool is_dial(int fd, const struct sockaddr *sa)
{
	socklen_t n = sizeof(int);
	uint16_t port = 0;
	struct addr a;
	int type = 0;

	return dns_port_now != 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_STREAM && addr_from_sockaddr(sa, &a, &port) == 0 &&
	       port != dns_port_now;
}

int connect(int fd, __CONST_SOCKADDR_ARG sa, socklen_t len)
{
	const struct sockaddr *to = sa.__sockaddr__;

	if (is_dial(fd, to))
		return redirect(fd, to);
	return (int)syscall(SYS_connect, fd, to, len);
}

int calls_listen(uint16_t *ret_port, int backlog)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    (backlog >= 0 && listen(fd, backlog) < 0))
		world_wrong("no listener: %s", strerror(errno));
	*ret_port = port_of(fd);
	return fd;
}

int calls_connect(uint16_t port, uint16_t *ret_own_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect_to(fd, AF_INET, port) < 0 && errno != EINPROGRESS) {
		(void)close(fd);
		return -1;
	}
	*ret_own_port = port_of(fd);
	return fd;
}

int calls_origin(void)
{
	static int fd = -1;
	uint16_t unused;

	if (fd >= 0)
		return fd;
	fd = calls_listen(&origin_port, 256);
	(void)calls_listen(&closed_port, -1);
	(void)calls_listen(&hole_port, 0);
	for (int i = 0; i < HOLE_FILLERS; i++)
		(void)calls_connect(hole_port, &unused);
	return fd;
}

void calls_begin(unsigned conf, uint16_t dns_port)
{
	conf_now = conf;
	dns_port_now = dns_port;
	dials_n = 0;
}

const struct call *calls_find(uint16_t from)
{
	for (unsigned i = dials_n; i-- > 0;) {
		const struct call *d = &dials[i % ARRAY_SIZE(dials)];

		if (d->from == from)
			return d;
		if (dials_n - i == ARRAY_SIZE(dials))
			break;
	}
	return NULL;
}

unsigned calls_count(void)
{
	return dials_n;
}

void calls_skip_ms(uint64_t ms)
{
	skipped_ns += ms * 1000000u;
}
