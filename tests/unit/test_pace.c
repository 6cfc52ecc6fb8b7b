/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_pace.c - who has much to do does not keep others waiting
 */
#include "proxy/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/clock.h"

#define MANY 1000

/* What was done, in its order: a letter for each. */
static char done[8 * MANY + 1];
static size_t done_n;

struct work {
	struct pace_item item;
	struct pace_party *party;
	char letter;
	unsigned again; /* how often it adds itself */
	unsigned us;	/* how long it takes */
	struct work *drops, *adds;
};

struct world {
	struct event_base *base;
	struct pace *pace;
	struct pace_party a, b, c;
};

static struct world w;

static void work(void *arg)
{
	const uint64_t begun = clock_us();
	struct work *k = arg;

	assert_true(done_n < sizeof(done) - 1);
	done[done_n++] = k->letter;
	while (clock_us() - begun < k->us)
		;
	if (k->drops)
		pace_drop(&k->drops->item);
	if (k->adds)
		pace_add(w.pace, k->adds->party, &k->adds->item, work, k->adds);
	if (k->again > 0) {
		k->again--;
		pace_add(w.pace, k->party, &k->item, work, k);
	}
}

static void add(struct work *k)
{
	pace_add(w.pace, k->party, &k->item, work, k);
}

static int set_up(void **state)
{
	(void)state;
	memset(done, 0, sizeof(done));
	done_n = 0;
	w.base = event_base_new();
	pace_party_init(&w.a);
	pace_party_init(&w.b);
	pace_party_init(&w.c);
	return w.base && pace_new(w.base, &w.pace) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	pace_free(w.pace);
	pace_free(NULL);
	event_base_free(w.base);
	return 0;
}

/* Until nothing is left. */
static void run(void)
{
	assert_true(event_base_loop(w.base, 0) >= 0);
}

static void one_with_a_thousand_keeps_nobody_waiting(void **state)
{
	static struct work many[MANY];
	struct work one = { .party = &w.b, .letter = 'b' };

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		many[i] = (struct work){ .party = &w.a, .letter = 'a' };
		add(&many[i]);
	}
	add(&one);
	run();
	assert_int_equal(done_n, MANY + 1);
	assert_memory_equal(done, "aba", 3);
}

static void each_comes_in_turn(void **state)
{
	struct work v[] = {
		{ .party = &w.a, .letter = 'a', .again = 5 },
		{ .party = &w.a, .letter = 'A', .again = 1 },
		{ .party = &w.b, .letter = 'b', .again = 3 },
		{ .party = &w.c, .letter = 'c' },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		add(&v[i]);
	run();
	assert_string_equal(done, "abcAbabAbaaaa");
}

static void one_that_waits_waits_once(void **state)
{
	struct work k = { .party = &w.a, .letter = 'a' };

	(void)state;
	for (int i = 0; i < 5; i++)
		add(&k);
	run();
	assert_string_equal(done, "a");
	add(&k);
	run();
	assert_string_equal(done, "aa");
}

static void one_that_is_dropped_is_not_done(void **state)
{
	struct work a = { .party = &w.a, .letter = 'a' },
		    b = { .party = &w.b, .letter = 'b', .drops = &a },
		    d = { .party = &w.a, .letter = 'd' },
		    e = { .party = &w.c, .letter = 'e', .adds = &d };

	(void)state;
	pace_drop(&a.item);
	add(&b);
	add(&a);
	run();
	assert_string_equal(done, "b");
	add(&a);
	pace_drop(&a.item);
	pace_drop(&a.item);
	add(&e);
	run();
	assert_string_equal(done, "bed");
}

static int end[2];

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct work *k = arg;
	char byte;

	(void)what;
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	done[done_n++] = '!';
	k->again = 0; /* enough is seen */
}

/* Who never comes to an end leaves the loop its looks at descriptors. */
static void the_loop_sees_what_else_there_is(void **state)
{
	struct work k = {
		.party = &w.a, .letter = 'a', .us = 500, .again = MANY
	};
	struct event *ev;

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end), 0);
	ev = event_new(w.base, end[0], EV_READ, on_readable, &k);
	assert_int_equal(event_add(ev, NULL), 0);
	assert_int_equal(send(end[1], "x", 1, 0), 1);
	add(&k);
	run();
	assert_non_null(strchr(done, '!'));
	assert_true(done_n < 20);
	event_free(ev);
	close(end[0]);
	close(end[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_with_a_thousand_keeps_nobody_waiting),
		TEST(each_comes_in_turn),
		TEST(one_that_waits_waits_once),
		TEST(one_that_is_dropped_is_not_done),
		TEST(the_loop_sees_what_else_there_is),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
