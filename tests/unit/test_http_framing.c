/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_framing.c - one reading of where a message ends
 *
 * The classic list of request smuggling is here: each entry is refused, by
 * the head's parser or by the framing, never read in one of its two ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/http_framing.h"

#define SIZE_LIMIT 8192

/* What is wrong with @text as a request's head; NULL if nothing is. */
static const char *frame(const char *text, struct http_framing *ret)
{
	struct http_head h;

	http_head_init(&h, SIZE_LIMIT, 64);
	switch (http_head_parse(&h, text, strlen(text))) {
	case HTTP_HEAD_OK:
		return http_framing_request(&h, text, ret);
	case HTTP_HEAD_MORE:
		return "it is not whole";
	case HTTP_HEAD_MALFORMED:
	case HTTP_HEAD_TOO_LARGE:
		break;
	}
	return h.error;
}

static const char *frame_fields(const char *fields, struct http_framing *ret)
{
	static char text[SIZE_LIMIT];

	(void)snprintf(text, sizeof(text),
		       "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	return frame(text, ret);
}

static void requests_are_framed_by_their_fields(void **state)
{
	static const struct {
		const char *text;
		enum http_framing_kind body;
		uint64_t length;
		bool keep_alive;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_FRAMING_NONE, 0,
		  true },
		{ "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		  HTTP_FRAMING_LENGTH, 0, true },
		{ "POST / HTTP/1.1\r\ncontent-length:  42 \r\n\r\n",
		  HTTP_FRAMING_LENGTH, 42, true },
		{ "GET / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n"
		  "\r\n",
		  HTTP_FRAMING_LENGTH, INT64_MAX, true },
		{ "PUT / HTTP/1.1\r\nContent-Length: 0000000000000000007\r\n"
		  "\r\n",
		  HTTP_FRAMING_LENGTH, 7, true },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
		  HTTP_FRAMING_CHUNKED, 0, true },
		{ "POST / HTTP/1.1\r\nTRANSFER-ENCODING:CHUNKED\r\n\r\n",
		  HTTP_FRAMING_CHUNKED, 0, true },
		{ "POST / HTTP/1.0\r\nContent-Length: 3\r\n"
		  "Connection: keep-alive\r\n\r\n",
		  HTTP_FRAMING_LENGTH, 3, false },
		{ "GET / HTTP/1.0\r\n\r\n", HTTP_FRAMING_NONE, 0, false },
		{ "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
		  HTTP_FRAMING_NONE, 0, false },
		{ "GET / HTTP/1.1\r\nConnection: a, ,CLOSE,\r\n\r\n",
		  HTTP_FRAMING_NONE, 0, false },
		{ "GET / HTTP/1.1\r\nConnection: keep-alive\r\n"
		  "Connection: close\r\n\r\n",
		  HTTP_FRAMING_NONE, 0, false },
		{ "GET / HTTP/1.1\r\nConnection: closed\r\n"
		  "Proxy-Connection: close\r\n\r\n",
		  HTTP_FRAMING_NONE, 0, true },
		{ "CONNECT a:1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		  HTTP_FRAMING_LENGTH, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_framing fr;
		const char *error = frame(cases[i].text, &fr);

		if (error)
			fail_msg("case %zu: %s", i, error);
		assert_int_equal(fr.body, cases[i].body);
		assert_int_equal(fr.announced, cases[i].body);
		assert_int_equal(fr.length, cases[i].length);
		assert_int_equal(fr.keep_alive, cases[i].keep_alive);
	}
}

static void what_two_readers_could_frame_in_two_ways_is_refused(void **state)
{
	/* clang-format off */
	static const char *const bad[] = {
		/* CL.TE, TE.CL and TE.TE */
		"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: identity\r\nContent-Length: 6\r\n",
		/* codings that are no, or not only, chunked */
		"Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: chunkedx\r\n",
		"Transfer-Encoding: \"chunked\"\r\n",
		"Transfer-Encoding: chunked, chunked\r\n",
		"Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: chunked, identity\r\n",
		"Transfer-Encoding: chunked;q=1\r\n",
		"Transfer-Encoding: identity\r\n",
		"Transfer-Encoding: ,chunked\r\n",
		"Transfer-Encoding:\r\n",
		"Transfer-Encoding: \x0b" "chunked\r\n",
		"Transfer-Encoding: chunk\xc5\xbf" "ed\r\n",
		"Transfer-Encoding : chunked\r\n",
		"Transfer-Encoding\t: chunked\r\n",
		" Transfer-Encoding: chunked\r\n",
		"X: y\r\n Transfer-Encoding: chunked\r\n",
		"Transfer-Encoding:\r\n chunked\r\n",
		"X: y\nTransfer-Encoding: chunked\r\n",
		"X: y\rTransfer-Encoding: chunked\r\n",
		"Transfer_Encoding: chunked\r\n",
		/* lengths that are no numbers, or more than one */
		"Content-Length: 6\r\nContent-Length: 6\r\n",
		"Content-Length: 6\r\ncontent-length: 0\r\n",
		"Content-Length: 6, 6\r\n",
		"Content-Length: 6,7\r\n",
		"Content-Length: +6\r\n",
		"Content-Length: -6\r\n",
		"Content-Length: -0\r\n",
		"Content-Length: 0x6\r\n",
		"Content-Length: 6 0\r\n",
		"Content-Length: 6.0\r\n",
		"Content-Length: 1e3\r\n",
		"Content-Length: 6;\r\n",
		"Content-Length: \"6\"\r\n",
		"Content-Length:\r\n",
		"Content-Length: \r\n",
		"Content-Length: 9223372036854775808\r\n",
		"Content-Length: 9999999999999999999\r\n",
		"Content-Length: 18446744073709551622\r\n",
		"Content-Length: 00000000000000000000006\r\n",
		"Content-Length: \xef\xbc\x96\r\n",
		"Content-Length : 6\r\n",
		"Content-Length: 6\n\r\n",
		"content_length: 6\r\n",
		/* Connection takes away what is for the other end */
		"Connection: Content-Length\r\nContent-Length: 6\r\n",
		"Connection: close, transfer-encoding\r\n",
		"Connection: Host\r\n",
		"Connection: Authorization\r\n",
		"Connection: X-Netleash-Reason\r\n",
		"Connection: a b\r\n",
		"Connection: \"close\"\r\n",
		"Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\r\n",
		/* expectations */
		"Expect: 200-ok\r\nContent-Length: 6\r\n",
		"Expect: 100-continue, x\r\nContent-Length: 6\r\n",
		"Expect:\r\n",
		"Expect: 100-continue\r\nExpect: 100-continue\r\n",
		/* two hosts */
		"Host: b\r\n",
		"Host: a\r\n",
	};
	/* clang-format on */
	struct http_framing fr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!frame_fields(bad[i], &fr))
			fail_msg("case %zu is let pass: %s", i, bad[i]);
	assert_non_null(frame("POST / HTTP/1.0\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n",
			      &fr));
	assert_non_null(frame("CONNECT a:1 HTTP/1.1\r\n"
			      "Content-Length: 3\r\n\r\n",
			      &fr));
	assert_non_null(frame("CONNECT a:1 HTTP/1.1\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n",
			      &fr));
	assert_non_null(
		frame("TRACE / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", &fr));
}

