/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_credential.c - credential blocks, and what they cover
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/macros.h"
#include "policy_conf.h"

static void a_block_says_where_it_comes_from_and_where_it_goes(void **state)
{
	const struct conf_credential *c;
	struct conf *cf = test_conf(
		"credential gh {\n from command /usr/bin/get \"a b\" --c\n"
		" for https://API.example/x https://b.example:8443\n"
		" for https://192.0.2.1/\n"
		" header Authorization \"Bearer {}\"\n placeholder "
		"GH_TOKEN\n}\n"
		"credential b {\n from env X\n for https://a.example\n"
		" header x-key \"{}\"\n placeholder none\n}\nallow a.example");

	(void)state;
	assert_int_equal(cf->credentials_n, 2);
	c = &cf->credentials[0];
	assert_string_equal(c->name, "gh");
	assert_int_equal(c->loc.line, 1);
	assert_int_equal(c->from, CONF_FROM_COMMAND);
	assert_string_equal(c->words[1], "a b");
	assert_string_equal(c->words[2], "--c");
	assert_null(c->words[3]);
	assert_int_equal(c->targets_n, 3);
	assert_string_equal(rule_name(&c->targets[0]), "api.example");
	assert_string_equal(c->header, "Authorization");
	assert_string_equal(c->value, "Bearer {}");
	assert_string_equal(c->placeholder, "GH_TOKEN");
	c = &cf->credentials[1];
	assert_int_equal(c->from, CONF_FROM_ENV);
	assert_string_equal(c->words[0], "X");
	assert_null(c->placeholder);
	assert_true(c->placeholder_none);
	assert_int_equal(cf->top.rules_n, 1);
	conf_free(cf);
}

static const struct {
	const char *for_words, *url;
	bool covers, is_for;
} matches[] = {
	{ "https://a.example", "https://a.example/x?y", true, true },
	{ "https://a.example", "wss://a.example/x", true, true },
	{ "https://a.example", "http://a.example:443/x", false, true },
	{ "https://a.example", "http://a.example/x", false, false },
	{ "https://a.example", "https://a.example:8443/x", false, false },
	{ "https://a.example", "https://b.a.example/x", false, false },
	{ "https://a.example:8443", "https://a.example:8443/x", true, true },
	{ "https://a.example/", "https://a.example", true, true },
	{ "https://a.example/", "https://a.example?q", true, true },
	{ "https://a.example/", "https://a.example/b/c", true, true },
	{ "https://a.example/b", "https://a.example/b", true, true },
	{ "https://a.example/b", "https://a.example/b/c", true, true },
	{ "https://a.example/b", "https://a.example/b?c", true, true },
	{ "https://a.example/b", "https://a.example/bc", false, true },
	{ "https://a.example/b", "https://a.example/", false, true },
	{ "https://a.example/b/", "https://a.example/b", false, true },
	{ "https://a.example/b/", "https://a.example/b/c/d", true, true },
	{ "https://a.example/*/c", "https://a.example/b/c/d", true, true },
	{ "https://a.example/*/c", "https://a.example/b/d", false, true },
	{ "https://a.example/b/**", "https://a.example/b/c", true, true },
	{ "https://a.example/b", "https://a.example/%62/c", true, true },
	/* What a server may read in two ways gets none. */
	{ "https://a.example", "https://a.example/../b", false, true },
	{ "https://a.example/b", "https://a.example/b/../c", false, true },
	{ "https://a.example/b", "https://a.example/b%2f..%2fc", false, true },
	{ "https://a.example/b", "https://a.example//b", false, true },
	{ "https://a.example/b https://c.example", "https://c.example/d", true,
	  true },
	{ "https://192.0.2.1", "https://192.0.2.1/d", true, true },
	{ "https://192.0.2.1", "https://192.0.2.2/d", false, false },
	{ "https://[2001:db8::1]", "https://[2001:db8:0::1]/", true, true },
};

static void a_request_is_covered_at_and_below_the_path_over_https(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
		const char *url = matches[i].url;
		const struct conf_credential *c;
		char text[300];
		struct target t;
		struct conf *cf;

		(void)snprintf(text, sizeof(text),
			       "credential x {;from env X;for %s;header y "
			       "\"{}\";}",
			       matches[i].for_words);
		cf = test_conf(text);
		c = &cf->credentials[0];
		assert_int_equal(target_parse_url(url, strlen(url), &t, NULL),
				 TARGET_OK);
		if (conf_credential_covers(c, &t) != matches[i].covers ||
		    conf_credential_is_for(c, &t) != matches[i].is_for)
			fail_msg("for %s: %s", matches[i].for_words, url);
		conf_free(cf);
	}
}

#define FROM "from env X; "
#define FOR  "for https://a.example; "
#define HEAD "header Y \"{}\"; "

