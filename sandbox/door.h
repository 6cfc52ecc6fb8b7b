/* SPDX-License-Identifier: MIT */
/*
 * sandbox/door.h - the listening sockets of a proxy
 *
 * A run's own are 127.0.0.1 and, where the machine has it, ::1, on one port.
 * All are plain TCP (never MPTCP), close-on-exec, non-blocking.
 */
#ifndef NETLEASH_SANDBOX_DOOR_H
#define NETLEASH_SANDBOX_DOOR_H

#include <stddef.h>
#include <stdint.h>

struct addr;

struct door {
	uint16_t port;
	int fds[2];
	size_t fds_n;
};

/*
 * Takes @port, or a free one for 0, without listening yet: nobody can connect.
 * Return: 0, or -errno; on failure nothing stays open.
 */
int door_bind(struct door *ret, uint16_t port);

/* From now on the kernel accepts connections. Return: 0 or -errno. */
int door_listen(const struct door *d);
void door_close(struct door *d);

/*
 * @n sockets on @addr and @port, or a free port for 0; with more than one the
 * kernel spreads who connects over them, once all of them listen. Nobody else
 * may have the port already, not even one that would share it.
 * Return: 0 with the sockets and their port, or -errno and none is open.
 */
int door_listen_on(const struct addr *addr, uint16_t port, unsigned n,
		   int *ret_fds, uint16_t *ret_port);

#endif
