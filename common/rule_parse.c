/* SPDX-License-Identifier: MIT */
/*
 * common/rule_parse.c - one word of an allow or deny line to a struct rule
 *
 * In:    a word of the conf or of -a and -d, and the methods before it
 * Out:   a rule, or a sentence part that says what to write instead
 * Steps: rule_split.c takes the word apart; parse each part; check that they
 *        make sense together
 * Rule:  whatever could never match, or would match more than it seems to
 *        say, is an error
 */
#include "common/path_glob.h"
#include "common/rule_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_all(struct span text, const char *bytes)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.s[i] == '\0' || !strchr(bytes, text.s[i]))
			return false;
	return true;
}

/* Return: NULL without memory. */
static struct rule_more *need_more(struct rule_parse *p)
{
	if (!p->rule->more)
		p->rule->more = calloc(1, sizeof(*p->rule->more));
	return p->rule->more;
}

static int set_ports(struct rule_parse *p)
{
	struct span text = p->parts.ports;
	char shown[SHOWN_SIZE];
	struct port_set set;
	enum ports_err err;

	if (!text.s)
		return 0;
	err = port_set_parse(text.s, text.n, &set);
	switch (err) {
	case PORTS_OK:
		break;
	case PORTS_NOT_A_NUMBER:
		return rule_fail(
			p,
			"port '%s' is not a number: write 1 to 65535 "
			"without leading zeros, a range '8000-8100', a "
			"list '80,443', or '*'",
			span_show(shown, text));
	case PORTS_OUT_OF_RANGE:
		return rule_fail(p,
				 "port '%s' is out of range: write 1 to 65535",
				 span_show(shown, text));
	case PORTS_REVERSED:
		return rule_fail(p,
				 "port range '%s' is reversed: write the lower "
				 "port first",
				 span_show(shown, text));
	case PORTS_TOO_MANY:
		return rule_fail(
			p,
			"more than %d port ranges: write the others in "
			"a second rule",
			PORT_RANGES_MAX);
	case PORTS_EMPTY:
		return rule_fail(p,
				 "ports '%s' have an empty piece: write "
				 "'443' or '80,443'",
				 span_show(shown, text));
	}
	if (!need_more(p))
		return -ENOMEM;
	p->rule->more->ports = malloc(sizeof(set));
	if (!p->rule->more->ports)
		return -ENOMEM;
	*p->rule->more->ports = set;
	return 0;
}

static int fail_addr(struct rule_parse *p, enum addr_err err)
{
	char shown[SHOWN_SIZE], host[SHOWN_SIZE], quad[ADDR_TEXT_MAX];
	struct addr a = { .family = AF_INET };
	struct in_addr in;

	span_show(shown, p->parts.host);
	if (err == ADDR_ZONE)
		return rule_fail(
			p,
			"'%s' has a zone id, which means nothing to a "
			"proxy: write '%s'",
			shown,
			span_show(host,
				  span_from(p->parts.host.s,
					    span_find(p->parts.host, '%'))));
	if (err == ADDR_NOT_QUAD && span_copy(p->parts.host, host, 32) &&
	    inet_aton(host, &in)) {
		memcpy(a.bytes, &in, sizeof(in));
		return rule_fail(p,
				 "'%s' is not a dotted quad: can never match; "
				 "write '%s'",
				 shown, addr_format(&a, quad));
	}
	return rule_fail(p,
			 "'%s' is not an IP address: can never match; write it "
			 "as '192.0.2.1' or '[2001:db8::1]'",
			 shown);
}

static int set_cidr(struct rule_parse *p, struct cidr *ret)
{
	struct span host = p->parts.host, bits = p->parts.bits;
	char text[CIDR_TEXT_MAX + 8], shown[SHOWN_SIZE];
	enum addr_err err;
	int n;

	n = snprintf(text, sizeof(text), "%.*s/%.*s", (int)host.n, host.s,
		     (int)bits.n, bits.s);
	if (n < 0 || (size_t)n >= sizeof(text))
		return fail_addr(p, ADDR_MALFORMED);
	err = cidr_parse(text, (size_t)n, ret);
	switch (err) {
	case ADDR_OK:
		return 0;
	case ADDR_HOST_BITS:
		return rule_fail(p,
				 "'%s' has bits set after its prefix: write "
				 "'%s'",
				 text, cidr_format(ret, shown));
	case ADDR_BAD_PREFIX:
		return rule_fail(p,
				 "prefix length '/%s' is not possible: write "
				 "/0 to /%d",
				 span_show(shown, bits),
				 span_find(host, ':') ? 128 : 32);
	case ADDR_MALFORMED:
	case ADDR_NOT_QUAD:
	case ADDR_ZONE:
		break;
	}
	return fail_addr(p, err);
}

/* "192.168.*" looks like a network, but names never end in a number. */
static bool looks_like_network(struct span host)
{
	return is_all(host, "0123456789.*?") && !is_all(host, ".*?") &&
	       !is_all(host, "0123456789.");
}

static int fail_name(struct rule_parse *p, enum hostname_err err,
		     const char *hint)
{
	struct span host = p->parts.host;
	char shown[SHOWN_SIZE];

	span_show(shown, host);
	if (hint[0] != '\0')
		return rule_fail(p, "'%s' is %s; write '%s'", shown,
				 err == HOSTNAME_NOT_ASCII ? "not ASCII"
							   : "no pattern",
				 hint);
	return rule_fail(p,
			 "'%s' %s: can never match; write a host such as "
			 "'example.com' or '*.example.com'",
			 shown, hostname_strerror(err));
}

