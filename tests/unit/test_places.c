/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_places.c - whose calls the launcher attends to
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/places.h"

#define ANN 1001u
#define BEN 1002u

static pid_t next_pid;

/* Return: how many of @n calls of @uid's are taken; each becomes a run if
 * @runs. */
static int call(struct places *p, uid_t uid, int n, bool runs)
{
	int taken = 0;

	for (int i = 0; i < n; i++) {
		pid_t leaves, pid = ++next_pid;

		if (!places_ask(p, uid, &leaves))
			continue;
		if (leaves != 0)
			places_ended(p, leaves);
		places_add(p, uid, pid);
		if (runs)
			places_permitted(p, pid);
		taken++;
	}
	return taken;
}

static int asking_of(const struct places *p, uid_t uid)
{
	int n = 0;

	for (size_t i = 0; i < PLACES_MAX; i++)
		n += p->v[i].state == PLACE_ASKING && p->v[i].uid == uid;
	return n;
}

static void one_who_only_asks_has_a_quarter(void **state)
{
	struct places p = { .turn = 0 };

	(void)state;
	assert_int_equal(call(&p, ANN, 1000, false), PLACES_ASKING_OF_USER);
	assert_int_equal(call(&p, BEN, 1, false), 1);
}

static void many_who_only_ask_do_not_keep_another_out(void **state)
{
	struct places p = { .turn = 0 };

	(void)state;
	for (uid_t uid = 1; uid <= 8; uid++)
		(void)call(&p, uid, 1000, false);
	assert_int_equal(call(&p, BEN, 20, false), 20);
	/* All of them together have no more than there are. */
	assert_int_equal(asking_of(&p, 1) + asking_of(&p, 2) +
				 asking_of(&p, 3) + asking_of(&p, 4) +
				 asking_of(&p, 5) + asking_of(&p, 6) +
				 asking_of(&p, 7) + asking_of(&p, 8) + 20,
			 PLACES_ASKING);
}

static void the_oldest_of_who_has_most_makes_room(void **state)
{
	struct places p = { .turn = 0 };
	pid_t leaves, first;

	(void)state;
	(void)call(&p, 1, 10, false);
	first = next_pid + 1;
	(void)call(&p, 2, PLACES_ASKING_OF_USER, false);
	(void)call(&p, 3, PLACES_ASKING_OF_USER - 1, false);
	(void)call(&p, 4, PLACES_ASKING_OF_USER - 1, false);
	(void)call(&p, 5, 56, false);
	assert_true(places_ask(&p, BEN, &leaves));
	assert_int_equal(leaves, first);
	assert_int_equal(asking_of(&p, 2), PLACES_ASKING_OF_USER - 1);
}

static void nobody_makes_room_for_one_who_has_as_many(void **state)
{
	struct places p = { .turn = 0 };
	pid_t leaves;

	(void)state;
	for (uid_t uid = 1; uid <= PLACES_ASKING; uid++)
		assert_int_equal(call(&p, uid, 1, false), 1);
	assert_false(places_ask(&p, BEN, &leaves));
	assert_false(places_ask(&p, 1, &leaves));
}

static void a_run_is_never_made_to_leave(void **state)
{
	struct places p = { .turn = 0 };
	pid_t leaves, run;

	(void)state;
	(void)call(&p, ANN, 1, true);
	run = next_pid;
	for (uid_t uid = 1; uid <= 8; uid++)
		(void)call(&p, uid, 1000, false);
	for (int i = 0; i < 100 && places_ask(&p, BEN, &leaves); i++) {
		assert_int_not_equal(leaves, run);
		places_add(&p, BEN, ++next_pid);
	}
}

static void two_hundred_runs_are_one_user_s_to_have(void **state)
{
	struct places p = { .turn = 0 };
	int n = call(&p, ANN, 1000, true);

	(void)state;
	assert_in_range(n, 200, PLACES_RUNS - 40);
}

static void each_user_who_comes_has_four_fifths_of_the_rest(void **state)
{
	static const int want[] = { 205, 41, 8, 2, 0 };
	struct places p = { .turn = 0 };

	(void)state;
	for (uid_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(call(&p, ANN + i, 1000, true), want[i]);
}

static void no_three_users_have_every_run(void **state)
{
	struct places p = { .turn = 0 };

	(void)state;
	for (uid_t uid = 1; uid <= 3; uid++)
		assert_true(call(&p, uid, 1000, true) > 0);
	assert_int_equal(call(&p, BEN, 1, true), 1);
}

static void calls_that_may_become_runs_count_with_these(void **state)
{
	struct places p = { .turn = 0 };
	int runs;

	(void)state;
	runs = call(&p, ANN, 190, true);
	assert_int_equal(runs, 190);
	assert_in_range(call(&p, ANN, 1000, false), 10, 20);
	assert_int_equal(call(&p, BEN, 30, true), 30);
}

static void who_ends_gives_his_place_back(void **state)
{
	struct places p = { .turn = 0 };

	(void)state;
	assert_int_equal(call(&p, ANN, PLACES_ASKING_OF_USER, false),
			 PLACES_ASKING_OF_USER);
	assert_int_equal(call(&p, ANN, 1, false), 0);
	places_ended(&p, next_pid - 1);
	places_ended(&p, 999999); /* nobody */
	places_permitted(&p, 999999);
	assert_int_equal(call(&p, ANN, 2, false), 1);
}

static void at_the_end_whoever_asks_goes(void **state)
{
	struct places p = { .turn = 0 };
	int n = 0;

	(void)state;
	(void)call(&p, ANN, 3, true);
	(void)call(&p, ANN, 2, false);
	(void)call(&p, BEN, 5, false);
	while (places_clear(&p) > 0)
		n++;
	assert_int_equal(n, 7);
}

static void who_is_slow_to_leave_is_beside_the_others(void **state)
{
	struct places p = { .turn = 0 };
	pid_t leaves;
	int n = 0;

	(void)state;
	for (uid_t uid = 1; uid <= 8; uid++)
		(void)call(&p, uid, 1000, false);
	for (uid_t uid = 5000; uid < 5200; uid++)
		if (places_ask(&p, uid, &leaves)) {
			places_add(&p, uid, ++next_pid);
			n++;
		}
	assert_int_equal(n, PLACES_LEAVING);
	/* What he was told later does not make a run of one who has to go. */
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (p.v[i].state == PLACE_LEAVING) {
			places_permitted(&p, p.v[i].pid);
			assert_int_equal(p.v[i].state, PLACE_LEAVING);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_who_only_asks_has_a_quarter),
		cmocka_unit_test(many_who_only_ask_do_not_keep_another_out),
		cmocka_unit_test(the_oldest_of_who_has_most_makes_room),
		cmocka_unit_test(nobody_makes_room_for_one_who_has_as_many),
		cmocka_unit_test(a_run_is_never_made_to_leave),
		cmocka_unit_test(two_hundred_runs_are_one_user_s_to_have),
		cmocka_unit_test(
			each_user_who_comes_has_four_fifths_of_the_rest),
		cmocka_unit_test(no_three_users_have_every_run),
		cmocka_unit_test(calls_that_may_become_runs_count_with_these),
		cmocka_unit_test(who_ends_gives_his_place_back),
		cmocka_unit_test(at_the_end_whoever_asks_goes),
		cmocka_unit_test(who_is_slow_to_leave_is_beside_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
