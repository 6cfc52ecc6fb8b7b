/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_sha1.c - SHA-1 against the standard's examples
 */
#include "common/sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_sum(const char *text, size_t n, const char *want)
{
	uint8_t sum[SHA1_BYTES];
	char hex[2 * SHA1_BYTES + 1];

	sha1(text, n, sum);
	for (size_t i = 0; i < SHA1_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	assert_string_equal(hex, want);
}

static void it_gives_the_numbers_of_the_standard(void **state)
{
	(void)state;
	assert_sum("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert_sum("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_sum("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		   56, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

/* Where the last block has just no room for the length, and just has it. */
static void the_length_finds_its_place(void **state)
{
	static const struct {
		size_t n;
		const char *want;
	} cases[] = {
		{ 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
		{ 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
		{ 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5" },
		{ 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
		{ 65, "11655326c708d70319be2610e8a57d9a5b959d3b" },
		{ 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba" },
	};
	char text[1000];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_sum(text, cases[i].n, cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gives_the_numbers_of_the_standard),
		cmocka_unit_test(the_length_finds_its_place),
	};

	return cmocka_run_group_tests_name("sha1", tests, NULL, NULL);
}
