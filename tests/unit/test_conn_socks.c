/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_socks.c - SOCKS5 on the same port, reply by reply
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/macros.h"
#include "tests/support/loopback.h"
#include "tests/support/proxy_fixture.h"

#define GREETING "\x05\x01\x00"
#define GREETED	 "\x05\x00"
#define ANSWERED 10 /* bytes of a reply with an IPv4 address */

/* CONNECT to a name; @ret has room for 262 bytes. Return: its length. */
static size_t by_name(char *ret, const char *name, uint16_t port)
{
	size_t n = strlen(name);

	memcpy(ret, "\x05\x01\x00\x03", 4);
	ret[4] = (char)n;
	memcpy(ret + 5, name, n);
	ret[5 + n] = (char)(port >> 8);
	ret[6 + n] = (char)(port & 0xff);
	return n + 7;
}

static size_t by_ipv4(char *ret, uint16_t port)
{
	memcpy(ret, "\x05\x01\x00\x01\x7f\x00\x00\x01", 8);
	ret[8] = (char)(port >> 8);
	ret[9] = (char)(port & 0xff);
	return 10;
}

static void expect_bytes(struct fixture *f, int fd, const char *want, size_t n)
{
	fixture_read(f, fd, n);
	assert_memory_equal(f->text.s, want, n);
}

/* The reply, whose code must be @code. */
static void expect_reply(struct fixture *f, int fd, unsigned char code)
{
	char want[ANSWERED] = { 5, (char)code, 0, 1 };

	expect_bytes(f, fd, want, sizeof(want));
}

static int greet(struct fixture *f)
{
	int fd = fixture_connect(f);

	fixture_send(fd, GREETING, 3);
	expect_bytes(f, fd, GREETED, 2);
	return fd;
}

static void a_name_and_an_address_are_tunnelled(void **state)
{
	char request[262];
	struct fixture f;
	int client, origin;
	const char *log;

	(void)state;
	fixture_begin(&f, "allow localhost:ORIGIN 127.0.0.1:ORIGIN\n"
			  "private 127.0.0.0/8\n");
	for (int i = 0; i < 2; i++) {
		size_t n =
			i == 0 ? by_ipv4(request, f.origin_port)
			       : by_name(request, "LocalHost", f.origin_port);

		client = greet(&f);
		fixture_send(client, request, n);
		origin = fixture_accept(&f);
		expect_reply(&f, client, 0);
		fixture_say(client, "ping");
		fixture_expect(&f, origin, "ping");
		fixture_say(origin, "pong!");
		fixture_expect(&f, client, "pong!");
		close(client);
		close(origin);
		log = fixture_log(&f, (size_t)i + 1);
	}
	assert_has(log, "\"protocol\":\"socks5\"");
	assert_has(log, "\"target\":\"localhost:");
	assert_has(log, "\"target\":\"127.0.0.1:");
	assert_has(log, "\"decision\":\"allow\",\"rule\":\"test.conf:1\"");
	assert_has(log, "\"bytes_in\":5,\"bytes_out\":4,");
	fixture_end(&f);
}

