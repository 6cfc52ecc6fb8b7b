/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_credential.c - secrets are read, and what stands for them
 */
#include "sandbox/credential.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/conf_credential.h"
#include "common/macros.h"
#include "sandbox/identity.h"

#define OTHER_UID 12345

static char folder[] = "/tmp/netleash-credential-XXXXXX";
static char path[64];

static const char *const env[] = {
	"EMPTY=",	    "TOKEN=ghp_s3cr3t-7", "LINES=s3cr3t-7\nb",
	"TOKEN=second",	    "NEWLINE=s3cr3t-7\n", "PATH=/nonexistent",
	"HOME=/nowhere",    "EXTRA=passes",	  "SEVEN=s3cr3t-",
	"EIGHT=s3cr3t-8",   "SHORT=s3cr3t\n",	  "BLANK= ",
	"BEFORE= s3cr3t-7", "BEHIND=s3cr3t-7 \n", "INSIDE=s3cr3t 7",
	"TWO=s3cr3t-7\n\n", "TAB=\ts3cr3t-7",	  NULL
};

static void put(const char *text, mode_t mode)
{
	FILE *f;

	(void)unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int read_as(uid_t uid, enum conf_from from, const char *const *words,
		   int limit_ms, struct secret *ret, char *error)
{
	char name[] = "test", *copy[8] = { NULL };
	const struct conf_credential c = { .name = name,
					   .from = from,
					   .words = copy };
	const struct caller caller = { .uid = uid, .gid = uid, .home = folder };
	size_t n = 0;
	int r;

	for (; words[n]; n++)
		copy[n] = strdup(words[n]);
	r = credential_read(&c, &caller, env, limit_ms, ret, error);
	while (n-- > 0)
		free(copy[n]);
	return r;
}

/* @says: NULL: the secret is @want. */
static const struct {
	enum conf_from from;
	const char *words[4];
	const char *want, *says;
} reads[] = {
	{ CONF_FROM_ENV, { "TOKEN" }, "ghp_s3cr3t-7", NULL },
	{ CONF_FROM_ENV, { "NEWLINE" }, "s3cr3t-7", NULL },
	{ CONF_FROM_ENV, { "TOKE" }, NULL, "the variable TOKE is not set" },
	{ CONF_FROM_ENV, { "EMPTY" }, NULL, "EMPTY gives nothing" },
	{ CONF_FROM_ENV, { "LINES" }, NULL, "more than one line" },
	{ CONF_FROM_ENV, { "TWO" }, NULL, "more than one line" },
	{ CONF_FROM_ENV, { "TAB" }, NULL, "control byte" },
	{ CONF_FROM_ENV, { "SEVEN" }, NULL, "fewer than 8 bytes" },
	{ CONF_FROM_ENV, { "SHORT" }, NULL, "fewer than 8 bytes" },
	{ CONF_FROM_ENV, { "EIGHT" }, "s3cr3t-8", NULL },
	{ CONF_FROM_ENV, { "BLANK" }, NULL, "begins or ends with a blank" },
	{ CONF_FROM_ENV, { "BEFORE" }, NULL, "begins or ends with a blank" },
	{ CONF_FROM_ENV, { "BEHIND" }, NULL, "begins or ends with a blank" },
	{ CONF_FROM_ENV, { "INSIDE" }, "s3cr3t 7", NULL },
	{ CONF_FROM_COMMAND, { "printf", "s3cr3t-7" }, "s3cr3t-7", NULL },
	{ CONF_FROM_COMMAND, { "echo", "s3cr3t-7" }, "s3cr3t-7", NULL },
	{ CONF_FROM_COMMAND,
	  { "/bin/sh", "-c", "echo $HOME; echo no >&2" },
	  folder,
	  NULL },
	{ CONF_FROM_COMMAND,
	  { "sh", "-c", "echo \"runs in $PWD\"; test $EXTRA = passes" },
	  "runs in /",
	  NULL },
	{ CONF_FROM_COMMAND,
	  { "sh", "-c", "echo $PATH" },
	  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	  NULL },
	{ CONF_FROM_COMMAND, { "cat" }, NULL, "cat gives nothing" },
	{ CONF_FROM_COMMAND,
	  { "sh", "-c", "echo s3cr3t-7; exit 3" },
	  NULL,
	  "exits with status 3" },
	{ CONF_FROM_COMMAND,
	  { "sh", "-c", "echo s3cr3t-7; kill -9 $$" },
	  NULL,
	  "signal 9" },
	{ CONF_FROM_COMMAND,
	  { "sh", "-c", "echo s3cr3t-7; echo" },
	  NULL,
	  "more than one line" },
	{ CONF_FROM_COMMAND,
	  { "printf", "s3\\000cr3t-7" },
	  NULL,
	  "control byte" },
	{ CONF_FROM_COMMAND,
	  { "printf", "s3cr3t-7\\r\\n" },
	  NULL,
	  "control byte" },
	{ CONF_FROM_COMMAND, { "yes", "s3cr3t-7" }, NULL, "more than 8192" },
	{ CONF_FROM_COMMAND, { "netleash-none-such" }, NULL, "is not in /usr" },
	{ CONF_FROM_COMMAND, { "/none/such" }, NULL, "status 127" },
	{ CONF_FROM_FILE, { "/none/such" }, NULL, "No such file" },
	{ CONF_FROM_FILE, { "/dev/null" }, NULL, "no regular file" },
	{ CONF_FROM_FILE, { "/" }, NULL, "no regular file" },
	{ CONF_FROM_FILE, { "~/f" }, "s3cr3t-7", NULL },
};

static void the_value_comes_whole_or_not_at_all(void **state)
{
	(void)state;
	put("s3cr3t-7\n", 0600);
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		char error[CREDENTIAL_ERROR_MAX];
		struct secret s;
		int r;

		r = read_as(getuid(), reads[i].from, reads[i].words,
			    CREDENTIAL_LIMIT_MS, &s, error);
		if ((r == 0) != (reads[i].want != NULL))
			fail_msg("%s: %d %s", reads[i].words[0], r, error);
		if (r == 0) {
			assert_string_equal(s.s, reads[i].want);
			assert_int_equal(s.n, strlen(reads[i].want));
			assert_string_equal(error, "");
		} else {
			assert_null(s.s);
			assert_non_null(strstr(error, "credential 'test': "));
			if (!strstr(error, reads[i].says) ||
			    strstr(error, "s3cr3t"))
				fail_msg("%s", error);
		}
		secret_fini(&s);
	}
}

