/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_ruleset.c - a policy is replaced under a proxy that works
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/log.h"
#include "proxy/proxy.h"
#include "tests/support/proxy_fixture.h"

/* Another conf for the proxy, as a reload brings it. */
static void replace(struct fixture *f, const char *name, const char *text)
{
	proxy_set_limits(f->proxy, fixture_replace(f->scope, name, text));
}

static void check_connect(struct fixture *f, uint16_t port, const char *status)
{
	char head[100];

	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", port);
	fixture_check_answer(f, head, strlen(head), status, "");
}

static void tunnels_stay_and_new_requests_meet_the_new_rules(void **state)
{
	int client, origin, early;
	struct fixture f;
	const char *log;
	char text[200];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	fixture_tunnel(&f, &client, &origin);
	early = fixture_connect(&f); /* connected before, asks after */
	fixture_turn(&f);

	replace(&f, "second.conf", "allow 127.0.0.1:1\n");
	check_connect(&f, f.origin_port, "HTTP/1.1 403 ");
	fixture_say_connect(&f, early);
	assert_has(fixture_answer(&f, early), "HTTP/1.1 403 ");
	close(early);
	fixture_say(client, "still here");
	fixture_expect(&f, origin, "still here");

	(void)snprintf(text, sizeof(text), "\n\n\nallow 127.0.0.1:%u\n",
		       f.origin_port);
	replace(&f, "third.conf", text);
	fixture_say(origin, "and back");
	fixture_expect(&f, client, "and back");
	close(client);
	assert_int_equal(fixture_end_of(&f, origin), 0);
	close(origin);
	log = fixture_log(&f, 3);
	assert_has(log, "\"rule\":\"test.conf:1\",\"reason\":\"allowed\"");

	fixture_tunnel(&f, &client, &origin);
	close(client);
	close(origin);
	assert_has(fixture_log(&f, 4), "\"rule\":\"third.conf:4\"");
	fixture_end(&f);
}

static void a_policy_in_use_outlives_many_others(void **state)
{
	enum {
		N = 20
	};
	int client[N], origin[N];
	struct fixture f;
	char text[200];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	for (int i = 0; i < N; i++) {
		char name[40];

		(void)snprintf(name, sizeof(name), "conf-%d", i);
		(void)snprintf(text, sizeof(text), "allow 127.0.0.1:%u\n",
			       f.origin_port);
		replace(&f, name, text);
		fixture_tunnel(&f, &client[i], &origin[i]);
	}
	replace(&f, "last", "deny 127.0.0.1\n");
	for (int i = N - 1; i >= 0; i--) {
		close(client[i]);
		close(origin[i]);
	}
	(void)fixture_log(&f, N);
	for (int i = 0; i < N; i++) {
		(void)snprintf(text, sizeof(text), "\"rule\":\"conf-%d:1\"", i);
		assert_has(f.text.s, text);
	}
	fixture_end(&f);
}

static void limits_are_replaced_with_the_rules(void **state)
{
	int client, origin;
	struct fixture f;
	char text[200];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	fixture_tunnel(&f, &client, &origin);
	(void)snprintf(text, sizeof(text),
		       "allow 127.0.0.1:%u\nlimit connections 1\n",
		       f.origin_port);
	replace(&f, "narrow.conf", text);
	check_connect(&f, f.origin_port, "HTTP/1.1 503 ");
	close(client);
	close(origin);
	fixture_end(&f);
}

/* The timer that finds silent tunnels was set for an hour from now. */
static void a_shorter_idle_time_finds_tunnels_that_are_there(void **state)
{
	int client, origin;
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\nlimit idle-time 1h\n");
	fixture_tunnel(&f, &client, &origin);
	replace(&f, "second.conf", "allow *\nlimit idle-time 100ms\n");
	assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
	assert_int_equal(fixture_end_of(&f, origin), -ECONNRESET);
	assert_has(fixture_log(&f, 1), "\"reason\":\"idle\"");
	close(client);
	close(origin);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			tunnels_stay_and_new_requests_meet_the_new_rules),
		cmocka_unit_test(a_policy_in_use_outlives_many_others),
		cmocka_unit_test(limits_are_replaced_with_the_rules),
		cmocka_unit_test(
			a_shorter_idle_time_finds_tunnels_that_are_there),
	};

	/* The owner of a proxy blocks SIGPIPE; its test ignores it. */
	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("ruleset", tests, NULL, NULL);
}
