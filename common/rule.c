/* SPDX-License-Identifier: MIT */
/*
 * common/rule.c - what a parsed rule says about a host, a port, a scheme
 *
 * In:  rules that rule_parse.c made, targets that are well formed
 * Out: yes or no, for one part of a request each
 */
#include "common/rule.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"

static const struct {
	const char *name;
	enum method method;
} methods[] = {
	{ "GET", METHOD_GET },	       { "HEAD", METHOD_HEAD },
	{ "OPTIONS", METHOD_OPTIONS }, { "POST", METHOD_POST },
	{ "PUT", METHOD_PUT },	       { "PATCH", METHOD_PATCH },
	{ "DELETE", METHOD_DELETE },   { "TRACE", METHOD_TRACE },
	{ "CONNECT", METHOD_CONNECT },
};

const char *method_name(enum method m)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].method == m)
			return methods[i].name;
	return NULL;
}

enum method method_parse_any_case(const char *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (strlen(methods[i].name) == n &&
		    strncasecmp(methods[i].name, s, n) == 0)
			return methods[i].method;
	return METHOD_OTHER;
}

enum method method_parse(const char *s, size_t n)
{
	enum method m = method_parse_any_case(s, n);
	const char *name = method_name(m);

	return name && memcmp(name, s, n) == 0 ? m : METHOD_OTHER;
}

bool method_is_word(const char *s, size_t n)
{
	return method_parse(s, n) != METHOD_OTHER;
}

const char *rule_effect_name(enum rule_effect e)
{
	static const char *const names[] = { "allow", "deny", "inspect" };

	return names[e];
}

void rule_fini(struct rule *r)
{
	if (r->more) {
		free(r->more->ports);
		free(r->more->path);
	}
	free(r->more);
	free(r->text);
	r->more = NULL;
	r->text = NULL;
}

bool rule_is_narrow(const struct rule *r)
{
	return r->methods != 0 || rule_path(r);
}

/*
 * Of the forms that embed addresses, a deny looks inside: the packet ends up
 * there. An allow does not: it would open a spelling that nobody wrote down.
 */
static bool matches_addr(const struct rule *r, const struct addr *a)
{
	struct addr inner[2];
	size_t n;

	if (cidr_contains(rule_cidr(r), a))
		return true;
	if (r->effect == RULE_ALLOW)
		return false;
	n = addr_embedded(a, inner);
	for (size_t i = 0; i < n; i++)
		if (cidr_contains(rule_cidr(r), &inner[i]))
			return true;
	return false;
}

bool rule_matches_host(const struct rule *r, const struct target *t)
{
	struct host_pattern pattern;

	if (r->is_cidr)
		return t->is_addr && matches_addr(r, &t->addr);
	if (r->kind == PATTERN_ANY)
		return true;
	if (t->is_addr)
		return false;
	pattern.kind = r->kind;
	pattern.glob_depth = r->glob_depth;
	memcpy(pattern.name, rule_name(r), strlen(rule_name(r)) + 1);
	return host_pattern_match(&pattern, t->host);
}

bool rule_matches_port(const struct rule *r, uint16_t port)
{
	if (rule_ports(r))
		return port_set_has(rule_ports(r), port);
	if (r->effect == RULE_DENY)
		return true;
	return (port == 80 && r->scheme != SCHEME_HTTPS) ||
	       (port == 443 && r->scheme != SCHEME_HTTP);
}

bool rule_matches_scheme(const struct rule *r, const struct target *t)
{
	bool is_https = r->scheme == SCHEME_HTTPS;

	if (r->scheme == SCHEME_NONE)
		return true;
	switch (t->scheme) {
	case SCHEME_HTTP:
	case SCHEME_WS:
		return !is_https;
	case SCHEME_HTTPS:
	case SCHEME_WSS:
		return is_https;
	case SCHEME_NONE:
		break;
	}
	return t->port != (is_https ? 80 : 443);
}
