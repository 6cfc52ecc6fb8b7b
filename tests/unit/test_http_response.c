/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_response.c - what is a response head, and what is not
 *
 * Every case is fed whole, byte by byte, and in two pieces cut at every
 * place. The bytes lie at the end of an allocation of their own size, so that
 * a read past them is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/http_response.h"

#define SIZE_LIMIT   512
#define FIELDS_LIMIT 4

#define TEXT(s) s, sizeof(s) - 1

static enum http_head_verdict parse_part(struct http_response *r,
					 const char *bytes, size_t n)
{
	char *copy = malloc(n ? n : 1);
	enum http_head_verdict v;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	v = http_response_parse(r, copy, n);
	free(copy);
	return v;
}

static void assert_same(const struct http_response *a,
			const struct http_response *b)
{
	assert_int_equal(a->verdict, b->verdict);
	assert_ptr_equal(a->error, b->error);
	if (a->verdict != HTTP_HEAD_OK)
		return;
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->minor_version, b->minor_version);
	assert_int_equal(a->phrase.at, b->phrase.at);
	assert_int_equal(a->phrase.len, b->phrase.len);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->head.fields_n, b->head.fields_n);
}

static void assert_cuts_do_not_matter(const char *bytes, size_t n)
{
	struct http_response whole, cut;

	http_response_init(&whole, SIZE_LIMIT, FIELDS_LIMIT);
	parse_part(&whole, bytes, n);
	for (size_t at = 0; at <= n; at++) {
		http_response_init(&cut, SIZE_LIMIT, FIELDS_LIMIT);
		parse_part(&cut, bytes, at);
		parse_part(&cut, bytes, n);
		assert_same(&whole, &cut);
	}
	http_response_init(&cut, SIZE_LIMIT, FIELDS_LIMIT);
	for (size_t i = 0; i <= n; i++)
		parse_part(&cut, bytes, i);
	assert_same(&whole, &cut);
}

static void good_heads_are_cut_into_their_spans(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		unsigned status, minor;
		const char *phrase;
		size_t fields, rest;
	} cases[] = {
		{ TEXT("HTTP/1.1 200 OK\r\n\r\n"), 200, 1, "OK", 0, 0 },
		{ TEXT("HTTP/1.0 404 Not  Found!\r\nA: b\r\n\r\nbody"), 404, 0,
		  "Not  Found!", 1, 4 },
		{ TEXT("HTTP/1.1 204 \r\n\r\n"), 204, 1, "", 0, 0 },
		{ TEXT("HTTP/1.1 599\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\nHTTP"), 599,
		  1, "", 4, 4 },
		{ TEXT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
		  100, 1, "Continue", 0, 19 },
		{ TEXT("HTTP/1.1 200 d\xc3\xa9j\xe0\tvu\r\n\r\n"), 200, 1,
		  "d\xc3\xa9j\xe0\tvu", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_response r;

		assert_cuts_do_not_matter(cases[i].bytes, cases[i].len);
		http_response_init(&r, SIZE_LIMIT, FIELDS_LIMIT);
		if (parse_part(&r, cases[i].bytes, cases[i].len) !=
		    HTTP_HEAD_OK)
			fail_msg("case %zu: %s", i, r.error);
		assert_int_equal(r.status, cases[i].status);
		assert_int_equal(r.minor_version, cases[i].minor);
		assert_int_equal(r.head.fields_n, cases[i].fields);
		assert_int_equal(r.length, cases[i].len - cases[i].rest);
		assert_true(http_span_is(&r.phrase, cases[i].bytes,
					 cases[i].phrase));
	}
}

