/* SPDX-License-Identifier: MIT */
/*
 * common/conf_pack_lists.c - the lists of a conf as bytes
 *
 * In:         a conf; or bytes, which need not be what they should be
 * Out:        for each list a head, its file's path, its names as name_list.h
 *             has them; or the same lists again
 * Invariants: what is taken for names is normal names, whoever sent them
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"
#include "common/conf_rules.h"

/* @scope: 0: the top level; else a profile, from 1. */
struct head {
	uint32_t scope, effect, file, path_n, names_n, bytes_n;
};

static void pack_scope(struct strbuf *out, uint32_t scope,
		       const struct conf_rules *r)
{
	for (size_t i = 0; i < r->lists_n; i++) {
		const struct conf_list *list = &r->lists[i];
		const struct head h = {
			.scope = scope,
			.effect = list->rule.effect,
			.file = list->rule.file,
			.path_n = list->rule.name_at, /* all of its text */
			.names_n = list->names.names_n,
			.bytes_n = (uint32_t)list->names.n,
		};

		strbuf_add(out, (const char *)&h, sizeof(h));
		strbuf_add(out, list->rule.text, h.path_n);
		strbuf_add(out, list->names.bytes, h.bytes_n);
	}
}

void conf_pack_lists(const struct conf *cf, struct strbuf *out)
{
	pack_scope(out, 0, &cf->top);
	for (size_t i = 0; i < cf->profiles_n; i++)
		pack_scope(out, (uint32_t)i + 1, &cf->profiles[i].rules);
}

static size_t scope_size(const struct conf_rules *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->lists_n; i++)
		n += sizeof(struct head) + r->lists[i].rule.name_at +
		     r->lists[i].names.n;
	return n;
}

size_t conf_pack_lists_size(const struct conf *cf)
{
	size_t n = scope_size(&cf->top);

	for (size_t i = 0; i < cf->profiles_n; i++)
		n += scope_size(&cf->profiles[i].rules);
	return n;
}

/* The path and the names stand behind @h. */
static int unpack_list(struct conf *cf, const struct head *h, const char *at)
{
	struct conf_list list = { .rule = { .kind = PATTERN_EXACT } };
	int r;

	list.rule.effect = h->effect == RULE_ALLOW ? RULE_ALLOW : RULE_DENY;
	/* Behind the text's own name, as the files of rules. */
	if (h->file + 1 < cf->files_n)
		list.rule.file = (uint16_t)(h->file + 1);
	list.rule.name_at = (uint16_t)h->path_n;
	list.rule.text = strndup(at, h->path_n);
	r = list.rule.text ? name_list_copy(&list.names, at + h->path_n,
					    h->bytes_n, h->names_n)
			   : -ENOMEM;
	if (r == 0)
		r = conf_add_list(h->scope == 0
					  ? &cf->top
					  : &cf->profiles[h->scope - 1].rules,
				  &list);
	if (r < 0) {
		rule_fini(&list.rule);
		name_list_fini(&list.names);
	}
	return r;
}

int conf_unpack_lists(struct conf *cf, const char *bytes, size_t n)
{
	struct head h;
	int r = 0;

	while (r == 0 && n > 0) {
		if (n < sizeof(h))
			return -EPROTO;
		memcpy(&h, bytes, sizeof(h));
		bytes += sizeof(h);
		n -= sizeof(h);
		if (h.scope > cf->profiles_n || h.effect > RULE_DENY ||
		    h.path_n > 2 * PATH_MAX || h.path_n > n ||
		    h.bytes_n > n - h.path_n ||
		    memchr(bytes, '\0', h.path_n) != NULL)
			return -EPROTO;
		r = unpack_list(cf, &h, bytes);
		bytes += h.path_n + h.bytes_n;
		n -= (size_t)h.path_n + h.bytes_n;
	}
	return r;
}
