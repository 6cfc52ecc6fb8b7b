/* SPDX-License-Identifier: MIT */
/*
 * sandbox/local_ports.h - services of the host's loopback that CMD may reach
 *
 * Pure. A small set of ports: each costs an element in the firewall, or two
 * sockets in a network of the run's own.
 */
#ifndef NETLEASH_SANDBOX_LOCAL_PORTS_H
#define NETLEASH_SANDBOX_LOCAL_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCAL_PORTS_MAX 64

/* Ascending, each once. All zero is the empty set. */
struct local_ports {
	uint16_t v[LOCAL_PORTS_MAX];
	size_t n;
};

/* Return: 0, also where it is there, or -E2BIG. */
int local_ports_add(struct local_ports *set, uint16_t port);

/*
 * Adds "PORT" or "PORT-PORT". Return: 0, -EINVAL, or -E2BIG if they would be
 * more than LOCAL_PORTS_MAX; then some may have been added.
 */
int local_ports_parse(struct local_ports *set, const char *text);

bool local_ports_has(const struct local_ports *set, uint16_t port);

/* @port, or the next above it that is not in @set; from 65535 on to 1024. */
uint16_t local_ports_next_free(const struct local_ports *set, uint16_t port);

#endif
