/* SPDX-License-Identifier: MIT */
/*
 * common/conf_pack.c - a conf as bytes, for another process of this program
 *
 * In:         a conf; or bytes, which need not be what they should be
 * Out:        head, places, file names, lists, auth, text; or the same conf
 *             again
 * Invariants: parsing a dump makes as many rules and ranges, in the same
 *             order, as the conf had; so the places need no names
 *
 * In the conf that comes out the files have moved by one: the first, which is
 * no file and has the name "", is the text itself, in which everything stands
 * that has no place of its own here.
 */
#include "common/conf_pack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"
#include "common/conf_rules.h"

#define TEXT_NAME "conf"

/* With the text's own name before them, all fit a rule's `file`. */
#define FILES_MAX (RULE_FROM_ARGUMENT - 1)

struct head {
	uint32_t text_n, files_n, includes_n, places_n, lists_n, auth_n;
};

struct place {
	uint32_t file, line, column;
};

static size_t count_in(const struct conf_rules *r)
{
	return r->privates_n + r->rules_n + r->inspects_n;
}

static size_t count_places(const struct conf *cf)
{
	size_t n = count_in(&cf->top);

	for (size_t i = 0; i < cf->profiles_n; i++)
		n += count_in(&cf->profiles[i].rules);
	return n;
}

static void add_place(struct strbuf *out, uint32_t file, uint32_t line,
		      uint32_t column)
{
	const struct place p = { file, line, column };

	strbuf_add(out, (const char *)&p, sizeof(p));
}

static void add_rule_places(struct strbuf *out, const struct rule *rules,
			    size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_place(out, rules[i].file, rules[i].line, rules[i].column);
}

static void add_places(struct strbuf *out, const struct conf_rules *r)
{
	for (size_t i = 0; i < r->privates_n; i++)
		add_place(out, r->privates[i].loc.file, r->privates[i].loc.line,
			  r->privates[i].loc.column);
	add_rule_places(out, r->rules, r->rules_n);
	add_rule_places(out, r->inspects, r->inspects_n);
}

void conf_pack(const struct conf *cf, struct strbuf *out)
{
	struct strbuf text = STRBUF_INIT, auth = STRBUF_INIT;
	size_t lists_n = conf_pack_lists_size(cf);
	struct head h;

	conf_dump_whole(cf, true, &text);
	conf_pack_auth(cf, &auth);
	if (strbuf_failed(&text) || strbuf_failed(&auth) ||
	    text.len > UINT32_MAX || lists_n > UINT32_MAX) {
		out->failed = true;
		strbuf_fini(&text);
		strbuf_fini(&auth);
		return;
	}
	h.text_n = (uint32_t)text.len;
	h.files_n = (uint32_t)cf->files_n;
	h.includes_n = (uint32_t)cf->includes_n;
	h.places_n = (uint32_t)count_places(cf);
	h.lists_n = (uint32_t)lists_n;
	h.auth_n = (uint32_t)auth.len;
	strbuf_add(out, (const char *)&h, sizeof(h));
	add_places(out, &cf->top);
	for (size_t i = 0; i < cf->profiles_n; i++)
		add_places(out, &cf->profiles[i].rules);
	for (size_t i = 0; i < cf->files_n; i++)
		strbuf_add(out, cf->files[i], strlen(cf->files[i]) + 1);
	for (size_t i = 0; i < cf->includes_n; i++)
		strbuf_add(out, cf->includes[i], strlen(cf->includes[i]) + 1);
	conf_pack_lists(cf, out);
	strbuf_add(out, auth.s, auth.len);
	strbuf_add(out, text.s, text.len);
	explicit_bzero(text.s, text.len); /* credentials */
	strbuf_fini(&text);
	strbuf_fini(&auth);
}

/* What is still to be read. */
struct reader {
	const char *at;
	size_t left;
};

static const char *take(struct reader *rd, size_t n)
{
	const char *at = rd->at;

	if (n > rd->left)
		return NULL;
	rd->at += n;
	rd->left -= n;
	return at;
}

/* A place of the reader @places, whose size was checked. */
static struct place next_place(struct reader *places, uint32_t files_n)
{
	struct place p = { 0, 0, 0 };
	const char *at = take(places, sizeof(p));

