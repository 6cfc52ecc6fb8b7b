/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_socks5.c - what RFC 1928 says, byte by byte
 *
 * Every message is given whole and in every prefix; once a verdict falls it
 * is the whole one's. The bytes lie at the end of an allocation of their own
 * size, so that a read past them is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/reason.h"
#include "proxy/socks5.h"

#define TEXT(s) s, sizeof(s) - 1

static enum socks5_verdict greet(const char *bytes, size_t n, size_t *length)
{
	char *copy = malloc(n ? n : 1);
	enum socks5_verdict v;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	*length = 0;
	v = socks5_greeting_parse(copy, n, SOCKS5_METHOD_NONE, length);
	free(copy);
	return v;
}

static enum socks5_verdict ask(const char *bytes, size_t n, struct target *t,
			       size_t *length, char *detail)
{
	char *copy = malloc(n ? n : 1);
	enum socks5_verdict v;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	*length = 0;
	v = socks5_request_parse(copy, n, t, length, detail);
	free(copy);
	return v;
}

static void greetings_are_judged_by_their_methods(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum socks5_verdict want;
		size_t length;
	} cases[] = {
		{ TEXT("\5\1\0"), SOCKS5_OK, 3 },
		{ TEXT("\5\3\2\1\0early"), SOCKS5_OK, 5 },
		{ TEXT("\5\2\0\2"), SOCKS5_OK, 4 },
		{ TEXT("\5\2\0"), SOCKS5_MORE, 0 },
		{ TEXT("\5"), SOCKS5_MORE, 0 },
		{ "", 0, SOCKS5_MORE, 0 },
		{ TEXT("\5\1\2"), SOCKS5_NO_METHOD, 3 },
		{ TEXT("\5\2\1\x80"), SOCKS5_NO_METHOD, 4 },
		{ TEXT("\5\1\xff"), SOCKS5_NO_METHOD, 3 },
		{ TEXT("\5\0\0"), SOCKS5_NO_METHOD, 2 },
		{ TEXT("\4\1\0"), SOCKS5_MALFORMED, 0 },
		{ TEXT("\0"), SOCKS5_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t n = 0; n <= cases[i].len; n++) {
			size_t length;
			enum socks5_verdict v =
				greet(cases[i].bytes, n, &length);

			if (v == SOCKS5_MORE && n < cases[i].len)
				continue;
			if (v != cases[i].want || length != cases[i].length)
				fail_msg("case %zu cut at %zu: %d, %zu", i, n,
					 (int)v, length);
		}
	}
}

static void the_longest_greeting_has_255_methods(void **state)
{
	char bytes[SOCKS5_GREETING_MAX + 1];
	size_t length;

	(void)state;
	memset(bytes, 9, sizeof(bytes));
	bytes[0] = 5;
	bytes[1] = (char)0xff;
	bytes[SOCKS5_GREETING_MAX - 1] = 0;
	for (size_t n = 0; n < SOCKS5_GREETING_MAX; n++)
		assert_int_equal(greet(bytes, n, &length), SOCKS5_MORE);
	assert_int_equal(greet(bytes, sizeof(bytes), &length), SOCKS5_OK);
	assert_int_equal(length, SOCKS5_GREETING_MAX);
}

#define NAME "\5\1\0\3"

static void requests_give_their_target_and_leave_early_data(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *target;
		size_t early;
	} cases[] = {
		{ TEXT("\5\1\0\1\xc0\0\2\1\0\x50"), "192.0.2.1:80", 0 },
		{ TEXT("\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb"),
		  "[2001:db8::1]:443", 0 },
		{ TEXT("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\xff\xff\xa\0\0\1\xff\xff"),
		  "10.0.0.1:65535", 0 },
		{ TEXT(NAME "\xb"
			    "example.com\1\xbb\x16\3\1"),
		  "example.com:443", 3 },
		{ TEXT(NAME "\xc"
			    "EXAMPLE.com.\0\x16"),
		  "example.com:22", 0 },
		{ TEXT(NAME "\x9"
			    "127.0.0.1\0\x50"),
		  "127.0.0.1:80", 0 },
		{ TEXT(NAME "\x3::1\0\x50"), "[::1]:80", 0 },
		{ TEXT(NAME "\x5[::1]\0\x50"), "[::1]:80", 0 },
		{ TEXT(NAME "\xf::ffff:10.0.0.1\0\x50"), "10.0.0.1:80", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t whole = cases[i].len - cases[i].early, length;
		char detail[TARGET_DETAIL_MAX], text[TARGET_TEXT_MAX];

		for (size_t n = 0; n <= cases[i].len; n++) {
			struct target t;
			enum socks5_verdict v =
				ask(cases[i].bytes, n, &t, &length, detail);

			if (n < whole) {
				assert_int_equal(v, SOCKS5_MORE);
				continue;
			}
			if (v != SOCKS5_OK)
				fail_msg("case %zu: %d, %s", i, (int)v, detail);
			assert_int_equal(length, whole);
			assert_string_equal(target_format(&t, text),
					    cases[i].target);
			assert_int_equal(t.path_len, 0);
		}
	}
}

