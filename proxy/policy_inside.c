/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_inside.c - must a tunnel be looked into, and is there a use
 *
 * In:         the rules that match a host, in any order; `inspect` lines;
 *             credentials
 * Out:        whether TLS ends at us, and what could pass inside
 * Invariants: where inspection is not possible nothing here has an effect;
 *             what no line needs to see is not looked into; port 80 is plain
 *             http, whatever is in the tunnel
 */
#include <string.h>

#include "common/conf.h"
#include "proxy/policy_priv.h"
#include "proxy/rules.h"

#define HTTP_PORT  80
#define HTTPS_PORT 443

static bool may_be_tls(const struct target *t)
{
	switch (t->scheme) {
	case SCHEME_HTTPS:
	case SCHEME_WSS:
		return true;
	case SCHEME_HTTP:
	case SCHEME_WS:
		return false;
	case SCHEME_NONE:
		break;
	}
	return t->port != HTTP_PORT;
}

void policy_inside_init(struct policy_inside *in, const struct policy *p,
			const struct target *t)
{
	memset(in, 0, sizeof(*in));
	in->limited = policy_is_limited(p);
	in->tls = p->inspection && may_be_tls(t);
	in->port = t->port;
}

bool policy_opens_inside(const struct rule *r, bool limited)
{
	const unsigned some = limited ? METHODS_LIMITED
				      : METHODS_ALL & ~(unsigned)METHOD_CONNECT;

	return r->scheme != SCHEME_HTTP &&
	       (r->methods == 0 || (r->methods & some) != 0);
}

static void add_allow(struct policy_inside *in, const struct rule *r)
{
	if (!rule_is_narrow(r)) {
		if (!in->plain)
			in->plain = r;
		return;
	}
	if (!in->narrow)
		in->narrow = r;
	if ((r->methods & METHOD_CONNECT) && !rule_path(r))
		in->connect = true;
	if (r->methods != METHOD_CONNECT)
		in->allows = true;
	if (!in->open && policy_opens_inside(r, in->limited))
		in->open = r;
}

void policy_inside_add(struct policy_inside *in, const struct rule *r)
{
	if (!in->tls || r->scheme == SCHEME_HTTP ||
	    !rule_matches_port(r, in->port))
		return;
	switch (r->effect) {
	case RULE_ALLOW:
		add_allow(in, r);
		break;
	case RULE_DENY:
		if (rule_is_narrow(r) && r->methods != METHOD_CONNECT)
			in->denies = true;
		break;
	case RULE_INSPECT:
		in->line = true;
		return;
	}
	if (r->scheme == SCHEME_HTTPS)
		in->named = true;
}

/* rules_visit_fn: an `inspect` line that matches the host. */
static bool on_line(void *arg, const struct rule *r)
{
	struct policy_inside *in = arg;

	policy_inside_add(in, r);
	return !in->line;
}

/* As with a deny: an address inside is where the packet ends up. */
static void look_at_addr(struct policy_inside *in, const struct rules *lines,
			 const struct addr *a)
{
	struct addr inside[2];
	size_t n = addr_embedded(a, inside);

	rules_visit_any(lines, on_line, in);
	if (!in->line)
		rules_visit_addr(lines, a, on_line, in);
	for (size_t i = 0; i < n && !in->line; i++)
		rules_visit_addr(lines, &inside[i], on_line, in);
}

void policy_inside_look(struct policy_inside *in, const struct policy *p,
			const struct target *t)
{
	if (!in->tls)
		return;
	if (p->inspects && t->is_addr)
		look_at_addr(in, p->inspects, &t->addr);
	else if (p->inspects)
		rules_visit_name(p->inspects, t->host, on_line, in);
	for (size_t i = 0; i < p->conf->credentials_n && !in->credential; i++)
		in->credential =
			conf_credential_is_for(&p->conf->credentials[i], t);
}

bool policy_inside_wanted(const struct policy_inside *in)
{
	if (!in->tls)
		return false;
	if (in->line || in->credential || in->denies)
		return true;
	if (in->limited)
		return in->port == HTTPS_PORT || in->named || in->allows;
	return in->allows && !in->connect;
}

void policy_set_inspection(struct policy *p, bool possible)
{
	p->inspection = possible;
}

static bool only_shows_inside(const struct rule *r)
{
	return rule_is_narrow(r) && r->methods != METHOD_CONNECT &&
	       r->scheme != SCHEME_HTTP;
}

bool policy_wants_inspection(const struct policy *p)
{
	const struct rule *r;

	if (p->inspects || p->conf->credentials_n > 0 || policy_is_limited(p))
		return true;
	for (size_t i = 0; (r = rules_get(p->rules, i)); i++)
		if (only_shows_inside(r))
			return true;
	return false;
}

static bool lines_want(const struct conf_rules *lines)
{
	if (lines->inspects_n > 0 || lines->mode == CONF_MODE_LIMITED)
		return true;
	for (size_t i = 0; i < lines->rules_n; i++)
		if (only_shows_inside(&lines->rules[i]))
			return true;
	return false;
}

bool policy_conf_wants_inspection(const struct conf *cf)
{
	bool wants = cf->credentials_n > 0 || lines_want(&cf->top);

	for (size_t i = 0; i < cf->profiles_n && !wants; i++)
		wants = lines_want(&cf->profiles[i].rules);
	return wants;
}
