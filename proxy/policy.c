/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy.c - may this request pass, why, and by which line
 *
 * In:         a request, or an address that its name resolved to
 * Out:        a decision
 * Steps:      policy_decide() collects what the rules that match the host say
 *             (struct judge), then reads the answer off in this order:
 *             deny, allow, port, method, path, address; a tunnel that is
 *             inspected (policy_inside.c) passes where some request inside
 *             might
 * Invariants: no step depends on the order of lines; only which of several
 *             rules that say the same is named does. What cannot be seen (a
 *             path in a tunnel, a path that servers may read in two ways) is
 *             never taken to be fine.
 */
#include "proxy/policy.h"

#include <string.h>

#include "common/conf.h"
#include "common/path_glob.h"
#include "proxy/lists.h"
#include "proxy/policy_priv.h"
#include "proxy/rules.h"

/**
 * struct judge - what the rules that match a host say about one request
 * @tunnel:  methods and paths cannot be seen
 * @limited: the mode
 * @path:    without the query; "/" for none
 * @deny:    denies it
 * @deny_unseen: might deny what is inside the tunnel
 * @host:    allows the host, on some port
 * @plain:   allows it, unless a narrow rule is there
 * @narrow:  has a method or path, and is about this port: then such decide
 * @narrow_method: of these, one that has the method
 * @narrow_match:  of these, one that has the path, too
 * @any_allows: a '*' is among what allows it
 * @judges_path: some rule looks at the path
 * @judges_inside: some rule has a method or path, so that https is inspected
 * @inside:  what is said of https there
 * @inspected: the tunnel, or the one that an https request is in, is looked
 * into
 * @listed: what lists have, for each enum rule_effect
 */
struct judge {
	const struct policy *policy;
	const struct request *rq;
	bool tunnel, limited;
	const char *path;
	size_t path_len;

	const struct rule *deny, *deny_unseen;
	const struct rule *host, *plain;
	const struct rule *narrow, *narrow_method, *narrow_match;
	bool any_allows;
	const struct rule *judges_path;
	bool judges_inside;
	struct policy_inside inside;
	bool inspected;
	struct lists_found listed[2];
};

static void judge_init(struct judge *j, const struct policy *p,
		       const struct request *rq)
{
	const struct target *t = &rq->target;
	const char *end;

	memset(j, 0, sizeof(*j));
	j->policy = p;
	j->rq = rq;
	j->tunnel = rq->method == METHOD_CONNECT;
	policy_inside_init(&j->inside, p, t);
	j->limited = j->inside.limited;
	j->path = "/";
	j->path_len = 1;
	if (t->path_len == 0)
		return;
	j->path = t->path;
	for (end = t->path; end < t->path + t->path_len; end++)
		if (*end == '?' || *end == '#')
			break;
	j->path_len = (size_t)(end - t->path);
}

static bool method_matches(const struct judge *j, const struct rule *r)
{
	unsigned methods = (unsigned)j->rq->method;

	if (r->effect == RULE_DENY)
		methods |= j->rq->alike;
	return r->methods == 0 || (r->methods & methods) != 0;
}

static bool path_matches(const struct judge *j, const struct rule *r)
{
	if (!rule_path(r))
		return true;
	return !j->tunnel && path_is_safe(j->path, j->path_len) &&
	       path_glob_match(rule_path(r), j->path, j->path_len);
}

static void keep_first(const struct rule **kept, const struct rule *r)
{
	if (!*kept)
		*kept = r;
}

static void on_deny(struct judge *j, const struct rule *r)
{
	if (!rule_matches_port(r, j->rq->target.port))
		return;
	if (rule_is_narrow(r))
		j->judges_inside = true;
	if (rule_path(r))
		keep_first(&j->judges_path, r);
	if (method_matches(j, r) && path_matches(j, r))
		keep_first(&j->deny, r);
	else if (j->tunnel)
		keep_first(&j->deny_unseen, r);
}

