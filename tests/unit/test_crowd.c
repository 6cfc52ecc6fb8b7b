/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_crowd.c - many bad clients cost nothing but their sockets
 *
 * Each test brings a crowd into one state, and then lets the proxy's loop run
 * by itself for a while: it must hardly wake up, use hardly any processor
 * time, and serve somebody else at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/macros.h"
#include "tests/support/proxy_fixture.h"

#define CROWD	 60
#define QUIET_MS 400

/* Nothing is to end by itself while it is watched. */
#define PATIENT                                                                \
	"allow 127.0.0.1:* *.example\nlimit head-time 30s\n"                   \
	"limit dial-time 30s\nlimit dns-time 20s\n"

#define GET                                                                    \
	"GET http://127.0.0.1:ORIGIN/ HTTP/1.1\r\nHost: 127.0.0.1:ORIGIN\r\n"

struct crowd {
	struct fixture f;
	struct fixture_hole hole;
	int client[CROWD], origin[CROWD];
	int friend, friends_origin;
};

static uint64_t cpu_us(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void crowd_begin(struct crowd *c, const char *conf)
{
	fixture_begin(&c->f, conf);
	for (int i = 0; i < CROWD; i++)
		c->client[i] = c->origin[i] = -1;
	fixture_tunnel(&c->f, &c->friend, &c->friends_origin);
}

/* Within a second; but where all of this stood still it proves nothing. */
static void serve_friend(struct crowd *c)
{
	uint64_t began, took = 0;

	for (int tries = 0; tries < 5; tries++) {
		began = clock_ms();
		fixture_say(c->friend, "are you there?");
		fixture_expect(&c->f, c->friends_origin, "are you there?");
		fixture_say(c->friends_origin, "yes");
		fixture_expect(&c->f, c->friend, "yes");
		took = clock_ms() - began;
		if (took <= 1000)
			break;
	}
	assert_in_range(took, 0, 1000);
}

/* Return: how often the loop wakes up in a while. */
static int count_turns(struct crowd *c, uint64_t *ret_cpu_us)
{
	struct timeval tick = { 0, QUIET_MS * 1000 };
	const uint64_t before = cpu_us();
	int turns = 0;

	assert_int_equal(event_base_loopexit(c->f.base, &tick), 0);
	while (!event_base_got_exit(c->f.base)) {
		assert_true(event_base_loop(c->f.base, EVLOOP_ONCE) >= 0);
		turns++;
	}
	*ret_cpu_us = cpu_us() - before;
	return turns;
}

/*
 * At most @turns_max times does the loop wake up, and costs hardly any time,
 * once what had to be done is done: on a busy machine that takes a while, and
 * a virtual one counts as ours what its host has taken.
 */
static void expect_quiet(struct crowd *c, int turns_max)
{
	const uint64_t used_max_us = QUIET_MS * 1000 / 10;
	uint64_t used_us = 0;
	int turns, tries = 0;

	fixture_turn_for(&c->f, 300);
	do
		turns = count_turns(c, &used_us);
	while ((turns > turns_max || used_us > used_max_us) && ++tries < 20);
	assert_in_range(turns, 0, turns_max);
	assert_in_range(used_us, 0, used_max_us);
	serve_friend(c);
}

static void crowd_end(struct crowd *c)
{
	serve_friend(c);
	for (int i = 0; i < CROWD; i++) {
		if (c->client[i] >= 0)
			close(c->client[i]);
		if (c->origin[i] >= 0)
			close(c->origin[i]);
	}
	fixture_turn_for(&c->f, 50);
	close(c->friend);
	close(c->friends_origin);
	fixture_end(&c->f);
}

static void all_say(struct crowd *c, const char *text)
{
	for (int i = 0; i < CROWD; i++) {
		c->client[i] = fixture_connect(&c->f);
		fixture_ask(&c->f, c->client[i], text);
	}
}

static void all_arrive(struct crowd *c)
{
	for (int i = 0; i < CROWD; i++)
		c->origin[i] = fixture_accept(&c->f);
}

static void all_shut(struct crowd *c)
{
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(shutdown(c->client[i], SHUT_WR), 0);
}

/* As much as the kernels and the proxy take. Return: how much that is. */
static size_t fill(struct crowd *c, int fd)
{
	static char bytes[65536];
	size_t sent = 0;
	int idle = 0;

	while (idle < 10) {
		ssize_t n = send(fd, bytes, sizeof(bytes),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		idle = n > 0 ? 0 : idle + 1;
		sent += n > 0 ? (size_t)n : 0;
		fixture_turn(&c->f);
	}
	return sent;
}

static void clients_that_say_nothing(void **state)
{
	static const char *const words[] = { "", "\r", "GET ht", "\5", "\5\1" };
	struct crowd c;

	(void)state;
	crowd_begin(&c, PATIENT);
	for (int i = 0; i < CROWD; i++) {
		c.client[i] = fixture_connect(&c.f);
		fixture_say(c.client[i], words[i % (int)ARRAY_SIZE(words)]);
	}
	expect_quiet(&c, 3);
	crowd_end(&c);
}

static void more_clients_than_there_may_be(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, PATIENT "limit connections 5\n");
	all_say(&c, "");
	expect_quiet(&c, 3);
	crowd_end(&c);
}

static void clients_that_wait_for_a_dial_or_a_name(void **state)
{
	struct crowd c;
	char dial[80];

	(void)state;
	crowd_begin(&c, PATIENT);
	fixture_hole_open(&c.hole);
	(void)snprintf(dial, sizeof(dial),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", c.hole.port);
	for (int i = 0; i < CROWD; i++) {
		c.client[i] = fixture_connect(&c.f);
		fixture_say(c.client[i],
			    i % 2 ? dial
				  : "CONNECT drop.example:80 HTTP/1.1\r\n\r\n");
	}
	all_shut(&c); /* an end that is not to be told again and again */
	expect_quiet(&c, 12);
	crowd_end(&c);
	fixture_hole_close(&c.hole);
}

static void origins_that_never_answer(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, PATIENT);
	all_say(&c, GET "\r\n");
	all_arrive(&c);
	expect_quiet(&c, 3);
	all_shut(&c); /* they still wait for it */
	expect_quiet(&c, 3);
	crowd_end(&c);
}

static void origins_that_end_before_the_request_does(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, PATIENT);
	all_say(&c, GET "Content-Length: 9\r\n\r\n");
	all_arrive(&c);
	for (int i = 0; i < CROWD; i++) {
		(void)fixture_head(&c.f, c.origin[i]);
		fixture_say(c.origin[i],
			    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
		assert_int_equal(shutdown(c.origin[i], SHUT_WR), 0);
	}
	expect_quiet(&c, 3);
	crowd_end(&c);
}

static void clients_that_never_read_an_answer(void **state)
{
	struct crowd c;
	size_t held = 0;

	(void)state;
	crowd_begin(&c, PATIENT);
	all_say(&c, GET "\r\n");
	all_arrive(&c);
	for (int i = 0; i < CROWD; i++) {
		(void)fixture_head(&c.f, c.origin[i]);
		fixture_say(c.origin[i], "HTTP/1.1 200 OK\r\n\r\n");
		held += fill(&c, c.origin[i]);
	}
	assert_true(held > 0);
	expect_quiet(&c, 3);
	/* And if their origins are done, or gone in the middle of it? */
	for (int i = 0; i < CROWD; i++) {
		if (i % 2)
			fixture_reset(&c.origin[i]);
		else
			assert_int_equal(shutdown(c.origin[i], SHUT_WR), 0);
	}
	expect_quiet(&c, 30); /* resets that wait for their moment */
	crowd_end(&c);
}

static void tunnels_that_nobody_reads(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, PATIENT);
	for (int i = 0; i < CROWD; i++) {
		fixture_tunnel(&c.f, &c.client[i], &c.origin[i]);
		(void)fill(&c, c.origin[i]);
		(void)fill(&c, c.client[i]);
	}
	expect_quiet(&c, 3);
	/* Ends behind what waits: EPOLLRDHUP and EPOLLHUP, again and again. */
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(shutdown(c.origin[i], SHUT_WR), 0);
		if (i % 2)
			assert_int_equal(shutdown(c.client[i], SHUT_WR), 0);
	}
	expect_quiet(&c, 3);
	crowd_end(&c);
}

