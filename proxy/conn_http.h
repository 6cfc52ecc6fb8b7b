/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_http.h - requests of plain HTTP, one after the other
 *
 * For the conn*.c files only. What a connection needs for this is made with
 * its first such request: tunnels do not carry it.
 */
#ifndef NETLEASH_PROXY_CONN_HTTP_H
#define NETLEASH_PROXY_CONN_HTTP_H

#include <stdbool.h>

struct conn;
struct strbuf;

/* The head in c->in is whole, and not of a CONNECT. */
void conn_http_begin(struct conn *c);

/* True for a plain request that the parent proxy is to forward. */
bool conn_http_is_to_parent(const struct conn *c);

/* True if c->remote_fd leads where c->request is to go, and may be used. */
bool conn_http_can_reuse(struct conn *c);

/* c->remote_fd is connected: the request goes there. */
void conn_http_forward(struct conn *c);

/* The exchange's time limit is over. */
void conn_http_idle(struct conn *c);

/* Ends what runs, and leaves what was counted in c->counts. */
void conn_http_cancel(struct conn *c);

/* The origin's connection is being closed, or used again: not idle. */
void conn_http_unwatch(struct conn *c);
void conn_http_free(struct conn *c);

/* What the log and the summary say of it; NULL for none. */
const char *conn_http_method(const struct conn *c);

/* "GET http://host:80/path", without the query. */
void conn_http_describe(const struct conn *c, struct strbuf *out);

#endif
