/* SPDX-License-Identifier: MIT */
/*
 * proxy/blocked.c - what policy refused, each thing once, for the summary
 *
 * A plain table in order of first appearance: refusals are rare and the table
 * is short, so looking through it costs less than an index would to read.
 */
#include "proxy/blocked.h"

#include <stdlib.h>
#include <string.h>

struct blocked {
	struct proxy_blocked v[PROXY_BLOCKED_MAX];
	size_t n;
	uint64_t more;
};

static void entry_fini(struct proxy_blocked *e)
{
	free(e->target);
	free(e->allow_with);
	free(e->rule);
	memset(e, 0, sizeof(*e));
}

struct blocked *blocked_new(void)
{
	return calloc(1, sizeof(struct blocked));
}

void blocked_free(struct blocked *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		entry_fini(&b->v[i]);
	free(b);
}

static void add(struct blocked *b, const char *target, enum reason reason,
		const char *allow_with, const char *rule, uint64_t count)
{
	struct proxy_blocked *e;

	for (size_t i = 0; i < b->n; i++) {
		e = &b->v[i];
		if (e->reason == reason && strcmp(e->target, target) == 0) {
			e->count += count;
			return;
		}
	}
	if (b->n == PROXY_BLOCKED_MAX) {
		b->more += count;
		return;
	}
	e = &b->v[b->n];
	e->target = strdup(target);
	e->allow_with = strdup(allow_with ? allow_with : "");
	e->rule = strdup(rule ? rule : "");
	if (!e->target || !e->allow_with || !e->rule) {
		entry_fini(e);
		b->more += count;
		return;
	}
	e->reason = reason;
	e->count = count;
	b->n++;
}

void blocked_add(struct blocked *b, const char *target, enum reason reason,
		 const char *allow_with, const char *rule)
{
	add(b, target, reason, allow_with, rule, 1);
}

void blocked_merge(struct blocked *b, const struct blocked *more)
{
	for (size_t i = 0; i < more->n; i++) {
		const struct proxy_blocked *e = &more->v[i];

		add(b, e->target, e->reason, e->allow_with, e->rule, e->count);
	}
	b->more += more->more;
}

const struct proxy_blocked *blocked_list(const struct blocked *b, size_t *ret_n,
					 uint64_t *ret_more)
{
	*ret_n = b->n;
	*ret_more = b->more;
	return b->v;
}
