/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_body.c - bodies are followed to their end, and no less
 *
 * Every body is given whole, byte by byte, and in two pieces cut at every
 * place, to a caller that keeps what was not taken; all must pass on the same
 * bytes and come to the same end. The bytes lie at the end of an allocation
 * of their own size, so that a read past them is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/strbuf.h"
#include "proxy/http_body.h"

#define TEXT(s) s, sizeof(s) - 1

static const struct http_framing chunked = { .body = HTTP_FRAMING_CHUNKED };

struct outcome {
	enum http_body_verdict verdict;
	const char *error;
	struct strbuf out, trailer; /* the latter is in the former, too */
	size_t taken;		    /* of all the bytes */
	uint64_t passed;
};

/* A span of a trailer has whole lines; the empty one belongs to either. */
static void expect_lines(struct outcome *o, const char *bytes, size_t n)
{
	assert_true(n > 2 && memcmp(bytes + n - 2, "\r\n", 2) == 0);
	if (memcmp(bytes + n - 4, "\r\n\r\n", 4) == 0)
		n -= 2;
	strbuf_add(&o->trailer, bytes, n);
}

/* As a caller does: a call for each piece, what is left over with the next. */
static void feed(struct http_body *b, const char *bytes, size_t n,
		 struct outcome *o)
{
	struct http_body_part part;

	do {
		size_t left = n - o->taken;
		char *copy = malloc(left ? left : 1);

		assert_non_null(copy);
		memcpy(copy, bytes + o->taken, left);
		o->verdict = http_body_parse(b, copy, left, &part);
		assert_true(part.taken <= left && part.out_len <= part.taken);
		strbuf_add(&o->out, part.out, part.out_len);
		if (part.trailer)
			expect_lines(o, part.out, part.out_len);
		if (part.out_len > 0)
			assert_true(part.out >= copy &&
				    part.out + part.out_len <=
					    copy + part.taken);
		o->taken += part.taken;
		free(copy);
	} while (o->verdict == HTTP_BODY_AGAIN);
	assert_int_equal(o->verdict == HTTP_BODY_BAD, b->error != NULL);
	assert_true(o->verdict != HTTP_BODY_MORE ||
		    n - o->taken < HTTP_BODY_LINE_MAX);
	o->error = b->error;
	o->passed = b->passed;
}

/* In pieces of @step bytes; in two, of @first bytes and the rest, for 0. */
static void run(const struct http_framing *f, bool bare, const char *bytes,
		size_t n, size_t step, size_t first, struct outcome *o)
{
	struct http_body b;

	*o = (struct outcome){ .out = STRBUF_INIT, .trailer = STRBUF_INIT };
	http_body_init(&b, f, bare);
	feed(&b, bytes, 0, o);
	if (step == 0) {
		feed(&b, bytes, first, o);
	} else {
		for (size_t at = 0; at < n; at += step)
			feed(&b, bytes, at, o);
	}
	feed(&b, bytes, n, o);
}

static void assert_same(const struct outcome *a, struct outcome *b, size_t cut)
{
	if (a->verdict != b->verdict || a->error != b->error ||
	    a->taken != b->taken || a->passed != b->passed ||
	    a->out.len != b->out.len || a->trailer.len != b->trailer.len ||
	    (a->trailer.len > 0 &&
	     memcmp(a->trailer.s, b->trailer.s, a->trailer.len) != 0) ||
	    (a->out.len > 0 && memcmp(a->out.s, b->out.s, a->out.len) != 0))
		fail_msg("cut at %zu: verdict %d and %d, %s", cut,
			 (int)a->verdict, (int)b->verdict,
			 b->error ? b->error : "no error");
	strbuf_fini(&b->out);
	strbuf_fini(&b->trailer);
}

/* The whole body's outcome, once all cuts have come to the same. */
static void run_all(const struct http_framing *f, bool bare, const char *bytes,
		    size_t n, struct outcome *ret)
{
	struct outcome cut;

	run(f, bare, bytes, n, 0, n, ret);
	for (size_t first = 0; first < n; first++) {
		run(f, bare, bytes, n, 0, first, &cut);
		assert_same(ret, &cut, first);
	}
	for (size_t step = 1; step < 4; step++) {
		run(f, bare, bytes, n, step, 0, &cut);
		assert_same(ret, &cut, step);
	}
}

