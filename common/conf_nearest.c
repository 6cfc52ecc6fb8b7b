/* SPDX-License-Identifier: MIT */
/*
 * common/conf_nearest.c - "did you mean": the known word closest to a wrong one
 */
#include <string.h>

#include "common/conf_priv.h"

#define WORD_MAX 32 /* longer than any name that we know */

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(const struct conf_word *w, const char *name)
{
	size_t row[WORD_MAX + 1], name_n = strlen(name);

	for (size_t j = 0; j <= name_n; j++)
		row[j] = j;
	for (size_t i = 1; i <= w->n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= name_n; j++) {
			size_t above = row[j];
			size_t change = w->s[i - 1] == name[j - 1] ? 0 : 1;

			row[j] = smallest(above + 1, row[j - 1] + 1,
					  diagonal + change);
			diagonal = above;
		}
	}
	return row[name_n];
}

const char *conf_nearest(const struct conf_word *w, const char *const *names,
			 size_t n)
{
	const char *best = NULL;
	size_t least = 3; /* two slips are a typing error, three another word */

	if (w->n > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d;

		if (strlen(names[i]) > WORD_MAX)
			continue;
		d = distance(w, names[i]);
		if (d < least && d < w->n) {
			least = d;
			best = names[i];
		}
	}
	return best;
}
