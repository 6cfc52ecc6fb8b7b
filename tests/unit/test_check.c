/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_check.c - netleash check, and which conf is taken
 */
#include <errno.h>
#include <fcntl.h>
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

#include "common/fdio.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/check.h"
#include "sandbox/conf_find.h"
#include "sandbox/identity.h"

static char home[] = "/tmp/netleash-check-XXXXXX";
static char conf_path[64], out_path[64], err_path[64];
static char *out, *err;

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Points @fd at a new file. Return: what it was, to be put back. */
static int redirect(int fd, const char *path)
{
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(saved >= 0 && file >= 0);
	assert_int_equal(dup2(file, fd), fd);
	assert_int_equal(close(file), 0);
	return saved;
}

static void put_back(int fd, int saved)
{
	assert_int_equal(dup2(saved, fd), fd);
	assert_int_equal(close(saved), 0);
}

/* Runs check with these words; what it wrote is in @out and @err. */
static int check(const char *a, const char *b)
{
	char verb[] = "check", first[128], second[128];
	char *argv[] = { verb, first, second, NULL };
	int saved_out, saved_err, r;
	size_t n;

	snprintf(first, sizeof(first), "%s", a);
	snprintf(second, sizeof(second), "%s", b ? b : "");
	(void)fflush(NULL);
	saved_out = redirect(1, out_path);
	saved_err = redirect(2, err_path);
	r = check_main(b ? 3 : 2, argv);
	(void)fflush(NULL);
	put_back(1, saved_out);
	put_back(2, saved_err);
	free(out);
	free(err);
	out = err = NULL;
	assert_int_equal(fd_read_file(out_path, 1 << 20, &out, &n), 0);
	assert_int_equal(fd_read_file(err_path, 1 << 20, &err, &n), 0);
	return r;
}

static void a_good_conf_is_printed_as_understood(void **state)
{
	(void)state;
	put(conf_path, "preset github\nallow b.example:22\n");
	assert_int_equal(check(conf_path, NULL), 0);
	assert_string_equal(err, "");
	assert_non_null(strstr(out, "\nmode full\n"));
	assert_non_null(strstr(out, "\nallow github.com\n"));
	assert_non_null(strstr(out, "\nallow b.example:22\n"));
	assert_null(strstr(out, "preset"));
}

static void what_it_prints_is_a_conf_of_the_same_meaning(void **state)
{
	char *first;

	(void)state;
	put(conf_path, "mode limited\nallow a.example\nprofile p { deny b.c }");
	assert_int_equal(check(conf_path, NULL), 0);
	first = strdup(out);
	put(conf_path, out);
	assert_int_equal(check(conf_path, NULL), 0);
	assert_string_equal(out, first);
	free(first);
}

static void errors_go_to_stderr_with_their_place(void **state)
{
	char want[160];

	(void)state;
	put(conf_path, "allow a.example\nalloww b.example\nallow c..d\n");
	assert_int_equal(check(conf_path, NULL), 1);
	assert_string_equal(out, "");
	snprintf(want, sizeof(want), "%s:2:1: unknown directive 'alloww': did",
		 conf_path);
	assert_non_null(strstr(err, want));
	snprintf(want, sizeof(want), "\n%s:3:7: ", conf_path);
	assert_non_null(strstr(err, want));
}

static void a_file_name_cannot_write_to_the_terminal(void **state)
{
	(void)state;
	assert_int_equal(check("/none/\x1b[2J\xc2\x9b\xff", NULL), 1);
	assert_null(strchr(err, '\x1b'));
	assert_non_null(strstr(err, "/none/\\x1b[2J\\xc2\\x9b\\xff: cannot"));
}

static void lists_are_told_with_how_many_names_they_hold(void **state)
{
	char list[80], want[400];

	(void)state;
	snprintf(list, sizeof(list), "%s/block.list", home);
	put(list, "0.0.0.0 a.example b.example\n");
	put(conf_path, "allow-list block.list\nprofile p {\n"
		       "\tdeny-list block.list block.list\n}\n");
	assert_int_equal(check(conf_path, NULL), 0);
	assert_string_equal(err, "");
	snprintf(want, sizeof(want),
		 "\nallow-list %s # 2 names\nprofile p {\n"
		 "\tdeny-list %s # 2 names\n\tdeny-list %s # 2 names\n}\n",
		 list, list, list);
	assert_non_null(strstr(out, want));
	assert_int_equal(check("--json", conf_path), 0);
	snprintf(want, sizeof(want),
		 "\"lists\":[{\"directive\":\"allow-list\",\"file\":\"%s\","
		 "\"profile\":null,\"names\":2},"
		 "{\"directive\":\"deny-list\",\"file\":\"%s\","
		 "\"profile\":\"p\",\"names\":2},",
		 list, list);
	assert_non_null(strstr(out, want));

	put(list, "a.example\nb..example\n");
	assert_int_equal(check(conf_path, NULL), 1);
	snprintf(want, sizeof(want), "%s:2:1: 'b..example' has an empty label",
		 list);
	assert_non_null(strstr(err, want));
	assert_int_equal(unlink(list), 0);
}

