/* SPDX-License-Identifier: MIT */
/*
 * common/conf_inspect.c - inspect: where TLS ends at the proxy
 *
 * In:         the words of a line, or of an argument
 * Out:        rules of their own kind, in the scope that is open
 * Invariants: such a rule is about https, on port 443 where it names no port,
 *             and opens nothing; what it could never have an effect on is an
 *             error
 */
#include <string.h>

#include "common/conf_priv.h"
#include "common/conf_rules.h"

#define HTTP_PORT 80

/* What a word of `inspect` cannot be, or NULL. */
static const char *not_host(const struct conf_word *w)
{
	const char *slash = w->n > 0 ? memchr(w->s, '/', w->n) : NULL;
	struct addr a;

	if (method_is_word(w->s, w->n))
		return "is a method: 'inspect' takes hosts only, and 'allow' "
		       "and 'deny' lines say which methods pass";
	if (w->n > 0 && memmem(w->s, w->n, "://", 3))
		return "has a scheme, but only https can be inspected: write "
		       "the host, and ports other than 443 behind it";
	if (slash && w->s[0] != '[' &&
	    addr_parse(w->s, (size_t)(slash - w->s), &a) == ADDR_MALFORMED)
		return "has a path: 'inspect' takes hosts only, and 'allow' "
		       "and 'deny' lines say which paths pass";
	return NULL;
}

/* What stands against @r, which is well formed, or NULL. */
static const char *no_effect(const struct rule *r)
{
	const struct port_set *ports = rule_ports(r);

	if (ports && ports->n == 1 && ports->range[0].first == HTTP_PORT &&
	    ports->range[0].last == HTTP_PORT)
		return "names port 80 only, where http is plain and its "
		       "requests are judged anyway";
	return NULL;
}

static int set_one(struct conf_parser *ps, const struct conf_word *w)
{
	struct conf_rules *scope = conf_scope(ps);
	const char *wrong = not_host(w);
	char shown[CONF_SHOWN_MAX];

	if (!wrong)
		return conf_add_inspect(ps, w, no_effect, &scope->inspects,
					&scope->inspects_n);
	conf_error(ps, w, "'%s' %s", conf_show(w->s, w->n, shown), wrong);
	return 0;
}

int conf_set_inspect(struct conf_parser *ps, const struct conf_word *w,
		     size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = set_one(ps, &w[i]);
	return r;
}
