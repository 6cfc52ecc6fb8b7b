/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_hostile.c - origins and clients that break the rules
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/macros.h"
#include "tests/support/proxy_fixture.h"

#define ALLOW_ORIGIN "allow 127.0.0.1:ORIGIN\n"
#define URL	     "http://127.0.0.1:ORIGIN"
#define HOST	     "Host: 127.0.0.1:ORIGIN\r\n"
#define GET(path)    "GET " URL path " HTTP/1.1\r\n" HOST "\r\n"
#define POST	     "POST " URL "/ HTTP/1.1\r\n" HOST
#define OK_HI	     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static int ask(struct fixture *f, const char *request, int *ret_origin)
{
	int client = fixture_connect(f);

	fixture_ask(f, client, request);
	*ret_origin = fixture_accept(f);
	return client;
}

/* A kept connection that has carried one answer. */
static int ask_kept(struct fixture *f, int *ret_origin)
{
	int client = ask(f, GET("/"), ret_origin);

	fixture_head(f, *ret_origin);
	fixture_say(*ret_origin, OK_HI);
	fixture_expect(f, client, OK_HI);
	return client;
}

static void odd_requests_are_refused_and_reach_nobody(void **state)
{
	static const char *const requests[] = {
		/* no URL, or not one that agrees with Host */
		"GET / HTTP/1.1\r\n" HOST "\r\n",
		"OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
		"GET " URL "/ HTTP/1.1\r\n\r\n",
		"GET " URL "/ HTTP/1.1\r\nHost: other.example\r\n\r\n",
		"GET " URL "/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"GET " URL "/ HTTP/1.1\r\n" HOST HOST "\r\n",
		"GET http://me@127.0.0.1:ORIGIN/ HTTP/1.1\r\n" HOST "\r\n",
		"GET " URL "/#x HTTP/1.1\r\n" HOST "\r\n",
		"GET ftp://127.0.0.1:ORIGIN/ HTTP/1.1\r\n" HOST "\r\n",
		/* bodies that two readers could frame in two ways */
		POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
		POST "Content-Length: +1\r\n\r\nx",
		POST "Content-Length: 1, 1\r\n\r\nx",
		POST "Content_Length: 1\r\n\r\nx",
		POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		POST "Transfer-Encoding: identity\r\n\r\n",
		POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
		"POST " URL "/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n",
		POST "Connection: Content-Length\r\nContent-Length: 1\r\n\r\n"
		     "x",
		POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx",
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		int client = fixture_connect(&f);
		const char *answer;

		fixture_ask(&f, client, requests[i]);
		answer = fixture_answer(&f, client);
		if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0)
			fail_msg("'%s' was answered:\n%s", requests[i], answer);
		assert_has(answer, "Connection: close\r\n");
		close(client);
	}
	assert_int_equal(accept4(f.origin, NULL, NULL, SOCK_CLOEXEC), -1);
	fixture_log(&f, ARRAY_SIZE(requests));
	fixture_end(&f);
}

static void https_urls_are_told_to_come_by_connect(void **state)
{
	struct fixture f;
	int client;

	(void)state;
	fixture_begin(&f, "allow a.example\n");
	client = fixture_connect(&f);
	fixture_say(client, "GET https://b.example/ HTTP/1.1\r\n"
			    "Host: b.example\r\n\r\n");
	assert_has(fixture_head(&f, client), "HTTP/1.1 403 ");
	close(client);
	client = fixture_connect(&f);
	fixture_say(client, "GET https://a.example/ HTTP/1.1\r\n"
			    "Host: a.example\r\nConnection: close\r\n\r\n");
	assert_has(fixture_answer(&f, client), "CONNECT");
	assert_has(f.text.s, "HTTP/1.1 501 ");
	close(client);
	assert_int_equal(f.dns.asked_a + f.dns.asked_aaaa, 0);
	fixture_end(&f);
}

