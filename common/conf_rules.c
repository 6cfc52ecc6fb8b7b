/* SPDX-License-Identifier: MIT */
/*
 * common/conf_rules.c - allow, deny, preset and private
 *
 * In:         the words of a line, or of an argument
 * Out:        rules and ranges in the scope that is open
 * Invariants: a rule knows its own file and line, a preset's rule those of
 *             the preset; a line that is wrong leaves no rule in a conf that
 *             anybody gets to see
 */
#include "common/conf_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"

/* @r, said by @w, behind the *@n at *@v; taken only with 0. */
static int take_rule(const struct conf_parser *ps, const struct conf_word *w,
		     struct rule *r, struct rule **v, size_t *n)
{
	struct rule *grown = conf_grow(*v, *n, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	r->file = (uint16_t)ps->file; /* CONF_FILES_MAX */
	r->line = w->line;
	r->column = w->column;
	*v = grown;
	grown[(*n)++] = *r;
	return 0;
}

static int add_rule(struct conf_parser *ps, struct rule *r,
		    const struct conf_word *w)
{
	struct conf_rules *scope = conf_scope(ps);
	int err = take_rule(ps, w, r, &scope->rules, &scope->rules_n);

	if (err < 0)
		rule_fini(r);
	return err;
}

int conf_add_inspect(struct conf_parser *ps, const struct conf_word *w,
		     const char *(*fault)(const struct rule *r),
		     struct rule **v, size_t *n)
{
	char error[RULE_ERROR_MAX] = "", shown[CONF_SHOWN_MAX];
	const char *wrong;
	struct rule rule;
	int r = rule_parse(RULE_INSPECT, 0, w->s, w->n, &rule, error);

	if (r == -EINVAL)
		conf_error(ps, w, "%s", error);
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	wrong = fault(&rule);
	if (wrong)
		conf_error(ps, w, "'%s' %s", conf_show(w->s, w->n, shown),
			   wrong);
	else
		r = take_rule(ps, w, &rule, v, n);
	if (wrong || r < 0)
		rule_fini(&rule);
	return r;
}

static int add_rules(struct conf_parser *ps, enum rule_effect effect,
		     const struct conf_word *w, size_t n)
{
	char error[RULE_ERROR_MAX] = "";
	unsigned methods = 0;
	size_t first = 0;

	while (first < n && method_is_word(w[first].s, w[first].n)) {
		methods |= method_parse(w[first].s, w[first].n);
		first++;
	}
	if (first == n)
		conf_error(ps, &w[n - 1],
			   "expected a host or a URL after the method");
	for (size_t i = first; i < n; i++) {
		struct rule rule;
		int r;

		if (method_is_word(w[i].s, w[i].n)) {
			conf_error(ps, &w[i],
				   "a method stands before the first host of "
				   "its line");
			continue;
		}
		r = rule_parse(effect, methods, w[i].s, w[i].n, &rule, error);
		if (r == 0)
			r = add_rule(ps, &rule, &w[i]);
		else if (r == -EINVAL)
			conf_error(ps, &w[i], "%s", error);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

int conf_set_allow(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	return add_rules(ps, RULE_ALLOW, w, n);
}

int conf_set_deny(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	return add_rules(ps, RULE_DENY, w, n);
}

/* A preset's name becomes a file's: no dots, no slashes. */
static bool is_preset_name(const struct conf_word *w)
{
	for (size_t i = 0; i < w->n; i++) {
		char c = w->s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
	}
	return w->n > 0 && w->n <= 64 && w->s[0] != '-';
}

/* The text of a preset, parsed in the scope where the preset stands. */
static int use_preset(struct conf_parser *ps, char *text, size_t n,
		      const char *source)
{
	uint32_t before = ps->file;
	int r;

	r = conf_add_file(ps->cf, source, &ps->file);
	if (r < 0)
		return r;
	ps->in_preset = true;
	r = conf_parse_text(ps, text, n);
	ps->in_preset = false;
	ps->file = before;
	return r;
}

static int preset_one(struct conf_parser *ps, const struct conf_word *w)
{
	char error[RULE_ERROR_MAX] = "", shown[CONF_SHOWN_MAX];
	char *name = NULL, *text = NULL, *source = NULL;
	size_t n = 0;
	int r;

	conf_show(w->s, w->n, shown);
	if (!is_preset_name(w)) {
		conf_error(ps, w,
			   "'%s' is no name for a preset: lower-case letters, "
			   "digits and '-' are",
			   shown);
		return 0;
	}
	if (!ps->opts->preset || ps->cf->files_n >= CONF_FILES_MAX) {
		conf_error(ps, w, "preset '%s': %s", shown,
			   ps->opts->preset ? "one file too many"
					    : "there are none here");
		return 0;
	}
	name = strndup(w->s, w->n);
	if (!name)
		return -ENOMEM;
	r = ps->opts->preset(ps->opts->preset_arg, name, &text, &n, &source,
			     error);
	if (r == 0)
		r = use_preset(ps, text, n, source);
	else if (r != -ENOMEM) {
		conf_error(ps, w, "preset '%s': %s", shown, error);
		r = 0;
	}
	free(name);
	free(text);
	free(source);
	return r;
}

int conf_set_preset(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = preset_one(ps, &w[i]);
	return r;
}

static bool is_single(const struct cidr *c)
{
	return c->bits == (c->base.family == AF_INET ? 32 : 128);
}

/* What stands against @c as a `private` range, or NULL. */
static const char *check_range(enum addr_err err, const struct cidr *c)
{
	switch (err) {
	case ADDR_OK:
		break;
	case ADDR_NOT_QUAD:
		return "is not a dotted quad";
	case ADDR_ZONE:
		return "has a zone id";
	case ADDR_BAD_PREFIX:
		return "has a prefix length that is out of range (0 to 32, or "
		       "to 128 for IPv6)";
	case ADDR_HOST_BITS:
		return "has host bits set";
	case ADDR_MALFORMED:
		return "is not an address range: expected ADDRESS or "
		       "ADDRESS/BITS";
	}
	if (cidr_is_link_local(c) ||
	    (is_single(c) && addr_class(&c->base) == ADDR_LINK_LOCAL))
		return "is link-local, which no range opens: only 'allow' with "
		       "the address itself does";
	if (!cidr_is_non_public(c))
		return "reaches into public addresses, which allowed names may "
		       "resolve to anyway: write the non-public ranges only";
	return NULL;
}

int conf_set_private(struct conf_parser *ps, const struct conf_word *w,
		     size_t n)
{
	char shown[CONF_SHOWN_MAX], net[CIDR_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		struct conf_rules *scope = conf_scope(ps);
		struct conf_range range = { .loc = conf_word_loc(ps, &w[i]) };
		struct conf_range *grown;
		enum addr_err err;
		const char *wrong;

		err = cidr_parse(w[i].s, w[i].n, &range.cidr);
		wrong = check_range(err, &range.cidr);
		if (wrong) {
			bool bits = err == ADDR_HOST_BITS;

			conf_error(ps, &w[i], "'%s' %s%s%s",
				   conf_show(w[i].s, w[i].n, shown), wrong,
				   bits ? ": the network is " : "",
				   bits ? cidr_format(&range.cidr, net) : "");
			continue;
		}
		grown = conf_grow(scope->privates, scope->privates_n,
				  sizeof(range));
		if (!grown)
			return -ENOMEM;
		scope->privates = grown;
		scope->privates[scope->privates_n++] = range;
	}
	return 0;
}
