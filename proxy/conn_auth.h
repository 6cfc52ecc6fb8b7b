/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_auth.h - who a client is, where the conf asks
 *
 * For the conn*.c files only. Before policy and look-ups, after all that makes
 * a request malformed: whoever is nobody learns nothing of what the policy
 * says.
 */
#ifndef NETLEASH_PROXY_CONN_AUTH_H
#define NETLEASH_PROXY_CONN_AUTH_H

#include <stdbool.h>

struct auth_given;
struct conn;

/*
 * Must it say who it is, by the rules of now? Not inside of a tunnel that is
 * looked into: there the tunnel's client is known.
 */
bool conn_auth_is_asked(const struct conn *c);

/* Is it who it says? Then its name is in c->user. True where nobody asks. */
bool conn_auth_admit(struct conn *c, const struct auth_given *given);

/*
 * For a request of HTTP: first, while c->in holds the head, which gives NULL or
 * what is malformed; then, once the head was taken, the verdict: false if it
 * was refused.
 */
const char *conn_auth_read(struct conn *c);
bool conn_auth_pass(struct conn *c);

#endif
