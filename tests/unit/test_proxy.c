/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_proxy.c - many connections at once, limits, start and end
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
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/macros.h"
#include "proxy/proxy.h"
#include "tests/support/loopback.h"
#include "tests/support/proxy_fixture.h"

#define ALLOW_ORIGIN "allow 127.0.0.1:ORIGIN\n"
#define TUNNELS	     200

static void two_hundred_tunnels_do_not_mix(void **state)
{
	static int client[TUNNELS], origin[TUNNELS];
	struct fixture f;
	char text[40];

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	for (int i = 0; i < TUNNELS; i++)
		fixture_tunnel(&f, &client[i], &origin[i]);
	for (int i = 0; i < TUNNELS; i++) {
		(void)snprintf(text, sizeof(text), "to origin %d", i);
		fixture_say(client[i], text);
		(void)snprintf(text, sizeof(text), "to client %d", i);
		fixture_say(origin[i], text);
	}
	for (int i = TUNNELS - 1; i >= 0; i--) {
		(void)snprintf(text, sizeof(text), "to origin %d", i);
		fixture_expect(&f, origin[i], text);
		(void)snprintf(text, sizeof(text), "to client %d", i);
		fixture_expect(&f, client[i], text);
	}
	fixture_log(&f, 0);
	for (int i = 0; i < TUNNELS; i++) {
		close(i % 2 ? client[i] : origin[i]);
		assert_int_equal(
			fixture_end_of(&f, i % 2 ? origin[i] : client[i]), 0);
		close(i % 2 ? origin[i] : client[i]);
	}
	fixture_log(&f, TUNNELS);
	fixture_end(&f);
}

/* Expects a 503 that names @what on a new connection. */
static void check_limit(struct fixture *f, const char *target, const char *what)
{
	char head[100];

	(void)snprintf(head, sizeof(head), "CONNECT %s HTTP/1.1\r\n\r\n",
		       target);
	fixture_check_answer(f, head, strlen(head), "HTTP/1.1 503 ",
			     "X-Netleash-Reason: limit\r\n");
	assert_has(f->text.s, what);
}

static void too_many_connections_are_told_so(void **state)
{
	static const char *const confs[] = {
		ALLOW_ORIGIN "limit connections 3\n",
		ALLOW_ORIGIN "limit connections-per-run 3\n",
	};
	int client[3], origin[3];
	char target[40];

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(confs); c++) {
		struct fixture f;

		fixture_begin(&f, confs[c]);
		for (int i = 0; i < 3; i++)
			fixture_tunnel(&f, &client[i], &origin[i]);
		(void)snprintf(target, sizeof(target), "127.0.0.1:%u",
			       f.origin_port);
		check_limit(&f, target, "limit connections");
		/* Live tunnels are not touched by it. */
		fixture_say(client[0], "still here");
		fixture_expect(&f, origin[0], "still here");
		close(client[0]);
		close(origin[0]);
		fixture_log(&f, 2);
		fixture_turn_for(&f, 50);
		fixture_tunnel(&f, &client[0], &origin[0]);
		for (int i = 0; i < 3; i++) {
			close(client[i]);
			close(origin[i]);
		}
		fixture_end(&f);
	}
}

static void far_too_many_wait_in_the_queue_without_spinning(void **state)
{
	struct timeval tick = { 0, 300000 };
	int fd[60], client, origin, turns = 0;
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit connections 3\n"
				       "limit head-time 30s\n");
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = fixture_connect(&f);
	fixture_turn_for(&f, 50);
	assert_int_equal(event_base_loopexit(f.base, &tick), 0);
	while (!event_base_got_exit(f.base)) {
		assert_true(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
		turns++;
	}
	assert_in_range(turns, 0, 20);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
	fixture_turn_for(&f, 100);
	fixture_tunnel(&f, &client, &origin);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void tunnels_to_one_target_have_their_limit(void **state)
{
	const char *missing = "CONNECT nx.example:443 HTTP/1.1\r\n\r\n";
	int client[2], origin[2];
	struct fixture f;
	char target[40];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:* *.example\n"
			  "limit tunnels-per-target 2\n");
	for (int i = 0; i < 2; i++)
		fixture_tunnel(&f, &client[i], &origin[i]);
	(void)snprintf(target, sizeof(target), "127.0.0.1:%u", f.origin_port);
	check_limit(&f, target, "limit tunnels-per-target");
	/* Another target has its own count. */
	fixture_check_answer(&f, missing, strlen(missing), "HTTP/1.1 502 ",
			     "dns-failure");
	close(client[0]);
	assert_int_equal(fixture_end_of(&f, origin[0]), 0);
	close(origin[0]);
	fixture_log(&f, 3);
	fixture_tunnel(&f, &client[0], &origin[0]);
	for (int i = 0; i < 2; i++) {
		close(client[i]);
		close(origin[i]);
	}
	fixture_end(&f);
}

