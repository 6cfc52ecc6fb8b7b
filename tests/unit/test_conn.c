/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn.c - one connection from its first byte to its log line
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

#include "common/clock.h"
#include "common/log.h"
#include "common/macros.h"
#include "tests/support/proxy_fixture.h"

#define ALLOW_ORIGIN "allow 127.0.0.1:ORIGIN\n"

static void a_connect_to_an_allowed_target_becomes_a_tunnel(void **state)
{
	int client, origin;
	struct fixture f;
	const char *log;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	fixture_tunnel(&f, &client, &origin);
	fixture_say(client, "ping");
	fixture_expect(&f, origin, "ping");
	fixture_say(origin, "pong!");
	fixture_expect(&f, client, "pong!");
	fixture_log(&f, 0); /* its line comes when it is over */
	close(client);
	assert_int_equal(fixture_end_of(&f, origin), 0);
	close(origin);
	log = fixture_log(&f, 1);
	assert_has(log, "\"run\":\"r1\",\"protocol\":\"connect\","
			"\"client\":\"127.0.0.1:");
	assert_has(log, "\"address\":\"127.0.0.1\",\"decision\":\"allow\","
			"\"rule\":\"test.conf:1\",\"reason\":\"allowed\","
			"\"bytes_in\":5,\"bytes_out\":4,");
	fixture_end(&f);
}

static void a_head_may_come_byte_by_byte(void **state)
{
	int client, origin;
	struct fixture f;
	char head[100];

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	(void)snprintf(head, sizeof(head),
		       "\r\nCONNECT 127.0.0.1:%u HTTP/1.1\r\n"
		       "Content-Length: 0\r\n\r\n",
		       f.origin_port);
	client = fixture_connect(&f);
	for (const char *p = head; *p; p++) {
		fixture_send(client, p, 1);
		fixture_turn(&f);
	}
	origin = fixture_accept(&f);
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void heads_have_their_limits(void **state)
{
	static char big[3000], many[3000];
	struct fixture f;
	uint64_t began;
	size_t n = 0;
	int fd;

	(void)state;
	fixture_begin(&f, "allow *\nlimit head-size 1024\n"
			  "limit header-count 8\nlimit head-time 1s\n");
	(void)snprintf(big, sizeof(big),
		       "CONNECT a.example:443 HTTP/1.1\r\nA: %02000d", 1);
	fixture_check_answer(&f, big, strlen(big), "HTTP/1.1 431 ",
			     "X-Netleash-Reason: head-too-large\r\n");
	n = (size_t)snprintf(many, sizeof(many), "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 9; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "F%d: 1\r\n",
				      i);
	fixture_check_answer(&f, many, n, "HTTP/1.1 431 ", "too many fields");

	began = clock_ms();
	fixture_check_answer(&f, "CONNECT a.example:4", 19, "HTTP/1.1 408 ",
			     "X-Netleash-Reason: head-timeout\r\n");
	assert_in_range(clock_ms() - began, 900, 9000);
	fixture_check_answer(&f, "", 0, "HTTP/1.1 408 ", "head-timeout");

	fd = fixture_connect(&f);
	fixture_say(fd, "CONNECT a.example:4");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_has(fixture_answer(&f, fd), "HTTP/1.1 400 ");
	close(fd);
	fixture_end(&f);
}

static void who_comes_and_goes_without_a_byte_leaves_no_line(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	fixture_begin(&f, "allow *\n");
	fd = fixture_connect(&f);
	fixture_turn_for(&f, 20);
	close(fd);
	fd = fixture_connect(&f);
	fixture_turn_for(&f, 20);
	fixture_reset(&fd);
	fixture_turn_for(&f, 50);
	fixture_log(&f, 0);
	fixture_end(&f);
}

static void a_client_that_vanishes_cancels_dial_and_lookup(void **state)
{
	struct fixture f;
	struct fixture_hole hole;
	int fd;
	char head[80];
	const char *log;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:* *.example\n");
	fixture_hole_open(&hole);
	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", hole.port);
	fd = fixture_connect(&f);
	fixture_say(fd, head);
	fixture_turn_for(&f, 50);
	fixture_log(&f, 0);
	fixture_reset(&fd);
	log = fixture_log(&f, 1);
	assert_has(log, "\"address\":null,\"decision\":\"allow\"");

	fd = fixture_connect(&f);
	fixture_say(fd, "CONNECT drop.example:443 HTTP/1.1\r\n\r\n");
	fixture_turn_for(&f, 50);
	fixture_reset(&fd);
	log = fixture_log(&f, 2);
	assert_has(log, "\"target\":\"drop.example:443\"");
	fixture_hole_close(&hole);
	fixture_end(&f);
}

static void early_data_reaches_the_far_side_first(void **state)
{
	static char early[40000];
	int client, origin;
	struct fixture f;
	char head[80];

	(void)state;
	fixture_begin(&f, "allow localhost:ORIGIN\nprivate 127.0.0.0/8\n");
	memset(early, 'e', sizeof(early) - 1);
	client = fixture_connect(&f);
	(void)snprintf(head, sizeof(head),
		       "CONNECT localhost:%u HTTP/1.1\r\n\r\nfirst ",
		       f.origin_port);
	fixture_say(client, head);
	fixture_say(client, early); /* more than is kept before the answer */
	origin = fixture_accept(&f);
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	fixture_say(client, "last");
	fixture_expect(&f, origin, "first ");
	fixture_expect(&f, origin, early);
	fixture_expect(&f, origin, "last");
	close(client);
	close(origin);
	assert_has(fixture_log(&f, 1), "\"bytes_out\":40009,");
	fixture_end(&f);
}

static void a_client_that_half_closes_gets_its_answer(void **state)
{
	struct fixture f;
	int client, origin;
	char head[80];

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = fixture_connect(&f);
	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\nquestion",
		       f.origin_port);
	fixture_say(client, head);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	origin = fixture_accept(&f);
	fixture_expect(&f, origin, "question");
	assert_int_equal(fixture_end_of(&f, origin), 0);
	fixture_say(origin, "answer");
	close(origin);
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	assert_string_equal(fixture_answer(&f, client), "answer");
	close(client);
	assert_has(fixture_log(&f, 1), "\"bytes_in\":6,\"bytes_out\":8,");
	fixture_end(&f);
}

