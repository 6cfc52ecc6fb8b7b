/* SPDX-License-Identifier: MIT */
/*
 * proxy/rules.c - the rule index: one hash table over suffixes and prefixes
 *
 * In:         rules, borrowed
 * Out:        those that match a name or an address
 * Steps:      a rule is filed under the literal end of its name (exact: all
 *             of it; *.example.com: example.com; db?.example.com: example.com;
 *             '*': nothing), a CIDR under its network. A name is looked up
 *             once for each of its suffixes, an address once for each prefix
 *             length that any rule uses.
 *             An index on top of another asks both, the other first.
 * Invariants: two 32-bit numbers a rule: the head of a chain (on average at
 *             most two of them) and the next in the chain. Chains run in the
 *             order of the rules.
 */
#include "proxy/rules.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macros.h"

#define NONE UINT32_MAX

/**
 * struct rules
 * @base:   what is below, or NULL
 * @n:      of its own
 * @heads:  chains by hash; @mask + 1 of them, a power of two
 * @next:   the next rule of the same chain
 * @prefixes: prefix lengths in use, [0] for IPv4 and [1] for IPv6
 */
struct rules {
	const struct rules *base;
	struct rules_span spans[RULES_SPANS_MAX];
	size_t n;
	uint32_t *heads;
	uint32_t *next;
	uint32_t mask;
	bool prefixes[2][129];
};

/* FNV-1a, a byte at a time so that a suffix's hash grows into the next's. */
#define HASH_START 0xcbf29ce484222325u
static uint64_t hash_byte(uint64_t h, unsigned char c)
{
	return (h ^ c) * 0x100000001b3u;
}

/* FNV leaves the low bits weak; the table takes the low bits. */
static uint32_t hash_end(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	return (uint32_t)h;
}

static uint32_t hash_name(const char *name)
{
	uint64_t h = HASH_START;

	for (size_t i = strlen(name); i > 0; i--)
		h = hash_byte(h, (unsigned char)name[i - 1]);
	return hash_end(h);
}

static uint32_t hash_cidr(const struct cidr *c)
{
	uint64_t h = hash_byte(HASH_START, c->bits);
	size_t n = c->base.family == AF_INET ? 4 : 16;

	for (size_t i = 0; i < n; i++)
		h = hash_byte(h, c->base.bytes[i]);
	return hash_end(h);
}

const char *rules_key(const struct rule *r)
{
	const char *name = rule_name(r), *dot;
	const char *wild = NULL;

	if (r->kind != PATTERN_GLOB)
		return name;
	for (const char *c = name; *c; c++)
		if (*c == '*' || *c == '?')
			wild = c;
	dot = wild ? strchr(wild, '.') : NULL;
	return dot ? dot + 1 : "";
}

/* Of its own, by number. */
static const struct rule *own(const struct rules *x, size_t i)
{
	if (i < x->spans[0].n)
		return &x->spans[0].rules[i];
	i -= x->spans[0].n;
	return i < x->spans[1].n ? &x->spans[1].rules[i] : NULL;
}

const struct rule *rules_get(const struct rules *x, size_t i)
{
	const size_t below = x->base ? rules_count(x->base) : 0;

	return i < below ? rules_get(x->base, i) : own(x, i - below);
}

size_t rules_count(const struct rules *x)
{
	return x->n + (x->base ? rules_count(x->base) : 0);
}

size_t rules_bytes(const struct rules *x)
{
	return sizeof(*x) + (x->mask + (size_t)1 + x->n) * sizeof(uint32_t);
}

/* Files from the last rule to the first, so that chains run in order. */
static void file_all(struct rules *x)
{
	for (size_t i = x->n; i > 0; i--) {
		const struct rule *r = own(x, i - 1);
		uint32_t *head, h;

		if (r->is_cidr) {
			h = hash_cidr(rule_cidr(r));
			x->prefixes[rule_cidr(r)->base.family != AF_INET]
				   [rule_cidr(r)->bits] = true;
		} else {
			h = hash_name(rules_key(r));
		}
		head = &x->heads[h & x->mask];
		x->next[i - 1] = *head;
		*head = (uint32_t)(i - 1);
	}
}

int rules_new(const struct rules_span *spans, size_t spans_n,
	      struct rules **ret)
{
	struct rules *x;
	size_t size = 16;

	if (spans_n > RULES_SPANS_MAX)
		return -EINVAL;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	for (size_t i = 0; i < spans_n; i++) {
		x->spans[i] = spans[i];
		x->n += spans[i].n;
	}
	if (x->n > INT32_MAX) {
		free(x);
		return -E2BIG;
	}
	while (size < x->n)
		size *= 2;
	x->mask = (uint32_t)(size - 1);
	x->heads = malloc(size * sizeof(*x->heads));
	x->next = malloc((x->n + 1) * sizeof(*x->next));
	if (!x->heads || !x->next) {
		rules_free(x);
		return -ENOMEM;
	}
	memset(x->heads, 0xff, size * sizeof(*x->heads));
	file_all(x);
	*ret = x;
	return 0;
}

int rules_new_on(const struct rules *base, struct rules_span more,
		 struct rules **ret)
{
	int r = rules_new(&more, 1, ret);

	if (r == 0)
		(*ret)->base = base;
	return r;
}

void rules_free(struct rules *x)
{
	if (!x)
		return;
	free(x->heads);
	free(x->next);
	free(x);
}

