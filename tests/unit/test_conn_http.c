/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_http.c - plain HTTP through a whole proxy
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
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/macros.h"
#include "tests/support/proxy_fixture.h"

#define ALLOW_ORIGIN "allow 127.0.0.1:ORIGIN\n"
#define URL	     "http://127.0.0.1:ORIGIN"
#define HOST	     "Host: 127.0.0.1:ORIGIN\r\n"
#define GET(path)    "GET " URL path " HTTP/1.1\r\n" HOST "\r\n"
#define OK_HI	     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

/* A request on a new connection, and the origin's end of it. */
static int ask(struct fixture *f, const char *request, int *ret_origin)
{
	int client = fixture_connect(f);

	fixture_ask(f, client, request);
	*ret_origin = fixture_accept(f);
	return client;
}

/* The head of an answer that must have no body, and then the end. */
static void expect_end(struct fixture *f, int *client)
{
	assert_int_equal(fixture_end_of(f, *client), 0);
	close(*client);
	*client = -1;
}

/* True if nothing comes from @fd for a moment, not even its end. */
static bool is_silent(struct fixture *f, int fd)
{
	char byte;

	fixture_turn_for(f, 50);
	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

static void the_origin_gets_its_own_form_and_no_hop_by_hop_field(void **state)
{
	struct fixture f;
	int client, origin;
	char want[300];

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f,
		     "GET " URL "/a/b?c=d HTTP/1.1\r\n" HOST
		     "User-Agent: test\r\nProxy-Connection: keep-alive\r\n"
		     "Proxy-Authorization: Basic c2VjcmV0\r\n"
		     "Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\n"
		     "Keep-Alive: 3\r\nTE: gzip\r\nUpgrade: h2c\r\n"
		     "Cookie: a=b\r\n\r\n",
		     &origin);
	(void)snprintf(want, sizeof(want),
		       "GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		       "User-Agent: test\r\nCookie: a=b\r\n\r\n",
		       f.origin_port);
	assert_string_equal(fixture_head(&f, origin), want);
	fixture_say(origin, "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n"
			    "X-Netleash-Reason: denied\r\nKeep-Alive: 5\r\n"
			    "Connection: X-Own\r\nX-Own: 1\r\nETag: 1\r\n\r\n"
			    "hi");
	fixture_expect(&f, client,
		       "HTTP/1.1 200 Fine\r\nETag: 1\r\n"
		       "Content-Length: 2\r\n\r\nhi");
	close(client);
	close(origin);
	fixture_log(&f, 1);
	assert_has(f.text.s, "\"protocol\":\"http\"");
	assert_has(f.text.s, "\"method\":\"GET\"");
	assert_has(f.text.s, "\"path\":\"/a/b\"");
	assert_has(f.text.s, "\"decision\":\"allow\",\"rule\":\"test.conf:1\"");
	assert_has(f.text.s, "\"bytes_in\":2,\"bytes_out\":0,");
	assert_has(f.text.s, "\"status\":200}");
	fixture_end(&f);
}

static void connections_are_kept_on_both_sides(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/0"), &origin);
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			fixture_ask(&f, client, GET("/n"));
		fixture_head(&f, origin);
		fixture_say(origin, OK_HI);
		fixture_expect(&f, client, OK_HI);
	}
	assert_int_equal(accept4(f.origin, NULL, NULL, SOCK_CLOEXEC), -1);
	fixture_log(&f, 3);
	close(client);
	assert_int_equal(fixture_end_of(&f, origin), 0);
	close(origin);
	fixture_log(&f, 3);
	fixture_end(&f);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f,
		     GET("/1") "POST " URL "/2 HTTP/1.1\r\n" HOST
			       "Content-Length: 3\r\n\r\nabc" GET("/3"),
		     &origin);
	assert_has(fixture_head(&f, origin), "GET /1 ");
	assert_true(is_silent(&f, origin)); /* one at a time */
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	assert_has(fixture_head(&f, origin), "POST /2 ");
	fixture_expect(&f, origin, "abc");
	fixture_say(origin, OK_HI);
	assert_has(fixture_head(&f, origin), "GET /3 ");
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI OK_HI);
	close(client);
	close(origin);
	fixture_log(&f, 3);
	fixture_end(&f);
}

static void a_thousand_refused_requests_at_once_are_all_answered(void **state)
{
	struct fixture f;
	int client = -1;
	size_t got = 0;

	(void)state;
	fixture_begin(&f, "allow other.example\nlimit head-size 1m\n");
	client = fixture_connect(&f);
	for (int i = 0; i < 1000; i++)
		fixture_say(client, "GET http://a.b/ HTTP/1.1\r\n"
				    "Host: a.b\r\n\r\n");
	for (; got < 1000; got++) {
		const char *head = fixture_head(&f, client), *length;
		size_t n;

		assert_has(head, "HTTP/1.1 403 ");
		assert_lacks(head, "Connection: close");
		length = strstr(head, "Content-Length: ");
		assert_non_null(length);
		n = (size_t)strtoul(length + 16, NULL, 10);
		fixture_read(&f, client, n);
	}
	close(client);
	fixture_end(&f);
}