static void a_command_has_its_time_and_no_more(void **state)
{
	static const char *const words[] = { "sh", "-c",
					     "echo s3cr3t-7; sleep 60", NULL };
	char error[CREDENTIAL_ERROR_MAX];
	uint64_t start = clock_ms();
	struct secret s;

	(void)state;
	assert_int_equal(
		read_as(getuid(), CONF_FROM_COMMAND, words, 1000, &s, error),
		-ETIMEDOUT);
	assert_non_null(strstr(error, "longer than 1 s"));
	assert_true(clock_ms() - start < 20000);
}

static void a_failed_command_is_seen_where_its_signal_is_ignored(void **state)
{
	static const char *const words[] = { "sh", "-c", "echo x; exit 1",
					     NULL };
	const struct sigaction ign = { .sa_handler = SIG_IGN };
	char error[CREDENTIAL_ERROR_MAX];
	struct sigaction was, now;
	struct secret s;

	(void)state;
	assert_int_equal(sigaction(SIGCHLD, &ign, &was), 0);
	assert_int_equal(read_as(getuid(), CONF_FROM_COMMAND, words,
				 CREDENTIAL_LIMIT_MS, &s, error),
			 -EIO);
	assert_int_equal(sigaction(SIGCHLD, &was, &now), 0);
	assert_true(now.sa_handler == SIG_IGN);
}

