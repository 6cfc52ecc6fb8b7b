/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_file.c - files, includes, presets, several confs
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/conf_priv.h"
#include "tests/unit/folder.h"

/* Presets: "good" has two rules, "bad" has an error, "none" is missing. */
static int play_preset(void *arg, const char *name, char **ret_text,
		       size_t *ret_len, char **ret_source, char *error)
{
	const char *text = "# two\nallow p.example\ndeny q.example\n";

	*(int *)arg += 1;
	if (strcmp(name, "none") == 0) {
		snprintf(error, RULE_ERROR_MAX, "it is not there");
		return -ENOENT;
	}
	if (strcmp(name, "bad") == 0)
		text = "allow ok.example\nmode limited\nallow a..b\n}\n"
		       "profile x {\ninclude /x\nlisten 127.0.0.1:1\n";
	*ret_text = strdup(text);
	*ret_len = strlen(text);
	*ret_source = strdup("/presets/p.conf");
	return 0;
}

static int load_all(const char *const *names, size_t n, struct conf **ret,
		    struct conf_report *report)
{
	char paths[4][128];
	const char *words[4];
	int asked = 0;
	struct conf_opts opts = { .preset = play_preset, .preset_arg = &asked };

	for (size_t i = 0; i < n; i++)
		words[i] = path_of(names[i], paths[i]);
	*ret = NULL;
	return conf_load(words, n, &opts, ret, report);
}

static struct conf *load(const char *name)
{
	struct conf_report report;
	struct conf *cf;
	int r = load_all(&name, 1, &cf, &report);

	if (r != 0)
		fail_msg("%s: %d %s", name, r, report.errors[0].text);
	conf_report_fini(&report);
	return cf;
}

/* @name must fail with @n errors, of which one says @says. */
static void refuse(const char *name, size_t n, const char *says)
{
	struct conf_report report;
	struct conf *cf;
	bool found = false;

	assert_int_equal(load_all(&name, 1, &cf, &report), -EINVAL);
	for (size_t i = 0; i < report.errors_n; i++)
		if (strstr(report.errors[i].text, says))
			found = true;
	if (!found || report.errors_n != n)
		fail_msg("%s: %zu errors, the first: %s", name, report.errors_n,
			 report.errors[0].text);
	conf_report_fini(&report);
}

static void an_include_is_relative_to_its_file(void **state)
{
	struct strbuf place = STRBUF_INIT;
	char want[160];
	struct conf *cf;

	(void)state;
	assert_int_equal(mkdir(path_of("d", want), 0755), 0);
	put("a.conf", "allow a.example\ninclude d/*.conf\nallow z.example");
	put("d/1.conf", "include \"../c.conf\"\nallow one.example");
	put("d/2.conf", "\nallow two.example");
	put("d/.3.conf", "not read");
	put("c.conf", "allow c.example");
	cf = load("a.conf");
	assert_int_equal(cf->top.rules_n, 5);
	assert_string_equal(cf->top.rules[1].text, "c.example");
	assert_string_equal(cf->top.rules[2].text, "one.example");
	assert_string_equal(cf->top.rules[4].text, "z.example");
	conf_format_rule_place(cf, &cf->top.rules[3], &place);
	snprintf(want, sizeof(want), "%s/d/2.conf:2", folder);
	assert_string_equal(place.s, want);
	strbuf_fini(&place);
	conf_free(cf);
}

static void an_error_in_an_include_has_its_own_place(void **state)
{
	struct conf_report report;
	const char *name = "a.conf";
	struct conf *cf;

	(void)state;
	put("a.conf", "include b.conf\nbad");
	put("b.conf", "\n  worse");
	assert_int_equal(load_all(&name, 1, &cf, &report), -EINVAL);
	assert_int_equal(report.errors_n, 2);
	assert_non_null(strstr(report.errors[0].file, "/b.conf"));
	assert_int_equal(report.errors[0].line, 2);
	assert_int_equal(report.errors[0].column, 3);
	assert_non_null(strstr(report.errors[1].file, "/a.conf"));
	assert_int_equal(report.errors[1].line, 2);
	conf_report_fini(&report);
}

static void includes_that_cannot_be_are_errors(void **state)
{
	char path[128], from[128];

	(void)state;
	put("a.conf", "include b.conf\n");
	put("b.conf", "include a.conf\n");
	refuse("a.conf", 1, "includes itself");
	put("a.conf", "include ./a.conf\n");
	refuse("a.conf", 1, "includes itself");
	(void)unlink(path_of("link.conf", path));
	assert_int_equal(symlink(path_of("a.conf", from), path), 0);
	put("a.conf", "include link.conf\n");
	refuse("a.conf", 1, "includes itself");
	put("a.conf", "include missing.conf\n");
	refuse("a.conf", 1, "does not exist");
	put("a.conf", "include d\n");
	refuse("a.conf", 1, "is a folder");
	put("b.conf", "profile p {\n");
	put("a.conf", "include b.conf\n}\n");
	refuse("a.conf", 2, "not closed");
	put("b.conf", "}\n");
	put("a.conf", "profile p {\n}\ninclude b.conf");
	refuse("a.conf", 1, "stray brace");
}

