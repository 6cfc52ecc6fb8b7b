/* SPDX-License-Identifier: MIT */
/*
 * common/conf_repeats.c - warn about rules that stand there twice
 *
 * Block lists overlap, so a repeat is no error. Sorting finds the repeats of
 * a list of any length in a bounded time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"

/* A rule as placed, and the first one that says the same. */
struct repeat {
	struct conf_placed again, first;
};

static const struct rule *placed_rule(const struct conf *cf,
				      const struct conf_placed *p)
{
	const struct conf_rules *r =
		p->scope > 0 ? &cf->profiles[p->scope - 1].rules : &cf->top;

	return &r->rules[p->index];
}

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

/* By scope, then by what the rule says. */
static int compare_rules(const struct conf *cf, const struct conf_placed *a,
			 const struct conf_placed *b)
{
	const struct rule *x = placed_rule(cf, a), *y = placed_rule(cf, b);

	if (a->scope != b->scope)
		return compare(a->scope, b->scope);
	if (x->effect != y->effect)
		return compare(x->effect, y->effect);
	if (x->methods != y->methods)
		return compare(x->methods, y->methods);
	return strcmp(x->text, y->text);
}

/* Of those that say the same, the first one first. */
static int by_rule(const void *a, const void *b, void *arg)
{
	const struct conf_placed *x = a, *y = b;
	int r = compare_rules(arg, x, y);

	return r != 0 ? r : compare(x->index, y->index);
}

static int by_place(const void *a, const void *b)
{
	const struct conf_placed *x = &((const struct repeat *)a)->again;
	const struct conf_placed *y = &((const struct repeat *)b)->again;

	if (x->scope != y->scope)
		return compare(x->scope, y->scope);
	return compare(x->index, y->index);
}

static void warn(struct conf_parser *ps, const struct repeat *rp)
{
	const struct conf *cf = ps->cf;
	const struct rule *again = placed_rule(cf, &rp->again);
	const struct rule *first = placed_rule(cf, &rp->first);
	struct conf_loc at = { again->file, again->line, rp->again.column };

	conf_warning(ps, &at, again->text,
		     "repeated: the same rule is at %s:%" PRIu32,
		     cf->files[first->file], first->line);
}

int conf_warn_repeats(struct conf_parser *ps)
{
	struct conf_placed *p = ps->placed;
	struct repeat *repeats = NULL, *grown;
	size_t n = 0, first = 0;
	int r = 0;

	if (ps->placed_n == 0)
		return 0;
	qsort_r(p, ps->placed_n, sizeof(*p), by_rule, ps->cf);
	for (size_t i = 1; i < ps->placed_n; i++) {
		if (compare_rules(ps->cf, &p[first], &p[i]) != 0) {
			first = i;
			continue;
		}
		grown = conf_grow(repeats, n, sizeof(*repeats));
		if (!grown) {
			r = -ENOMEM;
			goto out;
		}
		repeats = grown;
		repeats[n++] = (struct repeat){ p[i], p[first] };
	}
	if (n > 0)
		qsort(repeats, n, sizeof(*repeats), by_place);
	for (size_t i = 0; i < n; i++)
		warn(ps, &repeats[i]);
out:
	free(repeats);
	return r;
}