static void wrong_requests_are_refused_at_the_wrong_byte(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum socks5_verdict want;
		size_t at;
		const char *detail;
	} cases[] = {
		{ TEXT("\4\1\0\1"), SOCKS5_MALFORMED, 1, "version" },
		{ TEXT("\5\2\0\1"), SOCKS5_BAD_COMMAND, 2, "" },
		{ TEXT("\5\3\0\1"), SOCKS5_BAD_COMMAND, 2, "" },
		{ TEXT("\5\0\0\1"), SOCKS5_BAD_COMMAND, 2, "" },
		{ TEXT("\5\xff\1\x9"), SOCKS5_BAD_COMMAND, 2, "" },
		{ TEXT("\5\1\1\1"), SOCKS5_MALFORMED, 3, "reserved" },
		{ TEXT("\5\1\0\0"), SOCKS5_BAD_ADDRESS_TYPE, 4, "" },
		{ TEXT("\5\1\0\2"), SOCKS5_BAD_ADDRESS_TYPE, 4, "" },
		{ TEXT("\5\1\0\5"), SOCKS5_BAD_ADDRESS_TYPE, 4, "" },
		{ TEXT("\5\1\0\1\xc0\0\2\1\0\0"), SOCKS5_MALFORMED, 10,
		  "port" },
		{ TEXT(NAME "\0\0\x50"), SOCKS5_MALFORMED, 7, "empty" },
		{ TEXT(NAME "\1.\0\x50"), SOCKS5_MALFORMED, 8, "empty" },
		{ TEXT(NAME "\5a.b\0c\0\x50"), SOCKS5_MALFORMED, 12, "0x00" },
		{ TEXT(NAME "\4a.b\0\0\x50"), SOCKS5_MALFORMED, 11, "0x00" },
		{ TEXT(NAME "\3u@a\0\x50"), SOCKS5_MALFORMED, 10, "user" },
		{ TEXT(NAME "\4a:80\0\x50"), SOCKS5_MALFORMED, 11, "port" },
		{ TEXT(NAME "\x8[::1]:80\0\x50"), SOCKS5_MALFORMED, 15,
		  "port" },
		{ TEXT(NAME "\005"
			    "127.1\0\x50"),
		  SOCKS5_MALFORMED, 12, "quad" },
		{ TEXT(NAME "\0121234567890\0\x50"), SOCKS5_MALFORMED, 17,
		  "quad" },
		{ TEXT(NAME "\7fe80::1\0\0"), SOCKS5_MALFORMED, 14, "port" },
		{ TEXT(NAME "\x9"
			    "fe80::1%1\0\x50"),
		  SOCKS5_MALFORMED, 16, "zone" },
		{ TEXT(NAME "\3a b\0\x50"), SOCKS5_MALFORMED, 10, "blank" },
		{ TEXT(NAME "\5\xc3\xa9.de\0\x50"), SOCKS5_MALFORMED, 12,
		  "xn--" },
		{ TEXT(NAME "\3a/b\0\x50"), SOCKS5_MALFORMED, 10, "host" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char detail[TARGET_DETAIL_MAX];
		struct target t;
		size_t length;

		for (size_t n = 0; n <= cases[i].len; n++) {
			enum socks5_verdict v =
				ask(cases[i].bytes, n, &t, &length, detail);

			if (n < cases[i].at) {
				assert_int_equal(v, SOCKS5_MORE);
				continue;
			}
			if (v != cases[i].want ||
			    !strstr(detail, cases[i].detail))
				fail_msg("case %zu at %zu: %d, %s", i, n,
					 (int)v, detail);
		}
	}
}

