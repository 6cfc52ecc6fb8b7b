/* SPDX-License-Identifier: MIT */
/*
 * common/conf_upstream.h - the parent proxy that a conf names
 */
#ifndef NETLEASH_COMMON_CONF_UPSTREAM_H
#define NETLEASH_COMMON_CONF_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

struct conf;
struct conf_parser;
struct conf_word;
struct rule;
struct strbuf;

/**
 * struct conf_upstream - from `upstream`
 * @host:   a normal name, or the text of @addr; NULL: there is no parent
 * @tls:    it is spoken to over TLS
 * @user, @password: both, or both NULL
 * @direct: targets that are reached without it; rules of no effect
 */
struct conf_upstream {
	char *host;
	bool tls, is_addr;
	struct addr addr;
	uint16_t port;
	char *user, *password;
	struct rule *direct;
	size_t direct_n;
};

/* True if both have the same parent proxy, direct targets and more CAs. */
bool conf_same_upstream(const struct conf *a, const struct conf *b);

/*
 * For common/conf*.c only: the setters of `upstream` and `verify-ca`, as in
 * common/conf_priv.h, and what they have set, back as lines, with "***" in the
 * place of credentials but for @secrets.
 */
int conf_set_upstream(struct conf_parser *ps, const struct conf_word *w,
		      size_t n);
int conf_set_verify_ca(struct conf_parser *ps, const struct conf_word *w,
		       size_t n);
void conf_dump_upstream(const struct conf *cf, bool secrets,
			struct strbuf *out);
void conf_upstream_fini(struct conf_upstream *up);

#endif
