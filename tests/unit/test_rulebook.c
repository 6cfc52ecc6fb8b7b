/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_rulebook.c - which of a conf's policies look into tunnels
 */
#include "sandbox/rulebook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy_conf.h"
#include "proxy/policy.h"

static struct rulebook *book_of(const char *text)
{
	struct rulebook *rb = NULL;

	assert_int_equal(rulebook_new(test_conf(text), &rb), 0);
	return rb;
}

static bool looks(struct rulebook *rb, const char *profile)
{
	static const char name[] = "a.example:443";
	struct request rq = { .method = METHOD_CONNECT };
	const struct policy *p = NULL;

	assert_int_equal(
		target_parse_authority(name, strlen(name), &rq.target, NULL),
		TARGET_OK);
	assert_int_equal(rulebook_policy(rb, profile, &p), 0);
	return policy_check_request(p, &rq).inspect;
}

static void nothing_is_looked_into_until_it_is_said(void **state)
{
	struct rulebook *rb = book_of("allow a.example ; profile p { ; "
				      "inspect a.example ; }");

	(void)state;
	assert_false(looks(rb, "p")); /* made before */
	assert_false(rulebook_inspects(rb));
	assert_false(rulebook_wants_inspection(rb, "p"));
	rulebook_set_inspection(rb, true);
	assert_true(rulebook_inspects(rb));
	assert_true(looks(rb, "p"));
	assert_false(looks(rb, NULL)); /* and after */
	assert_true(rulebook_wants_inspection(rb, "p"));
	assert_false(rulebook_wants_inspection(rb, ""));
	assert_false(rulebook_wants_inspection(rb, NULL));
	assert_false(rulebook_wants_inspection(rb, "none"));
	rulebook_unref(rb);
}

static void a_forced_mode_wants_it_and_takes_it_back(void **state)
{
	struct rulebook *rb = book_of("allow a.example");

	(void)state;
	rulebook_set_inspection(rb, true);
	assert_false(looks(rb, NULL));
	rulebook_force_mode(rb, CONF_MODE_LIMITED);
	assert_true(looks(rb, NULL));
	assert_true(rulebook_wants_inspection(rb, NULL));
	rulebook_force_mode(rb, CONF_MODE_UNSET);
	assert_false(looks(rb, NULL));
	assert_false(rulebook_wants_inspection(rb, NULL));
	rulebook_unref(rb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_looked_into_until_it_is_said),
		cmocka_unit_test(a_forced_mode_wants_it_and_takes_it_back),
	};

	return cmocka_run_group_tests_name("rulebook", tests, NULL, NULL);
}
