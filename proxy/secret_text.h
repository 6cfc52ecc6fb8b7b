/* SPDX-License-Identifier: MIT */
/*
 * proxy/secret_text.h - one text for another in a field's value
 *
 * Pure. What is looked for and what is put in have no control byte; the former
 * is not empty. Values may be any bytes, of any length; each is read once, from
 * its beginning to its end, and what was put in is not looked at again. See
 * strbuf_failed() for want of memory.
 */
#ifndef NETLEASH_PROXY_SECRET_TEXT_H
#define NETLEASH_PROXY_SECRET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"

/* Shorter texts may stand in base64 by chance. */
#define SECRET_TEXT_BASE64_MIN 6

/* Appends the @n bytes of @s, with @to for each @from. */
void secret_text_swap(struct strbuf *out, const char *s, size_t n,
		      const char *from, const char *to);

/*
 * The same for the value of an Authorization field: where that is of the Basic
 * scheme (RFC 7617), in what its base64 stands for. What is not the scheme's
 * one word of base64 goes as it is.
 */
void secret_text_swap_authorization(struct strbuf *out, const char *s, size_t n,
				    const char *from, const char *to);

/**
 * struct secret_finder - looks for a text in the forms that it may come back in
 * @starts: the bytes that one of them can begin with
 */
struct secret_finder {
	const char *from, *to;
	size_t from_n, to_n;
	bool starts[256];
};

/* Borrows both. */
void secret_finder_init(struct secret_finder *f, const char *from,
			const char *to);

/*
 * Appends the @n bytes of @s with what stands for @from taken out: the text as
 * it is; with some bytes percent-encoded, once or again and again, for which
 * @to is put percent-encoded; as part of anything in base64 of either alphabet
 * (RFC 4648), for which @to is put as base64 of the same length.
 */
void secret_finder_hide(const struct secret_finder *f, struct strbuf *out,
			const char *s, size_t n);

#endif
