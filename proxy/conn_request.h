/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_request.h - from a whole head to a connected socket, or a refusal
 */
#ifndef NETLEASH_PROXY_CONN_REQUEST_H
#define NETLEASH_PROXY_CONN_REQUEST_H

#include "proxy/http_head.h"

struct conn;

/* The head in c->in is whole, or wrong for ever. */
void conn_request_begin(struct conn *c);
void conn_request_malformed(struct conn *c, enum http_head_verdict verdict);

/* Refuses the target, of which @what is wrong. */
void conn_refuse_target(struct conn *c, const char *what);

/* c->request is whole and well-formed: policy, then on to the far side. */
void conn_judge(struct conn *c);

#endif