static void chunks_go_on_as_they_came_without_extensions(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *out, *content;
		size_t rest;
	} cases[] = {
		{ TEXT("0\r\n\r\n"), "0\r\n\r\n", "", 0 },
		{ TEXT("4\r\nWiki\r\n7\r\npedia i\r\nB\r\nn \r\nchunks.\r\n"
		       "0\r\n\r\nGET "),
		  "4\r\nWiki\r\n7\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\n"
		  "\r\n",
		  "Wikipedia in \r\nchunks.", 4 },
		{ TEXT("000000000000001a\r\nabcdefghijklmnopqrstuvwxyz\r\n"
		       "000\r\n\r\n"),
		  "000000000000001a\r\nabcdefghijklmnopqrstuvwxyz\r\n000\r\n"
		  "\r\n",
		  "abcdefghijklmnopqrstuvwxyz", 0 },
		{ TEXT("3;a\r\nabc\r\n1 \t; b = \"x\\\"\xc3;\" ;c=d\r\nd\r\n"
		       "0;last\r\n\r\n"),
		  NULL, NULL, 0 },
		{ TEXT("3;a\r\nabc\r\n1;b = \"x\\\"\xc3;\" ; c=d\r\nd\r\n"
		       "0;last\r\n\r\n"),
		  "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", "abcd", 0 },
		{ TEXT("1\r\na\r\n0\r\nDigest: x\r\nContent-Length: 4\r\n"
		       "Server-Timing: y \r\nTransfer-Encoding:chunked\r\n"
		       "x-netleash-reason: z\r\nEmpty:\r\n\r\n"),
		  "1\r\na\r\n0\r\nDigest: x\r\nServer-Timing: y \r\nEmpty:\r\n"
		  "\r\n",
		  "a", 0 },
		{ TEXT("0\r\nHost: a\r\nAuthorization: b\r\nConnection: c\r\n"
		       "Content-Type: d\r\nIf-Match: e\r\nSet-Cookie: f\r\n"
		       "Trailer: g\r\nTE: h\r\nAge: i\r\n\r\n"),
		  "0\r\n\r\n", "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o;

		run_all(&chunked, false, cases[i].bytes, cases[i].len, &o);
		if (!cases[i].out) {
			assert_int_equal(o.verdict, HTTP_BODY_BAD);
			strbuf_fini(&o.out);
			strbuf_fini(&o.trailer);
			continue;
		}
		if (o.verdict != HTTP_BODY_END ||
		    strcmp(o.out.s, cases[i].out) != 0)
			fail_msg("case %zu: %d, %s", i, (int)o.verdict,
				 o.error ? o.error : o.out.s);
		assert_int_equal(o.taken, cases[i].len - cases[i].rest);
		assert_int_equal(o.passed, strlen(cases[i].content));
		strbuf_fini(&o.out);
		strbuf_fini(&o.trailer);

		run_all(&chunked, true, cases[i].bytes, cases[i].len, &o);
		assert_int_equal(o.verdict, HTTP_BODY_END);
		assert_string_equal(o.out.s ? o.out.s : "", cases[i].content);
		strbuf_fini(&o.out);
		strbuf_fini(&o.trailer);
	}
}

