/* SPDX-License-Identifier: MIT */
/*
 * sandbox/landlock.h - a second line: Landlock's rules for CMD
 *
 * Defence in depth only. Landlock sees ports, not addresses, and neither MPTCP,
 * nor UDP, nor TCP Fast Open by sendto(2), nor unix sockets with a path: the
 * firewall or the network namespace holds the leash, with or without it.
 */
#ifndef NETLEASH_SANDBOX_LANDLOCK_H
#define NETLEASH_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Restricts the calling thread and what it starts, for good; no_new_privs must
 * be set. From ABI 6 on: no abstract unix socket and no signal reaches a
 * process outside. From ABI 4 on, if @net: connect to the @n TCP ports @ports
 * only, and bind to none; leave @net out where CMD has servers of its own.
 * Run it after the proof, which it would make pass without a firewall.
 *
 * A kernel without Landlock is no error. Return: 0 with its ABI in *@ret_abi,
 * 0 for none; or -errno.
 */
int landlock_apply(const uint16_t *ports, size_t n, bool net, int *ret_abi);

/* The kernel's ABI, 0 for none, or -errno. */
int landlock_abi(void);

/* From this one on signals and abstract sockets are kept in. */
#define LANDLOCK_ABI_SCOPE 6

#endif