static void includes_are_bounded_in_depth_and_number(void **state)
{
	char name[32], text[64];

	(void)state;
	for (int i = 0; i < CONF_INCLUDE_DEPTH; i++) {
		snprintf(name, sizeof(name), "n%d.conf", i);
		snprintf(text, sizeof(text), "include n%d.conf\n", i + 1);
		put(name, text);
	}
	put("n16.conf", "allow a.example");
	refuse("n0.conf", 1, "too deep");
	conf_free(load("n1.conf"));
	/* Each twice would be 2^16 files. */
	for (int i = 0; i < CONF_INCLUDE_DEPTH; i++) {
		snprintf(name, sizeof(name), "n%d.conf", i);
		snprintf(text, sizeof(text),
			 "include n%d.conf\ninclude n%d.conf\n", i + 1, i + 1);
		put(name, text);
	}
	put("n15.conf", "");
	{
		struct conf_report report;
		const char *first = "n0.conf";
		struct conf *cf;

		assert_int_equal(load_all(&first, 1, &cf, &report), -EINVAL);
		assert_non_null(
			strstr(report.errors[0].text, "one file too many"));
		conf_report_fini(&report);
	}
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
	struct conf_opts named = { .may_be_pipe = true };
	const char *null = "/dev/null", *zero = "/dev/zero";
	struct conf_report report;
	struct conf *cf = NULL;
	char path[128];

	(void)state;
	(void)unlink(path_of("pipe", path));
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse("pipe", 1, "not a regular file");
	put("a.conf", "include pipe\n");
	refuse("a.conf", 1, "not a regular file");
	refuse("missing", 1, "No such file");
	refuse("d", 1, "is a folder");
	assert_int_equal(conf_load(&null, 1, &named, &cf, &report), 0);
	conf_report_fini(&report);
	conf_free(cf);
	assert_int_equal(conf_load(&zero, 1, &named, &cf, &report), -EINVAL);
	assert_non_null(strstr(report.errors[0].text, "bigger than"));
	assert_int_equal(report.errors[0].line, 0);
	conf_report_fini(&report);
}

static void a_later_conf_replaces_single_values_only(void **state)
{
	static const char *const names[] = { "a.conf", "b.conf" };
	struct conf_report report;
	struct conf *cf;

	(void)state;
	put("a.conf", "mode limited\nlimit head-size 2k\nlimit idle-time 5\n"
		      "log json /a\nallow a.example\nrun-uids 70000-70255");
	put("b.conf", "mode full\nlimit head-size 4k\nlog json /b\n"
		      "allow b.example\nrun-uids 80000-80255\n"
		      "listen 127.0.0.1:5");
	assert_int_equal(load_all(names, 2, &cf, &report), 0);
	assert_int_equal(cf->top.mode, CONF_MODE_FULL);
	assert_int_equal(cf->limits.head_size, 4096);
	assert_int_equal(cf->limits.idle_time, 5000);
	assert_string_equal(cf->log_file, "/b");
	assert_int_equal(cf->run_uid_first, 80000);
	assert_int_equal(cf->top.rules_n, 2);
	conf_report_fini(&report);
	conf_free(cf);
	put("b.conf", "log json syslog");
	assert_int_equal(load_all(names, 2, &cf, &report), 0);
	assert_int_equal(cf->log, CONF_LOG_SYSLOG);
	assert_null(cf->log_file);
	conf_report_fini(&report);
	conf_free(cf);
	put("a.conf", "log json stderr");
	put("b.conf", "log json /b");
	assert_int_equal(load_all(names, 2, &cf, &report), 0);
	assert_int_equal(cf->log, CONF_LOG_FILE);
	assert_string_equal(cf->log_file, "/b");
	conf_report_fini(&report);
	conf_free(cf);
	put("c.conf", "mode limited\n");
	put("b.conf", "mode full\ninclude c.conf\n");
	refuse("b.conf", 1, "duplicate");
	put("a.conf", "profile p { }\nlisten 127.0.0.1:5");
	put("b.conf", "profile p { }\nlisten 127.0.0.1:5");
	assert_int_equal(load_all(names, 2, &cf, &report), -EINVAL);
	assert_int_equal(report.errors_n, 2);
	conf_report_fini(&report);
}

static void a_presets_rules_stand_where_the_preset_says(void **state)
{
	struct strbuf place = STRBUF_INIT;
	const struct conf_rules *r;
	struct conf *cf;

	(void)state;
	put("a.conf", "preset good\nallow a.example\n"
		      "profile p { preset good; allow b.example }");
	cf = load("a.conf");
	assert_int_equal(cf->top.rules_n, 3);
	assert_string_equal(cf->top.rules[0].text, "p.example");
	conf_format_rule_place(cf, &cf->top.rules[1], &place);
	assert_string_equal(place.s, "/presets/p.conf:3");
	r = &conf_profile(cf, "p")->rules;
	assert_int_equal(r->rules_n, 3);
	assert_int_equal(r->rules[1].effect, RULE_DENY);
	assert_string_equal(r->rules[2].text, "b.example");
	strbuf_fini(&place);
	conf_free(cf);
}

static void a_preset_holds_rules_and_nothing_else(void **state)
{
	(void)state;
	put("a.conf", "preset none\nallow a.example");
	refuse("a.conf", 1, "it is not there");
	/* mode, a..b, the brace, profile, include, listen */
	put("a.conf", "preset bad\nallow a.example");
	refuse("a.conf", 6, "cannot stand in a preset");
	put("a.conf", "profile p { preset bad; allow a.example }");
	refuse("a.conf", 6, "stray brace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_include_is_relative_to_its_file),
		cmocka_unit_test(an_error_in_an_include_has_its_own_place),
		cmocka_unit_test(includes_that_cannot_be_are_errors),
		cmocka_unit_test(includes_are_bounded_in_depth_and_number),
		cmocka_unit_test(what_is_no_file_is_refused_without_waiting),
		cmocka_unit_test(a_later_conf_replaces_single_values_only),
		cmocka_unit_test(a_presets_rules_stand_where_the_preset_says),
		cmocka_unit_test(a_preset_holds_rules_and_nothing_else),
	};

	return cmocka_run_group_tests_name("conf_file", tests, folder_make,
					   folder_remove);
}
