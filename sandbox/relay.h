/* SPDX-License-Identifier: MIT */
/*
 * sandbox/relay.h - sockets on 0 to 2 become pipes for CMD
 *
 * A socket that CMD inherits was made outside and keeps its maker's rights, so
 * it never gets one: netleash keeps the socket and moves the bytes.
 */
#ifndef NETLEASH_SANDBOX_RELAY_H
#define NETLEASH_SANDBOX_RELAY_H

#include <stdbool.h>

struct event_base;
struct relay;

/*
 * Makes a pipe for each of 0, 1, 2 that is a socket. @ret_fds[i] is the end
 * for CMD, -1 where it can have the descriptor itself; the caller's to close
 * after the fork. *@ret is NULL where no relay is needed. Return: 0 or -errno.
 */
int relay_open(int ret_fds[3], struct relay **ret);

/* Is @fd, 0 to 2, a socket that is relayed? False for NULL. */
bool relay_has(const struct relay *r, int fd);

/* Starts moving bytes on @base. Return: 0 or -errno. NULL is fine. */
int relay_start(struct relay *r, struct event_base *base);

/*
 * @done runs once every byte that CMD wrote has been delivered (its ends of
 * the pipes are closed by now); at once where there is nothing to wait for.
 */
void relay_flush(struct relay *r, void (*done)(void *arg), void *arg);
void relay_free(struct relay *r);

#endif
