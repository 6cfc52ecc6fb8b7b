/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_threads.c - a proxy with several event loops is one proxy
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/conf.h"
#include "proxy/proxy.h"
#include "tests/support/proxy_fixture.h"

#define ALLOW_ORIGIN "allow 127.0.0.1:ORIGIN\n"
#define THREADS	     3
#define TUNNELS	     120
#define PATIENCE_MS  20000u

/* An answer is sent before it is counted. */
static void wait_counted(struct fixture *f, struct proxy_stats *stats,
			 uint64_t want)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	for (;;) {
		proxy_scope_stats(f->scope, stats);
		if (stats->ended[REASON_NOT_ALLOWED] >= want)
			break;
		assert_true(clock_ms() < deadline);
		fixture_turn_for(f, 1);
	}
	assert_int_equal(stats->ended[REASON_NOT_ALLOWED], want);
}

/* The main thread's loop stands still: what answers is another's. */
static void every_thread_serves(void **state)
{
	static int fds[TUNNELS];
	struct proxy_stats stats;
	struct fixture f;
	unsigned answered = 0;
	char byte;

	(void)state;
	fixture_begin_threads(&f, "allow none.example\n", 2);
	for (int i = 0; i < TUNNELS; i++) {
		fds[i] = fixture_connect(&f);
		fixture_say(fds[i], "CONNECT a.example:1 HTTP/1.1\r\n\r\n");
	}
	for (unsigned ms = 0; ms < PATIENCE_MS; ms += 10) {
		answered = 0;
		for (int i = 0; i < TUNNELS; i++)
			answered += recv(fds[i], &byte, 1,
					 MSG_PEEK | MSG_DONTWAIT) == 1;
		proxy_scope_stats(f.scope, &stats);
		if (answered > 0 && stats.ended[REASON_NOT_ALLOWED] == answered)
			break;
		(void)usleep(10000);
	}
	assert_in_range(answered, 1, TUNNELS - 1);
	for (int i = 0; i < TUNNELS; i++) {
		assert_has(fixture_head(&f, fds[i]), " 403 ");
		close(fds[i]);
	}
	wait_counted(&f, &stats, TUNNELS);
	assert_int_equal(stats.accepted, TUNNELS);
	fixture_end(&f);
}

static void what_was_blocked_is_told_once_for_all_threads(void **state)
{
	const struct proxy_blocked *v;
	struct fixture f;
	uint64_t more;
	size_t n;

	(void)state;
	fixture_begin_threads(&f, "allow none.example\n", THREADS);
	for (int i = 0; i < TUNNELS; i++) {
		int fd = fixture_connect(&f);

		fixture_say(fd, "CONNECT a.example:1 HTTP/1.1\r\n\r\n");
		assert_has(fixture_head(&f, fd), " 403 ");
		close(fd);
	}
	v = proxy_scope_blocked(f.scope, &n, &more);
	assert_int_equal(n, 1);
	assert_int_equal(v[0].count, TUNNELS);
	assert_int_equal(more, 0);
	fixture_end(&f);
}

/* Lines of all threads are in the log, each whole. */
static void the_log_has_whole_lines(void **state)
{
	struct fixture f;
	const char *line;
	size_t lines = 0;

	(void)state;
	fixture_begin_threads(&f, "allow none.example\n", THREADS);
	for (int i = 0; i < TUNNELS; i++) {
		int fd = fixture_connect(&f);

		fixture_say(fd, "CONNECT a.example:1 HTTP/1.1\r\n\r\n"
				"CONNECT b.example:1 HTTP/1.1\r\n\r\n");
		assert_has(fixture_head(&f, fd), " 403 ");
		close(fd);
	}
	for (line = fixture_log(&f, TUNNELS); *line;
	     line = strchr(line, '\n') + 1) {
		assert_int_equal(strncmp(line, "{\"time\":", 8), 0);
		assert_non_null(strchr(line, '\n'));
		assert_int_equal(strchr(line, '\n')[-1], '}');
		lines++;
	}
	assert_in_range(lines, TUNNELS, 2 * TUNNELS);
	fixture_end(&f);
}

