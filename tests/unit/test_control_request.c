/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_control_request.c - requests on the control socket
 */
#include "sandbox/control_request.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

#define END "\r\n\r\n"

static const struct {
	const char *text;
	enum control_method method;
	const char *path, *body;
} good[] = {
	{ "GET /v1/status HTTP/1.1\r\nHost: a" END, CONTROL_GET, "/v1/status",
	  "" },
	{ "GET /metrics HTTP/1.0" END, CONTROL_GET, "/metrics", "" },
	{ "GET /v1/log?x=/y HTTP/1.1" END, CONTROL_GET, "/v1/log", "" },
	{ "GET http://localhost/v1/log HTTP/1.1" END, CONTROL_GET, "/v1/log",
	  "" },
	{ "POST /v1/reload HTTP/1.1\r\nContent-Length: 0" END, CONTROL_POST,
	  "/v1/reload", "" },
	{ "PUT /v1/mode HTTP/1.1\r\ncontent-length:\t5 " END "hello",
	  CONTROL_PUT, "/v1/mode", "hello" },
	{ "PUT /v1/mode HTTP/1.1\r\nContent-Length: 2" END "hello", CONTROL_PUT,
	  "/v1/mode", "he" },
	{ "BREW /pot HTTP/1.1\r\nA:\r\nB: \xff" END, CONTROL_OTHER, "/pot",
	  "" },
	{ "get /x HTTP/1.1" END, CONTROL_OTHER, "/x", "" },
};

static const struct {
	const char *text;
	int status;
} bad[] = {
	{ "\r\n\r\n", 400 },
	{ "GET /v1/status" END, 400 },
	{ "GET  /v1/status HTTP/1.1" END, 400 },
	{ " GET /v1/status HTTP/1.1" END, 400 },
	{ "GET /v1/status HTTP/1.1 " END, 505 },
	{ "GET /v1/status HTTP/9.9" END, 505 },
	{ "GET /v1/status HTTP" END, 400 },
	{ "GET /a b HTTP/1.1" END, 400 },
	{ "GET /a\x01 HTTP/1.1" END, 400 },
	{ "GET v1 HTTP/1.1" END, 400 },
	{ "GET http://a HTTP/1.1" END, 400 },
	{ "GET http:///a HTTP/1.1" END, 400 },
	{ "GET http://[::1/a HTTP/1.1" END, 400 },
	{ "G(T / HTTP/1.1" END, 400 },
	{ "GET / HTTP/1.1\r\nno colon" END, 400 },
	{ "GET / HTTP/1.1\r\nA : b" END, 400 },
	{ "GET / HTTP/1.1\r\nA: b\r\n folded" END, 400 },
	{ "GET / HTTP/1.1\r\nA: b\nC: d" END, 400 },
	{ "GET / HTTP/1.1\r\nA: b\rC: d" END, 400 },
	{ "GET / HTTP/1.1\r\n: b" END, 400 },
	{ "PUT / HTTP/1.1\r\nContent-Length: -5" END, 400 },
	{ "PUT / HTTP/1.1\r\nContent-Length: " END, 400 },
	{ "PUT / HTTP/1.1\r\nContent-Length: 5, 5" END, 400 },
	{ "PUT / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5" END, 400 },
	{ "PUT / HTTP/1.1\r\nContent-Length: 4097" END, 413 },
	{ "PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999" END, 413 },
	{ "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked" END, 501 },
};

static void a_whole_request_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct control_request rq;

		if (control_request_parse(good[i].text, strlen(good[i].text),
					  &rq) != 0)
			fail_msg("case %zu", i);
		assert_int_equal(rq.method, good[i].method);
		assert_string_equal(rq.path, good[i].path);
		assert_int_equal(rq.body_n, strlen(good[i].body));
		assert_memory_equal(rq.body, good[i].body, rq.body_n);
	}
}

static void one_cut_at_any_byte_needs_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct control_request rq;
		size_t n;

		(void)control_request_parse(good[i].text, strlen(good[i].text),
					    &rq);
		n = (size_t)(rq.body - good[i].text) + rq.body_n;
		for (size_t cut = 0; cut < n; cut++) {
			char *copy = malloc(cut + 1);

			assert_non_null(copy);
			memcpy(copy, good[i].text, cut);
			assert_int_equal(control_request_parse(copy, cut, &rq),
					 -EAGAIN);
			free(copy);
		}
	}
}

static void what_is_wrong_is_refused_with_its_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct control_request rq;
		int got = control_request_parse(bad[i].text,
						strlen(bad[i].text), &rq);

		if (got != bad[i].status)
			fail_msg("case %zu: %d, not %d", i, got, bad[i].status);
	}
}

static void nothing_is_waited_for_beyond_the_bounds(void **state)
{
	const size_t n = CONTROL_HEAD_MAX + CONTROL_BODY_MAX;
	static const char put[] = "PUT / HTTP/1.1\r\nContent-Length: 4096\r\n";
	struct control_request rq;
	char *bytes = malloc(n);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', n);
	assert_int_equal(
		control_request_parse(bytes, CONTROL_HEAD_MAX - 1, &rq),
		-EAGAIN);
	assert_int_equal(control_request_parse(bytes, CONTROL_HEAD_MAX, &rq),
			 431);
	/* The longest head and the longest body fit. */
	memcpy(bytes, put, strlen(put));
	bytes[strlen(put)] = 'A';
	bytes[strlen(put) + 1] = ':';
	memcpy(bytes + CONTROL_HEAD_MAX - 4, END, 4);
	assert_int_equal(control_request_parse(bytes, n - 1, &rq), -EAGAIN);
	assert_int_equal(control_request_parse(bytes, n, &rq), 0);
	assert_int_equal(rq.body_n, CONTROL_BODY_MAX);
	memcpy(bytes + CONTROL_HEAD_MAX - 3, END, 4);
	assert_int_equal(control_request_parse(bytes, n, &rq), 431);
	free(bytes);
}

static void a_path_that_is_too_long_is_none_of_ours(void **state)
{
	char text[200];
	struct control_request rq;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "GET /", 5);
	memcpy(text + sizeof(text) - 13, " HTTP/1.1" END, 13);
	assert_int_equal(control_request_parse(text, sizeof(text), &rq), 0);
	assert_string_equal(rq.path, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_request_is_understood),
		cmocka_unit_test(one_cut_at_any_byte_needs_more),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_status),
		cmocka_unit_test(nothing_is_waited_for_beyond_the_bounds),
		cmocka_unit_test(a_path_that_is_too_long_is_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
