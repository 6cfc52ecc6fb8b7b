/* SPDX-License-Identifier: MIT */
/*
 * proxy/lists.c - an index of the names of lists: is this one of millions
 *
 * In:         lists, borrowed
 * Out:        the entries that match a name
 * Steps:      one open-addressed table over all lists; a slot is half of a
 *             name's hash, and where its record is. Entries that say what an
 *             earlier one says are left out.
 * Invariants: a quarter of the table is empty, and nobody who writes a list or
 *             asks for a name knows the key of the hash: probes stay short. A
 *             record is looked at only where 32 bits of the hash agree.
 */
#include "proxy/lists.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/siphash.h"

/* Labels of a name, at most. */
#define LABELS_MAX (HOSTNAME_MAX / 2 + 1)

/* @at: 0: empty; else 1 + base of the list + offset of the record */
struct slot {
	uint32_t tag, at;
};

struct part {
	const struct conf_list *list;
	uint32_t base;
};

/**
 * struct lists
 * @parts:  every list, in order of @base
 * @slots:  @slots_n of them
 * @labels: how many labels the patterns have: [2] for *.example.com
 */
struct lists {
	struct siphash_key key;
	struct part *parts;
	size_t parts_n;
	struct slot *slots;
	uint32_t slots_n;
	bool labels[LABELS_MAX + 1];
};

/* Which list the record at @at is of. */
static const struct part *part_of(const struct lists *x, uint32_t at)
{
	size_t low = 0, high = x->parts_n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (x->parts[middle].base <= at)
			low = middle;
		else
			high = middle;
	}
	return &x->parts[low];
}

static const char *record_at(const struct lists *x, uint32_t at,
			     const struct conf_list **ret)
{
	const struct part *p = part_of(x, at);

	*ret = p->list;
	return p->list->names.bytes + (at - p->base);
}

static uint32_t first_slot(const struct lists *x, uint64_t hash)
{
	return (uint32_t)((hash >> 32) * x->slots_n >> 32);
}

static uint32_t next_slot(const struct lists *x, uint32_t i)
{
	return i + 1 == x->slots_n ? 0 : i + 1;
}

static bool says_same(const struct lists *x, uint32_t at,
		      const struct conf_list *list, const struct name_entry *e)
{
	const struct conf_list *other;
	struct name_entry o;

	name_list_read(record_at(x, at, &other), &o);
	return other->rule.effect == list->rule.effect && o.kind == e->kind &&
	       o.n == e->n && memcmp(o.name, e->name, e->n) == 0;
}

/* An entry that goes into the table soon. */
struct coming {
	uint64_t hash;
	const struct conf_list *list;
	struct name_entry entry;
	uint32_t at;
};

static void add(struct lists *x, const struct coming *c)
{
	uint32_t i = first_slot(x, c->hash), tag = (uint32_t)c->hash;

	for (; x->slots[i].at != 0; i = next_slot(x, i))
		if (x->slots[i].tag == tag &&
		    says_same(x, x->slots[i].at - 1, c->list, &c->entry))
			return;
	x->slots[i] = (struct slot){ tag, c->at + 1 };
}

static size_t count_labels(const struct name_entry *e)
{
	size_t n = 1;

	for (size_t i = 0; i < e->n; i++)
		n += e->name[i] == '.';
	return n;
}

/*
 * Each slot is a cache miss: the memory is asked for some entries before they
 * go in, which they do in their order.
 */
#define AHEAD 16

static void fill(struct lists *x)
{
	struct coming ring[AHEAD];
	size_t n = 0;

	for (size_t i = 0; i < x->parts_n; i++) {
		const struct conf_list *list = x->parts[i].list;
		struct coming c = { .list = list };
		size_t at = 0, next = 0;

		for (; name_list_next(&list->names, &next, &c.entry);
		     at = next) {
			c.hash = siphash(&x->key, c.entry.name, c.entry.n);
			c.at = x->parts[i].base + (uint32_t)at;
			__builtin_prefetch(&x->slots[first_slot(x, c.hash)], 1);
			if (n >= AHEAD)
				add(x, &ring[n % AHEAD]);
			ring[n++ % AHEAD] = c;
			if (c.entry.kind != PATTERN_EXACT)
				x->labels[count_labels(&c.entry)] = true;
		}
	}
	for (size_t i = n > AHEAD ? n - AHEAD : 0; i < n; i++)
		add(x, &ring[i % AHEAD]);
}

