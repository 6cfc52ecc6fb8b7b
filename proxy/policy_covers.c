/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_covers.c - is there anything to look into where a line says so
 *
 * In:    a policy, an `inspect` line, or whom a credential is for
 * Out:   whether an allow line has a host, a port and https in common with it
 * Steps: an exact name or address is looked up as a request's would be; of a
 *        pattern or a network every allow line is compared
 * Rule:  in doubt it is covered: this is for warnings
 */
#include <string.h>

#include "common/conf.h"
#include "proxy/lists.h"
#include "proxy/policy_priv.h"
#include "proxy/rules.h"

/**
 * struct search - for an allow line
 * @found: there is one
 */
struct search {
	const struct rule *line;
	bool found;
};

/* rules_visit_fn, for rules that have a host in common with the line. */
static bool on_host(void *arg, const struct rule *r)
{
	struct search *s = arg;

	if (r->effect == RULE_ALLOW && policy_opens_inside(r, false) &&
	    policy_ports_overlap(policy_ports_of(r), policy_ports_of(s->line)))
		s->found = true;
	return !s->found;
}

static bool is_single(const struct rule *r)
{
	return rule_cidr(r)->bits ==
	       (rule_cidr(r)->base.family == AF_INET ? 32 : 128);
}

static bool networks_meet(const struct rule *a, const struct rule *b)
{
	return cidr_contains(rule_cidr(a), &rule_cidr(b)->base) ||
	       cidr_contains(rule_cidr(b), &rule_cidr(a)->base);
}

/* @key ends with @end, after a dot or as a whole. */
static bool ends_with(const char *key, const char *end)
{
	size_t n = strlen(key), end_n = strlen(end);

	if (n < end_n || strcmp(key + n - end_n, end) != 0)
		return false;
	return n == end_n || end_n == 0 || key[n - end_n - 1] == '.';
}

/* May there be a host that both are about? */
static bool hosts_meet(const struct rule *line, const struct rule *r)
{
	struct target t = { .is_addr = false };
	const char *name = rule_name(r);

	if (line->is_cidr && r->is_cidr)
		return networks_meet(line, r);
	if (line->is_cidr || r->is_cidr)
		return (line->is_cidr ? r : line)->kind == PATTERN_ANY;
	if (r->kind != PATTERN_EXACT)
		return ends_with(rules_key(line), rules_key(r)) ||
		       ends_with(rules_key(r), rules_key(line));
	memcpy(t.host, name, strlen(name) + 1);
	return rule_matches_host(line, &t);
}

static void compare_all(const struct policy *p, struct search *s)
{
	const struct rule *r;

	for (size_t i = 0; !s->found && (r = rules_get(p->rules, i)); i++)
		if (hosts_meet(s->line, r))
			(void)on_host(s, r);
	for (size_t i = 0; !s->line->is_cidr && i < p->parts_n; i++)
		for (size_t k = 0; k < p->parts[i]->lists_n; k++)
			(void)on_host(s, &p->parts[i]->lists[k].rule);
}

bool policy_covers(const struct policy *p, const struct rule *r)
{
	struct search s = { .line = r };
	struct lists_found listed[2];

	if (r->is_cidr && is_single(r)) {
		rules_visit_addr(p->rules, &rule_cidr(r)->base, on_host, &s);
		if (!s.found)
			rules_visit_any(p->rules, on_host, &s);
	} else if (!r->is_cidr && r->kind == PATTERN_EXACT) {
		rules_visit_name(p->rules, rule_name(r), on_host, &s);
		lists_find(p->lists, rule_name(r), listed);
		if (listed[RULE_ALLOW].list)
			(void)on_host(&s, &listed[RULE_ALLOW].list->rule);
	} else {
		compare_all(p, &s);
	}
	return s.found;
}
