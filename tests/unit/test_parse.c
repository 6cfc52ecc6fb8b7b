/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_parse.c - numbers, durations, sizes and port lists
 */
#include "common/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

struct number_case {
	const char *text;
	int want;
	uint32_t value;
};

typedef int number_fn(const char *s, size_t n, uint32_t *ret);

/* In memory of exactly that length, so that reading past it is seen. */
static char *exact(const char *s, size_t n)
{
	char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, s, n);
	return copy;
}

static void check_numbers(number_fn *fn, const struct number_case *cases,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(cases[i].text);
		char *s = exact(cases[i].text, len);
		uint32_t v = 12345;
		int r = fn(s, len, &v);

		free(s);
		if (r != cases[i].want)
			fail_msg("'%s': %d, want %d", cases[i].text, r,
				 cases[i].want);
		assert_int_equal(v, r == 0 ? cases[i].value : 12345);
	}
}

static void numbers_are_strict(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "7", 0, 7 },
		{ "4294967295", 0, UINT32_MAX },
		{ "4294967296", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999999999x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "00", -EINVAL, 0 },
		{ "01", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse_u32, cases, ARRAY_SIZE(cases));
}

static void decimals_are_what_printf_writes(void **state)
{
	static const uint64_t values[] = {
		0,	    9, 10, 99, 100, 65535, UINT32_MAX, UINT64_MAX / 10,
		UINT64_MAX,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char want[DECIMAL_MAX + 1], text[DECIMAL_MAX + 1];

		(void)snprintf(want, sizeof(want), "%" PRIu64, values[i]);
		text[format_decimal(values[i], text)] = '\0';
		assert_string_equal(text, want);
	}
}

static void hex_digits_are_of_either_case(void **state)
{
	static const char digits[] = "0123456789abcdef";

	(void)state;
	for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
		const char *at = c ? strchr(digits, c | 32) : NULL;
		const bool is_one = (c >= '0' && c <= '9') ||
				    (c >= 'a' && c <= 'f') ||
				    (c >= 'A' && c <= 'F');

		assert_int_equal(parse_hex_digit((char)c),
				 is_one ? (int)(at - digits) : -1);
	}
	assert_int_equal(parse_hex_byte("00"), 0);
	assert_int_equal(parse_hex_byte("1f"), 31);
	assert_int_equal(parse_hex_byte("Ff"), 255);
	assert_int_equal(parse_hex_byte("g0"), -1);
	assert_int_equal(parse_hex_byte("0g"), -1);
	assert_int_equal(parse_hex_byte(""), -1); /* and not past its end */
}

