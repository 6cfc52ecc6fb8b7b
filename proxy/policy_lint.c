/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_lint.c - warnings that only the whole policy shows
 *
 * In:    a policy
 * Out:   for each rule at most one sentence: another rule makes it superfluous
 *        (repeated, shadowed, or denied as a whole), or a plain and a narrow
 *        rule are about the same host and port
 * Steps: a rule is compared with those that the index files under the suffixes
 *        of its own key, so that a million rules are checked in the time that
 *        a million look-ups take
 */
#include "proxy/policy.h"

#include <stdio.h>
#include <string.h>

#include "common/conf.h"
#include "proxy/policy_priv.h"
#include "proxy/rules.h"

#define WARN_MAX 800

/**
 * struct lint - one rule being compared
 * @shadow: covers all that @rule says
 * @other:  @rule and this are plain and narrow about the same
 */
struct lint {
	const struct policy *policy;
	const struct rule *rule;
	const struct rule *shadow;
	const struct rule *other;
};

static const struct port_set *default_ports(const struct rule *r)
{
	static const struct port_set web = { 2, { { 80, 80 }, { 443, 443 } } };
	static const struct port_set http = { 1, { { 80, 80 } } };
	static const struct port_set https = { 1, { { 443, 443 } } };
	static const struct port_set all = { 1, { { 1, UINT16_MAX } } };

	if (r->effect == RULE_DENY)
		return &all;
	if (r->scheme == SCHEME_HTTP)
		return &http;
	return r->scheme == SCHEME_HTTPS ? &https : &web;
}

const struct port_set *policy_ports_of(const struct rule *r)
{
	return rule_ports(r) ? rule_ports(r) : default_ports(r);
}

static bool range_within(const struct port_range *a, const struct port_set *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (a->first >= b->range[i].first &&
		    a->last <= b->range[i].last)
			return true;
	return false;
}

/* Sets are merged: a range that is within a set is within one range of it. */
static bool ports_within(const struct port_set *a, const struct port_set *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!range_within(&a->range[i], b))
			return false;
	return true;
}

bool policy_ports_overlap(const struct port_set *a, const struct port_set *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (a->range[i].first <= b->range[k].last &&
			    b->range[k].first <= a->range[i].last)
				return true;
	return false;
}

static bool path_within(const struct rule *a, const struct rule *b)
{
	return !rule_path(b) ||
	       (rule_path(a) && strcmp(rule_path(a), rule_path(b)) == 0);
}

static bool methods_within(const struct rule *a, const struct rule *b)
{
	return b->methods == 0 ||
	       (a->methods != 0 && (a->methods & ~b->methods) == 0);
}

/* Every name that @a matches, @b matches too; @b's key ends @a's key. */
static bool names_within(const struct rule *a, const struct rule *b)
{
	bool below = strcmp(rules_key(a), rules_key(b)) != 0;

	switch (b->kind) {
	case PATTERN_ANY:
		return true;
	case PATTERN_AND_BELOW:
		return a->kind != PATTERN_ANY;
	case PATTERN_BELOW:
		return below || a->kind == PATTERN_BELOW ||
		       a->kind == PATTERN_GLOB;
	case PATTERN_EXACT:
		return !below && a->kind == PATTERN_EXACT;
	case PATTERN_GLOB:
		break;
	}
	if (a->kind == PATTERN_EXACT) {
		struct target t = { .is_addr = false };

		memcpy(t.host, rule_name(a), strlen(rule_name(a)) + 1);
		return rule_matches_host(b, &t);
	}
	return a->kind == PATTERN_GLOB && a->glob_depth == b->glob_depth &&
	       strcmp(rule_name(a), rule_name(b)) == 0;
}

/*
 * @b's prefix holds @a's. An allow that reaches into public space does not
 * open the non-public addresses that a longer one does, and none but a single
 * address opens a link-local one.
 */
static bool ranges_within(const struct rule *a, const struct rule *b)
{
	if (rule_cidr(b)->bits > rule_cidr(a)->bits)
		return false;
	if (a->effect == RULE_DENY || b->effect == RULE_DENY ||
	    rule_cidr(a)->bits == rule_cidr(b)->bits)
		return true;
	return cidr_is_non_public(rule_cidr(b)) &&
	       !cidr_is_link_local(rule_cidr(a)) &&
	       addr_class(&rule_cidr(a)->base) != ADDR_LINK_LOCAL;
}