static void the_longest_request_has_a_name_of_255_bytes(void **state)
{
	char bytes[SOCKS5_REQUEST_MAX], detail[TARGET_DETAIL_MAX];
	struct target t;
	size_t length;

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, NAME "\xff", 5);
	assert_int_equal(ask(bytes, sizeof(bytes) - 1, &t, &length, detail),
			 SOCKS5_MORE);
	assert_int_equal(ask(bytes, sizeof(bytes), &t, &length, detail),
			 SOCKS5_MALFORMED);
}

static void assert_bytes(struct strbuf *b, const char *want, size_t n)
{
	assert_int_equal(b->len, n);
	assert_memory_equal(b->s, want, n);
	strbuf_reset(b);
}

static void answers_are_as_in_the_rfc(void **state)
{
	struct addr v4 = { AF_INET, { 192, 0, 2, 9 } };
	struct addr v6 = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	struct strbuf b = STRBUF_INIT;

	(void)state;
	socks5_method_render(SOCKS5_OK, SOCKS5_METHOD_NONE, &b);
	assert_bytes(&b, TEXT("\5\0"));
	socks5_method_render(SOCKS5_NO_METHOD, SOCKS5_METHOD_NONE, &b);
	assert_bytes(&b, TEXT("\5\xff"));
	socks5_method_render(SOCKS5_MALFORMED, SOCKS5_METHOD_NONE, &b);
	assert_bytes(&b, TEXT("\5\xff"));
	socks5_reply_render(0, &v4, 0x1234, &b);
	assert_bytes(&b, TEXT("\5\0\0\1\xc0\0\2\x9\x12\x34"));
	socks5_reply_render(0, &v6, 443, &b);
	assert_bytes(&b, TEXT("\5\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\1"
			      "\xbb"));
	socks5_reply_render(socks5_verdict_reply(SOCKS5_BAD_COMMAND), NULL, 7,
			    &b);
	assert_bytes(&b, TEXT("\5\7\0\1\0\0\0\0\0\0"));
	socks5_reply_render(socks5_verdict_reply(SOCKS5_BAD_ADDRESS_TYPE), NULL,
			    0, &b);
	assert_bytes(&b, TEXT("\5\x8\0\1\0\0\0\0\0\0"));
	assert_int_equal(socks5_verdict_reply(SOCKS5_MALFORMED), 1);
	assert_int_equal(socks5_verdict_reply(SOCKS5_NO_METHOD), 1);
	strbuf_fini(&b);
}

static void every_reason_has_a_reply_that_the_rfc_knows(void **state)
{
	static const struct {
		enum reason reason;
		char code;
	} cases[] = {
		{ REASON_ALLOWED, 0 },
		{ REASON_NOT_ALLOWED, 2 },
		{ REASON_DENIED, 2 },
		{ REASON_PRIVATE_ADDRESS, 2 },
		{ REASON_PORT, 2 },
		{ REASON_DNS_FAILURE, 4 },
		{ REASON_DNS_TIMEOUT, 4 },
		{ REASON_CONNECT_REFUSED, 5 },
		{ REASON_CONNECT_TIMEOUT, 6 },
		{ REASON_LIMIT, 1 },
		{ REASON_INTERNAL, 1 },
		{ REASON_AUTH, 1 },
	};
	struct strbuf b = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		socks5_reply_render(reason_socks_reply(cases[i].reason), NULL,
				    0, &b);
		assert_int_equal(b.len, 10);
		assert_int_equal(b.s[1], cases[i].code);
		strbuf_reset(&b);
	}
	for (unsigned r = 0; r < REASON_COUNT; r++) {
		socks5_reply_render(reason_socks_reply((enum reason)r), NULL, 0,
				    &b);
		assert_true(b.s[1] >= 0 && b.s[1] <= 8);
		assert_int_equal(b.s[1] == 0, r == REASON_ALLOWED);
		strbuf_reset(&b);
	}
	strbuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greetings_are_judged_by_their_methods),
		cmocka_unit_test(the_longest_greeting_has_255_methods),
		cmocka_unit_test(
			requests_give_their_target_and_leave_early_data),
		cmocka_unit_test(wrong_requests_are_refused_at_the_wrong_byte),
		cmocka_unit_test(the_longest_request_has_a_name_of_255_bytes),
		cmocka_unit_test(answers_are_as_in_the_rfc),
		cmocka_unit_test(every_reason_has_a_reply_that_the_rfc_knows),
	};

	return cmocka_run_group_tests_name("socks5", tests, NULL, NULL);
}
