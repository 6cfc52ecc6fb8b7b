/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_blocked.c - what was refused, each thing once, bounded
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proxy/blocked.h"

static void each_target_and_reason_stands_once_with_its_count(void **state)
{
	struct blocked *b = blocked_new();
	const struct proxy_blocked *v;
	uint64_t more;
	size_t n;

	(void)state;
	assert_non_null(b);
	blocked_add(b, "a:443", REASON_NOT_ALLOWED, "allow a", NULL);
	blocked_add(b, "b:443", REASON_DENIED, NULL, "x.conf:3");
	blocked_add(b, "a:443", REASON_NOT_ALLOWED, "allow other", "y:1");
	blocked_add(b, "a:443", REASON_PRIVATE_ADDRESS, "private 10.0.0.1", "");
	v = blocked_list(b, &n, &more);
	assert_int_equal(n, 3);
	assert_int_equal(more, 0);
	assert_string_equal(v[0].target, "a:443");
	assert_int_equal(v[0].count, 2);
	assert_string_equal(v[0].allow_with, "allow a");
	assert_string_equal(v[0].rule, "");
	assert_string_equal(v[1].target, "b:443");
	assert_int_equal(v[1].reason, REASON_DENIED);
	assert_string_equal(v[1].allow_with, "");
	assert_string_equal(v[1].rule, "x.conf:3");
	assert_int_equal(v[2].reason, REASON_PRIVATE_ADDRESS);
	assert_int_equal(v[2].count, 1);
	blocked_free(b);
}

static void what_does_not_fit_is_counted_and_what_is_there_goes_on(void **state)
{
	struct blocked *b = blocked_new();
	const struct proxy_blocked *v;
	uint64_t more;
	char target[40];
	size_t n;

	(void)state;
	assert_non_null(b);
	for (int i = 0; i < PROXY_BLOCKED_MAX + 50; i++) {
		(void)snprintf(target, sizeof(target), "host%d:443", i);
		blocked_add(b, target, REASON_NOT_ALLOWED, "", "");
	}
	blocked_add(b, "host7:443", REASON_NOT_ALLOWED, "", "");
	v = blocked_list(b, &n, &more);
	assert_int_equal(n, PROXY_BLOCKED_MAX);
	assert_int_equal(more, 50);
	assert_int_equal(v[7].count, 2);
	blocked_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_target_and_reason_stands_once_with_its_count),
		cmocka_unit_test(
			what_does_not_fit_is_counted_and_what_is_there_goes_on),
	};

	return cmocka_run_group_tests_name("blocked", tests, NULL, NULL);
}
