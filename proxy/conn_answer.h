/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_answer.h - tell the client the verdict, then make it a flow
 *
 * For the conn*.c files only.
 */
#ifndef NETLEASH_PROXY_CONN_ANSWER_H
#define NETLEASH_PROXY_CONN_ANSWER_H

#include <stddef.h>

#include "common/addr.h"
#include "proxy/closer.h"
#include "proxy/reason.h"

struct conn;

/*
 * Answers with @reason and ends; only before CONN_REPLY.
 * @detail is one more sentence or NULL; @addrs are what was refused for
 * REASON_PRIVATE_ADDRESS.
 */
void conn_refuse(struct conn *c, enum reason reason, const char *detail,
		 const struct addr *addrs, size_t addrs_n);

/* c->out holds the answer: sends it, and goes on or ends as @reason says. */
void conn_answer(struct conn *c, enum reason reason);

/* c->remote_fd is connected: says so, and goes on as a tunnel. */
void conn_establish(struct conn *c);

/* Both sockets are a flow's from here on; @c has ended. */
void conn_start_tunnel(struct conn *c);

/* The client's socket goes in its own way; the other at once. */
void conn_close_client(struct conn *c, enum closer_how how);

/* Sends what is left of c->out. */
void conn_send(struct conn *c);

#endif