/* True for what is before in the conf: of two that are equal, one is told. */
static bool is_before(const struct policy *p, const struct rule *a,
		      const struct rule *b)
{
	for (size_t i = 0; i < p->parts_n; i++) {
		/* Numbers: the rules may lie in different arrays. */
		uintptr_t first = (uintptr_t)p->parts[i]->rules;
		uintptr_t end =
			(uintptr_t)(p->parts[i]->rules + p->parts[i]->rules_n);
		bool a_here = (uintptr_t)a >= first && (uintptr_t)a < end;
		bool b_here = (uintptr_t)b >= first && (uintptr_t)b < end;

		if (a_here || b_here)
			return a_here && (!b_here || a < b);
	}
	return false;
}

static bool says_all_of(const struct rule *b, const struct rule *a)
{
	return ports_within(policy_ports_of(a), policy_ports_of(b)) &&
	       methods_within(a, b) && path_within(a, b) &&
	       (b->scheme == SCHEME_NONE || b->scheme == a->scheme);
}

/* @b covers @a; do they even say the same? */
static bool is_same(const struct rule *a, const struct rule *b)
{
	if (!says_all_of(a, b))
		return false;
	if (a->is_cidr)
		return rule_cidr(a)->bits == rule_cidr(b)->bits;
	return strcmp(rules_key(a), rules_key(b)) == 0 && names_within(b, a);
}

/* Two allows, one plain and one narrow, with a scheme and a port in common. */
static bool is_plain_beside_narrow(const struct rule *a, const struct rule *b)
{
	return rule_is_narrow(a) != rule_is_narrow(b) &&
	       (a->scheme == SCHEME_NONE || b->scheme == SCHEME_NONE ||
		a->scheme == b->scheme) &&
	       policy_ports_overlap(policy_ports_of(a), policy_ports_of(b));
}

/* rules_visit_fn, for a rule that may be about all that l->rule is about. */
static bool on_candidate(void *arg, const struct rule *b)
{
	struct lint *l = arg;
	const struct rule *a = l->rule;

	if (a == b || a->is_cidr != b->is_cidr)
		return true;
	if (a->is_cidr ? !ranges_within(a, b) : !names_within(a, b))
		return true;
	if (a->effect == RULE_ALLOW && b->effect == RULE_ALLOW &&
	    is_plain_beside_narrow(a, b)) {
		if (!l->other)
			l->other = b;
		return true;
	}
	if ((b->effect == RULE_ALLOW && a->effect == RULE_DENY) ||
	    !says_all_of(b, a))
		return true;
	if (a->effect == b->effect && is_same(a, b) &&
	    !is_before(l->policy, b, a))
		return true; /* of two that are equal the later one is told */
	l->shadow = b;
	return false;
}

static void compare(struct lint *l)
{
	const struct rules *x = l->policy->rules;
	const struct rule *r = l->rule;
	const char *key;

	if (r->is_cidr) {
		rules_visit_addr(x, &rule_cidr(r)->base, on_candidate, l);
		return;
	}
	for (key = rules_key(r); *key != '\0';) {
		const char *dot = strchr(key, '.');

		rules_visit_key(x, key, on_candidate, l);
		key = dot ? dot + 1 : "";
	}
	rules_visit_key(x, "", on_candidate, l);
}

static void tell(const struct lint *l, policy_warn_fn *warn, void *arg)
{
	const struct rule *r = l->rule, *by = l->shadow ? l->shadow : l->other;
	struct strbuf place = STRBUF_INIT;
	char text[WARN_MAX];
	const char *where;

	policy_rule_place(l->policy, by, &place);
	where = place.s ? place.s : "?";
	if (!l->shadow)
		(void)snprintf(text, sizeof(text),
			       "'%.200s': a plain rule and one with a method "
			       "or path ('%.200s' at %.100s) are about the "
			       "same host and port: the narrower one decides",
			       r->text, by->text, where);
	else if (by->effect != r->effect)
		(void)snprintf(text, sizeof(text),
			       "'%.200s' can never allow anything: '%.200s' at "
			       "%.100s denies all of it",
			       r->text, by->text, where);
	else
		(void)snprintf(text, sizeof(text),
			       "'%.200s' adds nothing: '%.200s' at %.100s "
			       "says the same or more",
			       r->text, by->text, where);
	warn(arg, r, text);
	strbuf_fini(&place);
}

void policy_lint(const struct policy *p, policy_warn_fn *warn, void *arg)
{
	const struct rule *r;

	for (size_t i = 0; (r = rules_get(p->rules, i)); i++) {
		struct lint l = { .policy = p, .rule = r };

		compare(&l);
		if (l.shadow || l.other)
			tell(&l, warn, arg);
	}
}
