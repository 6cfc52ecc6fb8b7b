/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_limits.c - each limit at its edge, and given back after
 *
 * Limits on how many connections there are, are in test_proxy.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/macros.h"
#include "tests/support/proxy_fixture.h"

#define ALLOW_ORIGIN "allow 127.0.0.1:ORIGIN\n"

static void expect_status(const char *answer, const char *status)
{
	if (strncmp(answer, status, strlen(status)) != 0)
		fail_msg("not %s but:\n%s", status, answer);
}

/* Asks on a connection of its own. Return: the answer. */
static const char *ask(struct fixture *f, const char *head)
{
	int fd = fixture_connect(f);

	fixture_ask(f, fd, head);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	(void)fixture_answer(f, fd);
	close(fd);
	return f->text.s;
}

/* A head of just @n bytes; who asks for no.example is told 403. */
static char *head_of_size(const char *start, size_t n)
{
	char *head = malloc(n + 1);
	size_t at = strlen(start);

	assert_non_null(head);
	memset(head, 'x', n);
	memcpy(head, start, at);
	memcpy(head + at, "X: ", 3);
	memcpy(head + n - 4, "\r\n\r\n", 5);
	return head;
}

static void a_head_may_have_head_size_bytes_and_not_one_more(void **state)
{
	static const char *const starts[] = {
		"CONNECT no.example:443 HTTP/1.1\r\n",
		"GET http://no.example/ HTTP/1.1\r\nHost: no.example\r\n",
	};
	static const struct {
		size_t size;
		const char *status;
	} edges[] = {
		{ 1023, "HTTP/1.1 403 " },
		{ 1024, "HTTP/1.1 403 " },
		{ 1025, "HTTP/1.1 431 " },
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow a.example\nlimit head-size 1k\n");
	for (size_t s = 0; s < ARRAY_SIZE(starts); s++)
		for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
			char *head = head_of_size(starts[s], edges[i].size);

			expect_status(ask(&f, head), edges[i].status);
			free(head);
		}
	fixture_log(&f, 6);
	fixture_end(&f);
}

static void a_head_may_have_header_count_fields_and_not_one_more(void **state)
{
	char head[600];
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow a.example\nlimit header-count 8\n");
	for (int fields = 7; fields <= 9; fields++) {
		int n = snprintf(head, sizeof(head),
				 "CONNECT no.example:443 HTTP/1.1\r\n");

		for (int i = 0; i < fields; i++)
			n += snprintf(head + n, sizeof(head) - (size_t)n,
				      "F%d: 1\r\n", i);
		(void)snprintf(head + n, sizeof(head) - (size_t)n, "\r\n");
		expect_status(ask(&f, head),
			      fields <= 8 ? "HTTP/1.1 403 " : "HTTP/1.1 431 ");
	}
	assert_has(f.text.s, "X-Netleash-Reason: head-too-large\r\n");
	fixture_end(&f);
}

/* The second head of a connection has the same limits, counted anew. */
static void each_head_of_a_connection_is_measured_by_itself(void **state)
{
	char *fits, *big;
	struct fixture f;
	int fd;

	(void)state;
	fixture_begin(&f, "allow a.example\nlimit head-size 1k\n");
	fits = head_of_size("GET http://no.example/ HTTP/1.1\r\n"
			    "Host: no.example\r\n",
			    1024);
	big = head_of_size("GET http://no.example/ HTTP/1.1\r\n"
			   "Host: no.example\r\n",
			   1025);
	fd = fixture_connect(&f);
	for (int i = 0; i < 3; i++)
		fixture_say(fd, fits);
	fixture_say(fd, big);
	(void)fixture_answer(&f, fd);
	close(fd);
	assert_has(f.text.s, "HTTP/1.1 431 ");
	fixture_log(&f, 4);
	assert_lacks(f.text.s, "\"status\":400");
	free(fits);
	free(big);
	fixture_end(&f);
}

static void a_head_has_head_time_in_all_however_it_trickles(void **state)
{
	const char *head = "CONNECT no.example:443 HTTP/1.1\r\n\r\n";
	struct fixture f;
	uint64_t began;
	int fd;

	(void)state;
	fixture_begin(&f, "allow a.example\nlimit head-time 600ms\n");
	/* Whole after half of it. */
	fd = fixture_connect(&f);
	fixture_send(fd, head, 10);
	fixture_turn_for(&f, 300);
	fixture_say(fd, head + 10);
	expect_status(fixture_answer(&f, fd), "HTTP/1.1 403 ");
	close(fd);

	/* A byte now and then buys no time. */
	began = clock_ms();
	fd = fixture_connect(&f);
	for (size_t i = 0; clock_ms() - began < 500; i++) {
		fixture_send(fd, head + i, 1);
		fixture_turn_for(&f, 50);
	}
	expect_status(fixture_answer(&f, fd), "HTTP/1.1 408 ");
	assert_in_range(clock_ms() - began, 580, 5000);
	close(fd);
	fixture_end(&f);
}

static void a_dial_has_dial_time_and_then_makes_room(void **state)
{
	struct fixture_hole hole;
	struct fixture f;
	uint64_t began;
	char head[80];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:*\nlimit dial-time 300ms\n"
			  "limit pending-dials 1\n"
			  "limit tunnels-per-target 1\n");
	fixture_hole_open(&hole);
	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", hole.port);
	for (int i = 0; i < 2; i++) {
		began = clock_ms();
		expect_status(ask(&f, head), "HTTP/1.1 504 ");
		assert_has(f.text.s, "X-Netleash-Reason: connect-timeout\r\n");
		assert_in_range(clock_ms() - began, 290, 5000);
	}
	fixture_hole_close(&hole);
	fixture_end(&f);
}