/* Return: 0, -E2BIG or -ENOMEM. Counts the names, too. */
static int take_parts(struct lists *x, const struct conf_rules *const *parts,
		      size_t parts_n, size_t *ret_names)
{
	size_t n = 0, base = 0;

	for (size_t i = 0; i < parts_n; i++)
		n += parts[i]->lists_n;
	x->parts = calloc(n + 1, sizeof(*x->parts));
	if (!x->parts)
		return -ENOMEM;
	for (size_t i = 0; i < parts_n; i++)
		for (size_t k = 0; k < parts[i]->lists_n; k++) {
			const struct conf_list *list = &parts[i]->lists[k];

			if (list->names.names_n == 0)
				continue;
			x->parts[x->parts_n++] =
				(struct part){ list, (uint32_t)base };
			base += list->names.n;
			*ret_names += list->names.names_n;
			if (base >= UINT32_MAX)
				return -E2BIG;
		}
	return 0;
}

int lists_new(const struct conf_rules *const *parts, size_t parts_n,
	      struct lists **ret)
{
	struct lists *x;
	size_t names = 0;
	int r;

	if (parts_n > LISTS_PARTS_MAX)
		return -EINVAL;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	r = take_parts(x, parts, parts_n, &names);
	if (r == 0 && names > 0)
		r = siphash_key_make(&x->key);
	if (r == 0 && names > 0) {
		/* Each record has more than two bytes, so this fits. */
		x->slots_n = (uint32_t)(names + names / 3 + 2);
		x->slots = calloc(x->slots_n, sizeof(*x->slots));
		r = x->slots ? 0 : -ENOMEM;
	}
	if (r < 0 || names == 0) {
		lists_free(x);
		x = NULL;
	} else {
		fill(x);
	}
	if (r == 0)
		*ret = x;
	return r;
}

void lists_free(struct lists *x)
{
	if (!x)
		return;
	free(x->parts);
	free(x->slots);
	free(x);
}

/*
 * @below: there are labels before @key in the name that is asked for. Exact
 * names and patterns are not the same entry, so the exact one may come later.
 */
static void find_key(const struct lists *x, const char *key, size_t n,
		     bool below, struct lists_found ret[2])
{
	uint64_t hash = siphash(&x->key, key, n);
	bool was_found[2] = { ret[0].list != NULL, ret[1].list != NULL };

	for (uint32_t i = first_slot(x, hash); x->slots[i].at != 0;
	     i = next_slot(x, i)) {
		const struct conf_list *list;
		struct name_entry e;
		const char *record;

		if (x->slots[i].tag != (uint32_t)hash)
			continue;
		record = record_at(x, x->slots[i].at - 1, &list);
		name_list_read(record, &e);
		if (e.n != n || memcmp(e.name, key, n) != 0 ||
		    e.kind == (below ? PATTERN_EXACT : PATTERN_BELOW) ||
		    was_found[list->rule.effect])
			continue;
		if (!ret[list->rule.effect].list || e.kind == PATTERN_EXACT)
			ret[list->rule.effect] =
				(struct lists_found){ list, record };
	}
}

void lists_find(const struct lists *x, const char *name,
		struct lists_found ret[2])
{
	size_t n = strlen(name), labels = 1;
	const char *key = name;

	ret[RULE_ALLOW] = ret[RULE_DENY] = (struct lists_found){ NULL, NULL };
	if (!x)
		return;
	for (size_t i = 0; i < n; i++)
		labels += name[i] == '.';
	find_key(x, name, n, false, ret);
	while (--labels > 0) {
		key = strchr(key, '.') + 1;
		if (labels <= LABELS_MAX && x->labels[labels])
			find_key(x, key, n - (size_t)(key - name), true, ret);
	}
}

size_t lists_bytes(const struct lists *x)
{
	return sizeof(*x) + x->slots_n * sizeof(*x->slots) +
	       x->parts_n * sizeof(*x->parts);
}
