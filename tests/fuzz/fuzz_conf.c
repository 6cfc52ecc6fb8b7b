/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_conf.c - any bytes as a conf, and as an argument of -a
 *
 * A conf comes out whole or with errors that have a place and a sentence, and
 * as text it says the same conf again. Texts that include files are left to
 * the unit test: what they find depends on the machine.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A preset whose name is its host. */
static int play_preset(void *arg, const char *name, char **ret_text,
		       size_t *ret_len, char **ret_source, char *error)
{
	struct strbuf text = STRBUF_INIT;

	(void)arg;
	(void)error;
	strbuf_addf(&text, "allow %s.example\n", name);
	*ret_len = text.len;
	*ret_text = strbuf_take(&text);
	*ret_source = strdup(name);
	return *ret_text && *ret_source ? 0 : -1;
}

static void check_report(const struct conf_report *report, int r)
{
	require((r == 0) == (report->errors_n == 0));
	for (size_t i = 0; i < report->errors_n; i++) {
		const struct conf_message *m = &report->errors[i];

		require(m->line > 0 && m->column > 0);
		require(m->text[0] != '\0' && strlen(m->text) < 2000);
	}
}

/* Return: @text's conf dumped into @out, or false if it is not good. */
static bool dump(const char *text, size_t n, struct strbuf *out)
{
	const struct conf_opts opts = { .preset = play_preset };
	struct conf_report report;
	struct conf *cf = NULL;
	int r;

	r = conf_parse("fuzz", text, n, &opts, &cf, &report);
	check_report(&report, r);
	if (r == 0)
		conf_dump(cf, out);
	conf_report_fini(&report);
	conf_free(cf);
	return r == 0;
}

static void try_argument(const char *line)
{
	char error[RULE_ERROR_MAX] = "";
	struct conf *cf = conf_new();
	int r;

	require(cf != NULL);
	r = conf_add_argument(cf, RULE_ALLOW, line, error);
	require((r == 0) == (cf->top.rules_n > 0));
	require((r == 0) == (error[0] == '\0'));
	conf_free(cf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;
	char *line;

	if (memmem(data, size, "include", 7) != NULL ||
	    memmem(data, size, "-list", 5) != NULL)
		return 0;
	if (dump((const char *)data, size, &once)) {
		require(dump(once.s, once.len, &twice));
		require(strcmp(once.s, twice.s) == 0);
	}
	line = strndup((const char *)data, size);
	require(line != NULL);
	try_argument(line);
	free(line);
	strbuf_fini(&once);
	strbuf_fini(&twice);
	return 0;
}
