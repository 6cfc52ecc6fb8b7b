/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_lex.c - bytes to words, and no byte too far
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/conf_lex.h"
#include "common/macros.h"
#include "common/strbuf.h"

/*
 * Every statement of @text as "word|word<end>", where the end is one of
 * "$;{}." and '!' for an error with line and column. The copy is exactly as
 * long as the text, so that the sanitizer sees a byte read past its end.
 */
static void lex(const char *text, size_t n, bool in_braces, struct strbuf *out)
{
	static const char ends[] = {
		[CONF_END_LINE] = '$', [CONF_END_SEMICOLON] = ';',
		[CONF_END_OPEN] = '{', [CONF_END_CLOSE] = '}',
		[CONF_END_TEXT] = '.', [CONF_END_ERROR] = '!',
	};
	struct conf_statement st = { .words = NULL };
	struct conf_lexer lx;
	char *copy = malloc(n > 0 ? n : 1);
	size_t turns = 0;

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, text, n);
	strbuf_reset(out);
	conf_lexer_init(&lx, copy, n);
	lx.in_braces = in_braces;
	do {
		assert_int_equal(conf_lexer_next(&lx, &st), 0);
		for (size_t i = 0; i < st.n && st.end != CONF_END_ERROR; i++) {
			strbuf_adds(out, i > 0 ? "|" : "");
			strbuf_add(out, st.words[i].s, st.words[i].n);
		}
		strbuf_addc(out, ends[st.end]);
		if (st.end == CONF_END_ERROR)
			strbuf_addf(out, "%u:%u", st.at.line, st.at.column);
		assert_true(turns++ <= n);
	} while (st.end != CONF_END_TEXT);
	free(st.words);
	free(copy);
}

static const struct {
	const char *text;
	size_t n;
	bool in_braces;
	const char *want;
} cases[] = {
#define T(text) text, sizeof(text) - 1
	{ T(""), false, "." },
	{ T("a"), false, "a." },
	{ T(" \t a\tb  "), false, "a|b." },
	{ T("a\nb"), false, "a$b." },
	{ T("a\r\nb\r\n"), false, "a$b$." },
	{ T("a\r"), false, "a$." },
	{ T("a\rb"), false, "!1:2." },
	{ T("\xef\xbb\xbf"
	    "a"),
	  false, "a." },
	{ T("\xef\xbb\xbf\x01"), false, "!1:1." },
	{ T("a\xef\xbb\xbf"), false, "a\xef\xbb\xbf." },
	{ T("# a\nb"), false, "$b." },
	{ T("a #b\nc#d"), false, "a$c#d." },
	{ T("\"a #b\" c"), false, "a #b|c." },
	{ T("\"\""), false, "." },
	{ T("\"\\\"\\\\\" b"), false, "\"\\|b." },
	{ T("\"a\\nb\"\nc"), false, "!1:3c." },
	{ T("\"a\\"), false, "!1:3." },
	{ T("\"a"), false, "!1:1." },
	{ T("x \"a\nb"), false, "!1:3b." },
	{ T("x \"a\r\nb"), false, "!1:3b." },
	{ T("\"a\"b"), false, "!1:4." },
	{ T("a\"b\""), false, "!1:2." },
	{ T("\"a\"\"b\""), false, "!1:4." },
	{ T("a\\b"), false, "a\\b." },
	{ T("a;b"), false, "a;b." },
	{ T("a;b"), true, "a;b." },
	{ T("a ; b"), false, "a|;|b." },
	{ T("a ; b}"), true, "a;b}." },
	{ T("\"a;}\""), true, "a;}." },
	{ T("a{b}c"), false, "a{b}c." },
	{ T("a\0b\nc"), false, "!1:2c." },
	{ T("# a\0b\nc"), false, "!1:4c." },
	{ T("\"a\0\"\nc"), false, "!1:3c." },
	{ T("\x1b[2J\nc"), false, "!1:1c." },
	{ T("# \x1b\nc"), false, "$c." },
	{ T("a\x7f"), false, "!1:2." },
	{ T("\"a\tb\""), false, "a\tb." },
	{ T("\0"), false, "!1:1." },
#undef T
};

static void words_and_ends_are_as_written(void **state)
{
	struct strbuf got = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		lex(cases[i].text, cases[i].n, cases[i].in_braces, &got);
		if (strcmp(got.s, cases[i].want) != 0)
			fail_msg("case %zu: got %s, want %s", i, got.s,
				 cases[i].want);
	}
	strbuf_fini(&got);
}

static const char sample[] =
	"\xef\xbb\xbf# first\r\nallow a.example \"b.example\" # c\n"
	"profile p { deny d.example; mode limited }\r\nlog json \"/a "
	"\\\"b\\\\\""
	"\nlimit head-size 2k\nprivate 10.0.0.0/8\nresolver [::1]:53\n"
	"listen 127.0.0.1:0\nrun-uids 60600-60855\nenv-deny A*\ninclude /no/*";

/* A conf that ends anywhere is read to there, and never beyond. */
static void a_conf_may_be_cut_at_every_byte(void **state)
{
	struct strbuf got = STRBUF_INIT;

	(void)state;
	for (size_t n = 0; n < sizeof(sample); n++) {
		struct conf_report report;
		struct conf *cf = NULL;
		char *copy = malloc(n > 0 ? n : 1);
		int r;

		assert_non_null(copy);
		memcpy(copy, sample, n);
		lex(copy, n, false, &got);
		lex(copy, n, true, &got);
		r = conf_parse("t", copy, n, NULL, &cf, &report);
		assert_true((r == 0) == (report.errors_n == 0));
		assert_true((r == 0) == (cf != NULL));
		conf_report_fini(&report);
		conf_free(cf);
		free(copy);
	}
	strbuf_fini(&got);
}

/* Nor does any one byte in the wrong place do harm. */
static void a_conf_may_have_any_byte_anywhere(void **state)
{
	static const char bytes[] = "\0\n\r\t \"\\#;{}\x7f\x80\xff"
				    "*:/";
	char copy[sizeof(sample)];

	(void)state;
	for (size_t i = 0; i < sizeof(sample) - 1; i++)
		for (size_t b = 0; b < sizeof(bytes) - 1; b++) {
			struct conf_report report;
			struct conf *cf = NULL;
			int r;

			memcpy(copy, sample, sizeof(sample));
			copy[i] = bytes[b];
			r = conf_parse("t", copy, sizeof(sample) - 1, NULL, &cf,
				       &report);
			assert_true((r == 0) == (report.errors_n == 0));
			conf_report_fini(&report);
			conf_free(cf);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_ends_are_as_written),
		cmocka_unit_test(a_conf_may_be_cut_at_every_byte),
		cmocka_unit_test(a_conf_may_have_any_byte_anywhere),
	};

	return cmocka_run_group_tests_name("conf_lex", tests, NULL, NULL);
}
