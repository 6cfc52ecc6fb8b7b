/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_local_ports.c - the ports of --local-port
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/local_ports.h"

static void ports_and_ranges_become_an_ordered_set(void **state)
{
	struct local_ports set = { .n = 0 };
	static const uint16_t want[] = { 1, 8000, 8001, 8002, 8003, 65535 };

	(void)state;
	assert_int_equal(local_ports_parse(&set, "8001-8003"), 0);
	assert_int_equal(local_ports_parse(&set, "65535"), 0);
	assert_int_equal(local_ports_parse(&set, "1"), 0);
	assert_int_equal(local_ports_parse(&set, "8000-8002"), 0);
	assert_int_equal(set.n, ARRAY_SIZE(want));
	assert_memory_equal(set.v, want, sizeof(want));
	assert_true(local_ports_has(&set, 8003));
	assert_false(local_ports_has(&set, 8004));
	assert_false(local_ports_has(&set, 2));
}

static void what_is_no_port_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",	 "0",	  "65536", "-",	     "80-",	 "-80",
		"80-79", "80,81", "80-0",  " 80",    "80 ",	 "080",
		"*",	 "http",  "+80",   "80--81", "80-81-82", "99999999999",
	};
	struct local_ports set = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (local_ports_parse(&set, wrong[i]) != -EINVAL)
			fail_msg("'%s' is taken", wrong[i]);
		assert_int_equal(set.n, 0);
	}
}

static void there_is_an_end_to_them(void **state)
{
	struct local_ports set = { .n = 0 };

	(void)state;
	assert_int_equal(local_ports_parse(&set, "1000-1063"), 0);
	assert_int_equal(set.n, LOCAL_PORTS_MAX);
	assert_int_equal(local_ports_parse(&set, "1000-1063"), 0);
	assert_int_equal(local_ports_parse(&set, "1064"), -E2BIG);
	assert_int_equal(local_ports_parse(&set, "1-65535"), -E2BIG);
	assert_int_equal(set.n, LOCAL_PORTS_MAX);
}

static void the_next_free_port_is_not_in_the_set(void **state)
{
	struct local_ports set = { .n = 0 };

	(void)state;
	assert_int_equal(local_ports_next_free(&set, 3128), 3128);
	assert_int_equal(local_ports_parse(&set, "3127-3130"), 0);
	assert_int_equal(local_ports_next_free(&set, 3128), 3131);
	assert_int_equal(local_ports_parse(&set, "65535"), 0);
	assert_int_equal(local_ports_next_free(&set, 65535), 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_and_ranges_become_an_ordered_set),
		cmocka_unit_test(what_is_no_port_is_refused),
		cmocka_unit_test(there_is_an_end_to_them),
		cmocka_unit_test(the_next_free_port_is_not_in_the_set),
	};

	return cmocka_run_group_tests_name("local_ports", tests, NULL, NULL);
}