	if (at)
		memcpy(&p, at, sizeof(p));
	/* Behind the text's own name; what is out of range is in the text. */
	p.file = p.file < files_n ? p.file + 1 : 0;
	return p;
}

static void set_rule_places(struct rule *rules, size_t n, struct reader *places,
			    uint32_t files_n)
{
	for (size_t i = 0; i < n; i++) {
		struct place p = next_place(places, files_n);

		rules[i].file = (uint16_t)p.file; /* FILES_MAX */
		rules[i].line = p.line;
		rules[i].column = p.column;
	}
}

static void set_places(struct conf_rules *r, struct reader *places,
		       uint32_t files_n)
{
	for (size_t i = 0; i < r->privates_n; i++) {
		struct place p = next_place(places, files_n);

		r->privates[i].loc =
			(struct conf_loc){ p.file, p.line, p.column };
	}
	set_rule_places(r->rules, r->rules_n, places, files_n);
	set_rule_places(r->inspects, r->inspects_n, places, files_n);
}

static int add_include(struct conf *cf, const char *name)
{
	char **grown = conf_grow(cf->includes, cf->includes_n, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	cf->includes = grown;
	grown[cf->includes_n] = strdup(name);
	return grown[cf->includes_n] && ++cf->includes_n ? 0 : -ENOMEM;
}

static int add_names(struct conf *cf, struct reader *rd, const struct head *h)
{
	uint32_t index;
	int r = 0;

	for (uint32_t i = 0; i < h->files_n + h->includes_n && r == 0; i++) {
		const char *name = rd->at;

		/* A NUL ends it: the size of all names was checked. */
		if (!take(rd, strlen(name) + 1))
			return -EPROTO;
		r = i < h->files_n ? conf_add_file(cf, name, &index)
				   : add_include(cf, name);
	}
	cf->files[0][0] = '\0';
	return r;
}

/* Are there @n names? *@ret is the size of all, with what ends them. */
static bool measure_names(const struct reader *rd, uint32_t n, size_t *ret)
{
	const char *at = rd->at, *end = rd->at + rd->left;

	for (uint32_t i = 0; i < n; i++) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));

		if (!nul)
			return false;
		at = nul + 1;
	}
	*ret = (size_t)(at - rd->at);
	return true;
}

int conf_unpack(const char *bytes, size_t n, struct conf **ret,
		struct conf_report *report)
{
	static const struct conf_opts opts = { .packed = true };
	struct reader rd = { bytes, n }, places, names, lists, auth;
	const char *at = take(&rd, sizeof(struct head));
	struct conf *cf = NULL;
	struct head h;
	int r = -EPROTO;

	memset(report, 0, sizeof(*report));
	if (!at)
		return r;
	memcpy(&h, at, sizeof(h));
	places.left = (size_t)h.places_n * sizeof(struct place);
	places.at = take(&rd, places.left);
	if (!places.at || h.files_n > FILES_MAX || h.includes_n > FILES_MAX ||
	    !measure_names(&rd, h.files_n + h.includes_n, &names.left))
		return r;
	names.at = take(&rd, names.left);
	lists.left = h.lists_n;
	lists.at = take(&rd, lists.left);
	auth.left = h.auth_n;
	auth.at = take(&rd, auth.left);
	if (!lists.at || !auth.at || rd.left != h.text_n)
		return r;
	r = conf_parse(TEXT_NAME, rd.at, rd.left, &opts, &cf, report);
	if (r < 0)
		return r;
	r = count_places(cf) == h.places_n ? 0 : -EPROTO;
	if (r == 0)
		r = add_names(cf, &names, &h);
	if (r == 0)
		r = conf_unpack_lists(cf, lists.at, lists.left);
	if (r == 0)
		r = conf_unpack_auth(cf, auth.at, auth.left);
	if (r == 0 && !conf_listens_are_guarded(cf))
		r = -EPROTO;
	if (r < 0) {
		conf_free(cf);
		return r;
	}
	set_places(&cf->top, &places, h.files_n);
	for (size_t i = 0; i < cf->profiles_n; i++)
		set_places(&cf->profiles[i].rules, &places, h.files_n);
	*ret = cf;
	return 0;
}
