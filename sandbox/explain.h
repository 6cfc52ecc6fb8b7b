/* SPDX-License-Identifier: MIT */
/*
 * sandbox/explain.h - `netleash explain [options] TARGET`
 */
#ifndef NETLEASH_SANDBOX_EXPLAIN_H
#define NETLEASH_SANDBOX_EXPLAIN_H

#include "proxy/policy.h"

/*
 * Says what the policy does with TARGET, by which line, and what would allow
 * it. Touches the network only with --resolve. @argv[0] is "explain".
 * Return: 0 allowed, 1 refused, 2 the target, the usage or the conf is bad.
 */
int explain_main(int argc, char **argv);

/* One address of the answer, judged. */
struct explain_addr {
	struct addr addr;
	struct decision decision;
};

/**
 * struct explain - an answer, for those who render it
 * @method:  as asked; a method that no rule can name keeps its own word
 * @addrs:   what the name resolved to, as far as it is known
 * @allow_with: the line that would allow it; "" if none can
 */
struct explain {
	const struct policy *policy;
	struct request rq;
	const char *method;
	struct decision decision;
	struct explain_addr *addrs;
	size_t addrs_n;
	const char *allow_with;
};

/* A few lines for people. */
void explain_render_text(const struct explain *e, struct strbuf *out);

/* One JSON object in one line. */
void explain_render_json(const struct explain *e, struct strbuf *out);

/* The JSON object for a target that is not well formed, and why. */
void explain_render_malformed(const char *why, struct strbuf *out);

#endif
