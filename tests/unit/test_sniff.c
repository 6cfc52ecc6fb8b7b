/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_sniff.c - the first byte decides, and nothing after it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/sniff.h"

static const struct {
	const char *name, *bytes;
	size_t len;
	enum sniff want;
} cases[] = {
	{ "nothing yet", "", 0, SNIFF_MORE },
	{ "http connect", "CONNECT a:1", 11, SNIFF_HTTP },
	{ "socks5 greeting", "\x05\x01\x00", 3, SNIFF_SOCKS5 },
	{ "socks4", "\x04\x01\x00", 3, SNIFF_HTTP },
	{ "tls hello", "\x16\x03\x01", 3, SNIFF_HTTP },
	{ "a nul", "\x00\x05", 2, SNIFF_HTTP },
	{ "a high byte", "\xff\x05", 2, SNIFF_HTTP },
};

/* The verdict must not depend on how the bytes were cut into reads. */
static void sniff_gives_the_same_verdict_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum sniff got = SNIFF_MORE;

		for (size_t n = 0; n <= cases[i].len && got == SNIFF_MORE; n++)
			got = sniff_check(cases[i].bytes, n);
		if (got != cases[i].want)
			fail_msg("%s: got %d, want %d", cases[i].name, (int)got,
				 (int)cases[i].want);
		assert_int_equal(sniff_check(cases[i].bytes, cases[i].len),
				 cases[i].want);
	}
}

static void every_first_byte_but_one_is_http(void **state)
{
	(void)state;
	for (unsigned c = 0; c <= 0xff; c++) {
		char byte = (char)c;

		assert_int_equal(sniff_check(&byte, 1),
				 c == 5 ? SNIFF_SOCKS5 : SNIFF_HTTP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sniff_gives_the_same_verdict_byte_by_byte),
		cmocka_unit_test(every_first_byte_but_one_is_http),
	};

	return cmocka_run_group_tests_name("sniff", tests, NULL, NULL);
}