static void on_allow(struct judge *j, const struct rule *r)
{
	bool any = !r->is_cidr && r->kind == PATTERN_ANY;

	keep_first(&j->host, r);
	if (!rule_matches_port(r, j->rq->target.port))
		return;
	if (!rule_is_narrow(r)) {
		keep_first(&j->plain, r);
		j->any_allows |= any;
		return;
	}
	keep_first(&j->narrow, r);
	j->judges_inside = true;
	if (rule_path(r))
		keep_first(&j->judges_path, r);
	if (!method_matches(j, r))
		return;
	keep_first(&j->narrow_method, r);
	if (!path_matches(j, r))
		return;
	keep_first(&j->narrow_match, r);
	j->any_allows |= any;
}

/* rules_visit_fn: a rule that matches the host. */
static bool on_rule(void *arg, const struct rule *r)
{
	struct judge *j = arg;

	if (!rule_matches_scheme(r, &j->rq->target))
		return true;
	policy_inside_add(&j->inside, r);
	if (r->effect == RULE_DENY)
		on_deny(j, r);
	else if (r->effect == RULE_ALLOW)
		on_allow(j, r);
	return !j->deny; /* which decides, whatever else matches */
}

/* rules_visit_fn: a rule that matches an address inside the address. */
static bool on_rule_inside(void *arg, const struct rule *r)
{
	return r->effect == RULE_DENY ? on_rule(arg, r) : true;
}

/* CIDR rules about @a: all of them, and the denies for what it embeds. */
static void visit_addr(const struct rules *rules, const struct addr *a,
		       struct judge *j)
{
	struct addr inside[2];
	size_t n = addr_embedded(a, inside);

	rules_visit_addr(rules, a, on_rule, j);
	for (size_t i = 0; i < n; i++)
		rules_visit_addr(rules, &inside[i], on_rule_inside, j);
}

/* A list says of its names what a rule without port, method or path says. */
static void visit_lists(struct judge *j)
{
	lists_find(j->policy->lists, j->rq->target.host, j->listed);
	for (size_t i = 0; i < ARRAY_SIZE(j->listed); i++)
		if (j->listed[i].list)
			(void)on_rule(j, &j->listed[i].list->rule);
}

static void collect(struct judge *j, const struct policy_extra *extra)
{
	const struct target *t = &j->rq->target;
	const struct rules *rules = j->policy->rules;

	if (t->is_addr) {
		visit_addr(rules, &t->addr, j);
		rules_visit_any(rules, on_rule, j);
	} else {
		rules_visit_name(rules, t->host, on_rule, j);
		if (!j->deny)
			visit_lists(j);
	}
	if (extra && extra->rule && rule_matches_host(extra->rule, t))
		(void)on_rule(j, extra->rule);
	policy_inside_look(&j->inside, j->policy, t);
	j->inspected = !j->deny && policy_inside_wanted(&j->inside);
}

/**
 * struct cover - the search for a rule that opens a non-public address
 * @single: only a rule about this very address will do
 */
struct cover {
	const struct judge *judge;
	bool single;
	const struct rule *found;
};

/* Of an inspected tunnel it is seen inside whether the rule holds. */
static bool is_about_request(const struct judge *j, const struct rule *r)
{
	if (j->tunnel && j->inspected)
		return policy_opens_inside(r, j->limited);
	return method_matches(j, r) && path_matches(j, r);
}

static bool on_cover(void *arg, const struct rule *r)
{
	struct cover *c = arg;
	const struct judge *j = c->judge;
	uint8_t all = rule_cidr(r)->base.family == AF_INET ? 32 : 128;

	if (r->effect == RULE_ALLOW && cidr_is_non_public(rule_cidr(r)) &&
	    (!c->single || rule_cidr(r)->bits == all) &&
	    rule_matches_port(r, j->rq->target.port) &&
	    rule_matches_scheme(r, &j->rq->target) && is_about_request(j, r))
		c->found = r;
	return !c->found;
}

