/* SPDX-License-Identifier: MIT */
/*
 * common/conf_argument.c - the rules of -a and -d
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"
#include "common/strbuf.h"

/* Moves the rules of @from to the end of @to. Return: 0 or -ENOMEM. */
static int move_rules(struct conf_rules *to, struct conf_rules *from)
{
	size_t moved = 0;
	int r = 0;

	for (; moved < from->rules_n; moved++) {
		struct rule *grown;

		grown = conf_grow(to->rules, to->rules_n, sizeof(*grown));
		if (!grown) {
			r = -ENOMEM;
			break;
		}
		to->rules = grown;
		grown[to->rules_n] = from->rules[moved];
		grown[to->rules_n].file = RULE_FROM_ARGUMENT;
		grown[to->rules_n].column = 0;
		grown[to->rules_n++].line = 0;
	}
	from->rules_n -= moved;
	memmove(from->rules, from->rules + moved,
		from->rules_n * sizeof(*from->rules));
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
	strbuf_addf(&text, "%s %s", effect == RULE_ALLOW ? "allow" : "deny",
		    line);
	r = strbuf_failed(&text) ? -ENOMEM
				 : conf_parse("argument", text.s, text.len,
					      NULL, &parsed, &report);
	if (r == -EINVAL)
		snprintf(error, RULE_ERROR_MAX, "%s", report.errors[0].text);
	if (r == 0)
		r = move_rules(&cf->top, &parsed->top);
	conf_report_fini(&report);
	conf_free(parsed);
	strbuf_fini(&text);
	return r;
}
