/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_new.c - a policy's life, and how its decisions are told
 */
#include "proxy/policy.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "proxy/lists.h"
#include "proxy/policy_priv.h"
#include "proxy/rules.h"

static bool part_has_allow(const struct conf_rules *part)
{
	for (size_t k = 0; k < part->rules_n; k++)
		if (part->rules[k].effect == RULE_ALLOW)
			return true;
	for (size_t k = 0; k < part->lists_n; k++)
		if (part->lists[k].rule.effect == RULE_ALLOW &&
		    part->lists[k].names.names_n > 0)
			return true;
	return false;
}

static bool has_allow(const struct policy *p)
{
	for (size_t i = 0; i < p->parts_n; i++)
		if (part_has_allow(p->parts[i]))
			return true;
	return false;
}

/* Return: 0 or -errno. */
static int index_inspects(struct policy *p)
{
	struct rules_span spans[POLICY_PARTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < p->parts_n; i++) {
		spans[i] = (struct rules_span){ p->parts[i]->inspects,
						p->parts[i]->inspects_n };
		n += spans[i].n;
	}
	return n > 0 ? rules_new(spans, p->parts_n, &p->inspects) : 0;
}

int policy_new(const struct conf *cf, const char *profile, struct policy **ret)
{
	struct rules_span spans[POLICY_PARTS_MAX];
	const struct conf_profile *named = NULL;
	enum conf_mode mode = cf->top.mode;
	struct policy *p;
	int r;

	for (size_t i = 0; profile && i < cf->profiles_n; i++)
		if (strcmp(cf->profiles[i].name, profile) == 0)
			named = &cf->profiles[i];
	if (profile && !named)
		return -ENOENT;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->conf = cf;
	p->parts[p->parts_n++] = &cf->top;
	if (named) {
		p->parts[p->parts_n++] = &named->rules;
		if (named->rules.mode != CONF_MODE_UNSET)
			mode = named->rules.mode;
	}
	p->mode = mode;
	atomic_init(&p->forced, CONF_MODE_UNSET);
	p->has_allow = has_allow(p);
	for (size_t i = 0; i < p->parts_n; i++)
		spans[i] = (struct rules_span){ p->parts[i]->rules,
						p->parts[i]->rules_n };
	r = rules_new(spans, p->parts_n, &p->rules);
	if (r == 0)
		r = index_inspects(p);
	if (r == 0)
		r = lists_new(p->parts, p->parts_n, &p->lists);
	if (r < 0)
		policy_free(p);
	else
		*ret = p;
	return r;
}

int policy_new_on(const struct policy *base, const struct conf_rules *more,
		  struct policy **ret)
{
	struct policy *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->conf = base->conf;
	p->base = base;
	memcpy(p->parts, base->parts, sizeof(p->parts));
	p->parts_n = base->parts_n;
	assert(p->parts_n < POLICY_PARTS_MAX); /* one on another, no more */
	p->parts[p->parts_n++] = more;
	p->mode = base->mode;
	atomic_init(&p->forced, CONF_MODE_UNSET);
	p->has_allow = base->has_allow || part_has_allow(more);
	p->lists = base->lists;
	p->inspects = base->inspects;
	r = rules_new_on(base->rules,
			 (struct rules_span){ more->rules, more->rules_n },
			 &p->rules);
	if (r == 0 && more->inspects_n > 0)
		r = rules_new_on(
			base->inspects,
			(struct rules_span){ more->inspects, more->inspects_n },
			&p->inspects);
	if (r < 0)
		policy_free(p);
	else
		*ret = p;
	return r;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	rules_free(p->rules);
	if (!p->base || p->inspects != p->base->inspects)
		rules_free(p->inspects);
	if (!p->base)
		lists_free(p->lists);
	free(p);
}

bool policy_has_allow(const struct policy *p)
{
	return p->has_allow;
}

bool policy_is_limited(const struct policy *p)
{
	enum conf_mode mode =
		atomic_load_explicit(&p->forced, memory_order_relaxed);

	return (mode == CONF_MODE_UNSET ? p->mode : mode) == CONF_MODE_LIMITED;
}

void policy_force_mode(struct policy *p, enum conf_mode mode)
{
	atomic_store_explicit(&p->forced, mode, memory_order_relaxed);
}

void policy_rule_place(const struct policy *p, const struct rule *r,
		       struct strbuf *out)
{
	conf_format_rule_place(p->conf, r, out);
}

void policy_place(const struct policy *p, const struct decision *d,
		  struct strbuf *out)
{
	struct name_entry e;

	if (!d->record) {
		policy_rule_place(p, d->rule, out);
		return;
	}
	name_list_read(d->record, &e);
	strbuf_addf(out, "%s:%" PRIu32, p->conf->files[d->rule->file], e.line);
}

void policy_word(const struct decision *d, struct strbuf *out)
{
	struct name_entry e;

	if (!d->record) {
		strbuf_adds(out, d->rule->text);
		return;
	}
	name_list_read(d->record, &e);
	if (e.kind != PATTERN_EXACT)
		strbuf_adds(out, e.kind == PATTERN_BELOW ? "*." : "**.");
	strbuf_add(out, e.name, e.n);
}