static void wrong_chunks_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *error;
	} bad[] = {
		{ TEXT("\r\n"), "hexadecimal" },
		{ TEXT(";a\r\n"), "hexadecimal" },
		{ TEXT("g\r\n"), "hexadecimal" },
		{ TEXT("+1\r\na\r\n"), "hexadecimal" },
		{ TEXT("-1\r\na\r\n"), "hexadecimal" },
		{ TEXT("0x1\r\na\r\n"), "hexadecimal" },
		{ TEXT(" 1\r\na\r\n"), "hexadecimal" },
		{ TEXT("1 \r\na\r\n"), "hexadecimal" },
		{ TEXT("1\t\r\na\r\n"), "hexadecimal" },
		{ TEXT("1 ;a\r\na\r\n"), "hexadecimal" },
		{ TEXT("1_0\r\n"), "hexadecimal" },
		{ TEXT("1,2\r\n"), "hexadecimal" },
		{ TEXT("1h\r\n"), "hexadecimal" },
		{ TEXT("\xef\xbc\x91\r\n"), "hexadecimal" },
		{ TEXT("00000000000000001\r\n"), "digits" },
		{ TEXT("8000000000000000\r\n"), "too large" },
		{ TEXT("ffffffffffffffff\r\n"), "too large" },
		{ TEXT("10000000000000001\r\n"), "digits" },
		{ TEXT("1\na\r\n"), "bare" },
		{ TEXT("1\ra\r\n"), "bare" },
		{ TEXT("1\r\r\na\r\n"), "bare" },
		{ TEXT("1\0\r\na\r\n"), "control" },
		{ TEXT("1;a\nb\r\na\r\n"), "bare" },
		{ TEXT("1;a\0\r\na\r\n"), "control" },
		{ TEXT("1;\r\na\r\n"), "extension" },
		{ TEXT("1;a=\r\na\r\n"), "extension" },
		{ TEXT("1;=a\r\na\r\n"), "extension" },
		{ TEXT("1;a b\r\na\r\n"), "extension" },
		{ TEXT("1;a=\"b\r\na\r\n"), "extension" },
		{ TEXT("1;a=\"b\\\"\r\na\r\n"), "extension" },
		{ TEXT("1;a=\"b\"c\r\na\r\n"), "extension" },
		{ TEXT("1;a \r\na\r\n"), "extension" },
		/* A size that is not that of the bytes. */
		{ TEXT("1\r\nab\r\n"), "size says" },
		{ TEXT("3\r\nab\r\n0\r\n\r\n"), "size says" },
		{ TEXT("1\r\na\n0\r\n\r\n"), "size says" },
		{ TEXT("1\r\na\r0\r\n\r\n"), "size says" },
		{ TEXT("1\r\na0\r\n\r\n"), "size says" },
		{ TEXT("1\r\na\r\n\r\n0\r\n\r\n"), "hexadecimal" },
		/* The trailer. */
		{ TEXT("0\r\nX\r\n\r\n"), "not a field" },
		{ TEXT("0\r\n: a\r\n\r\n"), "not a field" },
		{ TEXT("0\r\nX : a\r\n\r\n"), "not a field" },
		{ TEXT("0\r\nX: a\r\n b\r\n\r\n"), "not a field" },
		{ TEXT("0\r\nGET / HTTP/1.1\r\n\r\n"), "not a field" },
		{ TEXT("0\r\nX: a\n\r\n"), "bare" },
		{ TEXT("0\r\nX: a\rb\r\n\r\n"), "bare" },
		{ TEXT("0\r\nX: a\0\r\n\r\n"), "control" },
		{ TEXT("0\r\n\n"), "bare" },
		{ TEXT("0\r\n\rX"), "bare" },
		{ TEXT("0\n\n"), "bare" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct outcome o;

		run_all(&chunked, false, bad[i].bytes, bad[i].len, &o);
		if (o.verdict != HTTP_BODY_BAD ||
		    !strstr(o.error, bad[i].error))
			fail_msg("case %zu: %d, %s", i, (int)o.verdict,
				 o.error ? o.error : "no error");
		strbuf_fini(&o.out);
		strbuf_fini(&o.trailer);
	}
}

/* Not one byte of a wrong line goes on, and never a last chunk too many. */
static void what_is_wrong_is_not_passed_on(void **state)
{
	struct outcome o;

	(void)state;
	run_all(&chunked, false, TEXT("1\r\na\r\n0\r\nX : y\r\n\r\n"), &o);
	assert_string_equal(o.out.s, "1\r\na\r\n0\r\n");
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
	run_all(&chunked, false, TEXT("1\r\na\r\n0 \r\n\r\n"), &o);
	assert_string_equal(o.out.s, "1\r\na\r\n");
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
}

