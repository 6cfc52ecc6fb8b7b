/* SPDX-License-Identifier: MIT */
/*
 * common/conf_report.c - keep what is wrong with a conf, with its place
 */
#include "common/conf_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"
#include "common/utf8.h"

/* One code point of @s as text that is safe on a terminal. */
static size_t show_one(const char *s, size_t n, char ret[5])
{
	uint32_t cp;
	size_t len = utf8_decode(s, n, &cp);

	if (len > 0 && !utf8_is_unsafe(cp)) {
		memcpy(ret, s, len);
		ret[len] = 0;
		return len;
	}
	snprintf(ret, 5, "\\x%02x", (unsigned char)s[0]);
	return 1;
}

const char *conf_show(const char *s, size_t n, char buf[CONF_SHOWN_MAX])
{
	static const char dots[] = "...";
	size_t used = 0, pos = 0;

	while (pos < n) {
		char one[5];
		size_t len = show_one(s + pos, n - pos, one);
		size_t one_n = strlen(one);

		if (used + one_n + sizeof(dots) > CONF_SHOWN_MAX) {
			memcpy(buf + used, dots, sizeof(dots));
			return buf;
		}
		memcpy(buf + used, one, one_n);
		used += one_n;
		pos += len;
	}
	buf[used] = 0;
	return buf;
}

static void message_fini(struct conf_message *m)
{
	free(m->file);
	free(m->word);
	free(m->text);
}

void conf_report_fini(struct conf_report *report)
{
	for (size_t i = 0; i < report->errors_n; i++)
		message_fini(&report->errors[i]);
	for (size_t i = 0; i < report->warnings_n; i++)
		message_fini(&report->warnings[i]);
	free(report->errors);
	free(report->warnings);
	memset(report, 0, sizeof(*report));
}

/* Appends to one of the two lists. Takes @text. Return: false: no memory. */
static bool keep(struct conf_report *report, struct conf_message **list,
		 size_t *n, const char *file, uint32_t line, uint32_t column,
		 const char *word, char *text)
{
	struct conf_message m = { .line = line, .column = column };
	struct conf_message *grown;

	if (*n == CONF_MESSAGES_MAX) {
		report->truncated = true;
		free(text);
		return true;
	}
	m.text = text;
	m.file = strdup(file);
	m.word = strdup(word);
	grown = conf_grow(*list, *n, sizeof(**list));
	if (grown)
		*list = grown;
	if (!m.text || !m.file || !m.word || !grown) {
		message_fini(&m);
		return false;
	}
	(*list)[(*n)++] = m;
	return true;
}

void conf_error(struct conf_parser *ps, const struct conf_word *w,
		const char *fmt, ...)
{
	struct conf_report *rep = ps->report;
	char word[CONF_SHOWN_MAX];
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (!keep(rep, &rep->errors, &rep->errors_n, ps->cf->files[ps->file],
		  w->line, w->column, conf_show(w->s, w->n, word), text))
		ps->nomem = true;
}

void conf_file_error(struct conf_parser *ps, const char *file, const char *text)
{
	struct conf_report *rep = ps->report;

	if (!keep(rep, &rep->errors, &rep->errors_n, file, 0, 0, "",
		  strdup(text)))
		ps->nomem = true;
}

int conf_report_warn(struct conf_report *report, const char *file,
		     uint32_t line, uint32_t column, const char *word,
		     const char *text)
{
	char shown[CONF_SHOWN_MAX];

	return keep(report, &report->warnings, &report->warnings_n, file, line,
		    column, conf_show(word, strlen(word), shown), strdup(text))
		       ? 0
		       : -ENOMEM;
}
