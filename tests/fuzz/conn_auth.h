/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_auth.h - who the clients say they are, judged once more
 *
 * In a conf that asks (conn_policy.h) nobody is served, named or told what the
 * policy says without a password; and a parent sees ours, never a client's.
 */
#ifndef NETLEASH_TESTS_FUZZ_CONN_AUTH_H
#define NETLEASH_TESTS_FUZZ_CONN_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"

struct line;
struct strict_message;

/* The file of `auth`, and what alice and bob say. */
#define CONN_AUTH_USERS                                                        \
	"alice:"                                                               \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"   \
	"bob:"                                                                 \
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"

/* Aborts if the line does not go with the request whose head this is. */
void conn_auth_check_request(const struct line *l, const char *bytes,
			     const struct strict_message *m);

/* Likewise of SOCKS5. Return: the length of the client's greeting and, if it is
 * asked, password: 0 where they are not good, or not there. */
size_t conn_auth_socks_length(const struct strbuf *sent, bool asks);
void conn_auth_check_socks(const struct line *l, const struct strbuf *sent);

/* Aborts if what goes to a parent has not our password and no other. */
void conn_auth_check_parent(const char *bytes, const struct strict_message *m);

#endif
