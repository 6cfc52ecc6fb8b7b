/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_calls.h - two calls of the C library, taken over
 *
 * connect(2): what the proxy dials arrives at our own listener, whatever the
 * address, and is judged on the way. clock_gettime(2): hours pass at once.
 * Both hold for all of the program.
 */
#ifndef NETLEASH_TESTS_FUZZ_CONN_CALLS_H
#define NETLEASH_TESTS_FUZZ_CONN_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was dialled, by a socket whose own port is @from. */
struct call {
	uint16_t from, port;
	char address[48];
};

/*
 * From now on dials are judged by the conf (conn_policy.h), but for those to
 * @dns_port, which go where they want. Forgets the dials before.
 */
void calls_begin(unsigned conf, uint16_t dns_port);

/* Where dials arrive: a non-blocking listener, made with the first call. */
int calls_origin(void);

/* The latest dial from a port, or NULL. */
const struct call *calls_find(uint16_t from);
unsigned calls_count(void);

void calls_skip_ms(uint64_t ms);

/* A listener on loopback, non-blocking; without a queue it does not listen. */
int calls_listen(uint16_t *ret_port, int backlog);

/* A non-blocking socket that connects to a port of loopback, or -1. */
int calls_connect(uint16_t port, uint16_t *ret_own_port);

#endif