static void all_of_it_may_come_at_once_and_early_data_is_kept(void **state)
{
	char all[300] = GREETING;
	struct fixture f;
	int client, origin;
	size_t n;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	n = 3 + by_ipv4(all + 3, f.origin_port);
	memcpy(all + n, "early", 5);
	client = fixture_connect(&f);
	fixture_send(client, all, n + 5);
	origin = fixture_accept(&f);
	fixture_expect(&f, origin, "early");
	expect_bytes(&f, client, GREETED, 2);
	expect_reply(&f, client, 0);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void it_may_come_byte_by_byte(void **state)
{
	char all[300] = GREETING;
	struct fixture f;
	int client, origin;
	size_t n;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	n = 3 + by_ipv4(all + 3, f.origin_port);
	client = fixture_connect(&f);
	for (size_t i = 0; i < n; i++) {
		fixture_send(client, all + i, 1);
		fixture_turn_for(&f, 2);
	}
	origin = fixture_accept(&f);
	expect_bytes(&f, client, GREETED, 2);
	expect_reply(&f, client, 0);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void every_reason_has_its_reply(void **state)
{
	static const struct {
		const char *name;
		uint16_t port;
		unsigned char code;
	} cases[] = {
		{ "other.test", 443, 2 },
		{ "bad.example", 443, 2 },
		{ "a1.example", 444, 2 },
		{ "a1.example", 443, 2 },
		{ "nx.example", 443, 4 },
		{ "drop.example", 443, 4 },
		{ "127.1", 443, 1 },
		{ "a..example", 443, 1 },
		{ "caf\xc3\xa9.example", 1, 1 },
	};
	char request[262];
	struct fixture f;
	const char *log;

	(void)state;
	fixture_begin(&f, "allow *.example\ndeny bad.example\n"
			  "limit dns-time 1s\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = greet(&f);

		fixture_send(fd, request,
			     by_name(request, cases[i].name, cases[i].port));
		expect_reply(&f, fd, cases[i].code);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
	}
	log = fixture_log(&f, ARRAY_SIZE(cases));
	assert_has(log, "\"reason\":\"not-allowed\"");
	assert_has(log, "\"reason\":\"denied\"");
	assert_has(log, "\"reason\":\"port\"");
	assert_has(log, "\"reason\":\"private-address\"");
	assert_has(log, "\"reason\":\"dns-timeout\"");
	assert_has(log, "\"reason\":\"malformed\"");
	fixture_end(&f);
}

static void a_server_that_refuses_or_is_silent_has_its_reply(void **state)
{
	struct fixture_hole hole;
	char request[262];
	struct fixture f;
	int fd, held;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:*\nlimit dial-time 300ms\n");
	held = loopback_bind(f.origin_port, &f.origin_port);
	close(f.origin);
	f.origin = -1;
	fd = greet(&f);
	fixture_send(fd, request, by_ipv4(request, f.origin_port));
	expect_reply(&f, fd, 5);
	close(fd);
	close(held);
	fixture_hole_open(&hole);
	fd = greet(&f);
	fixture_send(fd, request, by_ipv4(request, hole.port));
	expect_reply(&f, fd, 6);
	close(fd);
	fixture_hole_close(&hole);
	fixture_end(&f);
}

static void what_is_not_connect_is_refused_in_its_own_words(void **state)
{
	static const struct {
		const char *request;
		unsigned char code;
	} cases[] = {
		{ "\x05\x02\x00\x01\x7f\x00\x00\x01\x01\xbb", 7 }, /* BIND */
		{ "\x05\x03\x00\x01\x7f\x00\x00\x01\x01\xbb", 7 }, /* UDP */
		{ "\x05\x01\x00\x02\x7f\x00\x00\x01\x01\xbb", 8 },
		{ "\x04\x01\x00\x01\x7f\x00\x00\x01\x01\xbb", 1 },
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow *\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = greet(&f);

		fixture_send(fd, cases[i].request, 10);
		expect_reply(&f, fd, cases[i].code);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
	}
	fixture_log(&f, ARRAY_SIZE(cases));
	fixture_end(&f);
}

static void
a_client_that_wants_a_password_is_told_that_none_will_do(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	fixture_begin(&f, "allow *\n");
	fd = fixture_connect(&f);
	fixture_send(fd, "\x05\x01\x02", 3);
	expect_bytes(&f, fd, "\x05\xff", 2);
	assert_int_equal(fixture_end_of(&f, fd), 0);
	close(fd);
	assert_has(fixture_log(&f, 1), "\"protocol\":\"socks5\"");
	fixture_end(&f);
}

static void a_client_that_says_no_more_is_let_go_in_time(void **state)
{
	static const char *const starts[] = { "\x05", "\x05\x01",
					      "\x05\x01\x00" };
	struct fixture f;
	int fds[ARRAY_SIZE(starts)];

	(void)state;
	fixture_begin(&f, "allow *\nlimit head-time 1s\n");
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		fds[i] = fixture_connect(&f);
		fixture_send(fds[i], starts[i], i + 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		assert_int_equal(fixture_end_of(&f, fds[i]), 0);
		close(fds[i]);
	}
	assert_has(fixture_log(&f, ARRAY_SIZE(starts)),
		   "\"reason\":\"head-timeout\"");
	fixture_end(&f);
}

static void a_client_that_ends_in_the_middle_is_closed(void **state)
{
	struct fixture f;
	char all[] = GREETING "\x05\x01\x00\x03";

	(void)state;
	fixture_begin(&f, "allow *\n");
	for (size_t n = 1; n < sizeof(all); n++) {
		int fd = fixture_connect(&f);

		fixture_send(fd, all, n);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
	}
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_and_an_address_are_tunnelled),
		cmocka_unit_test(
			all_of_it_may_come_at_once_and_early_data_is_kept),
		cmocka_unit_test(it_may_come_byte_by_byte),
		cmocka_unit_test(every_reason_has_its_reply),
		cmocka_unit_test(
			a_server_that_refuses_or_is_silent_has_its_reply),
		cmocka_unit_test(
			what_is_not_connect_is_refused_in_its_own_words),
		cmocka_unit_test(
			a_client_that_wants_a_password_is_told_that_none_will_do),
		cmocka_unit_test(a_client_that_says_no_more_is_let_go_in_time),
		cmocka_unit_test(a_client_that_ends_in_the_middle_is_closed),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("conn_socks", tests, NULL, NULL);
}
