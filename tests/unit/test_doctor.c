/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_doctor.c - what the probe of `netleash doctor` says
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/doctor.h"

static const char line[] = "probe 60601 00000000000000a0 1 2 1";

static void the_probe_s_line_is_read(void **state)
{
	struct doctor_view v;

	(void)state;
	assert_true(doctor_parse(line, &v));
	assert_int_equal(v.uid, 60601);
	assert_int_equal(v.caps, 0xa0);
	assert_true(v.no_new_privs);
	assert_true(v.filter);
	assert_true(v.writable);
}

/* Seccomp 1 is strict mode, which no command survives. */
static void what_is_missing_is_seen_to_be(void **state)
{
	struct doctor_view v;

	(void)state;
	assert_true(doctor_parse("probe 0 000001ffffffffff 0 0 0", &v));
	assert_int_equal(v.uid, 0);
	assert_true(v.caps != 0);
	assert_false(v.no_new_privs || v.filter || v.writable);
	assert_true(doctor_parse("probe 1 0 1 1 1", &v));
	assert_false(v.filter);
}

static void a_line_that_is_cut_or_goes_on_is_none(void **state)
{
	char cut[sizeof(line) + 1];
	struct doctor_view v;

	(void)state;
	for (size_t n = 0; n < sizeof(line) - 1; n++) {
		memcpy(cut, line, n);
		cut[n] = '\0';
		assert_false(doctor_parse(cut, &v));
	}
	memcpy(cut, line, sizeof(line));
	cut[sizeof(line) - 1] = '0';
	cut[sizeof(line)] = '\0';
	assert_false(doctor_parse(cut, &v));
	assert_false(doctor_parse("netleash: no", &v));
	assert_false(doctor_parse("probe x 0 1 2 1", &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_probe_s_line_is_read),
		cmocka_unit_test(what_is_missing_is_seen_to_be),
		cmocka_unit_test(a_line_that_is_cut_or_goes_on_is_none),
	};

	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
