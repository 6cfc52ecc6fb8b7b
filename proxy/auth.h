/* SPDX-License-Identifier: MIT */
/*
 * proxy/auth.h - is it the user that it says, and what it says in HTTP
 *
 * Pure. A look costs one SHA-256 of at most AUTH_PASSWORD_MAX bytes and one
 * walk over all users, whatever was said.
 */
#ifndef NETLEASH_PROXY_AUTH_H
#define NETLEASH_PROXY_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/auth_file.h"
#include "common/strbuf.h"

/* Longer ones are nobody's; as many as SOCKS5 can carry (RFC 1929). */
#define AUTH_PASSWORD_MAX 255u

/**
 * struct auth_given - a name and a password, as a client gave them
 * @name, @password: any bytes, not terminated
 */
struct auth_given {
	const char *name, *password;
	size_t name_n, password_n;
};

/*
 * Whose they are: borrowed from @users, or NULL. How long it takes tells
 * neither whether there is such a name nor how much of a hash was right.
 */
const struct auth_user *auth_check(const struct auth_users *users,
				   const struct auth_given *given);

/*
 * The value of a Proxy-Authorization field (RFC 7617): @ret points into @text,
 * which the caller ends with auth_basic_fini(), as it ends it after a failure.
 * Return: false if it is of another scheme, not in the base64 that
 * common/base64.h makes, too long to be anybody's, or there is no memory.
 */
bool auth_basic_parse(const char *value, size_t n, struct strbuf *text,
		      struct auth_given *ret);
void auth_basic_fini(struct strbuf *text);

#endif