static void sixteen_connection_options_pass(void **state)
{
	struct http_framing fr;

	(void)state;
	assert_null(frame_fields("Connection: 1,2,3,4,5,6,7,8,9,10,11,12,13,"
				 "14,15,16\r\n",
				 &fr));
}

static void only_websocket_is_an_upgrade(void **state)
{
	static const struct {
		const char *text;
		bool upgrade;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\n"
		  "Upgrade: WebSocket\r\n\r\n",
		  true },
		{ "GET / HTTP/1.1\r\nConnection: upgrade\r\n"
		  "Upgrade: h2c, websocket\r\n\r\n",
		  true },
		{ "GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		  "Upgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
		  false },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", false },
		{ "GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\nConnection: upgrade\r\n"
		  "Upgrade: websocket\r\n\r\n",
		  false },
		{ "POST / HTTP/1.1\r\nConnection: upgrade\r\n"
		  "Upgrade: websocket\r\n\r\n",
		  false },
		{ "GET / HTTP/1.1\r\nConnection: upgrade\r\n"
		  "Content-Length: 1\r\nUpgrade: websocket\r\n\r\n",
		  false },
	};
	struct http_framing fr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_null(frame(cases[i].text, &fr));
		assert_int_equal(fr.upgrade, cases[i].upgrade);
	}
}

