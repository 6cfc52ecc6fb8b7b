/* SPDX-License-Identifier: MIT */
/*
 * sandbox/forward.c - the host's local ports in a network of the run's own
 *
 * One message a port: a message carries FD_PASS_MAX descriptors, and a port
 * has one or two.
 */
#include "sandbox/forward.h"

#include <stdio.h>
#include <string.h>

#include "common/fdio.h"
#include "sandbox/door.h"

static int offer_one(int sock, uint16_t port)
{
	const struct init_msg msg = { .type = INIT_MSG_PORT, .value = port };
	struct door d = { .fds_n = 0 };
	int r;

	r = door_bind(&d, port);
	if (r == 0)
		r = door_listen(&d);
	if (r == 0)
		r = fd_send(sock, &msg, sizeof(msg), d.fds, d.fds_n);
	door_close(&d);
	return r;
}

int forward_offer(int sock, const struct local_ports *ports,
		  char error[INIT_TEXT_MAX])
{
	for (size_t i = 0; i < ports->n; i++) {
		int r = offer_one(sock, ports->v[i]);

		if (r < 0) {
			(void)snprintf(error, INIT_TEXT_MAX,
				       "cannot offer local port %u: %s",
				       (unsigned)ports->v[i], strerror(-r));
			return r;
		}
	}
	return 0;
}
