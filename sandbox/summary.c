/* SPDX-License-Identifier: MIT */
/*
 * sandbox/summary.c - what was blocked or failed, said once, when CMD has ended
 *
 * Targets come from the sandbox: the proxy hands out well-formed names only,
 * and what is not is escaped here once more before it reaches a terminal.
 */
#include "sandbox/summary.h"

#include <string.h>

#include "proxy/proxy.h"

static void render_head(const struct proxy_blocked *b, struct strbuf *out)
{
	strbuf_adds(out, "  ");
	strbuf_add_escaped(out, b->target, strlen(b->target));
	if (b->count > 1)
		strbuf_addf(out, " (%llu times)", (unsigned long long)b->count);
	strbuf_addf(out, ": %s", reason_name(b->reason));
}

static void render_one(const struct proxy_blocked *b, struct strbuf *out)
{
	render_head(b, out);
	if (b->rule[0])
		strbuf_addf(out, " by %s", b->rule);
	if (b->allow_with[0]) {
		strbuf_adds(out, "; to allow it: ");
		strbuf_add_escaped(out, b->allow_with, strlen(b->allow_with));
	}
	strbuf_addc(out, '\n');
}

void summary_render(const struct proxy_blocked *blocked, size_t n,
		    unsigned long long more, struct strbuf *out)
{
	if (n == 0)
		return;
	strbuf_addf(out, "netleash: blocked %zu target%s:\n", n,
		    n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++)
		render_one(&blocked[i], out);
	if (more > 0)
		strbuf_addf(out, "  and %llu more refusals\n", more);
}

void summary_render_failed(const struct proxy_blocked *failed, size_t n,
			   unsigned long long more, struct strbuf *out)
{
	if (n == 0)
		return;
	strbuf_addf(out, "netleash: could not reach %zu target%s:\n", n,
		    n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++) {
		const struct proxy_blocked *b = &failed[i];
		const char *why =
			b->rule[0] ? b->rule : reason_sentence(b->reason);

		render_head(b, out);
		strbuf_adds(out, " (");
		strbuf_add_escaped(out, why, strlen(why));
		strbuf_adds(out, ")\n");
	}
	if (more > 0)
		strbuf_addf(out, "  and %llu more failures\n", more);
}
