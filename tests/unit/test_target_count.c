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
	assert_int_equal(target_count_take(tc, "a", 443, 1, &a), 0);
	assert_int_equal(target_count_take(tc, "a", 443, 1, &no), -EDQUOT);
	assert_null(no);
	assert_int_equal(target_count_take(tc, "a", 80, 1, &b), 0);
	assert_int_equal(target_count_take(tc, "aa", 443, 1, &c), 0);
	target_count_give(a);
	assert_int_equal(target_count_take(tc, "a", 443, 1, &a), 0);
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
		assert_int_equal(target_count_take(tc, "a", 1, 0, &v[i]), 0);
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
		assert_int_equal(target_count_take(tc, host, 443, 2, &v[i]), 0);
	}
	for (int i = 0; i < 10000; i += 2) {
		(void)snprintf(host, sizeof(host), "h%d", i / 2);
		assert_int_equal(target_count_take(tc, host, 443, 2, &no),
				 -EDQUOT);
	}
	for (int i = 0; i < 10000; i++)
		target_count_give(v[i]);
	target_counts_free(tc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_a_host_with_a_port),
		cmocka_unit_test(without_a_limit_there_is_none),
		cmocka_unit_test(many_targets_are_kept_apart),
	};

	return cmocka_run_group_tests_name("target_count", tests, NULL, NULL);
}