static void bad_chunks_of_a_client_never_end_the_request(void **state)
{
	static const char *const bodies[] = {
		"x\r\n",
		"3\nabc\r\n0\r\n\r\n",
		"3\r\nabcd\r\n0\r\n\r\n",
		"-1\r\n",
		"0x3\r\nabc\r\n",
		"ffffffffffffffff\r\n",
		"11111111111111111\r\n",
		"3\r\nabc\r\n0\r\nbad trailer\r\n\r\n",
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		int origin, client = ask(&f,
					 POST "Transfer-Encoding: chunked\r\n"
					      "\r\n",
					 &origin);

		fixture_head(&f, origin);
		fixture_say(client, bodies[i]);
		assert_has(fixture_head(&f, client), "HTTP/1.1 400 ");
		(void)fixture_end_of(&f, origin);
		close(client);
		close(origin);
	}
	fixture_log(&f, ARRAY_SIZE(bodies));
	assert_has(f.text.s, "\"reason\":\"malformed\"");
	fixture_end(&f);
}

static void a_body_that_breaks_off_does_not_look_whole(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, POST "Content-Length: 10\r\n\r\nabc", &origin);
	fixture_head(&f, origin);
	fixture_expect(&f, origin, "abc");
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_has(fixture_answer(&f, client), "HTTP/1.1 400 ");
	(void)fixture_end_of(&f, origin);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void answers_that_cannot_be_passed_on_are_502(void **state)
{
	static const char *const answers[] = {
		"nonsense\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.1 99 x\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Content-Length: 2\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n"
		"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		int origin, client = ask(&f, GET("/"), &origin);

		fixture_head(&f, origin);
		fixture_say(origin, answers[i]);
		if (!strstr(fixture_head(&f, client),
			    "X-Netleash-Reason: upstream\r\n"))
			fail_msg("'%s' became:\n%s", answers[i], f.text.s);
		assert_has(f.text.s, "HTTP/1.1 502 ");
		assert_lacks(f.text.s, "Connection: close");
		(void)fixture_end_of(&f, origin);
		close(client);
		close(origin);
	}
	fixture_log(&f, ARRAY_SIZE(answers));
	fixture_end(&f);
}

static void heads_of_origins_have_limits(void **state)
{
	struct fixture f;
	int client, origin;
	char line[1024];

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit head-size 2k\n"
				       "limit header-count 8\n");
	memset(line, 'a', sizeof(line));
	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	fixture_say(origin, "HTTP/1.1 200 OK\r\nA: ");
	fixture_send(origin, line, sizeof(line));
	fixture_turn_for(&f, 10);
	fixture_send(origin, line, sizeof(line));
	assert_has(fixture_head(&f, client), "X-Netleash-Reason: upstream");
	close(client);
	close(origin);

	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	fixture_say(origin, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 9; i++)
		fixture_say(origin, "A: b\r\n");
	assert_has(fixture_head(&f, client), "X-Netleash-Reason: upstream");
	close(client);
	close(origin);

	/* One less is fine: 7, and the length. */
	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	fixture_say(origin, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 7; i++)
		fixture_say(origin, "A: b\r\n");
	fixture_say(origin, "Content-Length: 0\r\n\r\n");
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 OK\r\n");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void a_flood_of_interim_answers_ends(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	for (int i = 0; i < 40; i++)
		fixture_say(origin, "HTTP/1.1 102 Processing\r\n\r\n");
	for (int i = 0; i < 32; i++)
		assert_has(fixture_head(&f, client), "HTTP/1.1 102 ");
	assert_has(fixture_head(&f, client), "X-Netleash-Reason: upstream");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void an_answer_cut_short_does_not_look_whole(void **state)
{
	static const struct {
		const char *head, *body;
		bool reset;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "abc",
		  false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "abc",
		  true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		  "3\r\nabc\r\n", false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		  "3\r\nabc\r\n0\r\n", false },
		/* In good order it would have been whole. */
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "abc", true },
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int origin, client = ask(&f, GET("/"), &origin);

		fixture_head(&f, origin);
		fixture_say(origin, cases[i].head);
		assert_string_equal(fixture_head(&f, client), cases[i].head);
		fixture_say(origin, cases[i].body);
		fixture_turn_for(&f, 10);
		if (cases[i].reset)
			fixture_reset(&origin);
		else
			close(origin);
		assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
		close(client);
	}
	fixture_log(&f, ARRAY_SIZE(cases));
	assert_has(f.text.s, "\"reason\":\"upstream\"");
	assert_lacks(f.text.s, "\"reason\":\"allowed\"");
	fixture_end(&f);
}