static bool is_private_line(const struct policy *p, const struct addr *a,
			    const struct policy_extra *extra)
{
	for (size_t i = 0; i < p->parts_n; i++)
		for (size_t k = 0; k < p->parts[i]->privates_n; k++)
			if (cidr_contains(&p->parts[i]->privates[k].cidr, a))
				return true;
	return extra && extra->range && cidr_contains(extra->range, a);
}

/*
 * Is the non-public @a itself opened: by a rule, which goes to @ret, or by a
 * private line, which holds for names, and for literals that a '*' allows.
 */
static bool covered_itself(const struct judge *j, const struct addr *a,
			   const struct policy_extra *extra,
			   const struct rule **ret)
{
	struct cover c = { .judge = j };
	const struct rule *rule = extra ? extra->rule : NULL;

	c.single = addr_class(a) == ADDR_LINK_LOCAL;
	rules_visit_addr(j->policy->rules, a, on_cover, &c);
	if (!c.found && rule && rule->is_cidr &&
	    cidr_contains(rule_cidr(rule), a))
		(void)on_cover(&c, rule);
	if (c.found) {
		*ret = c.found;
		return true;
	}
	return !c.single && (!j->rq->target.is_addr || j->any_allows) &&
	       is_private_line(j->policy, a, extra);
}

/*
 * A form that embeds addresses is open too where every non-public one inside
 * is: what is inside is where the packet ends up.
 */
static bool is_covered(const struct judge *j, const struct addr *a,
		       const struct policy_extra *extra,
		       const struct rule **ret)
{
	struct addr inside[2];
	bool open = false;
	size_t n;

	if (covered_itself(j, a, extra, ret))
		return true;
	n = addr_embedded(a, inside);
	for (size_t i = 0; i < n; i++) {
		if (addr_class(&inside[i]) == ADDR_PUBLIC)
			continue;
		open = covered_itself(j, &inside[i], extra, ret);
		if (!open)
			return false;
	}
	return open;
}

static struct decision decision(enum reason reason, const struct rule *r)
{
	return (struct decision){ .reason = reason, .rule = r };
}

/* If the rule is a list's, the name in it goes with it. */
static struct decision with_record(const struct judge *j, struct decision d)
{
	for (size_t i = 0; i < ARRAY_SIZE(j->listed); i++)
		if (j->listed[i].list && d.rule == &j->listed[i].list->rule)
			d.record = j->listed[i].record;
	return d;
}

/* The last step, for an address that no deny is about. */
static struct decision judge_class(const struct judge *j, const struct addr *a,
				   const struct rule *granted,
				   const struct policy_extra *extra)
{
	if (addr_class(a) == ADDR_PUBLIC || is_covered(j, a, extra, &granted))
		return decision(REASON_ALLOWED, granted);
	return decision(REASON_PRIVATE_ADDRESS, NULL);
}

static bool is_https(const struct target *t)
{
	return t->scheme == SCHEME_HTTPS || t->scheme == SCHEME_WSS;
}

/* Each request inside will be judged; is there one that could pass? */
static struct decision judge_inspected(const struct judge *j)
{
	const struct policy_inside *in = &j->inside;

	if (in->open)
		return decision(REASON_ALLOWED, in->open);
	if (in->connect && j->deny_unseen)
		return decision(REASON_INSPECTION_REQUIRED, j->deny_unseen);
	if (in->narrow)
		return decision(REASON_METHOD, in->narrow);
	if (in->plain)
		return decision(REASON_ALLOWED, in->plain);
	return decision(REASON_NOT_ALLOWED, NULL);
}

