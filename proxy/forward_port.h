/* SPDX-License-Identifier: MIT */
/*
 * proxy/forward_port.h - bytes between a listening socket and our own loopback
 *
 * For a run with a network of its own that may reach a service of the host:
 * whoever connects to the socket is connected to one port of 127.0.0.1, or of
 * ::1. No policy is asked: the port is what was allowed.
 */
#ifndef NETLEASH_PROXY_FORWARD_PORT_H
#define NETLEASH_PROXY_FORWARD_PORT_H

#include <stdint.h>

struct scope;

/*
 * Takes the listening socket @fd, in failure too, and joins s->forwards.
 * Return: 0 or -errno.
 */
int forward_port_new(struct scope *s, int fd, uint16_t port);

/* Begin accepting. Return: 0 or -ENOMEM. */
int forward_port_start_all(struct scope *s);

/* Accept no more; what stands goes on. */
void forward_port_stop_all(struct scope *s);

/* Closes everything, and leaves s->forwards empty. */
void forward_port_free_all(struct scope *s);

#endif
