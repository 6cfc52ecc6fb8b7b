/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_auth.c - `auth`, with real files, and what needs it
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
#include "common/conf_pack.h"
#include "common/macros.h"
#include "tests/unit/folder.h"
#include "tests/unit/users.h"

static uid_t conf_owner = (uid_t)-1; /* ours */

static int load(const char *text, enum conf_auth_want want, struct conf **ret,
		struct conf_report *report)
{
	const struct conf_opts opts = { .auth = want };
	char path[128];
	const char *word = path_of("conf", path);

	put_mode("conf", text, 0644);
	assert_int_equal(chown(word, conf_owner, conf_owner), 0);
	*ret = NULL;
	return conf_load(&word, 1, &opts, ret, report);
}

static struct conf *load_good(const char *text, enum conf_auth_want want)
{
	struct conf_report report;
	struct conf *cf;

	if (load(text, want, &cf, &report) < 0)
		fail_msg("%s: %s", text, report.errors[0].text);
	conf_report_fini(&report);
	return cf;
}

static void whoever_serves_reads_the_file_and_nobody_else_needs_to(void **state)
{
	struct conf *cf;
	char want[200];
	struct strbuf out = STRBUF_INIT;

	(void)state;
	put_mode("users", "alice:" ABC "\nbob:" ABC "\n", 0640);
	cf = load_good("auth users\nlisten 192.0.2.1:3128 [2001:db8::1]:0\n",
		       CONF_AUTH_NEED);
	assert_true(cf->auth.read);
	assert_int_equal(cf->auth.users.n, 2);
	assert_true(conf_listens_are_guarded(cf));
	conf_dump(cf, &out);
	(void)snprintf(want, sizeof(want), "\nauth %s/users # 2 users\n",
		       folder);
	assert_non_null(strstr(out.s, want));
	conf_free(cf);

	cf = load_good("auth none\nlisten 192.0.2.1:3128\n", CONF_AUTH_PASS);
	assert_false(cf->auth.read);
	strbuf_reset(&out);
	conf_dump(cf, &out);
	(void)snprintf(want, sizeof(want), "\nauth %s/none\n", folder);
	assert_non_null(strstr(out.s, want));
	conf_free(cf);
	strbuf_fini(&out);
}

static void check_error(const char *conf, const char *file, uint32_t line,
			uint32_t column, const char *part)
{
	struct conf_report report;
	struct conf *cf;
	char path[128];

	assert_int_equal(load(conf, CONF_AUTH_NEED, &cf, &report), -EINVAL);
	assert_string_equal(report.errors[0].file, path_of(file, path));
	assert_int_equal(report.errors[0].line, line);
	assert_int_equal(report.errors[0].column, column);
	if (!strstr(report.errors[0].text, part))
		fail_msg("'%s' is not in: %s", part, report.errors[0].text);
	conf_report_fini(&report);
}

static void a_file_that_is_no_good_is_an_error_with_its_place(void **state)
{
	static const struct {
		mode_t mode;
		const char *part;
	} modes[] = {
		{ 0602, "can be written by others" },
		{ 0620, "can be written by others" },
		{ 0604, "can be read by everybody" },
	};
	char *big = calloc(1, AUTH_FILE_MAX + 2);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		put_mode("users", "alice:" ABC "\n", modes[i].mode);
		check_error("allow *\nauth users\n", "conf", 2, 6,
			    modes[i].part);
	}
	put_mode("users", "# x\nalice:hunter2\n", 0600);
	check_error("auth users\n", "users", 2, 7, "64 hex digits");
	check_error("auth nosuch\n", "conf", 1, 6, "cannot be read");
	check_error("auth .\n", "conf", 1, 6, "is a folder");
	check_error("auth \"\"\n", "conf", 1, 6, "expected the path");
	check_error("auth users users\n", "conf", 1, 12, "more than 'auth'");
	check_error("profile p { auth users }\n", "conf", 1, 13,
		    "cannot stand in a profile");
	put_mode("users", "alice:" ABC "\n", 0600);
	check_error("auth users\nauth users\n", "conf", 2, 6, "duplicate");
	assert_non_null(big);
	memset(big, '\n', AUTH_FILE_MAX + 1);
	put_mode("users", big, 0600);
	check_error("auth users\n", "conf", 1, 6, "is bigger than 256 KiB");
	free(big);
}

