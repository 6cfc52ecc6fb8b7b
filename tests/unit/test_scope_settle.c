/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_scope_settle.c - the end of a scope in a client's handshake
 *
 * Its command has ended, and what its programs said as they went is still on
 * its way.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "proxy/ca.h"
#include "proxy/proxy.h"
#include "tests/support/inspected.h"
#include "tests/support/loopback.h"

#define CONF "allow GET https://127.0.0.1:ORIGIN/** localhost\n"

struct world {
	struct inspected i;
	struct proxy_scope *scope;
	uint16_t port;
	unsigned ended;
	size_t blocked_n;
	char detail[512];
};

static void turn(void *arg)
{
	fixture_turn(arg);
}

static int set_up(void **state)
{
	static struct world w;

	w = (struct world){ .ended = 0 };
	inspected_begin(&w.i, CONF, NULL, 0);
	w.scope = inspected_scope(&w.i, "ends", &w.port);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	inspected_end(&w->i);
	return 0;
}

static void on_ended(void *arg)
{
	const struct proxy_blocked *v;
	struct world *w = arg;
	uint64_t more;

	w->ended++;
	v = proxy_scope_blocked(w->scope, &w->blocked_n, &more);
	if (w->blocked_n > 0)
		(void)snprintf(w->detail, sizeof(w->detail), "%s", v[0].rule);
}

/* A client that trusts somebody else, and has said its hello. */
static void begin_client(struct world *w)
{
	const struct tls_end_opts o = {
		.ca = ca_pem(w->i.theirs),
		.turn = turn,
		.turn_arg = &w->i.f,
	};

	tls_end_begin(&w->i.client,
		      inspected_connect_to(&w->i, w->port, "127.0.0.1:ORIGIN"),
		      &o);
	tls_end_say_hello(&w->i.client);
}

static void expect_end(struct world *w)
{
	const uint64_t deadline = clock_ms() + 10000;

	while (w->ended == 0) {
		assert_true(clock_ms() < deadline);
		fixture_turn(&w->i.f);
	}
	assert_int_equal(w->ended, 1);
}

/* Return: it has been heard. */
static bool say_and_go(struct world *w)
{
	begin_client(w);
	proxy_scope_close(w->scope, on_ended, w);
	assert_int_not_equal(tls_end_shake(&w->i.client), 0);
	tls_end_fini(&w->i.client);
	expect_end(w);
	return w->blocked_n > 0;
}

/* It has a quarter of a second for it, which a busy machine may be late for. */
static void what_a_client_says_as_it_goes_is_remembered(void **state)
{
	struct world *w = *state;

	for (int tries = 0; tries < 10 && !say_and_go(w); tries++) {
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
		w = *state;
	}
	assert_int_equal(w->blocked_n, 1);
	assert_has(w->detail, "does not trust netleash's certificate");
	assert_has(fixture_log(&w->i.f, 1), "does not trust");
}

static void one_that_says_nothing_is_not_waited_for_long(void **state)
{
	struct world *w = *state;

	begin_client(w);
	proxy_scope_close(w->scope, on_ended, w);
	expect_end(w);
	assert_int_equal(w->blocked_n, 0);
	assert_has(fixture_log(&w->i.f, 1), "was not over at the end");
	assert_int_not_equal(tls_end_shake(&w->i.client), 0);
}

static void nobody_comes_any_more_meanwhile(void **state)
{
	struct world *w = *state;
	const struct sockaddr_in door = {
		.sin_family = AF_INET,
		.sin_port = htons(w->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int held = loopback_bind(w->port, &w->port); /* is nobody else's */

	begin_client(w);
	proxy_scope_close(w->scope, on_ended, w);
	assert_int_equal(
		connect(fd, (const struct sockaddr *)&door, sizeof(door)), -1);
	close(fd);
	close(held);
	expect_end(w);
}

static void without_handshakes_it_is_closed_at_once(void **state)
{
	struct world *w = *state;
	const uint16_t own = w->i.f.port;
	int fd;

	w->i.f.port = w->port;
	fd = fixture_connect(&w->i.f);
	w->i.f.port = own;
	fixture_turn_for(&w->i.f, 1);
	proxy_scope_close(w->scope, on_ended, w);
	assert_int_equal(w->ended, 0); /* from the loop */
	assert_int_equal(fixture_end_of(&w->i.f, fd), 0);
	expect_end(w);
	close(fd);
}

/* And nothing of it is used afterwards: the sanitizers look. */
static void the_proxy_may_end_meanwhile(void **state)
{
	struct world *w = *state;

	begin_client(w);
	proxy_scope_close(w->scope, NULL, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_client_says_as_it_goes_is_remembered),
		TEST(one_that_says_nothing_is_not_waited_for_long),
		TEST(nobody_comes_any_more_meanwhile),
		TEST(without_handshakes_it_is_closed_at_once),
		TEST(the_proxy_may_end_meanwhile),
	};

	return cmocka_run_group_tests_name("scope_settle", tests, NULL, NULL);
}