/* Nothing but host and port of a tunnel can be seen. */
static struct decision judge_tunnel(const struct judge *j)
{
	if (j->inspected)
		return judge_inspected(j);
	if (j->limited)
		return decision(REASON_INSPECTION_REQUIRED, NULL);
	if (j->deny_unseen)
		return decision(REASON_INSPECTION_REQUIRED, j->deny_unseen);
	if (!j->narrow)
		return decision(REASON_ALLOWED, j->plain);
	if (!j->narrow_match)
		return decision(REASON_INSPECTION_REQUIRED, j->narrow);
	return decision(REASON_ALLOWED, j->narrow_match);
}

/* Method, then path: what the method alone decides needs nothing else. */
static struct decision judge_inside(const struct judge *j)
{
	bool seen = j->policy->inspection ? j->inspected : j->judges_inside;

	if (j->limited && !((unsigned)j->rq->method & METHODS_LIMITED))
		return decision(REASON_METHOD, NULL);
	if (j->narrow && !j->narrow_method)
		return decision(REASON_METHOD, j->narrow);
	if (j->limited && is_https(&j->rq->target) && !seen)
		return decision(REASON_INSPECTION_REQUIRED, NULL);
	if (j->judges_path && !path_is_safe(j->path, j->path_len))
		return decision(REASON_PATH, j->judges_path);
	if (!j->narrow)
		return decision(REASON_ALLOWED, j->plain);
	if (!j->narrow_match)
		return decision(REASON_PATH, j->narrow_method);
	return decision(REASON_ALLOWED, j->narrow_match);
}

static struct decision judge_all(const struct judge *j,
				 const struct policy_extra *extra)
{
	const struct target *t = &j->rq->target;
	struct decision d;

	if (j->deny)
		return decision(REASON_DENIED, j->deny);
	if (!j->host)
		return decision(REASON_NOT_ALLOWED, NULL);
	if (!j->plain && !j->narrow)
		return decision(REASON_PORT, j->host);
	d = j->tunnel ? judge_tunnel(j) : judge_inside(j);
	if (d.reason == REASON_ALLOWED && t->is_addr)
		d = judge_class(j, &t->addr, d.rule, extra);
	d.inspect = d.reason == REASON_ALLOWED && j->inspected;
	return d;
}

struct decision policy_decide(const struct policy *p, const struct request *rq,
			      const struct policy_extra *extra)
{
	struct judge j;

	judge_init(&j, p, rq);
	collect(&j, extra);
	return with_record(&j, judge_all(&j, extra));
}

struct decision policy_decide_address(const struct policy *p,
				      const struct request *rq,
				      const struct addr *a,
				      const struct policy_extra *extra)
{
	struct judge j;

	if (rq->target.is_addr)
		return policy_decide(p, rq, extra);
	judge_init(&j, p, rq);
	visit_addr(p->rules, a, &j);
	if (j.deny)
		return decision(REASON_DENIED, j.deny);
	/* What inspects it is about the name: only where it matters, ask. */
	if (j.tunnel && p->inspection &&
	    (j.deny_unseen || addr_class(a) != ADDR_PUBLIC))
		j.inspected = policy_decide(p, rq, extra).inspect;
	if (j.deny_unseen && !j.inspected)
		return decision(REASON_DENIED, j.deny_unseen);
	return judge_class(&j, a, NULL, extra);
}

void policy_set_method(struct request *rq, const char *s, size_t n)
{
	rq->method = method_parse(s, n);
	rq->alike = 0;
	if (rq->method == METHOD_OTHER)
		rq->alike = (unsigned)method_parse_any_case(s, n) &
			    ~(unsigned)METHOD_OTHER;
}

struct decision policy_check_request(const struct policy *p,
				     const struct request *rq)
{
	return policy_decide(p, rq, NULL);
}

struct decision policy_check_address(const struct policy *p,
				     const struct request *rq,
				     const struct addr *a)
{
	return policy_decide_address(p, rq, a, NULL);
}

enum reason policy_worst(enum reason a, enum reason b)
{
	if (a == REASON_ALLOWED || a == b)
		return b;
	return b == REASON_ALLOWED ? a : REASON_PRIVATE_ADDRESS;
}
