/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_json.c - the JSON writer, with friendly and hostile text
 */
#include "common/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/utf8.h"

static void commas_and_keys_stand_where_they_must(void **state)
{
	struct strbuf b = STRBUF_INIT;
	struct json j;

	(void)state;
	json_init(&j, &b);
	json_object_open(&j, NULL);
	json_array_open(&j, "empty");
	json_array_close(&j);
	json_object_open(&j, "o");
	json_object_close(&j);
	json_uint(&j, "n", UINT64_MAX);
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_null(&j, "nil");
	json_array_open(&j, "list");
	json_string(&j, NULL, "a");
	json_uint(&j, NULL, 0);
	json_object_open(&j, NULL);
	json_string_or_null(&j, "x", NULL);
	json_string_or_null(&j, "y", "z");
	json_object_close(&j);
	json_null(&j, NULL);
	json_array_close(&j);
	json_string(&j, "last", "");
	json_object_close(&j);
	assert_string_equal(
		b.s, "{\"empty\":[],\"o\":{},\"n\":18446744073709551615,"
		     "\"yes\":true,\"no\":false,\"nil\":null,\"list\":[\"a\",0,"
		     "{\"x\":null,\"y\":\"z\"},null],\"last\":\"\"}");
	strbuf_fini(&b);
}

static void check_string(const char *bytes, size_t n, const char *want)
{
	struct strbuf b = STRBUF_INIT;
	struct json j;

	json_init(&j, &b);
	json_string_n(&j, NULL, bytes, n);
	assert_string_equal(b.s, want);
	strbuf_fini(&b);
}

#define FFFD "\xef\xbf\xbd"

static void strings_are_escaped_or_replaced(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *want;
	} cases[] = {
		{ "plain", 5, "\"plain\"" },
		{ "\"\\/", 3, "\"\\\"\\\\/\"" },
		{ "\n\r\t\b\0", 5, "\"\\n\\r\\t\\u0008\\u0000\"" },
		{ "\x1b[2J\x7f", 5, "\"\\u001b[2J\\u007f\"" },
		{ "\xc2\x85\xc2\x9b", 4, "\"\\u0085\\u009b\"" }, /* C1 */
		{ "\xe2\x80\xa8\xe2\x80\xa9", 6, "\"\\u2028\\u2029\"" },
		{ "\xe2\x80\xae", 3, "\"\\u202e\"" }, /* right to left */
		{ "caf\xc3\xa9", 5, "\"caf\xc3\xa9\"" },
		{ "\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\"" },
		{ "\xff", 1, "\"" FFFD "\"" },
		{ "a\x80z", 3, "\"a" FFFD "z\"" },
		{ "\xc3", 1, "\"" FFFD "\"" },			 /* cut */
		{ "\xc0\xaf", 2, "\"" FFFD FFFD "\"" },		 /* overlong */
		{ "\xed\xa0\x80", 3, "\"" FFFD FFFD FFFD "\"" }, /* surrogate */
		{ "\xf4\x90\x80\x80", 4, "\"" FFFD FFFD FFFD FFFD "\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_string(cases[i].bytes, cases[i].n, cases[i].want);
}

/* One string: quotes at both ends, inside only what RFC 8259 7 allows. */
static void assert_is_json_string(const struct strbuf *b)
{
	assert_true(b->len >= 2);
	assert_int_equal(b->s[0], '"');
	assert_int_equal(b->s[b->len - 1], '"');
	for (size_t i = 1; i < b->len - 1;) {
		uint32_t cp = 0;
		size_t n = utf8_decode(b->s + i, b->len - 1 - i, &cp);

		assert_int_not_equal(n, 0);
		assert_false(utf8_is_unsafe(cp));
		assert_int_not_equal(cp, '"');
		i += n;
		if (cp != '\\')
			continue;
		if (b->s[i] == 'u')
			assert_int_equal(
				strspn(b->s + i + 1, "0123456789abcdef") >= 4,
				1);
		else
			assert_non_null(strchr("\"\\nrt", b->s[i]));
		i++;
	}
}

static void any_bytes_make_a_valid_string(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		size_t n = round % 40;
		char *bytes = malloc(n + 1);
		struct strbuf b = STRBUF_INIT;
		struct json j;

		assert_non_null(bytes);
		for (size_t i = 0; i < n; i++) {
			random = random * 1103515245u + 12345u;
			bytes[i] = (char)(random >> 16);
		}
		json_init(&j, &b);
		json_string_n(&j, NULL, bytes, n);
		assert_is_json_string(&b);
		strbuf_fini(&b);
		free(bytes);
	}
}

static size_t encode(uint32_t cp, char ret[4])
{
	if (cp < 0x80) {
		ret[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		ret[0] = (char)(0xc0 | cp >> 6);
		ret[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		ret[0] = (char)(0xe0 | cp >> 12);
		ret[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | cp >> 18);
	ret[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

static void every_code_point_decodes_as_it_was_encoded(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char bytes[4];
		uint32_t got = 0;
		size_t n;

		if (cp == 0xd800)
			cp = 0xe000;
		n = encode(cp, bytes);
		if (utf8_decode(bytes, n, &got) != n || got != cp)
			fail_msg("U+%04X comes back as U+%04X", cp, got);
		for (size_t cut = 0; cut < n; cut++)
			if (utf8_decode(bytes, cut, &got) != 0)
				fail_msg("U+%04X cut to %zu", cp, cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_and_keys_stand_where_they_must),
		cmocka_unit_test(strings_are_escaped_or_replaced),
		cmocka_unit_test(any_bytes_make_a_valid_string),
		cmocka_unit_test(every_code_point_decodes_as_it_was_encoded),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
