/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_list.c - allow-list and deny-list, with real files
 */
#include <errno.h>
#include <inttypes.h>
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
#include "common/conf_pack.h"
#include "proxy/policy.h"
#include "tests/unit/folder.h"

static int load(const char *text, struct conf **ret, struct conf_report *report)
{
	char path[128];
	const char *word = path_of("conf", path);

	put("conf", text);
	*ret = NULL;
	return conf_load(&word, 1, NULL, ret, report);
}

static struct conf *load_good(const char *text)
{
	struct conf_report report;
	struct conf *cf;
	int r = load(text, &cf, &report);

	if (r < 0)
		fail_msg("%s: %s", text, report.errors[0].text);
	conf_report_fini(&report);
	return cf;
}

/* "FILE:LINE: WORD", or "-", and the reason. */
static void check(const struct conf *cf, const char *profile, const char *word,
		  const char *want)
{
	struct strbuf out = STRBUF_INIT;
	struct request rq = { .method = METHOD_CONNECT };
	struct policy *p;
	struct decision d;
	char *at;
	size_t n;

	assert_int_equal(policy_new(cf, profile, &p), 0);
	assert_int_equal(
		target_parse_authority(word, strlen(word), &rq.target, NULL),
		TARGET_OK);
	d = policy_check_request(p, &rq);
	strbuf_addf(&out, "%s ", reason_name(d.reason));
	if (d.rule) {
		policy_place(p, &d, &out);
		/* The folder's name is another one each time. */
		at = strstr(out.s, folder);
		assert_non_null(at);
		n = strlen(folder) + 1;
		memmove(at, at + n, strlen(at + n) + 1);
		out.len -= n;
		strbuf_adds(&out, " ");
		policy_word(&d, &out);
	}
	assert_string_equal(out.s, want);
	strbuf_fini(&out);
	policy_free(p);
}

static const char both[] = "allow *\n"
			   "deny-list block.txt\n"
			   "profile p { deny x.example; deny-list more.txt }\n"
			   "profile q { mode limited }\n";

static void put_both(void)
{
	put("block.txt", "# hosts\n127.0.0.1 localhost\n"
			 "0.0.0.0 Ads.Example. b.example\n");
	put("more.txt", "*.c.example\n.d.example\nx.example\n");
}

static void a_deny_list_denies_on_every_port_and_names_its_line(void **state)
{
	struct conf *cf;

	(void)state;
	put_both();
	cf = load_good(both);
	check(cf, NULL, "ads.example:443", "denied block.txt:3 ads.example");
	check(cf, NULL, "ads.example:25", "denied block.txt:3 ads.example");
	check(cf, NULL, "x.ads.example:443", "allowed conf:1 *");
	check(cf, NULL, "localhost:80", "allowed conf:1 *");
	check(cf, NULL, "a.c.example:80", "allowed conf:1 *");
	check(cf, "p", "ads.example:443", "denied block.txt:3 ads.example");
	check(cf, "p", "a.c.example:80", "denied more.txt:1 *.c.example");
	check(cf, "p", "d.example:80", "denied more.txt:2 **.d.example");
	check(cf, "p", "x.example:80", "denied conf:3 x.example");
	check(cf, "p", "c.example:80", "allowed conf:1 *");
	conf_free(cf);
}

static void an_allow_list_allows_80_and_443(void **state)
{
	struct policy *p;
	struct conf *cf;

	(void)state;
	put("ok.txt", "a.example\n*.b.example\n");
	put("none.txt", "# nothing\n");
	cf = load_good("allow-list ok.txt\ndeny evil.b.example\n"
		       "deny-list none.txt\n");
	check(cf, NULL, "a.example:443", "allowed ok.txt:1 a.example");
	check(cf, NULL, "a.example:80", "allowed ok.txt:1 a.example");
	check(cf, NULL, "a.example:22", "port ok.txt:1 a.example");
	check(cf, NULL, "q.b.example:443", "allowed ok.txt:2 *.b.example");
	check(cf, NULL, "b.example:443", "not-allowed ");
	check(cf, NULL, "evil.b.example:443", "denied conf:2 evil.b.example");
	check(cf, NULL, "192.0.2.1:443", "not-allowed ");
	assert_int_equal(policy_new(cf, NULL, &p), 0);
	assert_true(policy_has_allow(p));
	policy_free(p);
	conf_free(cf);

	cf = load_good("allow-list none.txt\ndeny-list ok.txt");
	assert_int_equal(policy_new(cf, NULL, &p), 0);
	assert_false(policy_has_allow(p));
	policy_free(p);
	conf_free(cf);
}

