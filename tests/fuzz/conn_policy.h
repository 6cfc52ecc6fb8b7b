/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_policy.h - the confs of the little internet
 *
 * Each as text for the proxy, and once more in code, by hand: what may be
 * dialled at all.
 */
#ifndef NETLEASH_TESTS_FUZZ_CONN_POLICY_H
#define NETLEASH_TESTS_FUZZ_CONN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct addr;

/* Ports where nobody answers, in three ways. */
#define CONN_PORT_CLOSED      81
#define CONN_PORT_HOLE	      82
#define CONN_PORT_UNREACHABLE 83

const char *conn_policy_text(unsigned conf);

/* True if clients need a password: CONN_AUTH_USERS. */
bool conn_policy_asks(unsigned conf);
bool conn_policy_may_dial(unsigned conf, const struct addr *a, uint16_t port);

/* True if no input can reach a limit that is answered with "limit". */
bool conn_policy_is_roomy(unsigned conf);

#endif
