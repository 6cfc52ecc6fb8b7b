/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_permit.c - who may have the daemon run what
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/macros.h"

static struct conf *parse(const char *text)
{
	struct conf_report report;
	struct conf *cf = NULL;

	if (conf_parse("p.conf", text, strlen(text), NULL, &cf, &report) < 0)
		fail_msg("%s: %s", text, report.errors[0].text);
	conf_report_fini(&report);
	return cf;
}

static const char conf_text[] = "profile build { allow a.example }\n"
				"profile test { allow b.example }\n"
				"permit ann\n"
				"permit ben profile build\n"
				"permit user:cat profile build test custom\n"
				"permit group:dev profile *\n"
				"permit ops custom online\n"
				"permit dot online\n"
				"permit dou custom\n"
				"permit dou online\n"
				"permit ops profile test\n";

/* @want: NULL where it is permitted, else part of the sentence. */
static const struct {
	const char *user, *group, *profile;
	bool custom, online;
	const char *want;
} cases[] = {
	{ "ann", "x", NULL, false, false, NULL },
	{ "x", "ann", NULL, false, false, NULL },
	{ "ann", "x", "build", false, false, "the profile build" },
	{ "ann", "x", NULL, true, false, "rules of his own" },
	{ "ann", "x", NULL, false, true, "--online" },
	{ "ben", "x", "build", false, false, NULL },
	{ "ben", "x", "test", false, false, "permitted: build" },
	{ "ben", "x", NULL, false, false, "a run without a profile" },
	{ "cat", "x", "test", true, false, NULL },
	{ "x", "cat", "test", false, false, "no 'permit' line" },
	{ "x", "dev", "test", false, false, NULL },
	{ "x", "dev", NULL, false, false, NULL },
	{ "x", "dev", "none", false, false, NULL },
	{ "dev", "x", "test", false, false, "no 'permit' line" },
	{ "ops", "x", NULL, true, true, NULL },
	/* Two lines are not put together. */
	{ "ops", "x", "test", false, false, NULL },
	{ "ops", "x", "test", true, false, "rules of his own" },
	/* What is missing is named, not what is there. */
	{ "dot", "x", NULL, true, true, "the word 'custom'" },
	{ "dou", "x", NULL, true, true, "the word 'custom online'" },
	{ "nobody", "x", NULL, false, false, "'permit nobody' would" },
	{ "", "", NULL, false, false, "no 'permit' line" },
	{ "an", "annn", NULL, false, false, "no 'permit' line" },
};

static void one_line_permits_all_of_it_or_nothing(void **state)
{
	struct conf *cf = parse(conf_text);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct conf_asker asker = {
			.user = cases[i].user,
			.groups = &cases[i].group,
			.groups_n = 1,
			.profile = cases[i].profile,
			.custom = cases[i].custom,
			.online = cases[i].online,
		};
		char why[200] = "";
		bool got;

		/* Whoever is permitted anything is named. */
		if (conf_permits_any(cf, &asker, why, sizeof(why)) !=
		    (!cases[i].want || !strstr(cases[i].want, "permit") ||
		     strstr(cases[i].want, "permitted")))
			fail_msg("case %zu: named or not", i);
		got = conf_permits(cf, &asker, why, sizeof(why));
		if (got != !cases[i].want)
			fail_msg("case %zu: %s", i, why);
		if (cases[i].want && !strstr(why, cases[i].want))
			fail_msg("case %zu: '%s' lacks '%s'", i, why,
				 cases[i].want);
	}
	conf_free(cf);
}

static void without_a_line_nobody_is_permitted(void **state)
{
	const struct conf_asker asker = { .user = "root" };
	struct conf *cf = parse("allow a.example\n");
	char why[200];

	(void)state;
	assert_false(conf_permits(cf, &asker, why, sizeof(why)));
	conf_free(cf);
}

static void a_star_is_everybody(void **state)
{
	const struct conf_asker asker = { .user = "anybody" };
	struct conf *cf = parse("permit *\n");
	char why[200];

	(void)state;
	assert_true(conf_permits(cf, &asker, why, sizeof(why)));
	conf_free(cf);
}

static void a_long_list_is_cut_and_ends(void **state)
{
	const struct conf_asker asker = { .user = "ben", .profile = "test" };
	struct conf *cf = parse(conf_text);

	(void)state;
	for (size_t size = 1; size < 120; size++) {
		char why[120];

		memset(why, 'x', sizeof(why));
		assert_false(conf_permits(cf, &asker, why, size));
		assert_non_null(memchr(why, '\0', size));
	}
	conf_free(cf);
}

static void what_is_wrong_is_an_error_with_its_place(void **state)
{
	static const struct {
		const char *text, *want;
		unsigned line, column;
	} wrong[] = {
		{ "permit\n", "permit WHO", 1, 1 },
		{ "permit a:b\n", "no name", 1, 8 },
		{ "permit user:\n", "no name", 1, 8 },
		{ "permit ann profile\n", "needs a name", 1, 12 },
		{ "permit ann profile custom\n", "needs a name", 1, 12 },
		{ "permit ann often\n", "expected profile", 1, 12 },
		{ "\npermit ann profile none\n", "no profile 'none'", 2, 8 },
		{ "profile p { permit ann }\n", "cannot stand in a profile", 1,
		  13 },
		{ "permit ann custom online custom\n", "each once", 1, 26 },
		{ "running-runs often\n", "keep or follow", 1, 14 },
		{ "running-runs keep\nrunning-runs keep\n", "duplicate", 2,
		  14 },
		{ "permit ann profile p profile p\nprofile p { allow a.b }\n",
		  "each once", 1, 22 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct conf_report report;
		struct conf *cf = NULL;

		assert_int_not_equal(conf_parse("p.conf", wrong[i].text,
						strlen(wrong[i].text), NULL,
						&cf, &report),
				     0);
		if (!strstr(report.errors[0].text, wrong[i].want) ||
		    report.errors[0].line != wrong[i].line ||
		    report.errors[0].column != wrong[i].column)
			fail_msg("%s: %u:%u %s", wrong[i].text,
				 report.errors[0].line, report.errors[0].column,
				 report.errors[0].text);
		conf_report_fini(&report);
	}
}

static void a_dump_parses_to_the_same(void **state)
{
	struct conf *cf = parse(conf_text), *again;
	struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;

	(void)state;
	conf_dump(cf, &first);
	assert_non_null(
		strstr(first.s, "permit user:cat profile build test custom\n"));
	again = parse(first.s);
	conf_dump(again, &second);
	assert_string_equal(first.s, second.s);
	strbuf_fini(&first);
	strbuf_fini(&second);
	conf_free(cf);
	conf_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_permits_all_of_it_or_nothing),
		cmocka_unit_test(without_a_line_nobody_is_permitted),
		cmocka_unit_test(a_star_is_everybody),
		cmocka_unit_test(a_long_list_is_cut_and_ends),
		cmocka_unit_test(what_is_wrong_is_an_error_with_its_place),
		cmocka_unit_test(a_dump_parses_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