static void a_client_expects_100_only_where_it_has_a_body(void **state)
{
	struct http_framing fr;

	(void)state;
	assert_null(frame_fields("Expect: 100-Continue\r\n"
				 "Content-Length: 5\r\n",
				 &fr));
	assert_true(fr.expect_continue);
	assert_null(frame_fields("Expect: 100-continue\r\n"
				 "Transfer-Encoding: chunked\r\n",
				 &fr));
	assert_true(fr.expect_continue);
	assert_null(frame_fields("Expect: 100-continue\r\n", &fr));
	assert_false(fr.expect_continue);
	assert_null(frame_fields("Expect: 100-continue\r\n"
				 "Content-Length: 0\r\n",
				 &fr));
	assert_false(fr.expect_continue);
	assert_null(frame("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
			  "Content-Length: 5\r\n\r\n",
			  &fr));
	assert_false(fr.expect_continue);
}

static void options_and_trace_go_no_further_than_they_say(void **state)
{
	struct http_framing fr;

	(void)state;
	assert_null(
		frame("OPTIONS * HTTP/1.1\r\nMax-Forwards: 1\r\n\r\n", &fr));
	assert_non_null(
		frame("OPTIONS * HTTP/1.1\r\nMax-Forwards: 0\r\n\r\n", &fr));
	assert_non_null(
		frame("TRACE / HTTP/1.1\r\nMax-Forwards: -1\r\n\r\n", &fr));
	assert_null(frame("GET / HTTP/1.1\r\nMax-Forwards: 0\r\n\r\n", &fr));
}

/* ---- responses ---- */

static const char *answer(const char *text, bool head, bool connect,
			  bool upgrade, struct http_framing *ret)
{
	struct http_framing request = { .head = head,
					.connect = connect,
					.upgrade = upgrade };
	struct http_response r;

	http_response_init(&r, SIZE_LIMIT, 64);
	if (http_response_parse(&r, text, strlen(text)) != HTTP_HEAD_OK)
		fail_msg("no head: %s", r.error ? r.error : "not whole");
	return http_framing_response(&r, text, &request, ret);
}

