/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_syntax.c - tokens, words and lists, to the letter
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/http_syntax.h"

static void tokens_have_the_bytes_of_rfc_9110_and_no_others(void **state)
{
	static const char all[] = "!#$%&'*+-.^_`|~0123456789"
				  "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (unsigned c = 0; c < 256; c++)
		assert_int_equal(
			http_is_token_byte((unsigned char)c),
			c != 0 && memchr(all, (int)c, sizeof(all) - 1) != NULL);
	assert_true(http_is_token(all, sizeof(all) - 1));
	assert_false(http_is_token("", 0));
	assert_false(http_is_token("a b", 3));
	assert_false(http_is_token("a\0b", 3));
}

static void words_match_whole_and_in_any_case(void **state)
{
	static const char *const words[] = { "Host", "TE", NULL };

	(void)state;
	assert_true(http_is_word("cLoSe", 5, "close"));
	assert_false(http_is_word("clos", 4, "close"));
	assert_false(http_is_word("closed", 6, "close"));
	assert_true(http_is_one_of("te", 2, words));
	assert_false(http_is_one_of("t", 1, words));
	assert_false(http_is_one_of("", 0, words));
	assert_true(http_is_netleash_field("x-NETLEASH-reason", 17));
	assert_true(http_is_netleash_field("x-netleash-", 11));
	assert_false(http_is_netleash_field("x-netleash", 10));
	assert_true(http_is_hop_by_hop("keep-alive", 10));
	assert_true(http_is_hop_by_hop("close", 5));
	assert_false(http_is_hop_by_hop("Trailer", 7));
}

static void lists_give_their_elements_without_the_blanks(void **state)
{
	static const struct {
		const char *list, *elements;
	} cases[] = {
		{ "", "" },	     { " \t", "" },
		{ ",", "" },	     { "a", "<a>" },
		{ "a,b", "<a><b>" }, { " a ,\tb\t,, c d ,", "<a><b><c d>" },
		{ ", ,a", "<a>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *list = cases[i].list, *word;
		size_t left = strlen(list), len, at = 0;
		char got[64];

		while (http_list_next(&list, &left, &word, &len)) {
			got[at++] = '<';
			memcpy(got + at, word, len);
			at += len;
			got[at++] = '>';
		}
		got[at] = '\0';
		assert_string_equal(got, cases[i].elements);
	}
}

static void every_field_of_a_name_counts_as_one_list(void **state)
{
	const char *bytes = "GET / HTTP/1.1\r\nConnection: a, X-One\r\n"
			    "X: close\r\nconnection:\r\n"
			    "CONNECTION: CLOSE\r\n\r\n";
	struct http_options o;
	struct http_head h;

	(void)state;
	http_head_init(&h, 1000, 10);
	assert_int_equal(http_head_parse(&h, bytes, strlen(bytes)),
			 HTTP_HEAD_OK);
	assert_true(http_list_has(&h, bytes, "Connection", "close"));
	assert_true(http_options_find(&h, bytes, &o));
	assert_int_equal(o.n, 3);
	assert_true(http_options_have(&o, "x-one", 5));
	assert_true(http_options_have(&o, "A", 1));
	assert_false(http_options_have(&o, "x-on", 4));
	assert_false(http_options_have(&o, "X", 1));
	assert_false(http_list_has(&h, bytes, "Connectio", "close"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			tokens_have_the_bytes_of_rfc_9110_and_no_others),
		cmocka_unit_test(words_match_whole_and_in_any_case),
		cmocka_unit_test(lists_give_their_elements_without_the_blanks),
		cmocka_unit_test(every_field_of_a_name_counts_as_one_list),
	};

	return cmocka_run_group_tests_name("http_syntax", tests, NULL, NULL);
}