static void bad_heads_are_refused_with_their_reason(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum http_head_verdict verdict;
		const char *error;
	} cases[] = {
		{ TEXT("HTTP/2.0 200 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "status line" },
		{ TEXT("HTTP/1.2 200 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "version" },
		{ TEXT("http/1.1 200 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "status line" },
		{ TEXT("\r\nHTTP/1.1 200 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "status line" },
		{ TEXT("ICY 200 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "status line" },
		{ TEXT("<html>"), HTTP_HEAD_MALFORMED, "status line" },
		{ TEXT("HTTP/1.1  200 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "number" },
		{ TEXT("HTTP/1.1 20 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "number" },
		{ TEXT("HTTP/1.1 +20 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "number" },
		{ TEXT("HTTP/1.1 2000 OK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "three" },
		{ TEXT("HTTP/1.1 200\tOK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "three" },
		{ TEXT("HTTP/1.1 099 OK\r\n\r\n"), HTTP_HEAD_MALFORMED, "599" },
		{ TEXT("HTTP/1.1 600 OK\r\n\r\n"), HTTP_HEAD_MALFORMED, "599" },
		{ TEXT("HTTP/1.1 200 OK\n\r\n"), HTTP_HEAD_MALFORMED, "bare" },
		{ TEXT("HTTP/1.1 200\n\r\n"), HTTP_HEAD_MALFORMED, "bare" },
		{ TEXT("HTTP/1.1 200 O\rK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "bare" },
		{ TEXT("HTTP/1.1 200 O\0K\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "control" },
		{ TEXT("HTTP/1.1 200 O\x7fK\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "control" },
		{ TEXT("HTTP/1.1 200 OK\r\n A: b\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "continued" },
		{ TEXT("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"), HTTP_HEAD_MALFORMED,
		  "colon" },
		{ TEXT("HTTP/1.1 200 OK\r\nA: b\n\r\n"), HTTP_HEAD_MALFORMED,
		  "LF" },
		{ TEXT("HTTP/1.1 200 OK\r\nA: b\r\n\n"), HTTP_HEAD_MALFORMED,
		  "name" },
		{ TEXT("HTTP/1.1 200 OK\r\n1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n\r\n"),
		  HTTP_HEAD_TOO_LARGE, "fields" },
		{ TEXT("HTTP/1.1 200 OK\r\nA: b\r\n"), HTTP_HEAD_MORE, "" },
		{ TEXT("HTTP/1.1 200 OK\r"), HTTP_HEAD_MORE, "" },
		{ TEXT("H"), HTTP_HEAD_MORE, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_response r;

		assert_cuts_do_not_matter(cases[i].bytes, cases[i].len);
		http_response_init(&r, SIZE_LIMIT, FIELDS_LIMIT);
		if (parse_part(&r, cases[i].bytes, cases[i].len) !=
			    cases[i].verdict ||
		    !strstr(r.error ? r.error : "", cases[i].error))
			fail_msg("case %zu: verdict %d, %s", i, (int)r.verdict,
				 r.error ? r.error : "no error");
	}
}

static void fields_are_found_behind_a_status_line_of_any_length(void **state)
{
	char bytes[256];
	struct http_response r;
	struct http_field f;

	(void)state;
	for (size_t n = 0; n < 100; n++) {
		size_t at = 13;

		memcpy(bytes, "HTTP/1.1 200 ", at);
		memset(bytes + at, 'x', n);
		at += n;
		memcpy(bytes + at, "\r\nServer: s\r\nAge: 3\r\n\r\n", 23);
		at += 23;
		http_response_init(&r, SIZE_LIMIT, FIELDS_LIMIT);
		assert_int_equal(parse_part(&r, bytes, at), HTTP_HEAD_OK);
		assert_int_equal(r.length, at);
		assert_int_equal(http_head_find(&r.head,
						http_response_bytes(&r, bytes),
						"age", &f),
				 1);
		assert_memory_equal(f.value, "3", 1);
		assert_ptr_equal(f.value, bytes + at - 5);
	}
}

static void a_head_of_just_the_limit_passes_and_one_more_does_not(void **state)
{
	const char *bytes = "HTTP/1.1 200 OK\r\nA: b\r\n\r\nmore";
	size_t length = strlen(bytes) - 4;

	(void)state;
	for (size_t max = 1; max <= length; max++) {
		struct http_response whole, cut;

		http_response_init(&whole, max, FIELDS_LIMIT);
		http_response_init(&cut, max, FIELDS_LIMIT);
		http_response_parse(&whole, bytes, length + 4);
		assert_int_equal(whole.verdict, max == length
							? HTTP_HEAD_OK
							: HTTP_HEAD_TOO_LARGE);
		for (size_t n = 0; n < max; n++)
			assert_int_equal(parse_part(&cut, bytes, n),
					 HTTP_HEAD_MORE);
		parse_part(&cut, bytes, max);
		assert_same(&whole, &cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_heads_are_cut_into_their_spans),
		cmocka_unit_test(bad_heads_are_refused_with_their_reason),
		cmocka_unit_test(
			fields_are_found_behind_a_status_line_of_any_length),
		cmocka_unit_test(
			a_head_of_just_the_limit_passes_and_one_more_does_not),
	};

	return cmocka_run_group_tests_name("http_response", tests, NULL, NULL);
}