static void responses_are_framed_by_status_and_fields(void **state)
{
	static const struct {
		const char *text;
		bool head;
		enum http_framing_kind body, announced;
		uint64_t length;
		bool keep_alive, interim;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false,
		  HTTP_FRAMING_LENGTH, HTTP_FRAMING_LENGTH, 5, true, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true,
		  HTTP_FRAMING_NONE, HTTP_FRAMING_LENGTH, 5, true, false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n",
		  false, HTTP_FRAMING_CHUNKED, HTTP_FRAMING_CHUNKED, 0, true,
		  false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true,
		  HTTP_FRAMING_NONE, HTTP_FRAMING_CHUNKED, 0, true, false },
		{ "HTTP/1.1 200 OK\r\n\r\n", false, HTTP_FRAMING_UNTIL_CLOSE,
		  HTTP_FRAMING_UNTIL_CLOSE, 0, false, false },
		{ "HTTP/1.1 200 OK\r\n\r\n", true, HTTP_FRAMING_NONE,
		  HTTP_FRAMING_NONE, 0, true, false },
		{ "HTTP/1.1 304 x\r\nContent-Length: 7\r\n\r\n", false,
		  HTTP_FRAMING_NONE, HTTP_FRAMING_LENGTH, 7, true, false },
		{ "HTTP/1.1 304 x\r\n\r\n", false, HTTP_FRAMING_NONE,
		  HTTP_FRAMING_NONE, 0, true, false },
		{ "HTTP/1.1 204 x\r\n\r\n", false, HTTP_FRAMING_NONE,
		  HTTP_FRAMING_NONE, 0, true, false },
		{ "HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n", false,
		  HTTP_FRAMING_NONE, HTTP_FRAMING_NONE, 0, true, false },
		{ "HTTP/1.1 205 x\r\nContent-Length: 0\r\n\r\n", false,
		  HTTP_FRAMING_LENGTH, HTTP_FRAMING_LENGTH, 0, true, false },
		{ "HTTP/1.1 100 x\r\n\r\n", false, HTTP_FRAMING_NONE,
		  HTTP_FRAMING_NONE, 0, true, true },
		{ "HTTP/1.1 103 x\r\nLink: </a>\r\n\r\n", false,
		  HTTP_FRAMING_NONE, HTTP_FRAMING_NONE, 0, true, true },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", false,
		  HTTP_FRAMING_LENGTH, HTTP_FRAMING_LENGTH, 5, false, false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n"
		  "Connection: Keep-Alive\r\n\r\n",
		  false, HTTP_FRAMING_LENGTH, HTTP_FRAMING_LENGTH, 5, true,
		  false },
		{ "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", false,
		  HTTP_FRAMING_UNTIL_CLOSE, HTTP_FRAMING_UNTIL_CLOSE, 0, false,
		  false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		  "Connection: close, keep-alive\r\n\r\n",
		  false, HTTP_FRAMING_LENGTH, HTTP_FRAMING_LENGTH, 5, false,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_framing fr;
		const char *error =
			answer(cases[i].text, cases[i].head, false, false, &fr);

		if (error)
			fail_msg("case %zu: %s", i, error);
		if (fr.body != cases[i].body ||
		    fr.announced != cases[i].announced ||
		    fr.length != cases[i].length ||
		    fr.keep_alive != cases[i].keep_alive ||
		    fr.interim != cases[i].interim)
			fail_msg("case %zu is read otherwise", i);
	}
}

static void responses_that_could_be_read_in_two_ways_are_refused(void **state)
{
	static const char *const bad[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		"Content-Length: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 100 x\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 304 x\r\nContent-Length: -5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nConnection: Content-Length\r\n"
		"Content-Length: 5\r\n\r\n",
		"HTTP/1.1 101 x\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\n\r\n",
	};
	struct http_framing fr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!answer(bad[i], false, false, false, &fr))
			fail_msg("case %zu is let pass", i);
}

static void a_tunnel_begins_behind_the_head_whatever_it_says(void **state)
{
	const char *odd = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
			  "Transfer-Encoding: chunked\r\n\r\n";
	struct http_framing fr;

	(void)state;
	assert_null(answer(odd, false, true, false, &fr));
	assert_int_equal(fr.body, HTTP_FRAMING_NONE);
	assert_false(fr.keep_alive);
	assert_null(answer("HTTP/1.1 403 x\r\nContent-Length: 5\r\n\r\n", false,
			   true, false, &fr));
	assert_int_equal(fr.body, HTTP_FRAMING_LENGTH);
}

static void only_the_asked_upgrade_is_taken(void **state)
{
	struct http_framing fr;

	(void)state;
	assert_null(answer("HTTP/1.1 101 x\r\nConnection: upgrade\r\n"
			   "Upgrade: websocket\r\n\r\n",
			   false, false, true, &fr));
	assert_true(fr.upgrade);
	assert_false(fr.interim);
	assert_non_null(answer("HTTP/1.1 101 x\r\nConnection: upgrade\r\n"
			       "Upgrade: h2c\r\n\r\n",
			       false, false, true, &fr));
	assert_non_null(
		answer("HTTP/1.1 101 x\r\n\r\n", false, false, true, &fr));
	assert_null(answer("HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\n", false,
			   false, true, &fr));
	assert_false(fr.upgrade);
}

/* ---- Host ---- */