static void durations_have_units(void **state)
{
	static const struct number_case cases[] = {
		{ "1500ms", 0, 1500 },
		{ "10s", 0, 10000 },
		{ "5m", 0, 300000 },
		{ "2h", 0, 7200000 },
		{ "30", 0, 30000 },
		{ "0", 0, 0 },
		{ "4294967", 0, 4294967000u },
		{ "4294968", -ERANGE, 0 },
		{ "1193h", 0, 4294800000u },
		{ "1194h", -ERANGE, 0 },
		{ "4294967296ms", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "ms", -EINVAL, 0 },
		{ "1d", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1ss", -EINVAL, 0 },
		{ "1sm", -EINVAL, 0 },
		{ "01s", -EINVAL, 0 },
		{ "1.5s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse_duration_ms, cases, ARRAY_SIZE(cases));
}

static void sizes_have_units(void **state)
{
	static const struct number_case cases[] = {
		{ "65536", 0, 65536 },	 { "64k", 0, 65536 },
		{ "1m", 0, 1048576 },	 { "4095m", 0, 4293918720u },
		{ "4096m", -ERANGE, 0 }, { "k", -EINVAL, 0 },
		{ "1g", -EINVAL, 0 },	 { "1kb", -EINVAL, 0 },
		{ "", -EINVAL, 0 },	 { "1ms", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse_size, cases, ARRAY_SIZE(cases));
}

static void ports_are_1_to_65535(void **state)
{
	uint16_t port = 0;

	(void)state;
	assert_int_equal(parse_port("1", 1, &port), 0);
	assert_int_equal(parse_port("65535", 5, &port), 0);
	assert_int_equal(port, 65535);
	assert_int_equal(parse_port("0", 1, &port), -ERANGE);
	assert_int_equal(parse_port("65536", 5, &port), -ERANGE);
	assert_int_equal(parse_port("080", 3, &port), -EINVAL);
	assert_int_equal(parse_port("http", 4, &port), -EINVAL);
}

static void port_sets_are_sorted_and_merged(void **state)
{
	static const struct {
		const char *text;
		enum ports_err want;
		const char *format;
	} cases[] = {
		{ "22", PORTS_OK, "22" },
		{ "8000-8100", PORTS_OK, "8000-8100" },
		{ "443,80", PORTS_OK, "80,443" },
		{ "80,443,8080-8090,81", PORTS_OK, "80-81,443,8080-8090" },
		{ "10-20,15-30,31,9", PORTS_OK, "9-31" },
		{ "1-5,2-3", PORTS_OK, "1-5" },
		{ "5,1,3,2,4", PORTS_OK, "1-5" },
		{ "80,80", PORTS_OK, "80" },
		{ "7-7", PORTS_OK, "7" },
		{ "65535,65534", PORTS_OK, "65534-65535" },
		{ "*", PORTS_OK, "*" },
		{ "1-65535", PORTS_OK, "*" },
		{ "1-32767,32768-65535", PORTS_OK, "*" },
		{ "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31", PORTS_OK,
		  "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31" },
		{ "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33",
		  PORTS_TOO_MANY, NULL },
		{ "", PORTS_EMPTY, NULL },
		{ ",", PORTS_EMPTY, NULL },
		{ "80,", PORTS_EMPTY, NULL },
		{ ",80", PORTS_EMPTY, NULL },
		{ "80,,81", PORTS_EMPTY, NULL },
		{ "80-", PORTS_EMPTY, NULL },
		{ "-80", PORTS_EMPTY, NULL },
		{ "90-80", PORTS_REVERSED, NULL },
		{ "0", PORTS_OUT_OF_RANGE, NULL },
		{ "66000", PORTS_OUT_OF_RANGE, NULL },
		{ "1-65536", PORTS_OUT_OF_RANGE, NULL },
		{ "https", PORTS_NOT_A_NUMBER, NULL },
		{ "080", PORTS_NOT_A_NUMBER, NULL },
		{ "80 ", PORTS_NOT_A_NUMBER, NULL },
		{ "80,*", PORTS_NOT_A_NUMBER, NULL },
		{ "1-2-3", PORTS_NOT_A_NUMBER, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].text);
		char *s = exact(cases[i].text, n), text[PORT_SET_TEXT_MAX];
		struct port_set set;
		enum ports_err err = port_set_parse(s, n, &set);

		free(s);
		if (err != cases[i].want)
			fail_msg("'%s': %d", cases[i].text, (int)err);
		if (err == PORTS_OK)
			assert_string_equal(
				port_set_format(&set, text, sizeof(text)),
				cases[i].format);
	}
}

static void the_longest_port_set_fits_its_text(void **state)
{
	char in[PORT_SET_TEXT_MAX], out[PORT_SET_TEXT_MAX];
	struct port_set set;
	size_t len = 0;

	(void)state;
	for (int i = 0; i < PORT_RANGES_MAX; i++)
		len += (size_t)snprintf(in + len, sizeof(in) - len, "%s%d-%d",
					i ? "," : "", 10000 + i * 10,
					10005 + i * 10);
	assert_int_equal(len, sizeof(in) - 1);
	assert_int_equal(port_set_parse(in, len, &set), PORTS_OK);
	assert_string_equal(port_set_format(&set, out, sizeof(out)), in);
	/* A buffer that is too small gets less, and its end. */
	for (size_t size = 1; size < sizeof(out); size++)
		assert_true(strlen(port_set_format(&set, out, size)) < size);
}

static void membership_follows_the_ranges(void **state)
{
	struct port_set set, none = { .n = 0 };

	(void)state;
	assert_int_equal(port_set_parse("1,80-82,65535", 13, &set), PORTS_OK);
	for (uint32_t port = 0; port <= 65535; port++)
		assert_int_equal(port_set_has(&set, (uint16_t)port),
				 port == 1 || (port >= 80 && port <= 82) ||
					 port == 65535);
	assert_false(port_set_is_all(&set));
	assert_false(port_set_has(&none, 80));
	assert_false(port_set_is_all(&none));
	assert_int_equal(port_set_parse("*", 1, &set), PORTS_OK);
	assert_true(port_set_is_all(&set));
	assert_true(port_set_has(&set, 1) && port_set_has(&set, 65535));
	assert_false(port_set_has(&set, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(decimals_are_what_printf_writes),
		cmocka_unit_test(hex_digits_are_of_either_case),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(sizes_have_units),
		cmocka_unit_test(ports_are_1_to_65535),
		cmocka_unit_test(port_sets_are_sorted_and_merged),
		cmocka_unit_test(the_longest_port_set_fits_its_text),
		cmocka_unit_test(membership_follows_the_ranges),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
