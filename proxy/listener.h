/* SPDX-License-Identifier: MIT */
/*
 * proxy/listener.h - accept clients, as many as there is room for
 *
 * Accepting pauses while there are too many connections, and for a moment
 * when descriptors or memory run out; a paused listener costs nothing, and
 * clients wait in the kernel's queue. Live tunnels are never touched.
 */
#ifndef NETLEASH_PROXY_LISTENER_H
#define NETLEASH_PROXY_LISTENER_H

struct listener;
struct loop;
struct scope;

/*
 * Takes the listening socket @fd, in failure too, and joins scope->listeners:
 * who comes through it is one of @scope's. Return: 0 or -errno.
 */
int listener_new(struct scope *scope, int fd);

/* Closes the socket and leaves scope->listeners. */
void listener_free(struct listener *l);

/* Begins, or goes on, accepting. Return: 0 or -errno. */
int listener_start(struct listener *l);

/* A connection has ended: whoever paused for want of room looks again. */
void listener_resume_all(struct loop *lp);

/* The next in scope->listeners. */
struct listener *listener_next(const struct listener *l);

#endif
