/* SPDX-License-Identifier: MIT */
/*
 * proxy/addr_sort.c - in which order to try the addresses of a name
 */
#include "proxy/addr_sort.h"

#include <sys/socket.h>
#include <unistd.h>

#define PORT_DISCARD 9

static size_t add_distinct(struct addr *v, size_t n, size_t max,
			   const struct addr *a)
{
	if (!a || n == max)
		return n;
	for (size_t i = 0; i < n; i++)
		if (addr_equal(&v[i], a))
			return n;
	v[n] = *a;
	return n + 1;
}

/* The next of @family at or after *@i; NULL if there is none. */
static const struct addr *next_of(const struct addr *v, size_t n, size_t *i,
				  sa_family_t family)
{
	while (*i < n && v[*i].family != family)
		++*i;
	return *i < n ? &v[(*i)++] : NULL;
}

size_t addr_interleave(const struct addr *v, size_t n, struct addr *ret,
		       size_t max)
{
	size_t i6 = 0, i4 = 0, found = 0;
	const struct addr *a6, *a4;

	do {
		a6 = next_of(v, n, &i6, AF_INET6);
		a4 = next_of(v, n, &i4, AF_INET);
		found = add_distinct(ret, found, max, a6);
		found = add_distinct(ret, found, max, a4);
	} while (a6 || a4);
	return found;
}

bool addr_has_route(const struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(a, PORT_DISCARD, &ss);
	int fd =
		socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	if (fd < 0)
		return false;
	yes = connect(fd, (struct sockaddr *)&ss, len) == 0;
	(void)close(fd);
	return yes;
}