static void pending_dials_and_lookups_have_their_limits(void **state)
{
	struct fixture_hole hole;
	struct fixture f;
	char target[40];
	int fd[4];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:* *.example\n"
			  "limit pending-dials 2\nlimit pending-lookups 2\n");
	fixture_hole_open(&hole);
	(void)snprintf(target, sizeof(target), "127.0.0.1:%u", hole.port);
	for (int i = 0; i < 4; i++) {
		char head[80];

		fd[i] = fixture_connect(&f);
		if (i < 2)
			(void)snprintf(head, sizeof(head),
				       "CONNECT %s HTTP/1.1\r\n\r\n", target);
		else
			(void)snprintf(head, sizeof(head),
				       "CONNECT drop.%d.example:443 "
				       "HTTP/1.1\r\n\r\n",
				       i);
		fixture_say(fd[i], head);
	}
	fixture_turn_for(&f, 50);
	check_limit(&f, target, "limit pending-dials");
	check_limit(&f, "drop.9.example:443", "limit pending-lookups");
	/* Who gives up makes room. */
	fixture_reset(&fd[0]);
	fixture_log(&f, 3);
	fd[0] = fixture_connect(&f);
	fixture_say_connect(&f, fd[0]);
	close(fixture_accept(&f));
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	fixture_hole_close(&hole);
	fixture_end(&f);
}