static void a_name_has_dns_time_and_then_makes_room(void **state)
{
	const char *answer;
	struct fixture f;
	uint64_t began;
	int first, same;

	(void)state;
	fixture_begin(&f, "allow *.example\nlimit dns-time 1500ms\n"
			  "limit pending-lookups 1\n");
	/* An answer after half of it is an answer: a non-public one. */
	expect_status(ask(&f, "CONNECT wait600-a1.example:443 "
			      "HTTP/1.1\r\n\r\n"),
		      "HTTP/1.1 403 ");
	began = clock_ms();
	first = fixture_connect(&f);
	fixture_say(first, "CONNECT drop.1.example:443 HTTP/1.1\r\n\r\n");
	same = fixture_connect(&f);
	fixture_say(same, "CONNECT drop.1.example:80 HTTP/1.1\r\n\r\n");
	fixture_turn_for(&f, 50);
	/* Another name is one too many; the same name is the same question. */
	expect_status(ask(&f, "CONNECT a1.2.example:443 HTTP/1.1\r\n\r\n"),
		      "HTTP/1.1 503 ");
	assert_has(f.text.s, "limit pending-lookups");
	expect_status(fixture_answer(&f, first), "HTTP/1.1 504 ");
	assert_has(f.text.s, "X-Netleash-Reason: dns-timeout\r\n");
	assert_in_range(clock_ms() - began, 1490, 9000);
	expect_status(fixture_answer(&f, same), "HTTP/1.1 504 ");
	/* c-ares waits about as long for a late answer, to keep it. */
	do {
		fixture_turn_for(&f, 100);
		answer = ask(&f, "CONNECT a1.2.example:443 HTTP/1.1\r\n\r\n");
		assert_in_range(clock_ms() - began, 0, 20000);
	} while (strstr(answer, "HTTP/1.1 503 "));
	expect_status(answer, "HTTP/1.1 403 ");
	close(first);
	close(same);
	fixture_end(&f);
}

/* With a limit of one, the second of two in a row would be told. */
static void a_targets_share_is_given_back_however_it_ends(void **state)
{
	static const struct {
		const char *head, *status;
	} ends[] = {
		{ "CONNECT nx.example:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 502 " },
		{ "CONNECT a1.example:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 " },
		{ "CONNECT drop.example:443 HTTP/1.1\r\n\r\n",
		  "HTTP/1.1 504 " },
		{ "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 502 " },
		{ "CONNECT no.test:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 " },
		{ "GET http://127.0.0.1:1/ HTTP/1.1\r\n"
		  "Host: 127.0.0.1:1\r\n\r\n",
		  "HTTP/1.1 502 " },
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:* *.example\n"
			  "limit tunnels-per-target 1\nlimit dns-time 1s\n");
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		for (int again = 0; again < 2; again++)
			expect_status(ask(&f, ends[i].head), ends[i].status);
	/* And where the client goes in the middle of it. */
	for (int again = 0; again < 3; again++) {
		int fd = fixture_connect(&f);

		fixture_say(fd, "CONNECT drop.9.example:443 HTTP/1.1\r\n\r\n");
		fixture_turn_for(&f, 20);
		fixture_reset(&fd);
		fixture_turn_for(&f, 20);
	}
	assert_lacks(fixture_log(&f, 15), "\"reason\":\"limit\"");
	fixture_end(&f);
}

/* A connection that is kept for the next request is one of them. */
static void plain_requests_count_to_their_target_too(void **state)
{
	const char *get = "GET http://127.0.0.1:ORIGIN/ HTTP/1.1\r\n"
			  "Host: 127.0.0.1:ORIGIN\r\n\r\n";
	const char *ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
	int client, origin;
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit tunnels-per-target 1\n");
	client = fixture_connect(&f);
	fixture_ask(&f, client, get);
	origin = fixture_accept(&f);
	(void)fixture_head(&f, origin);
	fixture_say(origin, ok);
	fixture_expect(&f, client, ok);
	expect_status(ask(&f, get), "HTTP/1.1 503 ");
	assert_has(f.text.s, "limit tunnels-per-target");
	/* It has its own, and the same again. */
	fixture_ask(&f, client, get);
	(void)fixture_head(&f, origin);
	fixture_say(origin, ok);
	fixture_expect(&f, client, ok);
	/* When the origin ends it, it is another's. */
	close(origin);
	fixture_turn_for(&f, 50);
	close(client);
	client = fixture_connect(&f);
	fixture_ask(&f, client, get);
	close(fixture_accept(&f));
	close(client);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_head_may_have_head_size_bytes_and_not_one_more),
		cmocka_unit_test(
			a_head_may_have_header_count_fields_and_not_one_more),
		cmocka_unit_test(
			each_head_of_a_connection_is_measured_by_itself),
		cmocka_unit_test(
			a_head_has_head_time_in_all_however_it_trickles),
		cmocka_unit_test(a_dial_has_dial_time_and_then_makes_room),
		cmocka_unit_test(a_name_has_dns_time_and_then_makes_room),
		cmocka_unit_test(a_targets_share_is_given_back_however_it_ends),
		cmocka_unit_test(plain_requests_count_to_their_target_too),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
