/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_log.h - a request is over
 */
#ifndef NETLEASH_PROXY_CONN_LOG_H
#define NETLEASH_PROXY_CONN_LOG_H

struct conn;

/* Its one line, its counters; the second time nothing. */
void conn_log_end(struct conn *c);

#endif