/* Word and name in one block; a name that ends the word is not kept twice. */
static int set_text(struct rule_parse *p, const char *name)
{
	size_t n = p->word.n, name_n = strlen(name);
	bool is_suffix = name_n <= n &&
			 memcmp(p->word.s + n - name_n, name, name_n) == 0;
	char *text = malloc(n + 1 + (is_suffix ? 0 : name_n + 1));

	if (!text)
		return -ENOMEM;
	memcpy(text, p->word.s, n);
	text[n] = '\0';
	if (!is_suffix)
		memcpy(text + n + 1, name, name_n + 1);
	p->rule->text = text;
	p->rule->name_at = (uint16_t)(is_suffix ? n - name_n : n + 1);
	return 0;
}

static int set_name(struct rule_parse *p)
{
	struct span host = p->parts.host;
	char hint[HOSTNAME_BUFFER] = "";
	struct host_pattern pattern;
	enum hostname_err err;

	err = host_pattern_parse(host.s, host.n, &pattern, hint);
	if (err != HOSTNAME_OK)
		return fail_name(p, err, hint);
	p->rule->kind = pattern.kind;
	p->rule->glob_depth = pattern.glob_depth;
	return set_text(p, pattern.kind == PATTERN_ANY ? "" : pattern.name);
}

static int set_addresses(struct rule_parse *p, const struct cidr *cidr)
{
	struct rule_more *more = need_more(p);

	if (!more)
		return -ENOMEM;
	more->cidr = *cidr;
	p->rule->is_cidr = true;
	return set_text(p, "");
}

/* A name, a pattern, an address or a range. */
static int set_host(struct rule_parse *p)
{
	struct span host = p->parts.host;
	struct cidr cidr;
	char shown[SHOWN_SIZE];
	enum addr_err err;
	int r;

	if (looks_like_network(host))
		return rule_fail(
			p,
			"'%s': wildcards do not match addresses; write "
			"a range such as '192.168.0.0/16'",
			span_show(shown, host));
	err = addr_parse(host.s, host.n, &cidr.base);
	if (p->parts.bits.s) {
		r = set_cidr(p, &cidr);
		return r < 0 ? r : set_addresses(p, &cidr);
	}
	if (err == ADDR_OK) {
		cidr.bits = cidr.base.family == AF_INET ? 32 : 128;
		return set_addresses(p, &cidr);
	}
	if (err != ADDR_MALFORMED || p->parts.brackets || span_find(host, ':'))
		return fail_addr(p, err);
	return set_name(p);
}

static int set_path(struct rule_parse *p)
{
	struct span path = p->parts.path;
	char shown[SHOWN_SIZE];

	if (!path.s)
		return 0;
	if (path.n > PATH_GLOB_MAX)
		return rule_fail(p,
				 "the path is too long: write at most %d bytes",
				 PATH_GLOB_MAX);
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.s[i] >= 0x80)
			return rule_fail(p,
					 "path '%s' is not ASCII: can never "
					 "match; write its bytes as %%XX",
					 span_show(shown, path));
	if (!path_is_safe(path.s, path.n))
		return rule_fail(
			p,
			"path '%s' can never match: write it without "
			"'.', '..' and empty segments, %%2e, %%2f, '\\' "
			"and control bytes, each '%%' with two hex digits",
			span_show(shown, path));
	if (!need_more(p))
		return -ENOMEM;
	p->rule->more->path = strndup(path.s, path.n);
	return p->rule->more->path ? 0 : -ENOMEM;
}

/* Parts that are fine by themselves, but not together. */
static int check_sense(struct rule_parse *p)
{
	const struct rule *r = p->rule;
	const struct port_set *ports = rule_ports(r);
	bool every_port = !ports || port_set_is_all(ports);

	if (r->effect == RULE_DENY && !r->is_cidr && every_port &&
	    r->kind == PATTERN_ANY && !rule_is_narrow(r))
		return rule_fail(p,
				 "'*' alone is for allow only: deny everything "
				 "by leaving the allow out, or write a port, "
				 "'*:22'");
	if (r->methods == METHOD_CONNECT && (rule_path(r) || r->scheme))
		return rule_fail(p,
				 "CONNECT opens a tunnel, which has no scheme "
				 "and no path: can never match; write the host "
				 "alone");
	return 0;
}

int rule_parse(enum rule_effect effect, unsigned methods, const char *s,
	       size_t n, struct rule *ret, char ret_error[RULE_ERROR_MAX])
{
	struct rule rule = { .effect = effect,
			     .methods = methods & METHODS_ALL };
	struct rule_parse p = { .word = { s, n }, .rule = &rule };
	int r;

	p.error = ret_error;
	r = rule_split(&p);
	if (r < 0)
		goto out;
	r = set_host(&p);
	if (r < 0)
		goto out;
	r = set_ports(&p);
	if (r < 0)
		goto out;
	r = set_path(&p);
	if (r < 0)
		goto out;
	r = check_sense(&p);
	if (effect == RULE_INSPECT && rule.scheme == SCHEME_NONE)
		rule.scheme = SCHEME_HTTPS; /* nothing else is inspected */
out:
	if (r < 0)
		rule_fini(&rule);
	else
		*ret = rule;
	return r;
}
