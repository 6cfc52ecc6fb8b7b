/* SPDX-License-Identifier: MIT */
/*
 * sandbox/local_ports.c - services of the host's loopback that CMD may reach
 */
#include "sandbox/local_ports.h"

#include <errno.h>
#include <string.h>

#include "common/parse.h"

/* The first index whose port is not below @port. */
static size_t find(const struct local_ports *set, uint16_t port)
{
	size_t at = 0;

	while (at < set->n && set->v[at] < port)
		at++;
	return at;
}

bool local_ports_has(const struct local_ports *set, uint16_t port)
{
	size_t at = find(set, port);

	return at < set->n && set->v[at] == port;
}

int local_ports_add(struct local_ports *set, uint16_t port)
{
	size_t at = find(set, port);

	if (at < set->n && set->v[at] == port)
		return 0;
	if (set->n == LOCAL_PORTS_MAX)
		return -E2BIG;
	memmove(&set->v[at + 1], &set->v[at], (set->n - at) * sizeof(*set->v));
	set->v[at] = port;
	set->n++;
	return 0;
}

int local_ports_parse(struct local_ports *set, const char *text)
{
	size_t n = strcspn(text, "-");
	uint16_t first, last;
	int r = 0;

	if (parse_port(text, n, &first) < 0)
		return -EINVAL;
	last = first;
	if (text[n] == '-' &&
	    parse_port(text + n + 1, strlen(text + n + 1), &last) < 0)
		return -EINVAL;
	if (last < first)
		return -EINVAL;
	for (uint32_t port = first; port <= last && r == 0; port++)
		r = local_ports_add(set, (uint16_t)port);
	return r;
}

uint16_t local_ports_next_free(const struct local_ports *set, uint16_t port)
{
	while (local_ports_has(set, port))
		port = port == UINT16_MAX ? 1024 : (uint16_t)(port + 1);
	return port;
}