static void a_refusal_arrives_although_much_was_sent_after_it(void **state)
{
	static char junk[200000];
	struct fixture f;
	int fd;

	(void)state;
	fixture_begin(&f, "allow a.example\n");
	memset(junk, 'j', sizeof(junk));
	fd = fixture_connect(&f);
	fixture_say(fd, "CONNECT b.example:443 HTTP/1.1\r\n\r\n");
	fixture_send(fd, junk, sizeof(junk));
	assert_has(fixture_answer(&f, fd), "\nallow b.example\n");
	close(fd);
	fixture_log(&f, 1);
	fixture_end(&f);
}

static void resets_pass_through_a_tunnel(void **state)
{
	int client, origin;
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	fixture_tunnel(&f, &client, &origin);
	fixture_say(origin, "cut off");
	fixture_reset(&origin);
	fixture_expect(&f, client, "cut off");
	assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
	close(client);
	assert_has(fixture_log(&f, 1), "\"bytes_in\":7,");

	fixture_tunnel(&f, &client, &origin);
	fixture_reset(&client);
	assert_int_equal(fixture_end_of(&f, origin), -ECONNRESET);
	close(origin);
	fixture_log(&f, 2);
	fixture_end(&f);
}

static void a_silent_tunnel_ends_after_idle_time(void **state)
{
	int client, origin;
	struct fixture f;
	uint64_t began;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit idle-time 1500ms\n");
	fixture_tunnel(&f, &client, &origin);
	fixture_turn_for(&f, 700);
	fixture_say(client, "I live");
	fixture_expect(&f, origin, "I live");
	began = clock_ms();
	assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
	/* Counted from what it said, not from the beginning. */
	assert_in_range(clock_ms() - began, 1200, 9000);
	assert_int_equal(fixture_end_of(&f, origin), -ECONNRESET);
	assert_has(fixture_log(&f, 1),
		   "\"decision\":\"allow\",\"rule\":\"test.conf:1\","
		   "\"reason\":\"idle\"");
	close(client);
	close(origin);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_connect_to_an_allowed_target_becomes_a_tunnel),
		cmocka_unit_test(a_head_may_come_byte_by_byte),
		cmocka_unit_test(heads_have_their_limits),
		cmocka_unit_test(
			who_comes_and_goes_without_a_byte_leaves_no_line),
		cmocka_unit_test(
			a_client_that_vanishes_cancels_dial_and_lookup),
		cmocka_unit_test(early_data_reaches_the_far_side_first),
		cmocka_unit_test(a_client_that_half_closes_gets_its_answer),
		cmocka_unit_test(
			a_refusal_arrives_although_much_was_sent_after_it),
		cmocka_unit_test(resets_pass_through_a_tunnel),
		cmocka_unit_test(a_silent_tunnel_ends_after_idle_time),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
