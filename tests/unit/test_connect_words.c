/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_connect_words.c - which proxy, and what it answered
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

#include <errno.h>

#include "common/macros.h"
#include "sandbox/connect_words.h"

static void the_first_variable_that_says_something_counts(void **state)
{
	static const char *const cases[][6] = {
		{ "http://a", "HTTP_PROXY=http://b", "HTTPS_PROXY=http://a" },
		{ "http://a", "https_proxy=http://a", "ALL_PROXY=http://b" },
		{ "http://a", "http_proxy=http://b", "all_proxy=http://a" },
		{ "http://a", "HTTPS_PROXY=", "https_proxy=http://a" },
		{ "http://a", "X=1", "http_proxy=http://a" },
		{ NULL, "HTTPS_PROXY=", "FTP_PROXY=http://a",
		  "HTTPS_PROXYX=http://a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = connect_proxy_find(&cases[i][1]);

		if (!cases[i][0])
			assert_null(got);
		else
			assert_string_equal(got, cases[i][0]);
	}
}

static void a_url_names_host_and_port(void **state)
{
	static const char *const good[][3] = {
		{ "http://127.0.0.1:3128", "127.0.0.1", "3128" },
		{ "HTTP://proxy.example:8080/", "proxy.example", "8080" },
		{ "http://proxy.example", "proxy.example", "80" },
		{ "proxy.example:1", "proxy.example", "1" },
		{ "http://[::1]:3128/x?y", "::1", "3128" },
		{ "[::1]", "::1", "80" },
		{ "http://a:65535", "a", "65535" },
	};
	static const char *const bad[] = {
		"",
		"http://",
		"http://:80",
		"https://a:1",
		"socks5://a:1",
		"http://a:0",
		"http://a:65536",
		"http://a:x",
		"http://a:",
		"http://u:p@a:1",
		"http://[::1",
		"http://[::1]x",
		"http://::1:80",
		"http://a b:1",
		"http://a\r\nX: y:1",
		"://a:1",
		"http://[]:1",
	};
	char error[CONNECT_ERROR_MAX], host[400] = "http://";
	struct connect_proxy p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(connect_proxy_parse(good[i][0], &p, error), 0);
		assert_string_equal(p.host, good[i][1]);
		assert_string_equal(p.port, good[i][2]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		error[0] = '\0';
		if (connect_proxy_parse(bad[i], &p, error) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_true(strlen(error) > 5);
	}
	memset(host + 7, 'a', sizeof(host) - 8);
	assert_int_equal(connect_proxy_parse(host, &p, error), -EINVAL);
}

/* As connect_answer_parse(), from bytes of just that size. */
static enum connect_verdict parse(const char *s, size_t n,
				  struct connect_answer *ret)
{
	char *copy = malloc(n > 0 ? n : 1);
	enum connect_verdict v;

	assert_non_null(copy);
	memcpy(copy, s, n);
	v = connect_answer_parse(copy, n, ret);
	if (ret->phrase_n > 0 && v != CONNECT_MORE && v != CONNECT_WRONG)
		ret->phrase = s + (ret->phrase - copy);
	free(copy);
	return v;
}

static void an_answer_is_understood_however_it_is_cut(void **state)
{
	static const struct {
		const char *head, *after;
		enum connect_verdict verdict;
		unsigned status;
		const char *phrase;
		bool own;
	} cases[] = {
		{ "HTTP/1.1 200 Connection established\r\n\r\n", "SSH-2.0",
		  CONNECT_OPEN, 200, "Connection established", false },
		{ "HTTP/1.0 200 OK\nVia: x\n\n", "\r\n", CONNECT_OPEN, 200,
		  "OK", false },
		{ "HTTP/1.1 204\r\nA: b\r\n\r\n", "", CONNECT_OPEN, 204, "",
		  false },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 x y\r\n\r\n", "z",
		  CONNECT_OPEN, 299, "x y", false },
		{ "HTTP/1.1 403 No\r\nx-netleash-reason: port\r\n\r\n", "why\n",
		  CONNECT_REFUSED, 403, "No", true },
		{ "HTTP/1.1 407 Auth\r\nX: X-Netleash-Reason: y\r\n\r\n", "",
		  CONNECT_REFUSED, 407, "Auth", false },
		{ "HTTP/1.1 101 Switch\r\n\r\n", "", CONNECT_REFUSED, 101,
		  "Switch", false },
		{ "HTTP/1.1 302 \r\n\r\n", "", CONNECT_REFUSED, 302, "",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].head);
		struct connect_answer a = { 0 };
		char text[400];

		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(parse(cases[i].head, cut, &a),
					 CONNECT_MORE);
		(void)snprintf(text, sizeof(text), "%s%s", cases[i].head,
			       cases[i].after);
		assert_int_equal(parse(text, strlen(text), &a),
				 cases[i].verdict);
		assert_int_equal(a.head_n, n);
		assert_int_equal(a.status, cases[i].status);
		assert_int_equal(a.phrase_n, strlen(cases[i].phrase));
		if (a.phrase_n > 0)
			assert_memory_equal(a.phrase, cases[i].phrase,
					    a.phrase_n);
		assert_int_equal(a.own, cases[i].own);
	}
}

static void what_is_no_http_is_seen_at_once(void **state)
{
	static const char *const wrong[] = {
		"SSH-2.0-x",
		"H2",
		"HTTP/2 200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"HTTP/1.1\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 100 C\r\n\r\nnonsense",
		"\r\nHTTP/1.1 200 OK\r\n\r\n",
	};
	struct connect_answer a = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (parse(wrong[i], strlen(wrong[i]), &a) != CONNECT_WRONG)
			fail_msg("not wrong: %s", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_variable_that_says_something_counts),
		cmocka_unit_test(a_url_names_host_and_port),
		cmocka_unit_test(an_answer_is_understood_however_it_is_cut),
		cmocka_unit_test(what_is_no_http_is_seen_at_once),
	};

	return cmocka_run_group_tests_name("connect_words", tests, NULL, NULL);
}
