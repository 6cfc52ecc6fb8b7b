/* SPDX-License-Identifier: MIT */
/*
 * common/conf_auth.h - who may use the listeners of a conf
 */
#ifndef NETLEASH_COMMON_CONF_AUTH_H
#define NETLEASH_COMMON_CONF_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/auth_file.h"

struct conf;
struct conf_parser;
struct conf_word;
struct strbuf;

/**
 * struct conf_auth - from `auth`
 * @file:  its absolute path; NULL: clients of the listeners are not asked
 * @read:  @users are those of the file; else nobody looked, and nobody is let
 *         in: see enum conf_auth_want
 */
struct conf_auth {
	char *file;
	bool read;
	struct auth_users users;
};

/*
 * For common/conf*.c only. The setter, as in common/conf_priv.h; the check that
 * a listener beyond loopback has `auth` beside it, once all files are read, and
 * the same question without a word about it; the line for a dump; and the part
 * of conf_pack.h's bytes that holds it. conf_unpack_auth() returns 0, -EPROTO
 * or -ENOMEM.
 */
int conf_set_auth(struct conf_parser *ps, const struct conf_word *w, size_t n);
void conf_check_listens(struct conf_parser *ps);
bool conf_listens_are_guarded(const struct conf *cf);
void conf_dump_auth(const struct conf *cf, struct strbuf *out);
void conf_pack_auth(const struct conf *cf, struct strbuf *out);
int conf_unpack_auth(struct conf *cf, const char *bytes, size_t n);
void conf_auth_fini(struct conf_auth *auth);

#endif