static void an_origin_that_says_too_much_is_not_used_again(void **state)
{
	struct fixture f;
	int client, first, second;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &first);
	fixture_head(&f, first);
	fixture_say(first, OK_HI "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
				 "evil");
	fixture_expect(&f, client, OK_HI);
	fixture_ask(&f, client, GET("/2"));
	second = fixture_accept(&f);
	fixture_head(&f, second);
	/* And what it says later, between two answers. */
	fixture_say(second, OK_HI);
	fixture_expect(&f, client, OK_HI);
	fixture_turn_for(&f, 10);
	fixture_say(second, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
	fixture_turn_for(&f, 10);
	close(first);
	fixture_ask(&f, client, GET("/3"));
	first = fixture_accept(&f);
	fixture_head(&f, first);
	fixture_say(first, OK_HI);
	fixture_expect(&f, client, OK_HI);
	close(client);
	close(first);
	close(second);
	fixture_end(&f);
}

static void a_kept_connection_that_just_closed_is_dialled_again(void **state)
{
	struct fixture f;
	int client, first, second;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask_kept(&f, &first);
	fixture_ask(&f, client, GET("/again"));
	fixture_head(&f, first);
	close(first); /* after the request, before a byte of its answer */
	second = fixture_accept(&f);
	assert_has(fixture_head(&f, second), "GET /again ");
	fixture_say(second, OK_HI);
	fixture_expect(&f, client, OK_HI);

	/* What may have done something is not sent twice. */
	fixture_ask(&f, client, POST "Content-Length: 1\r\n\r\nx");
	fixture_head(&f, second);
	fixture_expect(&f, second, "x");
	close(second);
	assert_has(fixture_head(&f, client), "HTTP/1.1 502 ");
	fixture_turn_for(&f, 20);
	assert_int_equal(accept4(f.origin, NULL, NULL, SOCK_CLOEXEC), -1);
	close(client);
	fixture_log(&f, 3);
	fixture_end(&f);
}

static void an_origin_that_never_answers_is_504_in_time(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit idle-time 1s\n");
	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	assert_has(fixture_head(&f, client), "HTTP/1.1 504 ");
	assert_has(f.text.s, "X-Netleash-Reason: idle\r\n");
	close(client);
	close(origin);

	/* In the middle of its answer there is no other way than a reset. */
	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	fixture_say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
	close(client);
	close(origin);
	fixture_log(&f, 2);
	fixture_end(&f);
}

static void a_connection_that_waits_for_nothing_is_closed(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit idle-time 1s\n");
	client = ask_kept(&f, &origin);
	assert_int_equal(fixture_end_of(&f, client), 0);
	assert_int_equal(fixture_end_of(&f, origin), 0);
	close(client);
	close(origin);
	fixture_log(&f, 1);
	fixture_end(&f);
}

static void a_next_head_that_comes_slowly_is_408(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit head-time 1s\n");
	client = ask_kept(&f, &origin);
	fixture_turn_for(&f, 1100);
	fixture_say(client, "GET http://");
	assert_has(fixture_head(&f, client), "HTTP/1.1 408 ");
	close(client);
	close(origin);
	fixture_log(&f, 2);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_requests_are_refused_and_reach_nobody),
		cmocka_unit_test(https_urls_are_told_to_come_by_connect),
		cmocka_unit_test(bad_chunks_of_a_client_never_end_the_request),
		cmocka_unit_test(a_body_that_breaks_off_does_not_look_whole),
		cmocka_unit_test(answers_that_cannot_be_passed_on_are_502),
		cmocka_unit_test(heads_of_origins_have_limits),
		cmocka_unit_test(a_flood_of_interim_answers_ends),
		cmocka_unit_test(an_answer_cut_short_does_not_look_whole),
		cmocka_unit_test(
			an_origin_that_says_too_much_is_not_used_again),
		cmocka_unit_test(
			a_kept_connection_that_just_closed_is_dialled_again),
		cmocka_unit_test(an_origin_that_never_answers_is_504_in_time),
		cmocka_unit_test(a_connection_that_waits_for_nothing_is_closed),
		cmocka_unit_test(a_next_head_that_comes_slowly_is_408),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("http_hostile", tests, NULL, NULL);
}
