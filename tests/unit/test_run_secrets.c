/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_run_secrets.c - a run's secrets, to the daemon and back
 */
#include "sandbox/run_secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/conf_credential.h"
#include "common/fdio.h"
#include "common/macros.h"
#include "proxy/proxy.h"
#include "sandbox/credential.h"

static int file_of(const char *bytes, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, n), 0);
	return fd;
}

static int take(const char *bytes, size_t n)
{
	struct run_secrets s = { .n = 0 };
	int fd = file_of(bytes, n), r = run_secrets_take(fd, &s);

	(void)close(fd);
	if (r < 0)
		assert_null(s.bytes);
	run_secrets_fini(&s);
	return r;
}

static void what_is_put_is_taken(void **state)
{
	static const struct proxy_secret v[] = {
		{ "one", "s3cret", NULL },
		{ "two", "\xc3\xa4 b", "x1 y" },
	};
	struct run_secrets s = { .n = 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(run_secrets_put(v, 2, &fd), 0);
	assert_int_equal(run_secrets_take(fd, &s), 0);
	assert_int_equal(s.n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(s.v[i].name, v[i].name);
		assert_string_equal(s.v[i].text, v[i].text);
	}
	assert_null(s.v[0].placeholder);
	assert_string_equal(s.v[1].placeholder, v[1].placeholder);
	run_secrets_fini(&s);
	assert_int_equal(s.n, 0);
	(void)close(fd);
	assert_int_equal(run_secrets_put(v, 0, &fd), 0);
	assert_int_equal(fd, -1);
}

static void as_many_and_as_long_as_a_conf_can_have(void **state)
{
	static struct proxy_secret v[CONF_CREDENTIALS_MAX + 1];
	static char text[CREDENTIAL_SECRET_MAX + 2], name[80];
	struct run_secrets s = { .n = 0 };
	int fd = -1;

	(void)state;
	memset(text, 't', CREDENTIAL_SECRET_MAX);
	memset(name, 'n', CONF_CREDENTIAL_NAME_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = (struct proxy_secret){ name, text, text };
	assert_int_equal(run_secrets_put(v, CONF_CREDENTIALS_MAX, &fd), 0);
	assert_int_equal(run_secrets_take(fd, &s), 0);
	assert_int_equal(s.n, CONF_CREDENTIALS_MAX);
	run_secrets_fini(&s);
	(void)close(fd);
	assert_int_equal(run_secrets_put(v, CONF_CREDENTIALS_MAX + 1, &fd), 0);
	assert_int_equal(run_secrets_take(fd, &s), -EBADMSG);
	(void)close(fd);
	text[CREDENTIAL_SECRET_MAX] = 't';
	assert_int_equal(run_secrets_put(v, 1, &fd), 0);
	assert_int_equal(run_secrets_take(fd, &s), -EBADMSG);
	(void)close(fd);
	text[CREDENTIAL_SECRET_MAX] = '\0';
	name[CONF_CREDENTIAL_NAME_MAX] = 'n';
	assert_int_equal(run_secrets_put(v, 1, &fd), 0);
	assert_int_equal(run_secrets_take(fd, &s), -EBADMSG);
	(void)close(fd);
}

static void a_file_that_is_cut_is_refused(void **state)
{
	static const char whole[] = "one\0text\0\0two\0more\0place";
	const size_t first = sizeof("one\0text\0");

	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++)
		assert_int_equal(take(whole, n), n == first ? 0 : -EBADMSG);
	assert_int_equal(take(whole, sizeof(whole)), 0);
}

static void what_is_no_secret_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{ "\0text\0\0", 7 },	/* no name */
		{ "one\0\0\0", 6 },	/* no text */
		{ "one\0a\nb\0\0", 9 }, /* two lines */
		{ "one\0a\x7f"
		  "b\0\0",
		  9 },
		{ "o\rne\0a\0\0", 8 },
		{ "one\0a\0p\n\0", 9 },
	};
	struct run_secrets s = { .n = 0 };
	int ends[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(take(cases[i].bytes, cases[i].n), -EBADMSG);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(run_secrets_take(ends[0], &s), -EBADMSG);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_int_equal(run_secrets_take(-1, &s), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_taken),
		cmocka_unit_test(as_many_and_as_long_as_a_conf_can_have),
		cmocka_unit_test(a_file_that_is_cut_is_refused),
		cmocka_unit_test(what_is_no_secret_is_refused),
	};

	return cmocka_run_group_tests_name("run_secrets", tests, NULL, NULL);
}