/* What a rule of the conf says in more detail holds for a list's name too. */
static void narrow_rules_narrow_the_names_of_a_list(void **state)
{
	struct conf *cf;

	(void)state;
	put("ok.txt", "a.example\nb.example\n");
	cf = load_good("allow-list ok.txt\nallow GET a.example\n");
	check(cf, NULL, "b.example:443", "allowed ok.txt:2 b.example");
	check(cf, NULL, "a.example:443",
	      "inspection-required conf:2 a.example");
	conf_free(cf);
}

static void a_list_is_looked_for_beside_the_file_that_names_it(void **state)
{
	char path[128], absolute[200];
	struct conf *cf;

	(void)state;
	(void)mkdir(path_of("sub", path), 0700);
	put("block.txt", "outer.example\n");
	put("sub/block.txt", "inner.example\n");
	put("sub/inc", "deny-list block.txt\n");
	cf = load_good("allow *\ninclude sub/inc\n");
	check(cf, NULL, "outer.example:80", "allowed conf:1 *");
	check(cf, NULL, "inner.example:80",
	      "denied sub/block.txt:1 inner.example");
	conf_free(cf);
	(void)snprintf(absolute, sizeof(absolute), "allow *\ndeny-list %s\n",
		       path_of("block.txt", path));
	cf = load_good(absolute);
	check(cf, NULL, "outer.example:80", "denied block.txt:1 outer.example");
	conf_free(cf);
	(void)unlink(path_of("sub/block.txt", path));
	(void)unlink(path_of("sub/inc", path));
}

static void an_empty_list_is_a_warning(void **state)
{
	struct conf_report report;
	struct conf *cf;

	(void)state;
	put("none.txt", "\n# nothing\n");
	assert_int_equal(load("deny-list none.txt", &cf, &report), 0);
	assert_int_equal(report.warnings_n, 1);
	assert_non_null(strstr(report.warnings[0].file, "none.txt"));
	conf_report_fini(&report);
	conf_free(cf);
}

static void what_is_wrong_with_a_list_or_its_file(void **state)
{
	static const struct {
		const char *text, *file;
		uint32_t line, column;
		const char *why;
	} cases[] = {
		{ "deny-list", "conf", 1, 1, "needs a value" },
		{ "deny-list \"\"", "conf", 1, 11, "path of a file" },
		{ "deny-list not.there", "conf", 1, 11, "No such file" },
		{ "deny-list sub", "conf", 1, 11, "is a folder" },
		{ "deny-list fifo", "conf", 1, 11, "not a regular file" },
		{ "deny-list /dev/zero", "conf", 1, 11, "not a regular file" },
		{ "deny-list *.txt", "conf", 1, 11, "No such file" },
		{ "allow-list bad.txt", "bad.txt", 2, 9, "'x..y' has an" },
		{ "profile p { deny-list bad.txt }", "bad.txt", 2, 9,
		  "'x..y'" },
		{ "profile - { deny-list ok.txt }", "conf", 1, 9, "no name" },
	};
	char path[128];

	(void)state;
	put("ok.txt", "a.example\n");
	put("bad.txt", "a.example\n0.0.0.0 x..y\n");
	(void)mkdir(path_of("sub", path), 0700);
	(void)mkfifo(path_of("fifo", path), 0600);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct conf_message *m;
		struct conf_report report;
		struct conf *cf;

		assert_int_equal(load(cases[i].text, &cf, &report), -EINVAL);
		m = &report.errors[0];
		if (!strstr(m->text, cases[i].why))
			fail_msg("%s: %s", cases[i].text, m->text);
		assert_string_equal(m->file, path_of(cases[i].file, path));
		assert_int_equal(m->line, cases[i].line);
		assert_int_equal(m->column, cases[i].column);
		conf_report_fini(&report);
	}
}