static void every_request_is_judged_by_itself(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, "allow GET " URL "/ok/**\n");
	client = ask(&f, GET("/ok/1"), &origin);
	fixture_head(&f, origin);
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	fixture_ask(&f, client, GET("/secret?token=x"));
	assert_has(fixture_head(&f, client), "X-Netleash-Reason: path\r\n");
	fixture_ask(&f, client, "DELETE " URL "/ok/1 HTTP/1.1\r\n" HOST "\r\n");
	while (!strstr(fixture_head(&f, client), "X-Netleash-Reason: method"))
		;
	fixture_turn_for(&f, 10);
	assert_true(is_silent(&f, origin));
	fixture_log(&f, 3);
	assert_has(f.text.s, "\"method\":\"DELETE\"");
	assert_has(f.text.s, "\"path\":\"/secret\"");
	assert_lacks(f.text.s, "token");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void a_new_origin_gets_a_connection_of_its_own(void **state)
{
	struct fixture f;
	int client, first, second;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN localhost:ORIGIN\n"
			  "private 127.0.0.0/8\n");
	client = ask(&f, GET("/"), &first);
	fixture_head(&f, first);
	fixture_say(first, OK_HI);
	fixture_expect(&f, client, OK_HI);
	fixture_ask(&f, client,
		    "GET http://localhost:ORIGIN/ HTTP/1.1\r\n"
		    "Host: localhost:ORIGIN\r\n\r\n");
	second = fixture_accept(&f);
	assert_has(fixture_head(&f, second), "Host: localhost:");
	assert_int_equal(fixture_end_of(&f, first), 0);
	fixture_say(second, OK_HI);
	fixture_expect(&f, client, OK_HI);
	close(client);
	close(first);
	close(second);
	fixture_end(&f);
}

/* The second request would be read as the first one's body, or the reverse. */
static void the_body_of_a_refused_request_is_no_request(void **state)
{
	struct fixture f;
	int client;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = fixture_connect(&f);
	fixture_ask(&f, client,
		    "POST http://other.example/ HTTP/1.1\r\n"
		    "Host: other.example\r\nContent-Length: 100\r\n\r\n" GET(
			    "/smuggled"));
	assert_has(fixture_head(&f, client), "Connection: close\r\n");
	expect_end(&f, &client);
	assert_int_equal(accept4(f.origin, NULL, NULL, SOCK_CLOEXEC), -1);
	fixture_log(&f, 1);
	fixture_end(&f);
}

static void bodies_are_passed_on_as_they_are_framed(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f,
		     "PUT " URL "/ HTTP/1.1\r\n" HOST
		     "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
		     "3;ext=1\r\nabc\r\n",
		     &origin);
	assert_has(fixture_head(&f, origin),
		   "\r\nTransfer-Encoding: chunked\r\n");
	fixture_expect(&f, origin, "3\r\nabc\r\n");
	fixture_say(client, "2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n");
	fixture_expect(&f, origin, "2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n");
	fixture_say(origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
			    "\r\n4\r\nwxyz\r\n0\r\nX-T: 1\r\n\r\n");
	fixture_expect(&f, client,
		       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "4\r\nwxyz\r\n0\r\nX-T: 1\r\n\r\n");
	fixture_log(&f, 1);
	assert_has(f.text.s, "\"bytes_in\":4,\"bytes_out\":5,");
	fixture_ask(&f, client, GET("/again"));
	assert_has(fixture_head(&f, origin), "GET /again ");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void answers_without_a_body_are_over_at_their_head(void **state)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{ "HEAD " URL "/ HTTP/1.1\r\n" HOST "\r\n",
		  "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" },
		{ "HEAD " URL "/ HTTP/1.1\r\n" HOST "\r\n",
		  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ GET("/"), "HTTP/1.1 204 No Content\r\n\r\n" },
		{ GET("/"),
		  "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n" },
	};
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fixture_ask(&f, client, cases[i].request);
		fixture_head(&f, origin);
		fixture_say(origin, cases[i].answer);
		fixture_expect(&f, client, cases[i].answer);
	}
	close(client);
	close(origin);
	fixture_log(&f, 1 + ARRAY_SIZE(cases));
	fixture_end(&f);
}

static void an_answer_that_ends_with_the_connection_ends_ours(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &origin);
	fixture_head(&f, origin);
	fixture_say(origin, "HTTP/1.0 200 OK\r\n\r\nto the end");
	fixture_expect(&f, client,
		       "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
		       "to the end");
	assert_true(is_silent(&f, client));
	close(origin);
	expect_end(&f, &client);
	fixture_end(&f);
}

