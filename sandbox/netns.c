/* SPDX-License-Identifier: MIT */
/*
 * sandbox/netns.c - a network, and where needed a user namespace, of our own
 *
 * What switches user namespaces off differs from system to system: a limit
 * of zero (user.max_user_namespaces), Debian's
 * kernel.unprivileged_userns_clone, or AppArmor's
 * kernel.apparmor_restrict_unprivileged_userns, which lets the namespace be
 * made but gives no capability in it.
 */
#include "sandbox/netns.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "common/scope.h"

#define SNMP_MAX 65536

static const struct setting {
	const char *path;
	const char *bad; /* the value that switches user namespaces off */
	const char *advice;
} settings[] = {
	{ "/proc/sys/user/max_user_namespaces", "0",
	  "user.max_user_namespaces is 0: user namespaces are switched off" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0",
	  "kernel.unprivileged_userns_clone is 0: only root may make user "
	  "namespaces" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	  "kernel.apparmor_restrict_unprivileged_userns is 1 and netleash has "
	  "no AppArmor profile that allows userns" },
};

void netns_explain(int error_number, char error[NETNS_ERROR_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		AUTOFREE char *text = NULL;
		size_t len;

		if (fd_read_file(settings[i].path, 64, &text, &len) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, settings[i].bad) != 0)
			continue;
		(void)snprintf(error, NETNS_ERROR_MAX,
			       "cannot make a namespace for the run (%s): %s; "
			       "change that, or run netleash as root",
			       strerror(error_number), settings[i].advice);
		return;
	}
	(void)snprintf(error, NETNS_ERROR_MAX,
		       "cannot make a namespace for the run: %s; a container "
		       "or a security module may forbid it: run netleash as "
		       "root, or outside of it",
		       strerror(error_number));
}

int netns_map_caller(uid_t uid, gid_t gid, char error[NETNS_ERROR_MAX])
{
	char map[64];
	int r;

	/* Without this a gid map of one's own cannot be written. */
	r = fd_write_file("/proc/self/setgroups", "deny");
	if (r == 0 || r == -ENOENT) {
		(void)snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
		r = fd_write_file("/proc/self/gid_map", map);
	}
	if (r == 0) {
		(void)snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
		r = fd_write_file("/proc/self/uid_map", map);
	}
	if (r < 0)
		netns_explain(-r, error);
	return r;
}

int netns_loopback_up(void)
{
	AUTOCLOSE int fd = -1;
	struct ifreq ifr = { .ifr_name = "lo" };

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

/* A line of names, then one of numbers. */
uint64_t netns_parse_unrouted(const char *snmp)
{
	static const char wanted[] = "OutNoRoutes";
	const char *names = snmp, *numbers;
	size_t n;

	while (strncmp(names, "Ip: ", 4) != 0) {
		names = strchr(names, '\n');
		if (!names)
			return 0;
		names++;
	}
	numbers = strchr(names, '\n');
	if (!numbers)
		return 0;
	for (numbers++;; names++, numbers++) {
		n = strcspn(names, " \n");
		if (n == strlen(wanted) && memcmp(names, wanted, n) == 0)
			return strtoull(numbers, NULL, 10);
		names += n;
		numbers += strcspn(numbers, " \n");
		if (*names != ' ' || *numbers != ' ')
			return 0;
	}
}

int netns_unrouted(uint64_t *ret)
{
	char *snmp;
	size_t n;
	int r = fd_read_file("/proc/self/net/snmp", SNMP_MAX, &snmp, &n);

	if (r < 0)
		return r;
	*ret = netns_parse_unrouted(snmp);
	free(snmp);
	return 0;
}
