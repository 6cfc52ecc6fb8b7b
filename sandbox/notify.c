/* SPDX-License-Identifier: MIT */
/*
 * sandbox/notify.c - tell a service manager how far we are
 */
#include "sandbox/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int sock = -1;

void notify_open(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;
	socklen_t size;

	if (n < 2 || n >= sizeof(addr.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(addr.sun_path, path, n);
	if (path[0] == '@') /* an abstract name */
		addr.sun_path[0] = '\0';
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock >= 0 &&
	    connect(sock, (const struct sockaddr *)&addr, size) < 0) {
		(void)close(sock);
		sock = -1;
	}
	(void)unsetenv("NOTIFY_SOCKET");
}

void notify_send(const char *state)
{
	if (sock >= 0)
		(void)send(sock, state, strlen(state),
			   MSG_DONTWAIT | MSG_NOSIGNAL);
}

void notify_reloading(void)
{
	struct timespec now;
	char state[80];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof(state),
		       "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		       (uint64_t)now.tv_sec * 1000000u +
			       (uint64_t)now.tv_nsec / 1000u);
	notify_send(state);
}
