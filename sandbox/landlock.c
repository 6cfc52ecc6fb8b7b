/* SPDX-License-Identifier: MIT */
/*
 * sandbox/landlock.c - a second line: Landlock's rules for CMD
 *
 * In:  the door's port, and local ports
 * Out: a Landlock domain around the calling thread
 *
 * The structures are written out here, because the headers that we build with
 * are older than the kernels that we run on.
 *
 * References: landlock(7), landlock_create_ruleset(2).
 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <unistd.h>

#include "common/scope.h"

/* The same numbers on every architecture. */
#define NR_CREATE_RULESET 444
#define NR_ADD_RULE	  445
#define NR_RESTRICT_SELF  446

#define CREATE_RULESET_VERSION	   (1u << 0)
#define RULE_NET_PORT		   2
#define ACCESS_NET_BIND_TCP	   (1ull << 0)
#define ACCESS_NET_CONNECT_TCP	   (1ull << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0)
#define SCOPE_SIGNAL		   (1ull << 1)

#define ABI_NET 4

/* struct landlock_ruleset_attr, as far as ABI 6. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* struct landlock_net_port_attr. */
struct net_port {
	uint64_t allowed_access;
	uint64_t port;
};

int landlock_abi(void)
{
	long abi = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);

	if (abi >= 0)
		return (int)abi;
	/* Not built in, or built in and switched off at boot. */
	return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
}

static int allow_connect(int ruleset_fd, uint16_t port)
{
	const struct net_port rule = { ACCESS_NET_CONNECT_TCP, port };

	if (syscall(NR_ADD_RULE, ruleset_fd, RULE_NET_PORT, &rule, 0) < 0)
		return -errno;
	return 0;
}

int landlock_apply(const uint16_t *ports, size_t n, bool net, int *ret_abi)
{
	struct ruleset ruleset = { 0 };
	size_t size = sizeof(ruleset);
	AUTOCLOSE int fd = -1;
	int abi = landlock_abi(), r = 0;

	if (abi < 0)
		return abi;
	*ret_abi = abi;
	if (abi >= ABI_NET && net)
		ruleset.handled_access_net =
			ACCESS_NET_BIND_TCP | ACCESS_NET_CONNECT_TCP;
	if (abi >= LANDLOCK_ABI_SCOPE)
		ruleset.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	else
		size = offsetof(struct ruleset, scoped);
	/* The kernel refuses a rule set that handles nothing. */
	if (ruleset.handled_access_net == 0 && ruleset.scoped == 0)
		return 0;

	fd = (int)syscall(NR_CREATE_RULESET, &ruleset, size, 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; ruleset.handled_access_net && i < n && r == 0; i++)
		r = allow_connect(fd, ports[i]);
	if (r < 0)
		return r;
	if (syscall(NR_RESTRICT_SELF, fd, 0) < 0)
		return -errno;
	return 0;
}
