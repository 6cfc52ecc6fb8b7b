/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_rulebook.c - which of a conf's policies look into tunnels
 */
#include "sandbox/rulebook.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/conf_rules.h"
#include "common/macros.h"
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

static void what_comes_after_a_book_has_its_mode_from_the_first(void **state)
{
	struct rulebook *rb = book_of("allow a.example"), *next, *last;
	const struct policy *p = NULL;

	(void)state;
	rulebook_set_inspection(rb, true);
	rulebook_force_mode(rb, CONF_MODE_LIMITED);
	next = book_of("allow a.example ; mode full");
	rulebook_pass_on(rb, next);
	rulebook_unref(rb);
	assert_int_equal(rulebook_policy(next, NULL, &p), 0);
	assert_true(policy_is_limited(p));
	assert_true(rulebook_inspects(next));
	last = book_of("allow a.example");
	rulebook_pass_on(next, last);
	rulebook_force_mode(last, CONF_MODE_UNSET);
	assert_int_equal(rulebook_policy(last, NULL, &p), 0);
	assert_false(policy_is_limited(p));
	rulebook_unref(next);
	rulebook_unref(last);
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

/* Of one on top of another: the decision is that of one conf with all lines. */
static const char *const below[] = {
	"allow a.example b.example:8080 ; deny c.example",
	"allow *.example ; deny *.bad.example ; private 10.0.0.0/8",
	"allow GET https://a.example/x/** ; inspect b.example ; mode limited",
	("allow * ; deny 10.1.0.0/16 ; profile p { ; allow 10.2.0.1 ; deny "
	 "a.example ; }"),
	"profile p { ; allow a.example ; inspect a.example ; mode limited ; }",
	"# nothing",
};

static const struct more {
	enum rule_effect effect;
	const char *line;
} more[] = {
	{ RULE_ALLOW, "c.example d.example:22" },
	{ RULE_DENY, "a.example" },
	{ RULE_DENY, "**.example:443" },
	{ RULE_ALLOW, "POST https://a.example/x/y" },
	{ RULE_ALLOW, "*:*" },
	{ RULE_ALLOW, "10.1.2.3" },
	{ RULE_DENY, "10.0.0.0/8" },
	{ RULE_INSPECT, "a.example" },
	{ RULE_ALLOW, "x?.example" },
};

static const char *const asked[] = {
	"a.example:443",    "a.example:80",   "b.example:8080",
	"b.example:443",    "c.example:443",  "d.example:22",
	"e.bad.example:80", "xy.example:443", "10.1.2.3:443",
	"10.2.0.1:443",	    "10.9.9.9:80",    "93.184.216.34:443",
	"other.test:443",
};

static void ask_both(struct rulebook *rb, const struct policy *whole,
		     const char *profile)
{
	const struct policy *p = NULL;

	assert_int_equal(rulebook_policy(rb, profile, &p), 0);
	assert_int_equal(policy_has_allow(p), policy_has_allow(whole));
	for (size_t i = 0; i < ARRAY_SIZE(asked) * 2; i++) {
		const char *name = asked[i / 2];
		struct request rq = { .method = i % 2 ? METHOD_CONNECT
						      : METHOD_GET };
		struct decision got, want;

		assert_int_equal(target_parse_authority(name, strlen(name),
							&rq.target, NULL),
				 TARGET_OK);
		if (rq.method == METHOD_GET)
			rq.target.scheme = SCHEME_HTTPS;
		got = policy_check_request(p, &rq);
		want = policy_check_request(whole, &rq);
		if (got.reason != want.reason || got.inspect != want.inspect ||
		    !got.rule != !want.rule)
			fail_msg("%s: %d instead of %d", name, got.reason,
				 want.reason);
	}
}

static void one_on_top_decides_as_one_conf_of_all_lines(void **state)
{
	static const char *const profiles[] = { NULL, "p" };
	char error[RULE_ERROR_MAX];

	(void)state;
	for (size_t i = 0;
	     i < ARRAY_SIZE(below) * ARRAY_SIZE(more) * ARRAY_SIZE(profiles);
	     i++) {
		const char *profile = profiles[i % 2];
		const char *text = below[i / 2 % ARRAY_SIZE(below)];
		const struct more *m = &more[i / 2 / ARRAY_SIZE(below)];
		struct rulebook *base, *top = NULL;
		struct conf *all, *extra;
		struct policy *whole = NULL;

		if (profile && !strstr(text, "profile"))
			continue;
		base = book_of(text);
		rulebook_set_inspection(base, true);
		extra = test_conf("# nothing");
		all = test_conf(text);
		assert_int_equal(
			conf_add_argument(extra, m->effect, m->line, error), 0);
		assert_int_equal(
			conf_add_argument(all, m->effect, m->line, error), 0);
		assert_int_equal(policy_new(all, profile, &whole), 0);
		policy_set_inspection(whole, true);
		assert_int_equal(rulebook_new_on(base, extra, &top), 0);
		rulebook_set_inspection(top, true);
		rulebook_unref(base); /* which @top keeps */
		ask_both(top, whole, profile);
		assert_int_equal(rulebook_wants_inspection(top, profile),
				 policy_wants_inspection(whole));
		policy_free(whole);
		conf_free(all);
		rulebook_unref(top);
	}
}

static void one_on_top_copies_nothing(void **state)
{
	struct name_entry e = { .kind = PATTERN_EXACT, .line = 1 };
	struct conf *big = test_conf("allow a.example ; profile p { ; allow "
				     "b.example ; }");
	struct conf_list list = { .rule = { .kind = PATTERN_EXACT,
					    .effect = RULE_DENY } };
	struct rulebook *base = NULL, *top[200];
	struct mallinfo2 before, after;
	const struct policy *p;
	char name[32];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		e.n = (size_t)snprintf(name, sizeof(name), "n%d.example", i);
		e.name = name;
		assert_int_equal(name_list_add(&list.names, &e), 0);
	}
	list.rule.text = strdup("list");
	assert_int_equal(conf_add_list(&big->top, &list), 0);
	assert_int_equal(rulebook_new(big, &base), 0);
	assert_int_equal(rulebook_policy(base, "p", &p), 0);
	before = mallinfo2();
	for (size_t i = 0; i < ARRAY_SIZE(top); i++) {
		char error[RULE_ERROR_MAX];
		struct conf *extra = conf_new();

		assert_int_equal(conf_add_argument(extra, RULE_ALLOW,
						   "*.example", error),
				 0);
		assert_int_equal(rulebook_new_on(base, extra, &top[i]), 0);
		assert_int_equal(rulebook_policy(top[i], "p", &p), 0);
	}
	after = mallinfo2();
	/* 200 times less than 20 KB; the list alone has 1.7 MB. */
	assert_in_range(after.uordblks + after.hblkhd - before.uordblks -
				before.hblkhd,
			0, 4000000);
	for (size_t i = 0; i < ARRAY_SIZE(top); i++)
		rulebook_unref(top[i]);
	rulebook_unref(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_looked_into_until_it_is_said),
		cmocka_unit_test(
			what_comes_after_a_book_has_its_mode_from_the_first),
		cmocka_unit_test(a_forced_mode_wants_it_and_takes_it_back),
		cmocka_unit_test(one_on_top_decides_as_one_conf_of_all_lines),
		cmocka_unit_test(one_on_top_copies_nothing),
	};

	return cmocka_run_group_tests_name("rulebook", tests, NULL, NULL);
}
