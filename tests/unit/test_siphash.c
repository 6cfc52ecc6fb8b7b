/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_siphash.c - SipHash-2-4 against its authors' numbers
 */
#include "common/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Key 00 01 .. 0f; text 00 01 .. of the length that stands in front. */
static void it_gives_the_numbers_of_its_authors(void **state)
{
	static const struct {
		size_t n;
		uint64_t want;
	} cases[] = {
		{ 0, 0x726fdb47dd0e0e31u },  { 1, 0x74f839c593dc67fdu },
		{ 7, 0xab0200f58b01d137u },  { 8, 0x93f5f5799a932462u },
		{ 15, 0xa129ca6149be45e5u }, { 63, 0x958a324ceb064572u },
	};
	const struct siphash_key key = { 0x0706050403020100u,
					 0x0f0e0d0c0b0a0908u };
	unsigned char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(siphash(&key, text, cases[i].n) == cases[i].want);
}

static void every_key_is_another(void **state)
{
	struct siphash_key a = { 0, 0 }, b = { 0, 0 };

	(void)state;
	assert_int_equal(siphash_key_make(&a), 0);
	assert_int_equal(siphash_key_make(&b), 0);
	assert_true(a.k0 != b.k0 && a.k1 != b.k1 && a.k0 != a.k1);
	assert_true(siphash(&a, "x", 1) != siphash(&b, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gives_the_numbers_of_its_authors),
		cmocka_unit_test(every_key_is_another),
	};

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
