/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_target_count.c - each target counts for itself
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "proxy/target_count.h"

static void a_target_is_a_host_with_a_port(void **state)
{
	struct target_counts *tc = target_counts_new(false);
	struct target_count *a, *b, *c, *no = NULL;

	(void)state;
	assert_non_null(tc);
	assert_int_equal(target_count_take(tc, "", "a", 443, 1, &a), 0);
	assert_int_equal(target_count_take(tc, "", "a", 443, 1, &no), -EDQUOT);
	assert_null(no);
	assert_int_equal(target_count_take(tc, "", "a", 80, 1, &b), 0);
	assert_int_equal(target_count_take(tc, "", "aa", 443, 1, &c), 0);
	target_count_give(a);
	assert_int_equal(target_count_take(tc, "", "a", 443, 1, &a), 0);
	target_count_give(a);
	target_count_give(b);
	target_count_give(c);
	target_count_give(NULL);
	target_counts_free(tc);
}

static void without_a_limit_there_is_none(void **state)
{
	struct target_counts *tc = target_counts_new(false);
	struct target_count *v[100];

	(void)state;
	assert_non_null(tc);
	for (int i = 0; i < 100; i++)
		assert_int_equal(target_count_take(tc, "", "a", 1, 0, &v[i]),
				 0);
	for (int i = 0; i < 100; i++)
		target_count_give(v[i]);
	target_counts_free(tc);
	target_counts_free(NULL);
}

/* More targets than chains; the leak checker sees that all are freed. */
static void many_targets_are_kept_apart(void **state)
{
	struct target_counts *tc = target_counts_new(false);
	static struct target_count *v[10000];
	struct target_count *no;
	char host[20];

	(void)state;
	assert_non_null(tc);
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(host, sizeof(host), "h%d", i / 2);
		assert_int_equal(target_count_take(tc, "", host, 443, 2, &v[i]),
				 0);
	}
	for (int i = 0; i < 10000; i += 2) {
		(void)snprintf(host, sizeof(host), "h%d", i / 2);
		assert_int_equal(target_count_take(tc, "", host, 443, 2, &no),
				 -EDQUOT);
	}
	for (int i = 0; i < 10000; i++)
		target_count_give(v[i]);
	target_counts_free(tc);
}

/* One who takes all that there is shuts out nobody. */
static void each_owner_may_have_some_whatever_others_have(void **state)
{
	struct target_counts *tc = target_counts_new(false);
	struct target_count *v[6], *other[3], *no;

	(void)state;
	assert_non_null(tc);
	for (int i = 0; i < 6; i++)
		assert_int_equal(target_count_take(tc, "a", "h", 443, 6, &v[i]),
				 0);
	assert_int_equal(target_count_take(tc, "a", "h", 443, 6, &no), -EDQUOT);
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			target_count_take(tc, "b", "h", 443, 6, &other[i]), 0);
	assert_int_equal(target_count_take(tc, "b", "h", 443, 6, &no), -EDQUOT);
	assert_int_equal(target_count_take(tc, "", "h", 443, 6, &no), -EDQUOT);
	for (int i = 0; i < 3; i++)
		target_count_give(other[i]);
	assert_int_equal(target_count_take(tc, "a", "h", 443, 6, &no), -EDQUOT);
	target_count_give(v[5]);
	assert_int_equal(target_count_take(tc, "", "h", 443, 6, &v[5]), 0);
	for (int i = 0; i < 6; i++)
		target_count_give(v[i]);
	target_counts_free(tc);
}

static void many_owners_of_many_targets_may_have_so_many(void **state)
{
	struct target_counts *tc = target_counts_new(false);
	static struct target_count *v[TARGET_COUNT_ASSURED * 20];
	struct target_count *no;
	char owners[20][4];

	(void)state;
	assert_non_null(tc);
	for (int i = 0; i < 20; i++)
		(void)snprintf(owners[i], sizeof(owners[i]), "r%d", i);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		assert_int_equal(target_count_take(tc, owners[i % 20], "h", 1,
						   TARGET_COUNT_ASSURED * 4,
						   &v[i]),
				 0);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(target_count_take(tc, owners[i], "h", 1,
						   TARGET_COUNT_ASSURED * 4,
						   &no),
				 -EDQUOT);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		target_count_give(v[i]);
	target_counts_free(tc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_a_host_with_a_port),
		cmocka_unit_test(without_a_limit_there_is_none),
		cmocka_unit_test(many_targets_are_kept_apart),
		cmocka_unit_test(each_owner_may_have_some_whatever_others_have),
		cmocka_unit_test(many_owners_of_many_targets_may_have_so_many),
	};

	return cmocka_run_group_tests_name("target_count", tests, NULL, NULL);
}
