/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_check.h - what must be true when it is all over
 *
 * What clients said, what origins got, what clients got and the access log
 * tell one story: each request has one line and at most one answer, in order;
 * what came to an origin is a request that has a line, in one framing, or the
 * bytes of a tunnel; nothing that was refused went anywhere.
 */
#ifndef NETLEASH_TESTS_FUZZ_CONN_CHECK_H
#define NETLEASH_TESTS_FUZZ_CONN_CHECK_H

struct world;

/* Aborts, and says what is wrong, if something is. */
void conn_check(struct world *w);

#endif
