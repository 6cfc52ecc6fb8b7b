/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_socket.h - this process's connection to nf_tables
 *
 * One, for all questions and changes; a child that is forked has none, or the
 * two would take each other's answers, but for the run's init, to which it is
 * handed over. When such
 * a socket is closed while something waits to be freed that a transaction has
 * deleted, the kernel waits for that, some 10 ms, and so does everybody who has
 * a change to make meanwhile: it is closed by nobody but who is in no hurry.
 */
#ifndef NETLEASH_SANDBOX_FIREWALL_SOCKET_H
#define NETLEASH_SANDBOX_FIREWALL_SOCKET_H

/* How long after a deletion it is surely free again. */
#define FIREWALL_SOCKET_REST_MS 60

/* Opens it, the first time. Return: the socket, not the caller's; -errno. */
int firewall_socket(void);

/* The same, but -1 where it is not open. */
int firewall_socket_peek(void);

/* In a child: it is ours now; the parent will only close it. */
void firewall_socket_adopt(void);

/* Another process has it, or nobody needs it. */
void firewall_socket_close(void);

#endif
