/* SPDX-License-Identifier: MIT */
/*
 * sandbox/summary.h - what was blocked or failed, said once, when CMD has ended
 */
#ifndef NETLEASH_SANDBOX_SUMMARY_H
#define NETLEASH_SANDBOX_SUMMARY_H

#include "common/strbuf.h"

struct proxy_blocked;

/*
 * Each blocked target once, how often, why, and the rule that would allow it,
 * as text for people; nothing if @n is 0. @more refusals were not kept. Pure.
 */
void summary_render(const struct proxy_blocked *blocked, size_t n,
		    unsigned long long more, struct strbuf *out);

/* The same for what was allowed and could not be reached, with why. Pure. */
void summary_render_failed(const struct proxy_blocked *failed, size_t n,
			   unsigned long long more, struct strbuf *out);

#endif
