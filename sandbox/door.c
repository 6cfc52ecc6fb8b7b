/* SPDX-License-Identifier: MIT */
/*
 * sandbox/door.c - the listening sockets of a proxy
 */
#include "sandbox/door.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/addr.h"

#define BACKLOG 1024

/* The kernel gives a free port on IPv4; on IPv6 the same may be taken. */
#define PORT_TRIES 32

/*
 * Whom else a port is left to. AGAIN: to us, where connections of a listener
 * that has gone are remembered; until it listens, others who ask for that may
 * then bind the same. BESIDE: to our next socket as well.
 */
enum leave {
	LEAVE_NOBODY,
	LEAVE_AGAIN,
	LEAVE_BESIDE
};

static int share_port(int fd)
{
	const int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0
		       ? -errno
		       : 0;
}

static int set_options(int fd, const struct addr *addr, enum leave leave)
{
	const int on = 1;

	if ((leave != LEAVE_NOBODY &&
	     setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
	    (addr->family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0))
		return -errno;
	return leave == LEAVE_BESIDE ? share_port(fd) : 0;
}

static int bind_to(const struct addr *addr, uint16_t port, enum leave leave,
		   int *ret_fd)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(addr, port, &ss);
	int fd, r;

	/* Protocol by number: 0 may be turned into MPTCP by the system. */
	fd = socket(addr->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	r = set_options(fd, addr, leave);
	if (r == 0 && bind(fd, (const struct sockaddr *)&ss, len) < 0)
		r = -errno;
	if (r < 0)
		(void)close(fd);
	else
		*ret_fd = fd;
	return r;
}

static int port_of(int fd, uint16_t *ret)
{
	struct sockaddr_storage ss;
	struct addr addr;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return -errno;
	return addr_from_sockaddr((const struct sockaddr *)&ss, &addr, ret);
}

int door_bind(struct door *ret, uint16_t port)
{
	const struct addr v4 = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } };
	const struct addr v6 = { .family = AF_INET6, .bytes = { [15] = 1 } };
	int r = -EADDRINUSE;

	for (int i = 0; i < PORT_TRIES && r == -EADDRINUSE; i++) {
		struct door d = { .fds = { -1, -1 } };

		r = bind_to(&v4, port, LEAVE_NOBODY, &d.fds[0]);
		if (r < 0)
			return r;
		d.fds_n = 1;
		r = port_of(d.fds[0], &d.port);
		if (r == 0)
			r = bind_to(&v6, d.port, LEAVE_NOBODY, &d.fds[1]);
		if (r == 0)
			d.fds_n = 2;
		else if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)
			r = 0; /* no IPv6 on this machine */
		if (r == 0)
			*ret = d;
		else
			door_close(&d);
	}
	return r;
}

int door_listen(const struct door *d)
{
	for (size_t i = 0; i < d->fds_n; i++)
		if (listen(d->fds[i], BACKLOG) < 0)
			return -errno;
	return 0;
}

/* Listens; whoever comes after us may have the port while our connections are
 * remembered. Set before, a stranger could have bound it beside us. */
static int listen_again(int fd)
{
	const int on = 1;

	if (listen(fd, BACKLOG) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

int door_listen_on(const struct addr *addr, uint16_t port, unsigned n,
		   int *ret_fds, uint16_t *ret_port)
{
	unsigned made = 0;
	int r;

	r = bind_to(addr, port, port != 0 ? LEAVE_AGAIN : LEAVE_NOBODY,
		    &ret_fds[0]);
	if (r < 0)
		return r;
	made = 1;
	r = port_of(ret_fds[0], &port);
	/* Shared only now: bound with that set, it would also have joined the
	 * sockets of a stranger with our uid, another netleash say. */
	if (r == 0 && n > 1)
		r = share_port(ret_fds[0]);
	for (; made < n && r == 0; made += r == 0)
		r = bind_to(addr, port, LEAVE_BESIDE, &ret_fds[made]);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = listen_again(ret_fds[i]);
	if (r == 0)
		*ret_port = port;
	while (r < 0 && made > 0)
		(void)close(ret_fds[--made]);
	return r;
}

void door_close(struct door *d)
{
	for (size_t i = 0; i < d->fds_n; i++)
		if (d->fds[i] >= 0)
			(void)close(d->fds[i]);
	d->fds_n = 0;
}
