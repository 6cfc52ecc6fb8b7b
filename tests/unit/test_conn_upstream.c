/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_upstream.c - clients whose requests go to a parent proxy
 *
 * The fixture's origin plays the parent: what it is asked, and what of its
 * answers reaches the client and the log.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/support/proxy_fixture.h"

#define CONF                                                                   \
	"upstream http://u:p@127.0.0.1:ORIGIN\n"                               \
	"upstream direct direct.example\n"                                     \
	"allow *.example *.example:8443 10.0.0.1 127.0.0.1:ORIGIN\n"
#define AUTHORIZATION "Proxy-Authorization: Basic dTpw\r\n"

static void begin(void **state)
{
	static struct fixture f;

	fixture_begin(&f, CONF);
	*state = &f;
}

static int set_up(void **state)
{
	begin(state);
	return 0;
}

static int tear_down(void **state)
{
	fixture_end(*state);
	return 0;
}

static void a_tunnel_keeps_what_both_sides_say_early(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;

	fixture_say(client, "CONNECT a.example:8443 HTTP/1.1\r\n\r\nhello");
	parent = fixture_accept(f);
	assert_string_equal(fixture_head(f, parent),
			    "CONNECT a.example:8443 HTTP/1.1\r\n"
			    "Host: a.example:8443\r\n" AUTHORIZATION "\r\n");
	fixture_say(parent, "HTTP/1.1 200 OK\r\nVia: x\r\n\r\nbanner");
	assert_lacks(fixture_head(f, client), "Via");
	fixture_expect(f, client, "banner");
	fixture_expect(f, parent, "hello");
	close(client);
	close(parent);
	assert_has(fixture_log(f, 1), "\"upstream_status\":200");
}

static void the_parents_refusal_is_told(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;
	const char *answer;

	fixture_say(client, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
	parent = fixture_accept(f);
	(void)fixture_head(f, parent);
	fixture_say(parent, "HTTP/1.1 403 Not today\r\nX-Secret: 1\r\n\r\nno");
	answer = fixture_answer(f, client);
	assert_has(answer, "HTTP/1.1 502 ");
	assert_has(answer, "X-Netleash-Reason: upstream");
	assert_has(answer, "answered 403 Not today to CONNECT");
	assert_lacks(answer, "X-Secret");
	close(client);
	close(parent);
	assert_has(fixture_log(f, 1), "\"upstream_status\":403");
	assert_lacks(f->text.s, "dTpw");
}

static void socks_goes_through_the_parent(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;

	fixture_send(client, "\5\1\0\5\1\0\3\tb.example\1\xbb", 19);
	parent = fixture_accept(f);
	assert_has(fixture_head(f, parent), "CONNECT b.example:443 HTTP/1.1");
	fixture_say(parent, "HTTP/1.1 407 No\r\n\r\n");
	/* The method is accepted, the request fails in general. */
	assert_int_equal(fixture_end_of(f, client), 0);
	close(client);
	close(parent);
	assert_has(fixture_log(f, 1), "\"reason\":\"upstream\"");
	assert_has(f->text.s, "\"upstream_status\":407");
}

static void plain_requests_share_one_connection_to_the_parent(void **state)
{
	static const char *const hosts[] = { "a.example", "b.example",
					     "a.example:8443" };
	struct fixture *f = *state;
	int client = fixture_connect(f), parent = -1;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		char text[200];

		(void)snprintf(text, sizeof(text),
			       "GET http://%s/p?q HTTP/1.1\r\nHost: %s\r\n"
			       "Proxy-Authorization: Basic eDp5\r\n\r\n",
			       hosts[i], hosts[i]);
		fixture_say(client, text);
		if (parent < 0)
			parent = fixture_accept(f);
		(void)snprintf(text, sizeof(text),
			       "GET http://%s/p?q HTTP/1.1\r\n", hosts[i]);
		assert_has(fixture_head(f, parent), text);
		assert_has(f->text.s, AUTHORIZATION);
		assert_lacks(f->text.s, "eDp5");
		fixture_say(parent, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				    "\r\nok");
		assert_has(fixture_head(f, client), "HTTP/1.1 200 OK");
		fixture_expect(f, client, "ok");
	}
	close(client);
	close(parent);
	assert_has(fixture_log(f, 3), "\"upstream\":\"127.0.0.1:");
}