static void a_length_is_counted_to_its_last_byte(void **state)
{
	struct http_framing f = { .body = HTTP_FRAMING_LENGTH, .length = 5 };
	struct http_framing none = { .body = HTTP_FRAMING_NONE };
	struct outcome o;

	(void)state;
	run_all(&f, false, TEXT("helloGET / HTTP/1.1\r\n"), &o);
	assert_int_equal(o.verdict, HTTP_BODY_END);
	assert_string_equal(o.out.s, "hello");
	assert_int_equal(o.taken, 5);
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
	run_all(&f, false, TEXT("hell"), &o);
	assert_int_equal(o.verdict, HTTP_BODY_MORE);
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
	f.length = 0;
	run_all(&f, false, TEXT("GET"), &o);
	assert_int_equal(o.verdict, HTTP_BODY_END);
	assert_int_equal(o.taken, 0);
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
	run_all(&none, false, TEXT("GET"), &o);
	assert_int_equal(o.verdict, HTTP_BODY_END);
	assert_int_equal(o.taken, 0);
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
}

/* Every prefix of every kind of body: whole only where it is. */
static void a_body_cut_short_is_never_whole(void **state)
{
	const char *bytes = "3;x\r\nabc\r\n0\r\nA: b\r\n\r\n";
	struct http_framing length = { .body = HTTP_FRAMING_LENGTH,
				       .length = 21 };
	struct http_framing endless = { .body = HTTP_FRAMING_UNTIL_CLOSE };
	struct http_framing none = { .body = HTTP_FRAMING_NONE };
	size_t whole = strlen(bytes);

	(void)state;
	assert_int_equal(whole, length.length);
	for (size_t n = 0; n <= whole; n++) {
		struct http_body b;
		struct outcome o = { .out = STRBUF_INIT };
		enum http_body_verdict want =
			n == whole ? HTTP_BODY_END : HTTP_BODY_BAD;

		http_body_init(&b, &chunked, false);
		feed(&b, bytes, n, &o);
		assert_int_equal(http_body_finish(&b), want);
		assert_int_equal(http_body_finish(&b), want);
		assert_int_equal(b.error != NULL, n < whole);

		o.taken = 0;
		http_body_init(&b, &length, false);
		feed(&b, bytes, n, &o);
		assert_int_equal(http_body_finish(&b), want);

		o.taken = 0;
		http_body_init(&b, &endless, false);
		feed(&b, bytes, n, &o);
		assert_int_equal(o.verdict, HTTP_BODY_MORE);
		assert_int_equal(o.taken, n);
		assert_int_equal(http_body_finish(&b), HTTP_BODY_END);
		strbuf_fini(&o.out);
		strbuf_fini(&o.trailer);
	}
	for (int i = 0; i < 2; i++) {
		struct http_body b;

		http_body_init(&b, &none, i);
		assert_int_equal(http_body_finish(&b), HTTP_BODY_END);
	}
}

static void repeat(struct strbuf *b, const char *s, size_t times)
{
	while (times-- > 0)
		strbuf_adds(b, s);
}

static void assert_ends(struct strbuf *b, const char *error)
{
	struct outcome o;

	assert_false(strbuf_failed(b));
	run(&chunked, false, b->s, b->len, 1000, 0, &o);
	assert_int_equal(o.verdict, error ? HTTP_BODY_BAD : HTTP_BODY_END);
	if (error)
		assert_non_null(strstr(o.error, error));
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
	strbuf_reset(b);
}

static void lines_and_their_sum_have_bounds(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	/* A size line of just the limit, and one byte more. */
	strbuf_adds(&b, "0;");
	repeat(&b, "x", HTTP_BODY_LINE_MAX - 4);
	strbuf_adds(&b, "\r\n\r\n");
	assert_ends(&b, NULL);
	strbuf_adds(&b, "0;");
	repeat(&b, "x", HTTP_BODY_LINE_MAX - 3);
	strbuf_adds(&b, "\r\n\r\n");
	assert_ends(&b, "too long");
	/* All extensions: eight bytes each. */
	repeat(&b, "1;1234567\r\na\r\n", HTTP_BODY_EXTENSIONS_MAX / 8);
	strbuf_adds(&b, "0\r\n\r\n");
	assert_ends(&b, NULL);
	repeat(&b, "1;1234567\r\na\r\n", HTTP_BODY_EXTENSIONS_MAX / 8);
	strbuf_adds(&b, "0;a\r\n\r\n");
	assert_ends(&b, "extensions");
	/* The trailer: a line, and all of it, dropped fields too. */
	strbuf_adds(&b, "0\r\nX:");
	repeat(&b, "x", HTTP_BODY_LINE_MAX);
	assert_ends(&b, "too long");
	strbuf_adds(&b, "0\r\n");
	repeat(&b, "TE: 12\r\n", HTTP_BODY_TRAILER_MAX / 8);
	strbuf_adds(&b, "\r\n");
	assert_ends(&b, NULL);
	strbuf_adds(&b, "0\r\n");
	repeat(&b, "TE: 12\r\n", HTTP_BODY_TRAILER_MAX / 8 + 1);
	assert_ends(&b, "trailer is too large");
	strbuf_fini(&b);
}