static void root_reads_and_runs_as_the_caller(void **state)
{
	static const char *const words[] = { "sh", "-c", "echo is uid $(id -u)",
					     NULL };
	static const char *const file[] = { "~/f", NULL };
	char error[CREDENTIAL_ERROR_MAX];
	struct secret s;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(read_as(OTHER_UID, CONF_FROM_COMMAND, words,
				 CREDENTIAL_LIMIT_MS, &s, error),
			 0);
	assert_string_equal(s.s, "is uid 12345");
	secret_fini(&s);
	put("s3cr3t-7", 0600);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(read_as(OTHER_UID, CONF_FROM_FILE, file,
				 CREDENTIAL_LIMIT_MS, &s, error),
			 -EIO);
	assert_non_null(strstr(error, "Permission denied"));
	assert_int_equal(chown(path, OTHER_UID, OTHER_UID), 0);
	assert_int_equal(read_as(OTHER_UID, CONF_FROM_FILE, file,
				 CREDENTIAL_LIMIT_MS, &s, error),
			 0);
	secret_fini(&s);
}

static void a_secret_has_8192_bytes_at_most(void **state)
{
	static const char *const file[] = { "~/f", NULL };
	char error[CREDENTIAL_ERROR_MAX], *text = malloc(8194);
	struct secret s;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 8193);
	text[8193] = '\0';
	put(text, 0600);
	assert_int_equal(read_as(getuid(), CONF_FROM_FILE, file,
				 CREDENTIAL_LIMIT_MS, &s, error),
			 -EFBIG);
	text[8192] = '\0';
	put(text, 0600);
	assert_int_equal(read_as(getuid(), CONF_FROM_FILE, file,
				 CREDENTIAL_LIMIT_MS, &s, error),
			 0);
	assert_int_equal(s.n, 8192);
	secret_fini(&s);
	assert_null(s.s);
	secret_fini(&s);
	free(text);
}

static void a_placeholder_has_the_shape_and_nothing_else(void **state)
{
	char text[] = "ghp_aB3-aB3_aB3.aB3/aB3+";
	struct secret s = { text, strlen(text) }, a, b;

	(void)state;
	assert_int_equal(credential_placeholder(&s, &a), 0);
	assert_int_equal(credential_placeholder(&s, &b), 0);
	assert_string_not_equal(a.s, text);
	assert_string_not_equal(a.s, b.s);
	assert_int_equal(a.n, s.n);
	assert_int_equal(strlen(a.s), s.n);
	assert_memory_equal(a.s, "ghp_", 4);
	for (size_t i = 4; i < s.n; i++) {
		bool lower = a.s[i] >= 'a' && a.s[i] <= 'z';
		bool upper = a.s[i] >= 'A' && a.s[i] <= 'Z';
		bool digit = a.s[i] >= '0' && a.s[i] <= '9';

		switch (text[i]) {
		case 'a':
			assert_true(lower);
			break;
		case 'B':
			assert_true(upper);
			break;
		case '3':
			assert_true(digit);
			break;
		default:
			assert_int_equal(a.s[i], text[i]);
		}
	}
	secret_fini(&a);
	secret_fini(&b);
}

static void a_secret_that_stands_anywhere_by_chance_has_none(void **state)
{
	static const char *const texts[] = { "", "hunter2", "ghp_12345678901",
					     "----------------------" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct secret s = { strdup(texts[i]), strlen(texts[i]) }, p;

		assert_int_equal(credential_placeholder(&s, &p), -EINVAL);
		secret_fini(&s);
	}
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/f", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_value_comes_whole_or_not_at_all),
		cmocka_unit_test(a_command_has_its_time_and_no_more),
		cmocka_unit_test(
			a_failed_command_is_seen_where_its_signal_is_ignored),
		cmocka_unit_test(root_reads_and_runs_as_the_caller),
		cmocka_unit_test(a_secret_has_8192_bytes_at_most),
		cmocka_unit_test(a_placeholder_has_the_shape_and_nothing_else),
		cmocka_unit_test(
			a_secret_that_stands_anywhere_by_chance_has_none),
	};

	return cmocka_run_group_tests_name("credential", tests, set_up,
					   tear_down);
}
