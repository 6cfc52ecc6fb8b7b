/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_syntax.c - the small pieces that HTTP's fields are made of
 *
 * References: RFC 9110 sections 5.1, 5.6.1, 5.6.2 and 7.6.1
 */
#include "proxy/http_syntax.h"

#include <string.h>
#include <strings.h>

bool http_is_token_byte(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool http_is_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!http_is_token_byte((unsigned char)s[i]))
			return false;
	return n > 0;
}

bool http_is_word(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp(s, word, n) == 0;
}

bool http_is_one_of(const char *s, size_t n, const char *const *words)
{
	for (; *words; words++)
		if (http_is_word(s, n, *words))
			return true;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool http_list_next(const char **s, size_t *n, const char **ret, size_t *ret_n)
{
	while (*n > 0) {
		const char *comma = memchr(*s, ',', *n), *at = *s;
		size_t len = comma ? (size_t)(comma - at) : *n;
		size_t taken = comma ? len + 1 : len;

		*s += taken;
		*n -= taken;
		for (; len > 0 && is_blank(*at); len--)
			at++;
		while (len > 0 && is_blank(at[len - 1]))
			len--;
		if (len > 0) {
			*ret = at;
			*ret_n = len;
			return true;
		}
	}
	return false;
}

bool http_list_has(const struct http_head *h, const char *bytes,
		   const char *name, const char *word)
{
	struct http_field f;
	size_t cursor = 0;

	while (http_head_next(h, bytes, &cursor, &f)) {
		const char *list = f.value, *element;
		size_t left = f.value_len, len;

		if (!http_is_word(f.name, f.name_len, name))
			continue;
		while (http_list_next(&list, &left, &element, &len))
			if (http_is_word(element, len, word))
				return true;
	}
	return false;
}

bool http_options_find(const struct http_head *h, const char *bytes,
		       struct http_options *ret)
{
	struct http_field f;
	size_t cursor = 0;

	ret->n = 0;
	while (http_head_next(h, bytes, &cursor, &f)) {
		const char *list = f.value, *word;
		size_t left = f.value_len, len;

		if (!http_is_word(f.name, f.name_len, "Connection"))
			continue;
		while (http_list_next(&list, &left, &word, &len)) {
			if (ret->n == HTTP_OPTIONS_MAX)
				return false;
			ret->v[ret->n].s = word;
			ret->v[ret->n++].n = len;
		}
	}
	return true;
}

bool http_options_have(const struct http_options *o, const char *s, size_t n)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].n == n && strncasecmp(o->v[i].s, s, n) == 0)
			return true;
	return false;
}

bool http_is_hop_by_hop(const char *s, size_t n)
{
	/* Close is reserved: the option of its name would take it away. */
	static const char *const names[] = { "Connection",
					     "Close",
					     "Keep-Alive",
					     "Proxy-Connection",
					     "Proxy-Authenticate",
					     "Proxy-Authorization",
					     "Proxy-Authentication-Info",
					     "TE",
					     "Transfer-Encoding",
					     "Upgrade",
					     "HTTP2-Settings",
					     NULL };

	return http_is_one_of(s, n, names);
}

bool http_is_netleash_field(const char *s, size_t n)
{
	static const char prefix[] = "X-Netleash-";

	return n >= sizeof(prefix) - 1 &&
	       strncasecmp(s, prefix, sizeof(prefix) - 1) == 0;
}
