/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_inspect.h - a connection whose tunnel is looked into
 */
#ifndef NETLEASH_PROXY_CONN_INSPECT_H
#define NETLEASH_PROXY_CONN_INSPECT_H

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct strbuf;
struct target;

/*
 * Takes a place for a tunnel that is to be looked into, before anything is done
 * for it. Return: 0; -EDQUOT: there is none; -ENOMEM.
 */
int conn_inspect_reserve(struct conn *c);
#define CONN_INSPECT_FULL                                                      \
	"There are too many tunnels that are looked into (limit inspections, " \
	"inspections-per-run)."

/*
 * The client has been told that its tunnel stands: from here on we are the
 * host. Then requests come, of which each is judged.
 */
void conn_inspect_begin(struct conn *c);

/* Does @c carry what is inside of a tunnel? */
bool conn_inspect_is_inside(const struct conn *c);

/*
 * The URL of the request in c->in, whose target is @n bytes at @target, into
 * @out: https, and to the tunnel's host. Return: NULL, or what is wrong with
 * it.
 */
const char *conn_inspect_url(const struct conn *c, const char *target, size_t n,
			     struct strbuf *out);

/* Is @t, of a request inside, the tunnel's host and port? */
bool conn_inspect_is_for(const struct conn *c, const struct target *t);

/* Is c->remote_fd connected to the host, and without TLS yet? Then c->address
 * is where. */
bool conn_inspect_has_raw(struct conn *c);

/* Begins TLS on c->remote_fd, then goes on as conn_establish() does. */
void conn_inspect_connect(struct conn *c);

/* c->remote_fd is being closed: there is no such connection any more. */
void conn_inspect_drop(struct conn *c);

/* What the log says of a handshake that failed, or NULL. */
const char *conn_inspect_detail(const struct conn *c);

void conn_inspect_free(struct conn *c);

#endif
