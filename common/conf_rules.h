/* SPDX-License-Identifier: MIT */
/*
 * common/conf_rules.h - directives about hosts: rules, ranges, presets, lists
 *
 * For common/conf*.c and their tests only. As in common/conf_priv.h, int is 0
 * or -ENOMEM where nothing else stands.
 */
#ifndef NETLEASH_COMMON_CONF_RULES_H
#define NETLEASH_COMMON_CONF_RULES_H

#include <stddef.h>

#include "common/conf.h"

struct conf_parser;
struct conf_word;

/* conf_rules.c */
int conf_set_allow(struct conf_parser *ps, const struct conf_word *w, size_t n);
int conf_set_deny(struct conf_parser *ps, const struct conf_word *w, size_t n);
int conf_set_preset(struct conf_parser *ps, const struct conf_word *w,
		    size_t n);
int conf_set_private(struct conf_parser *ps, const struct conf_word *w,
		     size_t n);

/* conf_inspect.c */
int conf_set_inspect(struct conf_parser *ps, const struct conf_word *w,
		     size_t n);

/*
 * The one host or more of @w, as rules of inspect are written, behind the *@n
 * at *@v; an error where that is not well formed, or where @fault says what
 * stands against it. Return: 0 or -ENOMEM.
 */
int conf_add_inspect(struct conf_parser *ps, const struct conf_word *w,
		     const char *(*fault)(const struct rule *r),
		     struct rule **v, size_t *n);

#define CONF_NAMES_MAX 10000000u    /* of all lists of one conf */
#define CONF_LISTS_MAX (512u << 20) /* bytes of their files */

/* conf_list.c */
int conf_set_allow_list(struct conf_parser *ps, const struct conf_word *w,
			size_t n);
int conf_set_deny_list(struct conf_parser *ps, const struct conf_word *w,
		       size_t n);
int conf_add_list(struct conf_rules *scope, const struct conf_list *list);

/* conf_pack_lists.c: the part of conf_pack.h's bytes that holds lists. */
void conf_pack_lists(const struct conf *cf, struct strbuf *out);
size_t conf_pack_lists_size(const struct conf *cf);

/* Return: -EPROTO too, if it is no such part. */
int conf_unpack_lists(struct conf *cf, const char *bytes, size_t n);

#endif
