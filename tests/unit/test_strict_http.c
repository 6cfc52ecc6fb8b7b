/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_strict_http.c - the reader that others are measured by
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/support/strict_http.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct {
	const char *bytes;
	size_t rest; /* of it, that is the next message's */
	const char *body;
} good[] = {
	{ GET "\r\n", 0, "" },
	{ GET "\r\nGET", 3, "" },
	{ GET "Content-Length: 3\r\n\r\nabcdef", 3, "abc" },
	{ GET "Transfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n"
	      "0\r\nT: 1\r\n\r\n!",
	  1, "abcd" },
	{ "CONNECT a:1 HTTP/1.0\r\n\r\nearly", 5, "" },
};

static const char *const bad[] = {
	"\r\n",
	"GET  / HTTP/1.1\r\n",
	"GET / HTTP/1.2\r\n",
	"GET / HTTP/1.1\n",
	GET "Host: b\r\n",
	GET "X : 1\r\n",
	GET " folded\r\n",
	GET "X: \x01\r\n",
	GET "Content-Length: +1\r\n",
	GET "Content-Length: 1\r\nContent-Length: 1\r\n",
	GET "Content-Length: 9223372036854775808\r\n",
	GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	GET "Transfer-Encoding: gzip, chunked\r\n",
	GET "Transfer-Encoding: chunked\r\n\r\nx\r\n",
	GET "Transfer-Encoding: chunked\r\n\r\n1\r\nab",
	"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
};

/* Before its last byte a message is not there, whatever the cut. */
static void a_message_is_whole_with_its_last_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		size_t len = strlen(good[i].bytes), whole = len - good[i].rest;
		struct strbuf body = STRBUF_INIT;
		struct strict_message m;

		for (size_t n = 0; n < whole; n++)
			assert_int_equal(
				strict_request(good[i].bytes, n, &m, NULL),
				STRICT_MORE);
		assert_int_equal(strict_request(good[i].bytes, len, &m, &body),
				 STRICT_OK);
		assert_int_equal(m.n, whole);
		assert_int_equal(body.len, strlen(good[i].body));
		if (body.len > 0)
			assert_memory_equal(body.s, good[i].body, body.len);
		strbuf_fini(&body);
	}
}

static void what_can_be_read_in_two_ways_is_bad(void **state)
{
	struct strict_message m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (strict_request(bad[i], strlen(bad[i]), &m, NULL) !=
		    STRICT_BAD)
			fail_msg("taken: %s", bad[i]);
}

static enum strict_verdict answer(const char *text, bool ended,
				  const char *method, struct strict_message *m)
{
	return strict_response(text, strlen(text), ended, method, m, NULL);
}

static void answers_end_as_method_and_status_say(void **state)
{
	const char *nine = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
	const char *open = "HTTP/1.1 200 OK\r\n\r\nall of it";
	struct strict_message m;

	(void)state;
	assert_int_equal(answer(nine, true, "GET", &m), STRICT_MORE);
	assert_int_equal(answer(nine, true, "HEAD", &m), STRICT_OK);
	assert_int_equal(answer(open, false, "GET", &m), STRICT_MORE);
	assert_int_equal(answer(open, true, "GET", &m), STRICT_OK);
	assert_int_equal(m.n, strlen(open));
	assert_int_equal(answer(open, true, "CONNECT", &m), STRICT_OK);
	assert_int_equal(m.n, m.head_n);
	assert_int_equal(answer("HTTP/1.1 304 \r\nConnection: x, Close\r\n\r\n",
				false, "GET", &m),
			 STRICT_OK);
	assert_true(m.close);
	assert_int_equal(answer("HTTP/1.1 20 OK\r\n\r\n", true, "GET", &m),
			 STRICT_BAD);
}

static void fields_come_one_by_one(void **state)
{
	const char *text = GET "X-Empty:\r\nY:\t z \r\n\r\n";
	struct strict_span name, value;
	struct strict_message m;
	size_t cursor = 0;

	(void)state;
	assert_int_equal(strict_request(text, strlen(text), &m, NULL),
			 STRICT_OK);
	assert_true(strict_field(text, &m, &cursor, &name, &value));
	assert_true(strict_is(&name, "host") && strict_is(&value, "a"));
	assert_true(strict_field(text, &m, &cursor, &name, &value));
	assert_true(strict_is(&name, "x-empty") && value.n == 0);
	assert_true(strict_field(text, &m, &cursor, &name, &value));
	assert_true(strict_is(&name, "y") && strict_is(&value, "z"));
	assert_false(strict_field(text, &m, &cursor, &name, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_whole_with_its_last_byte),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_bad),
		cmocka_unit_test(answers_end_as_method_and_status_say),
		cmocka_unit_test(fields_come_one_by_one),
	};

	return cmocka_run_group_tests_name("strict_http", tests, NULL, NULL);
}
