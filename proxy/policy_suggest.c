/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_suggest.c - which line would make a refused request pass
 *
 * In:         a request that was refused, and the addresses that were
 * Out:        one line for the conf, or nothing
 * Steps:      write the candidates, the narrowest remedy for the reason first;
 *             parse each, decide again as if the line were there; the first
 *             that changes the answer is the one
 * Invariants: nothing is suggested that does not work, and nothing that says
 *             more than the request: a path of a client with a '*' in it is
 *             never handed back as a glob
 */
#include "proxy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/policy_priv.h"

/* Bytes of a path that need no quotes in a conf and mean nothing in a glob. */
#define PATH_BYTES                                                             \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"                 \
	"0123456789/%-._~!$&'()+,=:@"

struct suggest {
	const struct policy *policy;
	const struct request *rq;
	const struct addr *addrs;
	size_t addrs_n;
	struct strbuf *out;
};

static bool is_default_port(uint16_t port)
{
	return port == 80 || port == 443;
}

/* Would the request pass with @extra? */
static bool passes(const struct suggest *s, const struct policy_extra *extra)
{
	struct decision d = policy_decide(s->policy, s->rq, extra);

	if (d.reason != REASON_ALLOWED)
		return false;
	if (s->addrs_n == 0)
		return true;
	for (size_t i = 0; i < s->addrs_n; i++) {
		d = policy_decide_address(s->policy, s->rq, &s->addrs[i],
					  extra);
		if (d.reason == REASON_ALLOWED)
			return true;
	}
	return false;
}

/* Writes the line if it helps. @word is what stands behind the method. */
static bool try_rule(struct suggest *s, enum method method,
		     const struct strbuf *word)
{
	const char *name = method_name(method);
	struct rule rule = { .file = RULE_FROM_ARGUMENT };
	struct policy_extra extra = { .rule = &rule };
	char error[RULE_ERROR_MAX];
	bool helps;

	if (strbuf_failed(word) ||
	    rule_parse(RULE_ALLOW, name ? (unsigned)method : 0, word->s,
		       word->len, &rule, error) < 0)
		return false;
	helps = passes(s, &extra);
	if (helps)
		strbuf_addf(s->out, "allow %s%s%s", name ? name : "",
			    name ? " " : "", word->s);
	rule_fini(&rule);
	return helps;
}

/* "host", "host:8080", "[2001:db8::1]:8080"; addresses need not be asked. */
static void add_host(struct strbuf *word, const struct target *t)
{
	char text[TARGET_TEXT_MAX];
	struct target shown = *t;

	if (is_default_port(t->port))
		shown.port = 0;
	strbuf_adds(word, target_format(&shown, text));
}

/* A line that lets netleash see what must be seen to be judged. */
static bool suggest_inspect(struct suggest *s)
{
	struct rule rule = { .file = RULE_FROM_ARGUMENT };
	const struct policy_extra extra = { .rule = &rule };
	struct strbuf word = STRBUF_INIT;
	char error[RULE_ERROR_MAX];
	bool helps = false;

	add_host(&word, &s->rq->target);
	if (!strbuf_failed(&word) &&
	    rule_parse(RULE_INSPECT, 0, word.s, word.len, &rule, error) == 0) {
		helps = passes(s, &extra);
		if (helps)
			strbuf_addf(s->out, "inspect %s", word.s);
		rule_fini(&rule);
	}
	strbuf_fini(&word);
	return helps;
}

static bool suggest_host(struct suggest *s, enum method method)
{
	struct strbuf word = STRBUF_INIT;
	bool helps;

	add_host(&word, &s->rq->target);
	helps = try_rule(s, method, &word);
	strbuf_fini(&word);
	return helps;
}

/* The literal of one address of the answer, on the port of the request. */
static bool suggest_literal(struct suggest *s, const struct addr *a)
{
	struct target t = { .is_addr = true };
	struct strbuf word = STRBUF_INIT;
	bool helps;

	t.addr = *a;
	t.port = s->rq->target.port;
	(void)addr_format(a, t.host);
	add_host(&word, &t);
	helps = try_rule(s, METHOD_OTHER, &word);
	strbuf_fini(&word);
	return helps;
}

static bool suggest_private(struct suggest *s, const struct addr *a)
{
	struct cidr single = { .base = *a };
	struct policy_extra extra = { .range = &single };
	char text[ADDR_TEXT_MAX];

	single.bits = a->family == AF_INET ? 32 : 128;
	if (!passes(s, &extra))
		return false;
	strbuf_addf(s->out, "private %s", addr_format(a, text));
	return true;
}

/* One good address is enough; a private line names no port, so it is first. */
static bool suggest_address(struct suggest *s)
{
	for (size_t i = 0; i < s->addrs_n; i++)
		if (suggest_private(s, &s->addrs[i]))
			return true;
	for (size_t i = 0; i < s->addrs_n; i++)
		if (suggest_literal(s, &s->addrs[i]))
			return true;
	return false;
}

/* The path as it was asked for, or false if it cannot stand in a line. */
static bool add_path(struct strbuf *word, const struct target *t)
{
	size_t n = 0;

	while (n < t->path_len && t->path[n] != '?' && t->path[n] != '#')
		n++;
	if (n == 0) {
		strbuf_addc(word, '/');
		return true;
	}
	for (size_t i = 0; i < n; i++)
		if (t->path[i] == '\0' || !strchr(PATH_BYTES, t->path[i]))
			return false;
	strbuf_add(word, t->path, n);
	return true;
}

static bool suggest_url(struct suggest *s, enum method method)
{
	const struct target *t = &s->rq->target;
	bool https = t->scheme == SCHEME_HTTPS || t->scheme == SCHEME_WSS;
	bool brackets = t->is_addr && t->addr.family == AF_INET6;
	struct strbuf word = STRBUF_INIT;
	bool helps = false;

	strbuf_addf(&word, brackets ? "%s://[%s]" : "%s://%s",
		    https ? "https" : "http", t->host);
	if (t->port != (https ? 443 : 80))
		strbuf_addf(&word, ":%u", (unsigned)t->port);
	if (add_path(&word, t))
		helps = try_rule(s, method, &word);
	strbuf_fini(&word);
	return helps;
}

void policy_suggest(const struct policy *p, const struct request *rq,
		    struct decision d, const struct addr *addrs, size_t addrs_n,
		    struct strbuf *out)
{
	struct suggest s = { p, rq, addrs, addrs_n, out };

	if (!reason_is_policy(d.reason) || d.reason == REASON_DENIED)
		return;
	if (d.reason == REASON_PRIVATE_ADDRESS && !rq->target.is_addr) {
		(void)suggest_address(&s);
		return;
	}
	s.addrs_n = 0;
	/* It passes as it is: what refused it (sni) is not about @rq. */
	if (passes(&s, NULL))
		return;
	if (d.reason == REASON_INSPECTION_REQUIRED && suggest_inspect(&s))
		return;
	if (suggest_host(&s, METHOD_OTHER))
		return;
	if (rq->method == METHOD_CONNECT) {
		(void)suggest_host(&s, METHOD_CONNECT);
		return;
	}
	if (rq->target.scheme != SCHEME_NONE && !suggest_url(&s, rq->method))
		(void)suggest_url(&s, METHOD_OTHER);
}
