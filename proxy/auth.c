/* SPDX-License-Identifier: MIT */
/*
 * proxy/auth.c - is it the user that it says, and what it says in HTTP
 *
 * In:         a name and a password from a client, the users of the conf
 * Out:        one of these, or nobody
 * Invariants: the same work for every name and every password of one length;
 *             no branch and no address depends on what is compared
 * References: RFC 7617 section 2; RFC 9110 section 11.4 (scheme and token68)
 */
#include "proxy/auth.h"

#include <string.h>
#include <strings.h>

#include "common/base64.h"
#include "proxy/mbedtls_compat.h"

/* NAME:PASSWORD in base64. */
#define TOKEN_MAX ((AUTH_NAME_MAX + 1 + AUTH_PASSWORD_MAX + 2) / 3 * 4)

/* Return: 0 if they are equal, without saying where they are not. */
static unsigned differ(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;
	unsigned char all = 0;
	volatile unsigned char result;

	for (size_t i = 0; i < n; i++)
		all = (unsigned char)(all | (x[i] ^ y[i]));
	/* So that no compiler finds a way to stop before the end. */
	result = all;
	return result;
}

/* All ones for 0, and 0 for 1 to 255. */
static size_t mask_of_zero(unsigned byte)
{
	return (size_t)0 - (((size_t)byte - 1) >> (sizeof(size_t) * 8 - 1));
}

const struct auth_user *auth_check(const struct auth_users *users,
				   const struct auth_given *given)
{
	char name[sizeof(users->v->name)] = { 0 };
	unsigned char hash[AUTH_HASH_SIZE];
	size_t found = 0; /* behind whom */

	if (given->name_n == 0 || given->name_n > AUTH_NAME_MAX ||
	    given->password_n > AUTH_PASSWORD_MAX ||
	    compat_sha256((const unsigned char *)given->password,
			  given->password_n, hash, 0) != 0)
		return NULL;
	/* A NUL in it makes it no shorter name: all of it is compared. */
	memcpy(name, given->name, given->name_n);
	if (!auth_name_is_good(name, given->name_n))
		memset(name, 0xff, sizeof(name));
	for (size_t i = 0; i < users->n; i++) {
		const struct auth_user *u = &users->v[i];
		unsigned wrong = differ(name, u->name, sizeof(name)) |
				 differ(hash, u->hash, sizeof(hash));

		found |= (i + 1) & mask_of_zero(wrong);
	}
	explicit_bzero(hash, sizeof(hash));
	return found > 0 ? &users->v[found - 1] : NULL;
}

bool auth_basic_parse(const char *value, size_t n, struct strbuf *text,
		      struct auth_given *ret)
{
	static const char scheme[] = "Basic ";
	const char *colon;

	if (n < sizeof(scheme) - 1 ||
	    strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
		return false;
	value += sizeof(scheme) - 1;
	n -= sizeof(scheme) - 1;
	for (; n > 0 && *value == ' '; n--)
		value++;
	if (n == 0 || n > TOKEN_MAX || !base64_decode(value, n, text) ||
	    strbuf_failed(text) || text->len == 0)
		return false;
	colon = memchr(text->s, ':', text->len);
	if (!colon)
		return false;
	ret->name = text->s;
	ret->name_n = (size_t)(colon - text->s);
	ret->password = colon + 1;
	ret->password_n = text->len - ret->name_n - 1;
	return true;
}

void auth_basic_fini(struct strbuf *text)
{
	if (text->s)
		explicit_bzero(text->s, text->len);
	strbuf_fini(text);
}
