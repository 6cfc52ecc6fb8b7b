/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_reason.c - the words of every reason are an interface
 */
#include "proxy/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

static const struct {
	enum reason reason;
	const char *name;
	unsigned status;
	unsigned socks;
	bool is_policy;
} wants[] = {
	{ REASON_ALLOWED, "allowed", 200, 0, false },
	{ REASON_NOT_ALLOWED, "not-allowed", 403, 2, true },
	{ REASON_DENIED, "denied", 403, 2, true },
	{ REASON_PRIVATE_ADDRESS, "private-address", 403, 2, true },
	{ REASON_METHOD, "method", 403, 2, true },
	{ REASON_PATH, "path", 403, 2, true },
	{ REASON_PORT, "port", 403, 2, true },
	{ REASON_INSPECTION_REQUIRED, "inspection-required", 403, 2, true },
	{ REASON_SNI, "sni", 403, 2, true },
	{ REASON_MALFORMED, "malformed", 400, 1, false },
	{ REASON_AUTH, "auth", 407, 0xff, false },
	{ REASON_HEAD_TIMEOUT, "head-timeout", 408, 1, false },
	{ REASON_HEAD_TOO_LARGE, "head-too-large", 431, 1, false },
	{ REASON_DNS_FAILURE, "dns-failure", 502, 4, false },
	{ REASON_DNS_TIMEOUT, "dns-timeout", 504, 4, false },
	{ REASON_CONNECT_REFUSED, "connect-refused", 502, 5, false },
	{ REASON_CONNECT_TIMEOUT, "connect-timeout", 504, 6, false },
	{ REASON_UPSTREAM, "upstream", 502, 1, false },
	{ REASON_LIMIT, "limit", 503, 1, false },
	{ REASON_IDLE, "idle", 504, 1, false },
	{ REASON_INTERNAL, "internal", 500, 1, false },
	{ REASON_TLS, "tls", 400, 1, false },
	{ REASON_UNSUPPORTED, "unsupported", 501, 7, false },
};

static void every_reason_has_its_word_status_and_reply(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(wants), REASON_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++) {
		enum reason r = wants[i].reason;

		assert_string_equal(reason_name(r), wants[i].name);
		assert_int_equal(reason_http_status(r), wants[i].status);
		assert_int_equal(reason_socks_reply(r), wants[i].socks);
		assert_int_equal(reason_is_policy(r), wants[i].is_policy);
		assert_int_equal(reason_is_failure(r),
				 r >= REASON_DNS_FAILURE &&
					 wants[i].status >= 502 &&
					 r != REASON_IDLE);
	}
}

static void no_two_reasons_share_a_word(void **state)
{
	(void)state;
	for (size_t i = 0; i < REASON_COUNT; i++)
		for (size_t k = i + 1; k < REASON_COUNT; k++)
			assert_string_not_equal(reason_name((enum reason)i),
						reason_name((enum reason)k));
}

/* A status line is built from the phrase: nothing in it may end the line. */
static void
phrases_are_printable_ascii_and_sentences_end_with_a_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < REASON_COUNT; i++) {
		const char *phrase = reason_phrase((enum reason)i);
		const char *sentence = reason_sentence((enum reason)i);

		assert_true(strlen(phrase) > 0 && strlen(phrase) < 100);
		for (const char *c = phrase; *c; c++)
			assert_true(*c >= ' ' && *c <= '~');
		assert_int_equal(sentence[strlen(sentence) - 1], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_its_word_status_and_reply),
		cmocka_unit_test(no_two_reasons_share_a_word),
		cmocka_unit_test(
			phrases_are_printable_ascii_and_sentences_end_with_a_stop),
	};

	return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