static void a_client_of_http_1_0_gets_no_chunks_and_no_interim(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f,
		     "GET " URL "/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		     &origin);
	assert_has(fixture_head(&f, origin), "GET / HTTP/1.1\r\nHost: ");
	fixture_say(origin, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
			    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
			    "\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n");
	assert_string_equal(fixture_answer(&f, client),
			    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi!");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void who_expects_100_gets_it_before_the_body(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f,
		     "POST " URL "/ HTTP/1.1\r\n" HOST
		     "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n",
		     &origin);
	assert_has(fixture_head(&f, origin), "Expect: 100-continue\r\n");
	fixture_say(origin, "HTTP/1.1 100 Continue\r\n\r\n");
	fixture_expect(&f, client, "HTTP/1.1 100 Continue\r\n\r\n");
	fixture_say(client, "body");
	fixture_expect(&f, origin, "body");
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	fixture_ask(&f, client, GET("/kept"));
	fixture_head(&f, origin);
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	close(client);
	close(origin);

	/* The final answer in its place: whether a body comes is unclear. */
	client = ask(&f,
		     "POST " URL "/ HTTP/1.1\r\n" HOST
		     "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n",
		     &origin);
	fixture_head(&f, origin);
	fixture_say(origin, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(fixture_answer(&f, client),
			    "HTTP/1.1 401 No\r\nContent-Length: 0\r\n"
			    "Connection: close\r\n\r\n");
	close(client);
	close(origin);
	fixture_end(&f);
}

#define WEBSOCKET                                                              \
	"GET " URL "/ws HTTP/1.1\r\n" HOST                                     \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n"                        \
	"Sec-WebSocket-Version: 13\r\n\r\n"
#define SWITCHING                                                              \
	"HTTP/1.1 101 Switching Protocols\r\n"                                 \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

static void a_websocket_becomes_a_tunnel(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, WEBSOCKET "early", &origin);
	assert_has(fixture_head(&f, origin), "\r\nUpgrade: websocket\r\n");
	fixture_say(origin, SWITCHING "first");
	fixture_expect(&f, client, SWITCHING "first");
	fixture_expect(&f, origin, "early");
	fixture_say(client, "frame");
	fixture_expect(&f, origin, "frame");
	fixture_say(origin, "frame back");
	fixture_expect(&f, client, "frame back");
	close(client);
	assert_int_equal(fixture_end_of(&f, origin), 0);
	close(origin);
	fixture_log(&f, 1);
	assert_has(f.text.s, "\"status\":101}");
	fixture_end(&f);
}

static void in_limited_mode_there_is_no_upgrade(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "mode limited\n");
	client = ask(&f, WEBSOCKET, &origin);
	assert_lacks(fixture_head(&f, origin), "Upgrade");
	fixture_say(origin, SWITCHING);
	assert_has(fixture_head(&f, client), "HTTP/1.1 502 ");
	close(client);
	close(origin);
	client = fixture_connect(&f);
	fixture_ask(&f, client,
		    "PUT " URL "/ HTTP/1.1\r\n" HOST
		    "Content-Length: 1\r\n\r\nx");
	assert_has(fixture_head(&f, client), "X-Netleash-Reason: method\r\n");
	close(client);
	fixture_end(&f);
}

static void who_half_closes_still_gets_the_answer(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &origin);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	fixture_head(&f, origin);
	fixture_turn_for(&f, 20);
	fixture_say(origin, OK_HI);
	assert_has(fixture_answer(&f, client), "\r\n\r\nhi");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void a_tunnel_may_follow_on_the_same_connection(void **state)
{
	struct fixture f;
	int client, first, second;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &first);
	fixture_head(&f, first);
	fixture_say(first, OK_HI);
	fixture_expect(&f, client, OK_HI);
	fixture_say_connect(&f, client);
	second = fixture_accept(&f);
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	fixture_say(client, "ping");
	fixture_expect(&f, second, "ping");
	assert_int_equal(fixture_end_of(&f, first), 0);
	close(client);
	close(first);
	close(second);
	fixture_log(&f, 2);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_origin_gets_its_own_form_and_no_hop_by_hop_field),
		cmocka_unit_test(connections_are_kept_on_both_sides),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(
			a_thousand_refused_requests_at_once_are_all_answered),
		cmocka_unit_test(every_request_is_judged_by_itself),
		cmocka_unit_test(a_new_origin_gets_a_connection_of_its_own),
		cmocka_unit_test(the_body_of_a_refused_request_is_no_request),
		cmocka_unit_test(bodies_are_passed_on_as_they_are_framed),
		cmocka_unit_test(answers_without_a_body_are_over_at_their_head),
		cmocka_unit_test(
			an_answer_that_ends_with_the_connection_ends_ours),
		cmocka_unit_test(
			a_client_of_http_1_0_gets_no_chunks_and_no_interim),
		cmocka_unit_test(who_expects_100_gets_it_before_the_body),
		cmocka_unit_test(a_websocket_becomes_a_tunnel),
		cmocka_unit_test(in_limited_mode_there_is_no_upgrade),
		cmocka_unit_test(who_half_closes_still_gets_the_answer),
		cmocka_unit_test(a_tunnel_may_follow_on_the_same_connection),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("conn_http", tests, NULL, NULL);
}
