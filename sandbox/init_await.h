/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_await.h - hear of a run's init until it is READY
 */
#ifndef NETLEASH_SANDBOX_INIT_AWAIT_H
#define NETLEASH_SANDBOX_INIT_AWAIT_H

#include <stdint.h>

#include "sandbox/init.h"

/*
 * Takes the listening socket @fd, in failure too: of the door, or of @local
 * where that is not 0. Return: 0 or -errno.
 */
typedef int init_socket_fn(void *arg, int fd, uint16_t local);

/*
 * Gives @take the sockets that init made in a network of the run's own, then
 * those of @door, which are ours. Return: 0; -ECHILD with init's sentence;
 * what @take said.
 */
int init_await(int sock, struct door *door, init_socket_fn *take, void *arg,
	       char error[INIT_TEXT_MAX]);

#endif
