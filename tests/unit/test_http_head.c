/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_head.c - what is a head, and what never is
 *
 * Every case is fed whole, byte by byte, and in two pieces cut at every
 * place; all must agree on verdict, error and spans. The bytes lie at the end
 * of an allocation of their own size, so that a read past them is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/http_head.h"

#define SIZE_LIMIT   4096
#define FIELDS_LIMIT 8

#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *bytes;
	size_t len;
	const char *method, *target;
	unsigned minor;
	size_t fields, rest;
} good[] = {
	{ TEXT("CONNECT example.com:443 HTTP/1.1\r\n\r\n"), "CONNECT",
	  "example.com:443", 1, 0, 0 },
	{ TEXT("CONNECT [2001:db8::1]:22 HTTP/1.0\r\nHost: a\r\n\r\nearly"),
	  "CONNECT", "[2001:db8::1]:22", 0, 1, 5 },
	{ TEXT("\r\nGET / HTTP/1.1\r\nA:\r\nB:  \t \r\n\r\n\r\n"), "GET", "/",
	  1, 2, 2 },
	{ TEXT("GET http://a/?q=%00#x HTTP/1.1\r\nHost:a\r\nX: a\tb \xff\r\n"
	       "\r\n"),
	  "GET", "http://a/?q=%00#x", 1, 2, 0 },
	{ TEXT("M!#$%&'*+-.^_`|~9 * HTTP/1.1\r\na!#$%&'*+-.^_`|~9:::\r\n\r\n"),
	  "M!#$%&'*+-.^_`|~9", "*", 1, 1, 0 },
	{ TEXT("get / HTTP/1.1\r\nHost: a\r\nHosts: b\r\nHos: c\r\n\r\n"),
	  "get", "/", 1, 3, 0 },
	{ TEXT("A b HTTP/1.1\r\n1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n"
	       "8:\r\n\r\n"),
	  "A", "b", 1, 8, 0 },
};

