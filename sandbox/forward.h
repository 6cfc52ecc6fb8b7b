/* SPDX-License-Identifier: MIT */
/*
 * sandbox/forward.h - the host's local ports in a network of the run's own
 *
 * Run in init. The proxy, which has the host's network, serves the sockets
 * (proxy_add_forward() of proxy/proxy.h).
 */
#ifndef NETLEASH_SANDBOX_FORWARD_H
#define NETLEASH_SANDBOX_FORWARD_H

#include "sandbox/init.h"
#include "sandbox/local_ports.h"

/*
 * Listens on each of @ports on our loopback, and sends its sockets over @sock,
 * an INIT_MSG_PORT a port; they are the receiver's alone from then on.
 * Return: 0 or -errno with a sentence.
 */
int forward_offer(int sock, const struct local_ports *ports,
		  char error[INIT_TEXT_MAX]);

#endif