static void json_is_one_object_with_everything(void **state)
{
	char want[512];

	(void)state;
	put(conf_path, "mode \"a\\\"\"\n");
	assert_int_equal(check("--json", conf_path), 1);
	assert_string_equal(err, "");
	snprintf(want, sizeof(want),
		 "{\"valid\":false,\"errors\":[{\"file\":\"%s\",\"line\":1,"
		 "\"column\":6,\"word\":\"a\\\"\",\"message\":\"'a\\\"' is no "
		 "mode: expected full or limited\"}],\"warnings\":[],"
		 "\"lists\":[],\"auth\":null}\n",
		 conf_path);
	assert_string_equal(out, want);
	put(conf_path, "allow a.example\n");
	assert_int_equal(check("--json", conf_path), 0);
	assert_string_equal(out,
			    "{\"valid\":true,\"errors\":[],\"warnings\":[],"
			    "\"lists\":[],\"auth\":null}\n");
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void a_warning_is_given_once_whatever_the_profiles(void **state)
{
	(void)state;
	put(conf_path, "allow a.example\nallow b.example a.example\n"
		       "profile p { allow c.example }\n"
		       "profile q { allow d.example }\n");
	assert_int_equal(check(conf_path, NULL), 0);
	assert_int_equal(count(err, "warning: "), 1);
	assert_non_null(strstr(err, ":2:17: warning: "));
	assert_int_equal(check("--json", conf_path), 0);
	assert_int_equal(count(out, "\"message\""), 1);
	assert_non_null(strstr(out, "\"errors\":[],\"warnings\":[{"));
}

/* Of each conf the warnings' words, in order. */
static const struct {
	const char *conf, *words;
} inspected[] = {
	{ "allow a.example\ninspect a.example", "" },
	{ "allow a.example\ninspect b.example", "b.example " },
	{ "inspect a.example", "a.example " },
	{ "allow a.example:8443\ninspect a.example", "a.example " },
	{ "allow a.example:8443\ninspect a.example:8000-9000", "" },
	{ "allow http://a.example\ninspect a.example", "a.example " },
	{ "allow CONNECT a.example\ninspect a.example", "a.example " },
	{ "allow GET https://a.example/x\ninspect a.example", "" },
	{ "allow *\ninspect a.example *.b.example 192.0.2.0/24 192.0.2.1", "" },
	{ "allow *.b.example\ninspect a.b.example **.b.example c.a.b.example "
	  "b.example",
	  "b.example " },
	{ "allow a.b.example\ninspect *.b.example *.c.example *",
	  "*.c.example " },
	{ "allow db?.b.example\ninspect *.b.example db1.b.example x.b.example",
	  "x.b.example " },
	{ "allow 192.0.2.0/24\ninspect 192.0.2.7 192.0.0.0/16 198.51.100.0/24 "
	  "a.example",
	  "198.51.100.0/24 a.example " },
	{ "deny a.example\ninspect a.example", "a.example " },
	/* A profile may cover what stands outside of it. */
	{ "inspect a.example\nprofile p { allow a.example }", "" },
	{ "inspect a.example\nprofile p { allow b.example }\nprofile q { deny "
	  "c.example }",
	  "a.example " },
	{ "allow a.example\nprofile p { inspect a.example b.example }\n"
	  "profile q { allow b.example }",
	  "b.example " },
	{ "allow a.example\ncredential c { from env X; for https://a.example "
	  "https://b.example/x; header y \"{}\" }",
	  "https://b.example/x " },
};

static void what_no_allow_line_covers_cannot_be_inspected(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(inspected); i++) {
		struct strbuf words = STRBUF_INIT;
		const char *at, *end;

		put(conf_path, inspected[i].conf);
		assert_int_equal(check(conf_path, NULL), 0);
		for (at = err; (at = strstr(at, "warning: '")); at = end) {
			at += strlen("warning: '");
			end = strchr(at, '\'');
			assert_non_null(end);
			strbuf_add(&words, at, (size_t)(end - at));
			strbuf_addc(&words, ' ');
			assert_memory_equal(end, "': no allow line", 16);
		}
		if (strcmp(words.s ? words.s : "", inspected[i].words) != 0)
			fail_msg("%s\n%s", inspected[i].conf, err);
		strbuf_fini(&words);
	}
}

static void a_list_of_names_covers_what_it_has(void **state)
{
	char list[80];

	(void)state;
	snprintf(list, sizeof(list), "%s/allow.list", home);
	put(list, "a.example\n");
	put(conf_path, "allow-list allow.list\ninspect a.example *.b.example "
		       "b.example a.example:8443\n");
	assert_int_equal(check(conf_path, NULL), 0);
	assert_int_equal(count(err, "warning: "), 2);
	assert_non_null(strstr(err, "'b.example': no allow"));
	assert_non_null(strstr(err, "'a.example:8443': no allow"));
	assert_int_equal(unlink(list), 0);
}

