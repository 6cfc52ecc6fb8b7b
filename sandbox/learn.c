/* SPDX-License-Identifier: MIT */
/*
 * sandbox/learn.c - the rules that a command needed, said when it has ended
 *
 * In:         what was reached though the conf alone would have refused it
 * Out:        lines that a conf takes as they are, comments among them
 * Invariants: a name of the sandbox gets to a terminal only as a well-formed
 *             one, and escaped once more; a target that no rule can allow
 *             (a deny line, a mode) is a comment
 */
#include "sandbox/learn.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/proxy.h"

static int compare(const void *a, const void *b)
{
	const struct proxy_blocked *const *x = a, *const *y = b;
	int r = strcmp((*x)->allow_with, (*y)->allow_with);

	return r ? r : strcmp((*x)->target, (*y)->target);
}

static void render_one(const struct proxy_blocked *b, struct strbuf *out)
{
	if (b->allow_with[0]) {
		strbuf_add_escaped(out, b->allow_with, strlen(b->allow_with));
	} else {
		strbuf_adds(out, "# ");
		strbuf_add_escaped(out, b->target, strlen(b->target));
		strbuf_addf(out, ": %s", reason_name(b->reason));
	}
	strbuf_addc(out, '\n');
}

void learn_render(const struct proxy_blocked *needed, size_t n,
		  unsigned long long more, struct strbuf *out)
{
	const struct proxy_blocked **sorted = calloc(n + 1, sizeof(*sorted));
	const char *last = "";

	if (!sorted) {
		strbuf_adds(out, "netleash: no memory for what was learned\n");
		return;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = &needed[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	strbuf_adds(out, n == 0 ? "netleash: learned: the rules that there are "
				  "suffice\n"
				: "netleash: learned: these rules were "
				  "missing:\n");
	for (size_t i = 0; i < n; i++) {
		/* One rule is for ports 80 and 443. */
		if (sorted[i]->allow_with[0] &&
		    strcmp(sorted[i]->allow_with, last) == 0)
			continue;
		last = sorted[i]->allow_with;
		render_one(sorted[i], out);
	}
	if (more > 0)
		strbuf_addf(out, "# and %llu more that were not kept\n", more);
	free(sorted);
}