static void the_parents_407_is_not_the_clients(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;
	const char *answer;

	fixture_say(client, "GET http://a.example/ HTTP/1.1\r\n"
			    "Host: a.example\r\nConnection: close\r\n\r\n");
	parent = fixture_accept(f);
	(void)fixture_head(f, parent);
	fixture_say(parent, "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n"
			    "Content-Length: 2\r\n\r\nno");
	answer = fixture_answer(f, client);
	assert_has(answer, "HTTP/1.1 502 ");
	assert_has(answer, "answered 407");
	assert_has(answer, "does not accept the user name");
	assert_lacks(answer, "Authenticate:");
	close(client);
	close(parent);
	assert_has(fixture_log(f, 1), "\"upstream_status\":407");
}

static void another_error_of_the_parent_is_passed_on(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;

	fixture_say(client, "GET http://a.example/ HTTP/1.0\r\n"
			    "Host: a.example\r\n\r\n");
	parent = fixture_accept(f);
	(void)fixture_head(f, parent);
	fixture_say(parent, "HTTP/1.1 503 Later\r\nContent-Length: 2\r\n\r\n"
			    "no");
	assert_has(fixture_answer(f, client), " 503 Later");
	close(client);
	close(parent);
}

static void a_parent_that_breaks_off_is_named(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;

	fixture_say(client, "GET http://a.example/ HTTP/1.0\r\n"
			    "Host: a.example\r\n\r\n");
	parent = fixture_accept(f);
	(void)fixture_head(f, parent);
	close(parent);
	assert_has(fixture_answer(f, client), "The parent proxy 127.0.0.1:");
	close(client);
}

static void a_websocket_has_a_tunnel_through_the_parent(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;

	fixture_say(client, "GET http://a.example/ws HTTP/1.1\r\n"
			    "Host: a.example\r\nUpgrade: websocket\r\n"
			    "Connection: Upgrade\r\n"
			    "Sec-WebSocket-Version: 13\r\n"
			    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			    "\r\n");
	parent = fixture_accept(f);
	assert_has(fixture_head(f, parent), "CONNECT a.example:80 HTTP/1.1");
	fixture_say(parent, "HTTP/1.1 200 OK\r\n\r\n");
	assert_has(fixture_head(f, parent), "GET /ws HTTP/1.1\r\n");
	assert_lacks(f->text.s, "Proxy-Authorization");
	close(client);
	close(parent);
}

static void policy_judges_before_the_parent_is_asked(void **state)
{
	struct fixture *f = *state;

	static const char *const heads[] = {
		"CONNECT other.test:443 HTTP/1.1\r\n\r\n",
		"CONNECT a.example:22 HTTP/1.1\r\n\r\n",
		"CONNECT 10.0.0.2:443 HTTP/1.1\r\n\r\n",
		"GET http://other.test/ HTTP/1.0\r\nHost: other.test\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		fixture_check_answer(f, heads[i], strlen(heads[i]),
				     "HTTP/1.1 403 ", "X-Netleash-Reason");
	assert_int_equal(accept4(f->origin, NULL, NULL, SOCK_CLOEXEC), -1);
	assert_lacks(fixture_log(f, ARRAY_SIZE(heads)), "\"upstream\"");
}

static void loopback_is_reached_directly(void **state)
{
	struct fixture *f = *state;
	int client, origin;

	fixture_tunnel(f, &client, &origin);
	fixture_say(client, "x");
	fixture_expect(f, origin, "x");
	close(client);
	close(origin);
	assert_lacks(fixture_log(f, 1), "\"upstream\"");
}

static void a_client_that_goes_away_cancels_the_way(void **state)
{
	struct fixture *f = *state;
	int client = fixture_connect(f), parent;

	fixture_say(client, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
	parent = fixture_accept(f);
	(void)fixture_head(f, parent);
	fixture_reset(&client);
	assert_int_equal(fixture_end_of(f, parent), 0);
	close(parent);
	assert_has(fixture_log(f, 1), "\"upstream_status\":null");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tunnel_keeps_what_both_sides_say_early),
		TEST(the_parents_refusal_is_told),
		TEST(socks_goes_through_the_parent),
		TEST(plain_requests_share_one_connection_to_the_parent),
		TEST(the_parents_407_is_not_the_clients),
		TEST(another_error_of_the_parent_is_passed_on),
		TEST(a_parent_that_breaks_off_is_named),
		TEST(a_websocket_has_a_tunnel_through_the_parent),
		TEST(policy_judges_before_the_parent_is_asked),
		TEST(loopback_is_reached_directly),
		TEST(a_client_that_goes_away_cancels_the_way),
	};

	return cmocka_run_group_tests_name("conn_upstream", tests, NULL, NULL);
}
