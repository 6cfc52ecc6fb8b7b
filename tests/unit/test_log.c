/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_log.c - the operator's log, read back message by message
 *
 * The sink is a datagram socket, which keeps the bounds of each write(2).
 */
#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"

static int sock[2];
static char line[8192];

static int set_up(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       sock) < 0)
		return -1;
	log_set_fd(sock[0]);
	log_set_level(LOG_LEVEL_NOTICE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_set_fd(2);
	close(sock[0]);
	close(sock[1]);
	return 0;
}

/* The next write of the log. Return: its length, or -1 if there is none. */
static ssize_t next_line(void)
{
	ssize_t n = recv(sock[1], line, sizeof(line) - 1, 0);

	line[n < 0 ? 0 : n] = '\0';
	return n;
}

static void one_call_is_one_write_of_one_line(void **state)
{
	(void)state;
	log_notice("run=%d %s", 7, "started");
	assert_int_equal(next_line(), strlen("netleash: run=7 started\n"));
	assert_string_equal(line, "netleash: run=7 started\n");
	assert_int_equal(next_line(), -1);
}

static void levels_above_the_set_one_are_dropped(void **state)
{
	(void)state;
	log_error("e");
	log_warn("w");
	log_notice("n");
	log_info("i");
	log_debug("d");
	for (int i = 0; i < 3; i++)
		assert_true(next_line() > 0);
	assert_int_equal(next_line(), -1);

	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d");
	assert_true(next_line() > 0);
	assert_true(log_enabled(LOG_LEVEL_DEBUG));
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("w");
	assert_int_equal(next_line(), -1);
	assert_false(log_enabled(LOG_LEVEL_WARN));
}

static void what_could_forge_a_line_is_escaped(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a\nnetleash: forged", "a\\x0anetleash: forged" },
		{ "\x1b[31mred\r\x7f", "\\x1b[31mred\\x0d\\x7f" },
		{ "caf\xc3\xa9 \xf0\x9f\x98\x80",
		  "caf\xc3\xa9 \xf0\x9f\x98\x80" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "\xc2\x9b"
		  "2J",
		  "\\xc2\\x9b2J" },
		{ "\xe2\x80\xae"
		  "evil",
		  "\\xe2\\x80\\xaeevil" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[200];

		log_notice("%s", cases[i].text);
		assert_true(next_line() > 0);
		(void)snprintf(want, sizeof(want), "netleash: %s\n",
			       cases[i].want);
		assert_string_equal(line, want);
	}
}

/* Logs @fill until @n bytes are full. Return: true if the line was cut. */
static bool is_cut(const char *fill, size_t n)
{
	static const char mark[] = " [line cut]\n";
	static char text[6001];
	size_t len = 0, unit = strlen(fill);
	ssize_t got;

	for (; len + unit <= n; len += unit)
		memcpy(text + len, fill, unit);
	text[len] = '\0';
	log_notice("%s", text);
	got = next_line();
	assert_in_range(got, 1, 4096);
	assert_ptr_equal(strchr(line, '\n'), line + got - 1);
	return strstr(line, mark) != NULL;
}

/* Around the limit, with text that is passed on and text that grows. */
static void a_long_line_is_cut_and_says_so(void **state)
{
	(void)state;
	for (size_t n = 4030; n < 4100; n++) {
		assert_int_equal(is_cut("x", n), n > 4074);
		assert_int_equal(is_cut("\xc3\xa9", n), n > 4075);
	}
	for (size_t n = 980; n < 1060; n++)
		assert_int_equal(is_cut("\n", n), n > 1018);
	assert_true(is_cut("x", 6000));
	assert_true(is_cut("\n", 6000));
}

static void a_flood_from_one_place_is_bounded_and_counted(void **state)
{
	const uint64_t began_s = clock_us() / 1000000u;
	const unsigned sent = 5000;
	unsigned passed = 0, dropped = 0, more;
	uint64_t seconds;

	(void)state;
	for (unsigned i = 0; i <= sent; i++) {
		if (i == sent)
			sleep(1); /* the next second begins */
		log_notice("a flood, line %u", i);
		while (next_line() > 0) {
			if (sscanf(line, "netleash: %u lines like", &more) == 1)
				dropped += more;
			else
				passed++;
		}
	}
	assert_int_equal(passed + dropped, sent + 1);
	/* A slow machine takes its time; each second has a burst. */
	seconds = clock_us() / 1000000u - began_s + 1;
	assert_in_range(passed, LOG_BURST + 1, seconds * LOG_BURST);

	for (unsigned i = 0; i < 2 * LOG_BURST; i++) {
		log_error("errors always pass");
		assert_true(next_line() > 0);
	}
}

static void errno_survives_a_call_that_fails(void **state)
{
	(void)state;
	log_set_fd(-1);
	errno = ENOENT;
	log_notice("nobody reads this");
	assert_int_equal(errno, ENOENT);
	log_set_fd(sock[0]);
	log_notice("somebody reads this");
	assert_int_equal(errno, ENOENT);
	assert_true(next_line() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_call_is_one_write_of_one_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			levels_above_the_set_one_are_dropped, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			what_could_forge_a_line_is_escaped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_long_line_is_cut_and_says_so,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_flood_from_one_place_is_bounded_and_counted, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			errno_survives_a_call_that_fails, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
