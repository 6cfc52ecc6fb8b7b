/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_sni.h - does a tunnel's first message go where policy allows?
 *
 * For conn_answer.c only.
 */
#ifndef NETLEASH_PROXY_CONN_SNI_H
#define NETLEASH_PROXY_CONN_SNI_H

#include "proxy/tunnel.h"

struct conn;

/*
 * What looks at the tunnel that @c is to become, with @c as its argument;
 * NULL if nothing has to. A tunnel that it refuses is in the summary, and
 * c->decision says which rule refused.
 */
tunnel_look_fn *conn_sni_look(const struct conn *c);

#endif