static void the_host_field_says_what_the_target_says(void **state)
{
	static const struct {
		const char *url, *host;
		bool good;
	} cases[] = {
		{ "http://example.com/", "Host: example.com\r\n", true },
		{ "http://EXAMPLE.com/", "Host: example.COM.\r\n", true },
		{ "http://example.com/", "Host: example.com:80\r\n", true },
		{ "https://example.com/", "Host: example.com:443\r\n", true },
		{ "https://example.com/", "Host: example.com:80\r\n", false },
		{ "ws://example.com/", "Host: example.com\r\n", true },
		{ "http://example.com:81/", "Host: example.com:81\r\n", true },
		{ "http://example.com:81/", "Host: example.com\r\n", false },
		{ "http://example.com/", "Host: example.com:81\r\n", false },
		{ "http://example.com/", "Host: example.org\r\n", false },
		{ "http://example.com/", "Host: a.example.com\r\n", false },
		{ "http://example.com/", "Host: u@example.com\r\n", false },
		{ "http://example.com/", "Host: example.com/\r\n", false },
		{ "http://example.com/", "Host: example.com:\r\n", false },
		{ "http://example.com/", "Host: example.com, b\r\n", false },
		{ "http://example.com/", "Host: http://example.com\r\n",
		  false },
		{ "http://example.com/", "Host:\r\n", false },
		{ "http://example.com/", "", false },
		{ "http://[2001:DB8::1]/", "Host: [2001:db8:0::1]\r\n", true },
		{ "http://[2001:DB8::1]/", "Host: 2001:db8::1\r\n", false },
		{ "http://[::ffff:192.0.2.1]/", "Host: 192.0.2.1\r\n", true },
		{ "http://192.0.2.1/", "Host: 192.0.513\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256], detail[TARGET_DETAIL_MAX];
		struct http_head h;
		struct target t;
		const char *error;

		(void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n%s\r\n",
			       cases[i].url, cases[i].host);
		http_head_init(&h, SIZE_LIMIT, 64);
		assert_int_equal(http_head_parse(&h, text, strlen(text)),
				 HTTP_HEAD_OK);
		assert_int_equal(target_parse_url(text + h.target.at,
						  h.target.len, &t, detail),
				 TARGET_OK);
		error = http_framing_check_host(&h, text, &t);
		if (!error != cases[i].good)
			fail_msg("case %zu: %s", i, error ? error : "good");
	}
}

static void http_1_0_needs_no_host_but_must_not_lie(void **state)
{
	struct target t = { .scheme = SCHEME_HTTP, .host = "a", .port = 80 };
	const char *none = "GET / HTTP/1.0\r\n\r\n";
	const char *other = "GET / HTTP/1.0\r\nHost: b\r\n\r\n";
	struct http_head h;

	(void)state;
	http_head_init(&h, SIZE_LIMIT, 64);
	http_head_parse(&h, none, strlen(none));
	assert_null(http_framing_check_host(&h, none, &t));
	http_head_init(&h, SIZE_LIMIT, 64);
	http_head_parse(&h, other, strlen(other));
	assert_non_null(http_framing_check_host(&h, other, &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_framed_by_their_fields),
		cmocka_unit_test(
			what_two_readers_could_frame_in_two_ways_is_refused),
		cmocka_unit_test(sixteen_connection_options_pass),
		cmocka_unit_test(only_websocket_is_an_upgrade),
		cmocka_unit_test(a_client_expects_100_only_where_it_has_a_body),
		cmocka_unit_test(options_and_trace_go_no_further_than_they_say),
		cmocka_unit_test(responses_are_framed_by_status_and_fields),
		cmocka_unit_test(
			responses_that_could_be_read_in_two_ways_are_refused),
		cmocka_unit_test(
			a_tunnel_begins_behind_the_head_whatever_it_says),
		cmocka_unit_test(only_the_asked_upgrade_is_taken),
		cmocka_unit_test(the_host_field_says_what_the_target_says),
		cmocka_unit_test(http_1_0_needs_no_host_but_must_not_lie),
	};

	return cmocka_run_group_tests_name("http_framing", tests, NULL, NULL);
}
