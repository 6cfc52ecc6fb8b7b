/* SPDX-License-Identifier: MIT */
/*
 * proxy/secret_swap.h - a credential into the fields of a head, and out again
 *
 * Pure, over a head that was rendered (proxy/http_rewrite.h): its start line is
 * left alone but for an answer's phrase, and so is every field's name; what
 * says where an answer ends, which netleash writes itself, is not swapped
 * either.
 *
 * No text has a control byte, and @from is not empty. See strbuf_failed() for
 * want of memory.
 */
#ifndef NETLEASH_PROXY_SECRET_SWAP_H
#define NETLEASH_PROXY_SECRET_SWAP_H

#include "common/strbuf.h"

/*
 * Puts @to for each @from in the values of a request's fields that carry
 * credentials (proxy/secret_field.h), and there alone: what a server does with
 * others, nobody knows. In Authorization also inside of Basic.
 */
void secret_swap(struct strbuf *head, const char *from, const char *to);

/*
 * Puts @to for each @from in all values of an answer's head and in its phrase,
 * in whatever form of proxy/secret_text.h it stands there.
 */
void secret_swap_answer(struct strbuf *head, const char *from, const char *to);

/* The same in whole lines of a trailer, which has no start line. */
void secret_swap_trailer(struct strbuf *lines, const char *from,
			 const char *to);

/*
 * Sets the field @name, a token, to @value with @secret for its "{}"; whatever
 * fields of that name there are go.
 */
void secret_set_field(struct strbuf *head, const char *name, const char *value,
		      const char *secret);

#endif