static const struct {
	const char *bytes;
	size_t len;
	enum http_head_verdict verdict;
	const char *error;
} bad[] = {
	{ TEXT("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "method" },
	{ TEXT("\nGET / HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "method" },
	{ TEXT("\rGET / HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "CR" },
	{ TEXT(" GET / HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "method" },
	{ TEXT("GET\t/ HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "method" },
	{ TEXT("G\0T / HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "method" },
	{ TEXT("GET\r\n\r\n"), HTTP_HEAD_MALFORMED, "method" },
	{ TEXT("\x16\x03\x01\x02"), HTTP_HEAD_MALFORMED, "method" },
	{ TEXT("G\xc3\x89T / HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "method" },
	{ TEXT("GET  / HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "target" },
	{ TEXT("GET /\r\n\r\n"), HTTP_HEAD_MALFORMED, "target" },
	{ TEXT("GET /a\tb HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "target" },
	{ TEXT("GET /\0 HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "target" },
	{ TEXT("GET /\x7f HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "target" },
	{ TEXT("CONNECT caf\xc3\xa9.example:443 HTTP/1.1\r\n\r\n"),
	  HTTP_HEAD_MALFORMED, "not ASCII" },
	{ TEXT("GET / b HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET /  HTTP/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / HTTP/1.1 \r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / HTTP/1.10\r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / HTTP/1.2\r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / HTTP/2.0\r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / HTTP/0.9\r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / http/1.1\r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / \r\n\r\n"), HTTP_HEAD_MALFORMED, "version" },
	{ TEXT("GET / HTTP/1.1\n\n"), HTTP_HEAD_MALFORMED, "bare LF" },
	{ TEXT("GET / HTTP/1.1\rHost: a\r\n\r\n"), HTTP_HEAD_MALFORMED, "CR" },
	{ TEXT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "continued" },
	{ TEXT("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "continued" },
	{ TEXT("GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "continued" },
	{ TEXT("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "before its colon" },
	{ TEXT("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "before its colon" },
	{ TEXT("GET / HTTP/1.1\r\n: a\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "no name" },
	{ TEXT("GET / HTTP/1.1\r\nHost\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "not a token" },
	{ TEXT("GET / HTTP/1.1\r\nA(b): c\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "not a token" },
	{ TEXT("GET / HTTP/1.1\r\nA\0: c\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "not a token" },
	{ TEXT("GET / HTTP/1.1\r\nA\x80: c\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "not a token" },
	{ TEXT("GET / HTTP/1.1\r\n\nA: b\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "not a token" },
	{ TEXT("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "bare LF" },
	{ TEXT("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "CR" },
	{ TEXT("GET / HTTP/1.1\r\nA: b\r\r\n\r\n"), HTTP_HEAD_MALFORMED, "CR" },
	{ TEXT("GET / HTTP/1.1\r\nA: b\0\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "control" },
	{ TEXT("GET / HTTP/1.1\r\nA: \x1b[1m\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "control" },
	{ TEXT("GET / HTTP/1.1\r\nA: \x7f\r\n\r\n"), HTTP_HEAD_MALFORMED,
	  "control" },
	{ TEXT("GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"),
	  HTTP_HEAD_MALFORMED, "more than one Host" },
	{ TEXT("GET / HTTP/1.1\r\nA: b\r\n\rX"), HTTP_HEAD_MALFORMED, "CR" },
	{ TEXT("A b HTTP/1.1\r\n1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n"
	       "8:\r\n9:\r\n\r\n"),
	  HTTP_HEAD_TOO_LARGE, "fields" },
};

/* Parses a copy that ends where its allocation ends. */
static enum http_head_verdict parse_part(struct http_head *h, const char *bytes,
					 size_t n)
{
	char *copy = malloc(n ? n : 1);
	enum http_head_verdict v;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	v = http_head_parse(h, copy, n);
	free(copy);
	return v;
}

static void assert_same(const struct http_head *a, const struct http_head *b)
{
	assert_int_equal(a->verdict, b->verdict);
	assert_ptr_equal(a->error, b->error);
	assert_int_equal(a->pos, b->pos);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->fields_n, b->fields_n);
	assert_memory_equal(&a->method, &b->method, sizeof(a->method));
	assert_memory_equal(&a->target, &b->target, sizeof(a->target));
}

static void assert_cuts_do_not_matter(const char *bytes, size_t n)
{
	struct http_head whole, cut;

	http_head_init(&whole, SIZE_LIMIT, FIELDS_LIMIT);
	parse_part(&whole, bytes, n);
	for (size_t at = 0; at <= n; at++) {
		enum http_head_verdict v;

		http_head_init(&cut, SIZE_LIMIT, FIELDS_LIMIT);
		v = parse_part(&cut, bytes, at);
		/* A prefix wants more, or says already what the whole says. */
		if (v != HTTP_HEAD_MORE)
			assert_same(&whole, &cut);
		parse_part(&cut, bytes, n);
		assert_same(&whole, &cut);
	}
	http_head_init(&cut, SIZE_LIMIT, FIELDS_LIMIT);
	for (size_t at = 0; at <= n; at++)
		parse_part(&cut, bytes, at);
	assert_same(&whole, &cut);
}

static void good_heads_are_cut_into_their_spans(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct http_head h;
		size_t cursor = 0, fields = 0;
		struct http_field f;

		assert_cuts_do_not_matter(good[i].bytes, good[i].len);
		http_head_init(&h, SIZE_LIMIT, FIELDS_LIMIT);
		assert_int_equal(parse_part(&h, good[i].bytes, good[i].len),
				 HTTP_HEAD_OK);
		assert_null(h.error);
		assert_true(
			http_span_is(&h.method, good[i].bytes, good[i].method));
		assert_true(
			http_span_is(&h.target, good[i].bytes, good[i].target));
		assert_int_equal(h.minor_version, good[i].minor);
		assert_int_equal(h.fields_n, good[i].fields);
		assert_int_equal(h.length, good[i].len - good[i].rest);
		while (http_head_next(&h, good[i].bytes, &cursor, &f))
			fields++;
		assert_int_equal(fields, good[i].fields);
	}
}

static void bad_heads_are_refused_with_their_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct http_head h;

		assert_cuts_do_not_matter(bad[i].bytes, bad[i].len);
		http_head_init(&h, SIZE_LIMIT, FIELDS_LIMIT);
		if (parse_part(&h, bad[i].bytes, bad[i].len) !=
			    bad[i].verdict ||
		    !strstr(h.error, bad[i].error))
			fail_msg("case %zu: verdict %d, %s", i, (int)h.verdict,
				 h.error ? h.error : "no error");
	}
}

static void a_target_that_is_not_ascii_is_kept_for_the_message(void **state)
{
	const char *bytes = "CONNECT \xc3\xa9:443 HTTP/1.1\r\n\r\n";
	struct http_head h;

	(void)state;
	http_head_init(&h, SIZE_LIMIT, FIELDS_LIMIT);
	assert_int_equal(parse_part(&h, bytes, strlen(bytes)),
			 HTTP_HEAD_MALFORMED);
	assert_true(http_span_is(&h.method, bytes, "CONNECT"));
	assert_true(http_span_is(&h.target, bytes, "\xc3\xa9:443"));
}

static void fields_are_found_in_any_case_and_trimmed(void **state)
{
	const char *bytes = "GET / HTTP/1.1\r\naccept: \t one two\t \r\n"
			    "Empty:\r\nACCEPT:3\r\nAcceptX: no\r\n\r\n";
	struct http_head h;
	struct http_field f = { 0 };

	(void)state;
	http_head_init(&h, SIZE_LIMIT, FIELDS_LIMIT);
	assert_int_equal(http_head_parse(&h, bytes, strlen(bytes)),
			 HTTP_HEAD_OK);
	assert_int_equal(http_head_find(&h, bytes, "Accept", &f), 2);
	assert_int_equal(f.value_len, 7);
	assert_memory_equal(f.value, "one two", 7);
	assert_int_equal(f.name_len, 6);
	assert_memory_equal(f.name, "accept", 6);
	assert_int_equal(http_head_find(&h, bytes, "empty", &f), 1);
	assert_int_equal(f.value_len, 0);
	assert_int_equal(http_head_find(&h, bytes, "Accep", NULL), 0);
	assert_int_equal(http_head_find(&h, bytes, "Accept", NULL), 2);
}

static void a_head_of_just_the_limit_passes_and_one_more_does_not(void **state)
{
	const char *bytes = "GET / HTTP/1.1\r\nA: b\r\n\r\nmore";
	size_t length = strlen(bytes) - 4;
	struct http_head h;

	(void)state;
	http_head_init(&h, length, FIELDS_LIMIT);
	assert_int_equal(http_head_parse(&h, bytes, length + 4), HTTP_HEAD_OK);
	for (size_t max = 1; max < length; max++) {
		struct http_head cut;

		http_head_init(&h, max, FIELDS_LIMIT);
		assert_int_equal(http_head_parse(&h, bytes, length),
				 HTTP_HEAD_TOO_LARGE);
		http_head_init(&cut, max, FIELDS_LIMIT);
		for (size_t n = 0; n < max; n++)
			assert_int_equal(parse_part(&cut, bytes, n),
					 HTTP_HEAD_MORE);
		assert_int_equal(parse_part(&cut, bytes, max),
				 HTTP_HEAD_TOO_LARGE);
		assert_same(&h, &cut);
	}
}

static void one_endless_line_ends_at_the_limit(void **state)
{
	static const char *const starts[] = { "A", "GET /",
					      "GET / HTTP/1.1\r\nA",
					      "GET / HTTP/1.1\r\nA:" };
	char *bytes = malloc(SIZE_LIMIT * 2);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct http_head h;

		memset(bytes, 'x', SIZE_LIMIT * 2);
		memcpy(bytes, starts[i], strlen(starts[i]));
		http_head_init(&h, SIZE_LIMIT, FIELDS_LIMIT);
		assert_int_equal(http_head_parse(&h, bytes, SIZE_LIMIT * 2),
				 HTTP_HEAD_TOO_LARGE);
		assert_int_equal(h.pos, SIZE_LIMIT);
	}
	free(bytes);
}

/* Any one byte of a good head replaced by any other: no crash, no two minds. */
static void flipped_bytes_never_make_cuts_matter(void **state)
{
	char bytes[] = "\r\nPUT a:1 HTTP/1.1\r\nHost: a\r\nB:c \r\n\r\n!";
	size_t n = sizeof(bytes) - 1;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char saved = bytes[i];

		for (size_t c = 0; c < 256; c += i % 3 + 1) {
			bytes[i] = (char)c;
			assert_cuts_do_not_matter(bytes, n);
		}
		bytes[i] = saved;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_heads_are_cut_into_their_spans),
		cmocka_unit_test(bad_heads_are_refused_with_their_reason),
		cmocka_unit_test(
			a_target_that_is_not_ascii_is_kept_for_the_message),
		cmocka_unit_test(fields_are_found_in_any_case_and_trimmed),
		cmocka_unit_test(
			a_head_of_just_the_limit_passes_and_one_more_does_not),
		cmocka_unit_test(one_endless_line_ends_at_the_limit),
		cmocka_unit_test(flipped_bytes_never_make_cuts_matter),
	};

	return cmocka_run_group_tests_name("http_head", tests, NULL, NULL);
}