static void refused_clients_that_talk_on_and_never_read(void **state)
{
	static char junk[100000];
	struct crowd c;

	(void)state;
	memset(junk, 'j', sizeof(junk) - 1);
	crowd_begin(&c, PATIENT);
	all_say(&c, "CONNECT no.test:443 HTTP/1.1\r\n\r\n");
	for (int i = 0; i < CROWD; i++)
		(void)send(c.client[i], junk, sizeof(junk),
			   MSG_NOSIGNAL | MSG_DONTWAIT);
	expect_quiet(&c, 12);
	crowd_end(&c);
}

static void nobody_more_when_the_descriptors_are_gone(void **state)
{
	struct rlimit old, low;
	struct crowd c;

	(void)state;
	crowd_begin(&c, PATIENT);
	all_say(&c, ""); /* in the queue, not yet accepted */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3; /* every new descriptor fails with EMFILE */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	expect_quiet(&c, 12); /* it tries again ten times a second */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	fixture_turn_for(&c.f, 200);
	fixture_say(c.client[0], "CONNECT no.test:443 HTTP/1.1\r\n\r\n");
	assert_has(fixture_answer(&c.f, c.client[0]), "HTTP/1.1 403 ");
	crowd_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_that_say_nothing),
		cmocka_unit_test(more_clients_than_there_may_be),
		cmocka_unit_test(clients_that_wait_for_a_dial_or_a_name),
		cmocka_unit_test(origins_that_never_answer),
		cmocka_unit_test(origins_that_end_before_the_request_does),
		cmocka_unit_test(clients_that_never_read_an_answer),
		cmocka_unit_test(tunnels_that_nobody_reads),
		cmocka_unit_test(refused_clients_that_talk_on_and_never_read),
		cmocka_unit_test(nobody_more_when_the_descriptors_are_gone),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