static void a_list_full_of_nonsense_is_told_in_twenty_lines(void **state)
{
	struct strbuf text = STRBUF_INIT;
	struct conf_report report;
	struct conf *cf;

	(void)state;
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&text, "||ads.example^\n");
	put("bad.txt", text.s);
	assert_int_equal(load("deny-list bad.txt", &cf, &report), -EINVAL);
	assert_int_equal(report.errors_n, NAME_LIST_TOLD_MAX + 1);
	assert_int_equal(report.errors[19].line, 20);
	assert_int_equal(report.errors[20].line, 0);
	assert_non_null(strstr(report.errors[20].text, "5000 lines are wrong"));
	conf_report_fini(&report);
	strbuf_fini(&text);
}

/* A dump names the file absolutely; packed bytes need no file at all. */
static void a_conf_with_lists_goes_out_and_comes_in_again(void **state)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT, bytes = STRBUF_INIT;
	struct conf_report report;
	struct conf *cf, *other;
	char path[128], line[200];

	(void)state;
	put_both();
	cf = load_good(both);
	conf_dump(cf, &a);
	(void)snprintf(line, sizeof(line), "\ndeny-list %s # 2 names\n",
		       path_of("block.txt", path));
	assert_non_null(strstr(a.s, line));
	(void)snprintf(line, sizeof(line), "\n\tdeny-list %s # 3 names\n",
		       path_of("more.txt", path));
	assert_non_null(strstr(a.s, line));
	assert_int_equal(
		conf_parse("elsewhere", a.s, a.len, NULL, &other, &report), 0);
	conf_report_fini(&report);
	conf_dump(other, &b);
	assert_string_equal(a.s, b.s);
	conf_free(other);
	strbuf_fini(&b);

	conf_pack(cf, &bytes);
	assert_int_equal(unlink(path_of("block.txt", path)), 0);
	assert_int_equal(unlink(path_of("more.txt", path)), 0);
	assert_int_equal(conf_unpack(bytes.s, bytes.len, &other, &report), 0);
	conf_report_fini(&report);
	conf_dump(other, &b);
	assert_string_equal(a.s, b.s);
	check(other, NULL, "b.example:443", "denied block.txt:3 b.example");
	check(other, "p", "y.d.example:1", "denied more.txt:2 **.d.example");
	check(other, "q", "y.d.example:80", "inspection-required ");
	conf_free(other);
	conf_free(cf);
	strbuf_fini(&a);
	strbuf_fini(&b);
	strbuf_fini(&bytes);
}

static void packed_lists_that_are_cut_or_changed_are_refused(void **state)
{
	struct strbuf bytes = STRBUF_INIT;
	struct conf_report report;
	struct conf *cf, *other;

	(void)state;
	put_both();
	cf = load_good(both);
	conf_pack(cf, &bytes);
	for (size_t n = 0; n < bytes.len; n++) {
		/* Of its own size, so that a sanitizer sees the end. */
		char *cut = malloc(n + 1);

		memcpy(cut, bytes.s, n);
		assert_true(conf_unpack(cut, n, &other, &report) < 0);
		conf_report_fini(&report);
		free(cut);
	}
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.s[i] ^= 0x55;
		if (conf_unpack(bytes.s, bytes.len, &other, &report) == 0)
			conf_free(other);
		conf_report_fini(&report);
		bytes.s[i] ^= 0x55;
	}
	conf_free(cf);
	strbuf_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_deny_list_denies_on_every_port_and_names_its_line),
		cmocka_unit_test(an_allow_list_allows_80_and_443),
		cmocka_unit_test(narrow_rules_narrow_the_names_of_a_list),
		cmocka_unit_test(
			a_list_is_looked_for_beside_the_file_that_names_it),
		cmocka_unit_test(an_empty_list_is_a_warning),
		cmocka_unit_test(what_is_wrong_with_a_list_or_its_file),
		cmocka_unit_test(
			a_list_full_of_nonsense_is_told_in_twenty_lines),
		cmocka_unit_test(a_conf_with_lists_goes_out_and_comes_in_again),
		cmocka_unit_test(
			packed_lists_that_are_cut_or_changed_are_refused),
	};

	return cmocka_run_group_tests_name("conf_list", tests, folder_make,
					   folder_remove);
}
