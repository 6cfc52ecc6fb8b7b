/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_ca_pass.c - an authority through a memory file
 */
#include "proxy/ca_pass.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE 8192

static struct ca *make(unsigned days)
{
	struct ca *ca;

	assert_int_equal(ca_new(time(NULL), days, &ca), 0);
	return ca;
}

/* What is put for @ca. Return: how many bytes. */
static size_t bytes_of(const struct ca *ca, char ret[SIZE])
{
	ssize_t n;
	int fd = -1;

	assert_int_equal(ca_pass_put(ca, &fd), 0);
	n = pread(fd, ret, SIZE, 0);
	assert_true(n > 0 && n < SIZE);
	close(fd);
	return (size_t)n;
}

static int take(const char *bytes, size_t n, struct ca **ret,
		char error[CA_ERROR_MAX])
{
	int fd = memfd_create("test", MFD_CLOEXEC), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	r = ca_pass_take(fd, time(NULL), ret, error);
	close(fd);
	return r;
}

static void it_comes_as_it_went_and_the_file_is_wiped(void **state)
{
	char error[CA_ERROR_MAX], bytes[SIZE];
	struct ca *ca = make(30), *got = NULL;
	int fd = -1;
	ssize_t n;

	(void)state;
	assert_int_equal(ca_pass_put(ca, &fd), 0);
	assert_int_equal(ca_pass_take(fd, time(NULL), &got, error), 0);
	assert_string_equal(ca_pem(got), ca_pem(ca));
	n = pread(fd, bytes, sizeof(bytes), 0);
	assert_true(n > 0);
	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(bytes[i], 0);
	close(fd);
	ca_free(got);
	ca_free(ca);
}

static void one_that_is_cut_anywhere_is_refused(void **state)
{
	char error[CA_ERROR_MAX], bytes[SIZE];
	struct ca *ca = make(30), *got = NULL;
	const size_t n = bytes_of(ca, bytes);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(take(bytes, i, &got, error), -EINVAL);
		assert_true(error[0]);
	}
	bytes[n] = 'x';
	assert_int_equal(take(bytes, n + 1, &got, error), -EINVAL);
	memset(bytes + n, 0, SIZE - n);
	assert_int_equal(take(bytes, SIZE, &got, error), -EINVAL);
	assert_null(got);
	ca_free(ca);
}

static void what_is_no_pair_or_has_ended_is_refused(void **state)
{
	struct ca *a = make(30), *b = make(30), *old = make(0), *got = NULL;
	char error[CA_ERROR_MAX], bytes[SIZE], other[SIZE];
	size_t n = bytes_of(a, bytes), key_n = strlen(bytes) + 1;

	(void)state;
	(void)bytes_of(b, other);
	(void)snprintf(bytes + key_n, SIZE - key_n, "%s", ca_pem(b));
	assert_int_equal(
		take(bytes, key_n + strlen(ca_pem(b)) + 1, &got, error),
		-EINVAL);
	assert_non_null(strstr(error, "is not the key of"));
	n = bytes_of(old, bytes);
	assert_int_equal(take(bytes, n, &got, error), -EINVAL);
	assert_non_null(strstr(error, "has expired"));
	assert_int_equal(ca_pass_take(-1, time(NULL), &got, error), -EBADF);
	assert_true(error[0]);
	assert_null(got);
	ca_free(a);
	ca_free(b);
	ca_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_as_it_went_and_the_file_is_wiped),
		cmocka_unit_test(one_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(what_is_no_pair_or_has_ended_is_refused),
	};

	return cmocka_run_group_tests_name("ca_pass", tests, NULL, NULL);
}
