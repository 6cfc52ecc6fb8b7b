/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_upstream.h - a connection whose target is reached by the parent
 *
 * For the conn*.c files only.
 */
#ifndef NETLEASH_PROXY_CONN_UPSTREAM_H
#define NETLEASH_PROXY_CONN_UPSTREAM_H

#include <stdbool.h>

struct access_entry;
struct conn;

/* True if c->request goes through the parent proxy. */
bool conn_upstream_takes(const struct conn *c);

/*
 * c->request is allowed and goes through the parent: on to conn_establish()
 * with c->remote_fd, or conn_refuse().
 */
void conn_upstream_start(struct conn *c);

/* As upstream_authorization(). */
const char *conn_upstream_authorization(const struct conn *c);

/* The request goes to the parent on the connection at hand. */
void conn_upstream_note(struct conn *c);

/* The request goes through the tunnel at hand, if it is one of the parent's. */
void conn_upstream_again(struct conn *c);

/*
 * Refuses the plain request at hand: the parent's answer, of @status (0: there
 * was none), cannot be passed on; @error is a sentence part.
 */
void conn_upstream_refuse(struct conn *c, unsigned status, const char *error);

/* Once for each request: what the parent has to do with it. */
void conn_upstream_log(struct conn *c, struct access_entry *e);

/* Frees c->upstream; nothing comes back any more. */
void conn_upstream_cancel(struct conn *c);

/* Does the request at hand go through the parent, and what did that say? */
void conn_upstream_used(const struct conn *c, bool *ret_used,
			unsigned *ret_status);

#endif
