/* SPDX-License-Identifier: MIT */
/*
 * common/conf_argument.c - the rules of -a, -d and --inspect
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"
#include "common/strbuf.h"

/* Moves the rules of @from to the end of @to. Return: 0 or -ENOMEM. */
static int move_rules(struct rule **to, size_t *to_n, struct rule *from,
		      size_t *from_n)
{
	size_t moved = 0;
	int r = 0;

	for (; moved < *from_n; moved++) {
		struct rule *grown = conf_grow(*to, *to_n, sizeof(*grown));

		if (!grown) {
			r = -ENOMEM;
			break;
		}
		*to = grown;
		grown[*to_n] = from[moved];
		grown[*to_n].file = RULE_FROM_ARGUMENT;
		grown[*to_n].column = 0;
		grown[(*to_n)++].line = 0;
	}
	*from_n -= moved;
	if (moved > 0)
		memmove(from, from + moved, *from_n * sizeof(*from));
	return r;
}

int conf_add_argument(struct conf *cf, enum rule_effect effect,
		      const char *line, char error[RULE_ERROR_MAX])
{
	struct strbuf text = STRBUF_INIT;
	struct conf_report report = { .errors_n = 0 };
	struct conf *parsed = NULL;
	int r;

	if (strchr(line, '\n')) {
		snprintf(error, RULE_ERROR_MAX, "a rule is one line");
		return -EINVAL;
	}
	strbuf_addf(&text, "%s %s", rule_effect_name(effect), line);
	r = strbuf_failed(&text) ? -ENOMEM
				 : conf_parse("argument", text.s, text.len,
					      NULL, &parsed, &report);
	if (r == -EINVAL)
		snprintf(error, RULE_ERROR_MAX, "%s", report.errors[0].text);
	if (r == 0)
		r = move_rules(&cf->top.rules, &cf->top.rules_n,
			       parsed->top.rules, &parsed->top.rules_n);
	if (r == 0)
		r = move_rules(&cf->top.inspects, &cf->top.inspects_n,
			       parsed->top.inspects, &parsed->top.inspects_n);
	conf_report_fini(&report);
	conf_free(parsed);
	strbuf_fini(&text);
	return r;
}