static void a_file_of_somebody_else_is_not_taken(void **state)
{
	char path[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	put_mode("users", "alice:" ABC "\n", 0600);
	assert_int_equal(chown(path_of("users", path), 65534, 65534), 0);
	check_error("auth users\n", "conf", 1, 6, "belongs to another user");
	/* But where the conf is his, so may be the file. */
	put_mode("users", "alice:" ABC "\n", 0600);
	assert_int_equal(chown(path_of("users", path), 65534, 65534), 0);
	conf_owner = 65534;
	conf_free(load_good("auth users\n", CONF_AUTH_NEED));
	conf_owner = (uid_t)-1;
}

static void a_file_without_users_is_a_warning_and_lets_nobody_in(void **state)
{
	struct conf_report report;
	struct conf *cf;

	(void)state;
	put_mode("users", "# nobody\n", 0600);
	assert_int_equal(load("auth users\n", CONF_AUTH_NEED, &cf, &report), 0);
	assert_int_equal(report.warnings_n, 1);
	assert_true(cf->auth.read);
	conf_report_fini(&report);
	conf_free(cf);
}

static void a_listener_beyond_loopback_needs_it(void **state)
{
	static const struct {
		const char *conf;
		uint32_t line, column;
	} cases[] = {
		{ "allow *\nlisten 127.0.0.1:1 192.0.2.1:3128\n", 2, 20 },
		{ "listen 0.0.0.0:3128\n", 1, 8 },
		{ "listen [::]:3128\n", 1, 8 },
		{ "listen [fd77::2]:1\n", 1, 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_error(cases[i].conf, "conf", cases[i].line,
			    cases[i].column, "is not a loopback address");
	put_mode("users", "alice:" ABC "\n", 0600);
	/* Whatever comes first. */
	conf_free(
		load_good("listen 0.0.0.0:3128\nauth users\n", CONF_AUTH_NEED));
	conf_free(load_good("listen 127.9.9.9:3128 [::1]:1\n", CONF_AUTH_NEED));
}

static void it_goes_to_another_process_whole(void **state)
{
	struct strbuf bytes = STRBUF_INIT, a = STRBUF_INIT, b = STRBUF_INIT;
	struct conf_report report;
	struct conf *cf, *other;

	(void)state;
	put_mode("users", "alice:" ABC "\nbob:" ABC "\n", 0600);
	cf = load_good("auth users\nlisten 192.0.2.1:3128\nallow a.example\n",
		       CONF_AUTH_NEED);
	conf_pack(cf, &bytes);
	assert_int_equal(conf_unpack(bytes.s, bytes.len, &other, &report), 0);
	conf_report_fini(&report);
	conf_dump(cf, &a);
	conf_dump(other, &b);
	assert_string_equal(a.s, b.s);
	assert_true(other->auth.read);
	assert_int_equal(other->auth.users.n, 2);
	assert_memory_equal(other->auth.users.v, cf->auth.users.v,
			    2 * sizeof(*cf->auth.users.v));
	conf_free(other);
	for (size_t n = 0; n < bytes.len; n++) {
		char *cut = malloc(n > 0 ? n : 1);

		assert_non_null(cut);
		memcpy(cut, bytes.s, n);
		assert_true(conf_unpack(cut, n, &other, &report) < 0);
		conf_report_fini(&report);
		free(cut);
	}
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.s[i] ^= 0x55;
		if (conf_unpack(bytes.s, bytes.len, &other, &report) == 0) {
			assert_true(conf_listens_are_guarded(other));
			conf_free(other);
		}
		conf_report_fini(&report);
		bytes.s[i] ^= 0x55;
	}
	conf_free(cf);
	strbuf_fini(&bytes);
	strbuf_fini(&a);
	strbuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			whoever_serves_reads_the_file_and_nobody_else_needs_to),
		cmocka_unit_test(
			a_file_that_is_no_good_is_an_error_with_its_place),
		cmocka_unit_test(a_file_of_somebody_else_is_not_taken),
		cmocka_unit_test(
			a_file_without_users_is_a_warning_and_lets_nobody_in),
		cmocka_unit_test(a_listener_beyond_loopback_needs_it),
		cmocka_unit_test(it_goes_to_another_process_whole),
	};

	return cmocka_run_group_tests_name("conf_auth", tests, folder_make,
					   folder_remove);
}