static void without_descriptors_accepting_rests_and_tunnels_live(void **state)
{
	struct timeval tick = { 0, 400000 };
	int client, origin, waiting, turns = 0;
	struct rlimit old, low;
	struct fixture f;
	char head[80];

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	fixture_tunnel(&f, &client, &origin);
	waiting = fixture_connect(&f); /* in the queue */
	fixture_say_connect(&f, waiting);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3; /* every new descriptor fails with EMFILE */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(event_base_loopexit(f.base, &tick), 0);
	while (!event_base_got_exit(f.base)) {
		assert_true(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
		turns++;
	}
	assert_in_range(turns, 1, 20); /* it rests 100 ms each time */
	fixture_say(client, "still here");
	fixture_expect(&f, origin, "still here");

	/* One descriptor for the client, none for the far side: a 503. */
	(void)snprintf(head, sizeof(head), "HTTP/1.1 503 ");
	low.rlim_cur = (rlim_t)waiting + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_memory_equal(fixture_answer(&f, waiting), head, strlen(head));
	assert_has(f.text.s, "X-Netleash-Reason: limit\r\n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(waiting);
	fixture_log(&f, 1);
	waiting = fixture_connect(&f);
	fixture_say_connect(&f, waiting);
	close(fixture_accept(&f));
	close(waiting);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void what_was_blocked_is_remembered_for_the_summary(void **state)
{
	const char *refused = "CONNECT no.example:443 HTTP/1.1\r\n\r\n";
	const char *private = "CONNECT a1.example:443 HTTP/1.1\r\n\r\n";
	const char *missing = "CONNECT nx.example:443 HTTP/1.1\r\n\r\n";
	const struct proxy_blocked *v;
	struct fixture f;
	uint64_t more;
	size_t n;

	(void)state;
	fixture_begin(&f, "allow a1.example nx.example\n");
	for (int i = 0; i < 3; i++)
		fixture_check_answer(&f, refused, strlen(refused),
				     "HTTP/1.1 403 ", "not-allowed");
	fixture_check_answer(&f, private, strlen(private), "HTTP/1.1 403 ",
			     "private-address");
	fixture_check_answer(&f, missing, strlen(missing), "HTTP/1.1 502 ",
			     "dns-failure");
	v = proxy_scope_blocked(f.scope, &n, &more);
	assert_int_equal(n, 2);
	assert_int_equal(more, 0);
	assert_string_equal(v[0].target, "no.example:443");
	assert_int_equal(v[0].reason, REASON_NOT_ALLOWED);
	assert_string_equal(v[0].allow_with, "allow no.example");
	assert_string_equal(v[0].rule, "");
	assert_int_equal(v[0].count, 3);
	assert_string_equal(v[1].target, "a1.example:443");
	assert_int_equal(v[1].reason, REASON_PRIVATE_ADDRESS);
	assert_has(v[1].allow_with, "private 10.0.");
	fixture_end(&f);
}

static void set_flag(void *arg)
{
	*(bool *)arg = true;
}

static void a_drain_waits_for_tunnels_and_accepts_nobody(void **state)
{
	int client, origin, silent, late, held;
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct fixture f;
	bool done = false;

	(void)state;
	fixture_begin_unnamed(&f, ALLOW_ORIGIN);
	/* Or a test beside this one could answer there. */
	held = loopback_bind(f.port, &f.port);
	to.sin_port = htons(f.port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fixture_tunnel(&f, &client, &origin);
	silent = fixture_connect(&f);
	fixture_turn_for(&f, 20);
	proxy_drain(f.proxy, set_flag, &done);
	assert_false(done);
	assert_int_equal(fixture_end_of(&f, silent), 0);
	late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(connect(late, (struct sockaddr *)&to, sizeof(to)) < 0);
	assert_int_equal(errno, ECONNREFUSED);
	fixture_turn_for(&f, 50);
	assert_false(done);
	fixture_say(client, "until the end");
	fixture_expect(&f, origin, "until the end");
	close(client);
	close(origin);
	fixture_turn_for(&f, 100);
	assert_true(done);
	fixture_log(&f, 1);
	close(silent);
	close(late);
	close(held);
	fixture_end(&f);
}

static void a_drain_of_an_idle_proxy_ends_in_the_loop(void **state)
{
	struct fixture f;
	bool done = false;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	proxy_drain(f.proxy, set_flag, &done);
	assert_false(done);
	fixture_turn(&f);
	assert_true(done);
	fixture_end(&f);
}

static void stop_proxy(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	proxy_stop(arg);
}

static void run_ends_when_it_is_stopped(void **state)
{
	struct timeval soon = { 0, 20000 };
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	assert_int_equal(event_base_once(f.base, -1, EV_TIMEOUT, stop_proxy,
					 f.proxy, &soon),
			 0);
	assert_int_equal(proxy_run(f.proxy), 0);
	/* A stop that comes before the loop holds, too. */
	assert_int_equal(proxy_run(f.proxy), 0);
	fixture_end(&f);
}

/* The leak checker and the borrowed resolver watch this one. */
static void it_can_be_freed_in_the_middle_of_everything(void **state)
{
	static const char *const heads[] = {
		"",
		"CONNECT half",
		"CONNECT drop.example:443 HTTP/1.1\r\n\r\nearly",
		"CONNECT no.example.org:443 HTTP/1.1\r\n\r\n",
	};
	int fd[ARRAY_SIZE(heads)], client, origin, dialling;
	struct fixture_hole hole;
	struct fixture f;
	char head[80];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:* *.example\n");
	fixture_hole_open(&hole);
	fixture_tunnel(&f, &client, &origin);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		fd[i] = fixture_connect(&f);
		fixture_say(fd[i], heads[i]);
	}
	dialling = fixture_connect(&f);
	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", hole.port);
	fixture_say(dialling, head);
	fixture_turn_for(&f, 50);
	fixture_end(&f);
	fixture_hole_close(&hole);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		close(fd[i]);
	close(dialling);
	close(client);
	close(origin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hundred_tunnels_do_not_mix),
		cmocka_unit_test(too_many_connections_are_told_so),
		cmocka_unit_test(
			far_too_many_wait_in_the_queue_without_spinning),
		cmocka_unit_test(tunnels_to_one_target_have_their_limit),
		cmocka_unit_test(pending_dials_and_lookups_have_their_limits),
		cmocka_unit_test(
			without_descriptors_accepting_rests_and_tunnels_live),
		cmocka_unit_test(
			what_was_blocked_is_remembered_for_the_summary),
		cmocka_unit_test(a_drain_waits_for_tunnels_and_accepts_nobody),
		cmocka_unit_test(a_drain_of_an_idle_proxy_ends_in_the_loop),
		cmocka_unit_test(run_ends_when_it_is_stopped),
		cmocka_unit_test(it_can_be_freed_in_the_middle_of_everything),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
