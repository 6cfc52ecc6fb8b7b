/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_socks5_auth.c - name and password of SOCKS5, byte by byte
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/socks5_auth.h"

/* From an exact allocation, which lives until @ret_copy is freed. */
static enum socks5_verdict parse(const char *bytes, size_t n,
				 struct auth_given *ret, size_t *ret_length,
				 char **ret_copy)
{
	*ret_copy = malloc(n > 0 ? n : 1);
	assert_non_null(*ret_copy);
	memcpy(*ret_copy, bytes, n);
	return socks5_auth_parse(*ret_copy, n, ret, ret_length);
}

static void a_message_is_read_however_it_was_cut(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, length, name_n, password_n;
	} cases[] = {
		{ "\x01\x05"
		  "alice\x03"
		  "abc",
		  11, 11, 5, 3 },
		{ "\x01\x05"
		  "alice\x03"
		  "abcmore",
		  15, 11, 5, 3 },
		{ "\x01\x00\x00", 3, 3, 0, 0 },
		{ "\x01\x01"
		  "a\x00\x05",
		  5, 4, 1, 0 },
	};
	struct auth_given given;
	size_t length;
	char *copy;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t n = 0; n < cases[i].length; n++) {
			assert_int_equal(parse(cases[i].bytes, n, &given,
					       &length, &copy),
					 SOCKS5_MORE);
			free(copy);
		}
		for (size_t n = cases[i].length; n <= cases[i].n; n++) {
			assert_int_equal(parse(cases[i].bytes, n, &given,
					       &length, &copy),
					 SOCKS5_OK);
			assert_int_equal(length, cases[i].length);
			assert_int_equal(given.name_n, cases[i].name_n);
			assert_int_equal(given.password_n, cases[i].password_n);
			assert_ptr_equal(given.name, copy + 2);
			assert_ptr_equal(given.password,
					 copy + 3 + given.name_n);
			free(copy);
		}
	}
}

static void the_longest_message_fits(void **state)
{
	char all[SOCKS5_AUTH_MAX];
	struct auth_given given;
	size_t length;
	char *copy;

	(void)state;
	memset(all, 'x', sizeof(all));
	all[0] = 1;
	all[1] = all[257] = (char)255;
	for (size_t n = 0; n < sizeof(all); n++) {
		assert_int_equal(parse(all, n, &given, &length, &copy),
				 SOCKS5_MORE);
		free(copy);
	}
	assert_int_equal(parse(all, sizeof(all), &given, &length, &copy),
			 SOCKS5_OK);
	assert_int_equal(length, sizeof(all));
	free(copy);
}

static void another_version_is_wrong_at_once(void **state)
{
	struct auth_given given;
	size_t length;
	char *copy;

	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		const char byte = (char)v;

		assert_int_equal(parse(&byte, 1, &given, &length, &copy),
				 v == 1 ? SOCKS5_MORE : SOCKS5_MALFORMED);
		free(copy);
	}
}

static void the_answer_says_yes_or_no(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	socks5_auth_reply_render(true, &b);
	socks5_auth_reply_render(false, &b);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.s, "\x01\x00\x01\x01", 4);
	strbuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_read_however_it_was_cut),
		cmocka_unit_test(the_longest_message_fits),
		cmocka_unit_test(another_version_is_wrong_at_once),
		cmocka_unit_test(the_answer_says_yes_or_no),
	};

	return cmocka_run_group_tests_name("socks5_auth", tests, NULL, NULL);
}