/* @below: there is at least one label before the key. */
static bool pattern_matches(const struct rule *r, const char *name, bool below)
{
	struct target t = { .is_addr = false };

	switch (r->kind) {
	case PATTERN_EXACT:
		return !below;
	case PATTERN_BELOW:
		return below;
	case PATTERN_AND_BELOW:
	case PATTERN_ANY:
		return true;
	case PATTERN_GLOB:
		break;
	}
	memcpy(t.host, name, strlen(name) + 1);
	return rule_matches_host(r, &t);
}

/* How specific a pattern is among those of one key. */
static unsigned rank(const struct rule *r)
{
	switch (r->kind) {
	case PATTERN_EXACT:
		return 0;
	case PATTERN_GLOB:
		return 1;
	case PATTERN_AND_BELOW:
	case PATTERN_BELOW:
		return 2;
	case PATTERN_ANY:
		break;
	}
	return 3;
}

#define RANKS 4

/* What is asked of a chain: the rules filed under @key that match @name, or all
 * if that is NULL. */
struct query {
	uint32_t hash;
	const char *key, *name;
	rules_visit_fn *visit;
	void *arg;
};

/* Those of one rank, below first. Return: false if stopped. */
static bool visit_rank(const struct rules *x, const struct query *q,
		       unsigned wanted)
{
	if (x->base && !visit_rank(x->base, q, wanted))
		return false;
	for (uint32_t i = x->heads[q->hash & x->mask]; i != NONE;
	     i = x->next[i]) {
		const struct rule *r = own(x, i);

		if (r->is_cidr || rank(r) != wanted ||
		    strcmp(rules_key(r), q->key) != 0)
			continue;
		if (q->name && !pattern_matches(r, q->name, q->key != q->name))
			continue;
		if (!q->visit(q->arg, r))
			return false;
	}
	return true;
}

static bool has_chain(const struct rules *x, uint32_t hash)
{
	return x->heads[hash & x->mask] != NONE ||
	       (x->base && has_chain(x->base, hash));
}

/* Each rank in turn. Return: false if stopped. */
static bool visit_chain(const struct rules *x, const struct query *q)
{
	if (!has_chain(x, q->hash))
		return true;
	for (unsigned at = 0; at < RANKS; at++)
		if (!visit_rank(x, q, at))
			return false;
	return true;
}

void rules_visit_name(const struct rules *x, const char *name,
		      rules_visit_fn *visit, void *arg)
{
	uint32_t hashes[HOSTNAME_MAX / 2 + 2];
	const char *keys[HOSTNAME_MAX / 2 + 2];
	uint64_t h = HASH_START;
	size_t n = 0;

	keys[n] = "";
	hashes[n++] = hash_end(h);
	for (size_t i = strlen(name); i > 0; i--) {
		h = hash_byte(h, (unsigned char)name[i - 1]);
		if (i > 1 && name[i - 2] != '.')
			continue;
		assert(n < ARRAY_SIZE(keys)); /* a normal name has no more */
		keys[n] = name + i - 1;
		hashes[n++] = hash_end(h);
	}
	while (n-- > 0)
		if (!visit_chain(x, &(struct query){ hashes[n], keys[n], name,
						     visit, arg }))
			return;
}

void rules_visit_key(const struct rules *x, const char *key,
		     rules_visit_fn *visit, void *arg)
{
	(void)visit_chain(
		x, &(struct query){ hash_name(key), key, NULL, visit, arg });
}

/* Return: false if stopped. */
static bool visit_any(const struct rules *x, rules_visit_fn *visit, void *arg)
{
	if (x->base && !visit_any(x->base, visit, arg))
		return false;
	for (uint32_t i = x->heads[hash_name("") & x->mask]; i != NONE;
	     i = x->next[i]) {
		const struct rule *r = own(x, i);

		if (!r->is_cidr && r->kind == PATTERN_ANY && !visit(arg, r))
			return false;
	}
	return true;
}

void rules_visit_any(const struct rules *x, rules_visit_fn *visit, void *arg)
{
	(void)visit_any(x, visit, arg);
}

/* Return: false if stopped. */
static bool visit_cidr(const struct rules *x, const struct cidr *c,
		       rules_visit_fn *visit, void *arg)
{
	const bool is_v6 = c->base.family != AF_INET;

	if (x->base && !visit_cidr(x->base, c, visit, arg))
		return false;
	if (!x->prefixes[is_v6][c->bits])
		return true;
	for (uint32_t i = x->heads[hash_cidr(c) & x->mask]; i != NONE;
	     i = x->next[i]) {
		const struct rule *r = own(x, i);

		if (r->is_cidr && rule_cidr(r)->bits == c->bits &&
		    addr_equal(&rule_cidr(r)->base, &c->base) && !visit(arg, r))
			return false;
	}
	return true;
}

void rules_visit_addr(const struct rules *x, const struct addr *a,
		      rules_visit_fn *visit, void *arg)
{
	bool is_v6 = a->family != AF_INET;
	struct cidr c = { .base = *a };
	unsigned bits = is_v6 ? 128 : 32;

	for (;; bits--) {
		c.bits = (uint8_t)bits;
		if (!visit_cidr(x, &c, visit, arg))
			return;
		if (bits == 0)
			return;
		/* The next shorter network: one bit more is zero. */
		c.base.bytes[(bits - 1) / 8] &=
			(uint8_t) ~(0x80u >> ((bits - 1) % 8));
	}
}