/* @word: what the error stands at; @says: a part of it. */
static const struct {
	const char *text, *word, *says;
} errors[] = {
	{ "credential", "credential", "needs a value" },
	{ "credential a", "***", "'{'" },
	{ "credential { }", "credential", "expected: credential NAME" },
	{ "credential a b { }", "credential", "expected: credential NAME" },
	{ "credential a.b { " FROM FOR HEAD "}", "a.b", "no name" },
	{ "credential \"\" { " FROM FOR HEAD "}", "", "no name" },
	{ "credential a { " FOR HEAD "}", "a", "comes from nowhere" },
	{ "credential a { " FROM HEAD "}", "a", "for no host" },
	{ "credential a { " FROM FOR "}", "a", "not used" },
	{ "credential a { " FROM FOR "placeholder none }", "a", "not used" },
	{ "credential a { " FROM FOR HEAD "allow x }", "allow",
	  "from, for, header" },
	{ "credential a { " FROM FROM FOR HEAD "}", "from", "duplicate" },
	{ "credential a { " FROM FOR HEAD HEAD "}", "header", "duplicate" },
	{ "credential a { " FROM FOR HEAD "placeholder none; placeholder A }",
	  "placeholder", "duplicate" },
	{ "credential a { " FROM FOR HEAD "}\ncredential a { " FROM FOR HEAD
	  "}",
	  "a", "t.conf:1" },
	{ "credential a { " FROM FOR "placeholder Z }\ncredential b { " FROM FOR
	  "placeholder Z }",
	  "Z", "credential 'a'" },
	{ "credential a { " FROM FOR HEAD, "credential", "not closed" },
	{ "credential a { " FROM FOR HEAD "} allow x", "allow", "end of the" },
	{ "credential a { " FROM FOR HEAD "profile b { allow x } }", "profile",
	  "inside" },
	{ "profile p { credential a { " FROM FOR HEAD "} }", "credential",
	  "inside" },
	{ "profile p { credential a }", "credential", "a profile" },
	/* from */
	{ "credential a { from; " FOR HEAD "}", "***", "from file" },
	{ "credential a { from env; " FOR HEAD "}", "***", "from file" },
	{ "credential a { from s3cr3t; " FOR HEAD "}", "***", "from file" },
	{ "credential a { from token s3cr3t; " FOR HEAD "}", "***",
	  "from file" },
	{ "credential a { from env s3-cr3t; " FOR HEAD "}", "***",
	  "one variable" },
	{ "credential a { from env 3s; " FOR HEAD "}", "***", "one variable" },
	{ "credential a { from env A B; " FOR HEAD "}", "***", "one variable" },
	{ "credential a { from file s3cr3t; " FOR HEAD "}", "***", "absolute" },
	{ "credential a { from file ~s3cr3t/x; " FOR HEAD "}", "***",
	  "absolute" },
	{ "credential a { from file /a /b; " FOR HEAD "}", "***", "absolute" },
	{ "credential a { from command ./s3cr3t; " FOR HEAD "}", "***",
	  "absolute path" },
	{ "credential a { from command \"\"; " FOR HEAD "}", "***",
	  "absolute path" },
	/* for */
	{ "credential a { for; " FROM HEAD "}", "for", "expected: for" },
	{ "credential a { for http://a.example; " FROM HEAD "}",
	  "http://a.example", "over TLS only" },
	{ "credential a { for ws://a.example; " FROM HEAD "}", "ws://a.example",
	  "over TLS only" },
	{ "credential a { for a.example; " FROM HEAD "}", "a.example",
	  "expected https" },
	{ "credential a { for wss://a.example; " FROM HEAD "}",
	  "wss://a.example", "expected https" },
	{ "credential a { for https://*.a.example; " FROM HEAD "}",
	  "https://*.a.example", "one by one" },
	{ "credential a { for https://*; " FROM HEAD "}", "https://*",
	  "one by one" },
	{ "credential a { for https://a?.example; " FROM HEAD "}",
	  "https://a?.example", "" },
	{ "credential a { for https://a.example:443,8443; " FROM HEAD "}",
	  "https://a.example:443,8443", "one port" },
	{ "credential a { for https://a.example:*; " FROM HEAD "}",
	  "https://a.example:*", "one port" },
	{ "credential a { for https://a.example/../b; " FROM HEAD "}",
	  "https://a.example/../b", "can never match" },
	{ "credential a { for https://a..example; " FROM HEAD "}",
	  "https://a..example", "can never match" },
	/* header */
	{ "credential a { " FROM FOR "header X }", "***", "expected: header" },
	{ "credential a { " FROM FOR "header X Bearer s3cr3t }", "***",
	  "expected: header" },
	{ "credential a { " FROM FOR "header X s3cr3t }", "***",
	  "exactly one {}" },
	{ "credential a { " FROM FOR "header X \"s3cr3t {} {}\" }", "***",
	  "exactly one {}" },
	{ "credential a { " FROM FOR "header X \" {}\" }", "***", "blank" },
	{ "credential a { " FROM FOR "header X \"{} \" }", "***", "blank" },
	{ "credential a { " FROM FOR "header X \"\t{}\" }", "***",
	  "printable" },
	{ "credential a { " FROM FOR "header X \"\xc3\xa9{}\" }", "***",
	  "printable" },
	{ "credential a { " FROM FOR "header X: \"{}\" }", "X:", "no name" },
	{ "credential a { " FROM FOR "header \"X Y\" \"{}\" }", "X Y",
	  "no name" },
	{ "credential a { " FROM FOR "header \"\" \"{}\" }", "", "no name" },
	{ "credential a { " FROM FOR "header hOst \"{}\" }", "hOst", "own" },
	{ "credential a { " FROM FOR "header Content-Length \"{}\" }",
	  "Content-Length", "own" },
	{ "credential a { " FROM FOR "header Transfer-Encoding \"{}\" }",
	  "Transfer-Encoding", "own" },
	{ "credential a { " FROM FOR "header Connection \"{}\" }", "Connection",
	  "own" },
	{ "credential a { " FROM FOR "header te \"{}\" }", "te", "own" },
	{ "credential a { " FROM FOR "header Trailer \"{}\" }", "Trailer",
	  "own" },
	{ "credential a { " FROM FOR "header Upgrade \"{}\" }", "Upgrade",
	  "own" },
	{ "credential a { " FROM FOR "header proxy-authorization \"{}\" }",
	  "proxy-authorization", "own" },
	/* placeholder */
	{ "credential a { " FROM FOR "placeholder }", "placeholder",
	  "expected placeholder NAME" },
	{ "credential a { " FROM FOR "placeholder A-B }", "A-B",
	  "expected placeholder NAME" },
	{ "credential a { " FROM FOR "placeholder A B }", "B",
	  "expected placeholder NAME" },
};