static void plain_chunks_are_one_span_a_call(void **state)
{
	const char *bytes = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nnext";
	struct http_body_part part;
	struct http_body b;

	(void)state;
	http_body_init(&b, &chunked, false);
	assert_int_equal(http_body_parse(&b, bytes, strlen(bytes), &part),
			 HTTP_BODY_END);
	assert_ptr_equal(part.out, bytes);
	assert_int_equal(part.out_len, strlen(bytes) - 4);
	assert_int_equal(part.taken, part.out_len);
	assert_false(part.trailer);
	assert_true(sizeof(b) <= 48);
}

/* So that it can be changed without a look at what is around it. */
static void a_trailer_is_a_span_of_its_own(void **state)
{
	static const char bytes[] = "3\r\nabc\r\n0\r\nA: b\r\nTE: x\r\nC: d\r\n"
				    "E: f\r\n\r\nnext";
	static const struct {
		const char *out;
		bool trailer;
	} spans[] = {
		{ "3\r\nabc\r\n0\r\n", false },
		{ "A: b\r\n", true },
		{ "C: d\r\nE: f\r\n\r\n", true },
	};
	struct http_body_part part;
	struct http_body b;
	size_t at = 0, n = 0;
	struct outcome o;

	(void)state;
	http_body_init(&b, &chunked, false);
	while (http_body_parse(&b, bytes + at, sizeof(bytes) - 1 - at, &part) !=
		       HTTP_BODY_END ||
	       part.out_len > 0) {
		at += part.taken;
		if (part.out_len == 0)
			continue;
		assert_true(n < ARRAY_SIZE(spans));
		assert_int_equal(part.trailer, spans[n].trailer);
		assert_int_equal(part.out_len, strlen(spans[n].out));
		assert_memory_equal(part.out, spans[n].out, part.out_len);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(spans));
	/* And however it was cut. */
	run_all(&chunked, false, TEXT(bytes), &o);
	assert_int_equal(o.trailer.len, 18);
	assert_memory_equal(o.trailer.s, "A: b\r\nC: d\r\nE: f\r\n", 18);
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
	/* Who knows no chunks gets none. */
	run_all(&chunked, true, TEXT(bytes), &o);
	assert_int_equal(o.trailer.len, 0);
	strbuf_fini(&o.out);
	strbuf_fini(&o.trailer);
}

/* Any one byte of a body replaced by any other: no crash, no two minds. */
static void flipped_bytes_never_make_cuts_matter(void **state)
{
	char bytes[] = "2;a=\"b\"\r\nab\r\n0\r\nX: y\r\nTE: z\r\n\r\n!";
	size_t n = sizeof(bytes) - 1;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char saved = bytes[i];

		for (size_t c = 0; c < 256; c += i % 3 + 1) {
			struct outcome o;

			bytes[i] = (char)c;
			run_all(&chunked, c % 2, bytes, n, &o);
			strbuf_fini(&o.out);
			strbuf_fini(&o.trailer);
		}
		bytes[i] = saved;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_go_on_as_they_came_without_extensions),
		cmocka_unit_test(wrong_chunks_are_refused),
		cmocka_unit_test(what_is_wrong_is_not_passed_on),
		cmocka_unit_test(a_length_is_counted_to_its_last_byte),
		cmocka_unit_test(a_body_cut_short_is_never_whole),
		cmocka_unit_test(lines_and_their_sum_have_bounds),
		cmocka_unit_test(plain_chunks_are_one_span_a_call),
		cmocka_unit_test(a_trailer_is_a_span_of_its_own),
		cmocka_unit_test(flipped_bytes_never_make_cuts_matter),
	};

	return cmocka_run_group_tests_name("http_body", tests, NULL, NULL);
}
