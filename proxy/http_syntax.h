/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_syntax.h - the small pieces that HTTP's fields are made of
 *
 * Pure. RFC 9110 sections 5.1 and 5.6.
 */
#ifndef NETLEASH_PROXY_HTTP_SYNTAX_H
#define NETLEASH_PROXY_HTTP_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/http_head.h"

bool http_is_token_byte(unsigned char c);

/* At least one byte, and all of them a token's. */
bool http_is_token(const char *s, size_t n);

/* True if the @n bytes are @word, in any case. */
bool http_is_word(const char *s, size_t n, const char *word);

/* True if they are one of @words, in any case; NULL ends the list. */
bool http_is_one_of(const char *s, size_t n, const char *const *words);

/*
 * The next element of a comma-separated list without quotes: *@s and *@n are
 * what is left of it. Blanks are cut off, empty elements passed over
 * (RFC 9110 5.6.1.2). Return: false after the last.
 */
bool http_list_next(const char **s, size_t *n, const char **ret, size_t *ret_n);

/* True if one of the fields named @name lists @word, in any case. */
bool http_list_has(const struct http_head *h, const char *bytes,
		   const char *name, const char *word);

/* Of a head; real ones have one to three. */
#define HTTP_OPTIONS_MAX 16

/**
 * struct http_options - what the Connection fields of a head name
 * @v: borrowed from the bytes, not terminated
 */
struct http_options {
	size_t n;
	struct {
		const char *s;
		size_t n;
	} v[HTTP_OPTIONS_MAX];
};

/* Collects them. Return: false if there are more; then @ret has the first. */
bool http_options_find(const struct http_head *h, const char *bytes,
		       struct http_options *ret);

/* True if @s is one of them: then it goes no further than to us. */
bool http_options_have(const struct http_options *o, const char *s, size_t n);

/* Fields that belong to one connection, whatever Connection says. */
bool http_is_hop_by_hop(const char *s, size_t n);

/* Fields of netleash's own: nobody else may speak in its name. */
bool http_is_netleash_field(const char *s, size_t n);

#endif