static void a_limit_holds_for_all_threads_together(void **state)
{
	static int client[6], origin[6];
	unsigned refused = 0, tunnels = 0;
	struct fixture f;

	(void)state;
	fixture_begin_threads(&f, ALLOW_ORIGIN "limit tunnels-per-target 2\n",
			      THREADS);
	for (int i = 0; i < 6; i++) {
		client[i] = fixture_connect(&f);
		fixture_say_connect(&f, client[i]);
		origin[i] = -1;
		if (strstr(fixture_head(&f, client[i]), " 200 ")) {
			origin[i] = fixture_accept(&f);
			tunnels++;
		} else {
			refused++;
		}
	}
	assert_int_equal(tunnels, 2);
	assert_int_equal(refused, 4);
	for (int i = 0; i < 6; i++) {
		close(client[i]);
		if (origin[i] >= 0)
			close(origin[i]);
	}
	fixture_end(&f);
}

static void on_drained(void *arg)
{
	++*(unsigned *)arg;
}

static void a_drain_waits_for_the_tunnels_of_all_threads(void **state)
{
	static int client[TUNNELS], origin[TUNNELS];
	unsigned drained = 0;
	struct fixture f;

	(void)state;
	fixture_begin_threads(&f, ALLOW_ORIGIN, THREADS);
	for (int i = 0; i < TUNNELS; i++)
		fixture_tunnel(&f, &client[i], &origin[i]);
	proxy_drain(f.proxy, on_drained, &drained);
	for (int i = 0; i < TUNNELS; i++) {
		fixture_turn_for(&f, 1);
		assert_int_equal(drained, 0);
		fixture_say(client[i], "on");
		fixture_expect(&f, origin[i], "on");
		close(client[i]);
		close(origin[i]);
	}
	for (unsigned ms = 0; ms < PATIENCE_MS && drained == 0; ms += 10)
		fixture_turn_for(&f, 10);
	assert_int_equal(drained, 1);
	fixture_end(&f);
}

/* Rules come and go while every thread is judging by them. */
static void rules_are_replaced_under_load(void **state)
{
	static const char *const texts[] = {
		"allow none.example\ndeny a.example\n",
		"allow none.example\n",
	};
	struct fixture f;

	(void)state;
	fixture_begin_threads(&f, "allow none.example\n", THREADS);
	for (unsigned i = 0; i < TUNNELS; i++) {
		const char *text = texts[i % 2];
		int fd[4];

		for (int j = 0; j < 4; j++) {
			fd[j] = fixture_connect(&f);
			fixture_say(fd[j],
				    "CONNECT a.example:1 HTTP/1.1\r\n\r\n");
		}
		proxy_set_limits(f.proxy,
				 fixture_replace(f.scope, "n.conf", text));
		for (int j = 0; j < 4; j++) {
			assert_has(fixture_head(&f, fd[j]), " 403 ");
			close(fd[j]);
		}
	}
	fixture_end(&f);
}

static void on_ended(void *arg)
{
	++*(unsigned *)arg;
}

static void a_scope_ends_on_all_threads(void **state)
{
	static int client[20], origin[20];
	unsigned ended = 0;
	struct fixture f;

	(void)state;
	fixture_begin_threads(&f, ALLOW_ORIGIN, THREADS);
	for (int i = 0; i < 20; i++)
		fixture_tunnel(&f, &client[i], &origin[i]);
	proxy_scope_close(f.scope, on_ended, &ended);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(fixture_end_of(&f, client[i]), 0);
		assert_int_equal(fixture_end_of(&f, origin[i]), 0);
		close(client[i]);
		close(origin[i]);
	}
	for (unsigned ms = 0; ms < PATIENCE_MS && ended == 0; ms += 10)
		fixture_turn_for(&f, 10);
	assert_int_equal(ended, 1);
	fixture_end(&f);
}

/* A proxy that ends as soon as it began, or without having begun. */
static void threads_stop_whenever_they_are_told(void **state)
{
	struct fixture f;

	(void)state;
	for (int i = 0; i < 50; i++) {
		fixture_begin_threads(&f, "allow none.example\n", 8);
		fixture_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_thread_serves),
		cmocka_unit_test(what_was_blocked_is_told_once_for_all_threads),
		cmocka_unit_test(the_log_has_whole_lines),
		cmocka_unit_test(a_limit_holds_for_all_threads_together),
		cmocka_unit_test(a_drain_waits_for_the_tunnels_of_all_threads),
		cmocka_unit_test(rules_are_replaced_under_load),
		cmocka_unit_test(a_scope_ends_on_all_threads),
		cmocka_unit_test(threads_stop_whenever_they_are_told),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