static void what_is_wrong_has_its_place_and_shows_no_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct conf_report report;
		struct conf *cf = NULL;

		if (conf_parse("t.conf", errors[i].text, strlen(errors[i].text),
			       NULL, &cf, &report) != -EINVAL)
			fail_msg("not refused: %s", errors[i].text);
		if (strcmp(report.errors[0].word, errors[i].word) != 0 ||
		    !strstr(report.errors[0].text, errors[i].says))
			fail_msg("%s: at '%s': %s", errors[i].text,
				 report.errors[0].word, report.errors[0].text);
		for (size_t k = 0; k < report.errors_n; k++)
			if (strstr(report.errors[k].text, "s3cr3t") ||
			    strstr(report.errors[k].word, "s3cr3t"))
				fail_msg("%s", report.errors[k].text);
		conf_report_fini(&report);
	}
}

/* Return: is @text a conf? */
static bool is_good(const struct strbuf *text)
{
	struct conf_report report;
	struct conf *cf = NULL;
	int r = conf_parse("t.conf", text->s, text->len, NULL, &cf, &report);

	conf_report_fini(&report);
	conf_free(cf);
	return r == 0;
}

static void add_times(struct strbuf *out, const char *s, size_t n)
{
	while (n-- > 0)
		strbuf_adds(out, s);
}

/* A block whose parts are that long or that many. */
static bool fits(size_t name, size_t header, size_t value, size_t words,
		 size_t targets)
{
	struct strbuf text = STRBUF_INIT;
	bool good;

	strbuf_adds(&text, "credential ");
	add_times(&text, "n", name);
	strbuf_adds(&text, " {\nfrom command");
	add_times(&text, " w", words);
	strbuf_adds(&text, "\nfor");
	add_times(&text, " https://a.example", targets);
	strbuf_adds(&text, "\nheader ");
	add_times(&text, "h", header);
	strbuf_adds(&text, " \"{}");
	add_times(&text, "v", value - 2);
	strbuf_adds(&text, "\"\n}\n");
	good = is_good(&text);
	strbuf_fini(&text);
	return good;
}

static void every_part_is_bounded(void **state)
{
	(void)state;
	assert_true(fits(1, 1, 2, 1, 1));
	assert_true(fits(64, 64, 1024, 32, 32));
	assert_false(fits(65, 1, 2, 1, 1));
	assert_false(fits(1, 65, 2, 1, 1));
	assert_false(fits(1, 1, 1025, 1, 1));
	assert_false(fits(1, 1, 2, 33, 1));
	assert_false(fits(1, 1, 2, 1, 33));
}

static void there_are_64_at_most(void **state)
{
	struct strbuf text = STRBUF_INIT;

	(void)state;
	for (unsigned i = 0; i < CONF_CREDENTIALS_MAX; i++)
		strbuf_addf(&text, "credential c%u { " FROM FOR HEAD "}\n", i);
	assert_true(is_good(&text));
	strbuf_adds(&text, "credential more { " FROM FOR HEAD "}\n");
	assert_false(is_good(&text));
	strbuf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_block_says_where_it_comes_from_and_where_it_goes),
		cmocka_unit_test(
			a_request_is_covered_at_and_below_the_path_over_https),
		cmocka_unit_test(
			what_is_wrong_has_its_place_and_shows_no_secret),
		cmocka_unit_test(every_part_is_bounded),
		cmocka_unit_test(there_are_64_at_most),
	};

	return cmocka_run_group_tests_name("conf_credential", tests, NULL,
					   NULL);
}
