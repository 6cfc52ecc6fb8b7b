/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_rejected.h - what of a run's did not go to its door
 *
 * A program that looks for no proxy fails, and the proxy never hears of it.
 */
#ifndef NETLEASH_SANDBOX_INIT_REJECTED_H
#define NETLEASH_SANDBOX_INIT_REJECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/init.h"

struct init_firewall;

/*
 * Packets that the firewall rejected, or in a network of the run's own
 * connections and datagrams that found no route: since some moment before the
 * run. 0 where nobody wants to know, or it cannot be read. In init.
 */
uint64_t init_rejected(const struct init_opts *opts,
		       const struct init_firewall *fw);

/* The line for people about @n of them. Pure. Return: false: none is due. */
bool init_rejected_render(uint64_t n, char ret[INIT_TEXT_MAX]);

#endif
