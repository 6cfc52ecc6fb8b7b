/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_await.c - hear of a run's init until it is READY
 */
#include "sandbox/init_await.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/fdio.h"

/* Only this process may fail here: init sends what we asked it for. */
static int take_sockets(const struct init_msg *msg, const int *fds, size_t n,
			init_socket_fn *take, void *arg)
{
	const bool local = msg->type == INIT_MSG_PORT;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (r < 0)
			(void)close(fds[i]);
		else
			r = take(arg, fds[i], local ? (uint16_t)msg->value : 0);
	}
	return r;
}

int init_await(int sock, struct door *door, init_socket_fn *take, void *arg,
	       char error[INIT_TEXT_MAX])
{
	struct init_msg msg = { .type = INIT_MSG_PORT };
	int fds[FD_PASS_MAX];
	size_t fds_n = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && msg.type == INIT_MSG_PORT) {
		n = fd_recv(sock, &msg, sizeof(msg), fds, FD_PASS_MAX, &fds_n);
		if (n != sizeof(msg) ||
		    (msg.type != INIT_MSG_READY && msg.type != INIT_MSG_PORT)) {
			(void)snprintf(
				error, INIT_TEXT_MAX, "%.*s", INIT_TEXT_MAX - 1,
				n == sizeof(msg) && msg.type == INIT_MSG_FAILED
					? msg.text
					: "the run's init did not start");
			return -ECHILD;
		}
		r = take_sockets(&msg, fds, fds_n, take, arg);
	}
	for (size_t i = 0; i < door->fds_n && r == 0; i++) {
		r = take(arg, door->fds[i], 0);
		door->fds[i] = -1; /* taken */
	}
	return r;
}