static void a_wrong_word_is_exit_1_and_the_usage(void **state)
{
	(void)state;
	assert_int_equal(check("--jsn", NULL), 1);
	assert_non_null(strstr(err, "unknown option '--jsn'"));
	assert_int_equal(check(conf_path, conf_path), 1);
	assert_int_equal(check("", NULL), 1);
	assert_int_equal(check("--", "--json"), 1);
	assert_non_null(strstr(err, "--json: cannot be read"));
	assert_int_equal(check("--help", NULL), 0);
	assert_non_null(strstr(out, "usage: netleash check"));
}

/* A test of the user's conf needs to know what the system's one adds. */
static int load_for(const char *dir, const char *named, struct conf **ret,
		    struct conf_report *report)
{
	char copy[128];
	const struct caller caller = { .uid = getuid(),
				       .gid = getgid(),
				       .home = copy };

	*ret = NULL;
	snprintf(copy, sizeof(copy), "%s", dir);
	return conf_find_load(named, &caller, CONF_AUTH_PASS, ret, report);
}

static bool has_rule(const struct conf *cf, const char *text)
{
	for (size_t i = 0; i < cf->top.rules_n; i++)
		if (strcmp(cf->top.rules[i].text, text) == 0)
			return true;
	return false;
}

static void the_users_conf_counts_unless_one_is_named(void **state)
{
	struct conf_report report;
	struct conf *cf;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/%s", home, CONF_FIND_USER);
	put(path, "allow user.test.example\n");
	put(conf_path, "allow named.test.example\n");
	assert_int_equal(load_for(home, NULL, &cf, &report), 0);
	assert_true(has_rule(cf, "user.test.example"));
	conf_report_fini(&report);
	conf_free(cf);
	assert_int_equal(load_for(home, conf_path, &cf, &report), 0);
	assert_int_equal(cf->top.rules_n, 1);
	assert_true(has_rule(cf, "named.test.example"));
	conf_report_fini(&report);
	conf_free(cf);
}

static void a_missing_conf_is_fine_only_when_not_named(void **state)
{
	static const char *const homes[] = { "/nonexistent", "", "relative",
					     "/etc/passwd" };
	struct conf_report report;
	struct conf *cf;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
		assert_int_equal(load_for(homes[i], NULL, &cf, &report), 0);
		conf_report_fini(&report);
		conf_free(cf);
	}
	assert_int_equal(load_for(home, "/nonexistent", &cf, &report), -EINVAL);
	assert_string_equal(report.errors[0].file, "/nonexistent");
	conf_report_fini(&report);
}

static void a_pipe_in_the_users_place_is_refused_at_once(void **state)
{
	struct conf_report report;
	struct conf *cf;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/%s", home, CONF_FIND_USER);
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load_for(home, NULL, &cf, &report), -EINVAL);
	assert_non_null(strstr(report.errors[0].text, "not a regular file"));
	conf_report_fini(&report);
	assert_int_equal(unlink(path), 0);
}

static int set_up(void **state)
{
	char dir[128];

	(void)state;
	if (!mkdtemp(home))
		return -1;
	snprintf(conf_path, sizeof(conf_path), "%s/t.conf", home);
	snprintf(out_path, sizeof(out_path), "%s/out", home);
	snprintf(err_path, sizeof(err_path), "%s/err", home);
	snprintf(dir, sizeof(dir), "%s/.config", home);
	if (mkdir(dir, 0755) < 0)
		return -1;
	snprintf(dir, sizeof(dir), "%s/.config/netleash", home);
	return mkdir(dir, 0755);
}

static int tear_down(void **state)
{
	char dir[128];

	(void)state;
	free(out);
	free(err);
	(void)unlink(conf_path);
	(void)unlink(out_path);
	(void)unlink(err_path);
	snprintf(dir, sizeof(dir), "%s/.config/netleash", home);
	(void)rmdir(dir);
	snprintf(dir, sizeof(dir), "%s/.config", home);
	(void)rmdir(dir);
	return rmdir(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_conf_is_printed_as_understood),
		cmocka_unit_test(what_it_prints_is_a_conf_of_the_same_meaning),
		cmocka_unit_test(errors_go_to_stderr_with_their_place),
		cmocka_unit_test(a_file_name_cannot_write_to_the_terminal),
		cmocka_unit_test(lists_are_told_with_how_many_names_they_hold),
		cmocka_unit_test(json_is_one_object_with_everything),
		cmocka_unit_test(a_warning_is_given_once_whatever_the_profiles),
		cmocka_unit_test(what_no_allow_line_covers_cannot_be_inspected),
		cmocka_unit_test(a_list_of_names_covers_what_it_has),
		cmocka_unit_test(a_wrong_word_is_exit_1_and_the_usage),
		cmocka_unit_test(the_users_conf_counts_unless_one_is_named),
		cmocka_unit_test(a_missing_conf_is_fine_only_when_not_named),
		cmocka_unit_test(a_pipe_in_the_users_place_is_refused_at_once),
	};

	return cmocka_run_group_tests_name("check", tests, set_up, tear_down);
}
