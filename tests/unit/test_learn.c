/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_learn.c - the rules that were missing, as text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/proxy.h"
#include "sandbox/learn.h"

static char none[] = "";

static void expect(const struct proxy_blocked *needed, size_t n,
		   unsigned long long more, const char *text)
{
	struct strbuf out = STRBUF_INIT;

	learn_render(needed, n, more, &out);
	assert_string_equal(out.s, text);
	strbuf_fini(&out);
}

static void nothing_missing_is_said_to_be_so(void **state)
{
	(void)state;
	expect(NULL, 0, 0,
	       "netleash: learned: the rules that there are suffice\n");
}

static void rules_are_sorted_and_each_stands_once(void **state)
{
	char b443[] = "b.example:443", b80[] = "b.example:80";
	char a22[] = "a.example:22", allow_a[] = "allow a.example:22";
	char allow_b[] = "allow b.example";
	const struct proxy_blocked needed[] = {
		{ b443, REASON_NOT_ALLOWED, allow_b, none, 3 },
		{ a22, REASON_PORT, allow_a, none, 1 },
		{ b80, REASON_NOT_ALLOWED, allow_b, none, 1 },
	};

	(void)state;
	expect(needed, ARRAY_SIZE(needed), 0,
	       "netleash: learned: these rules were missing:\n"
	       "allow a.example:22\n"
	       "allow b.example\n");
}

/* All but the first line may be put into a conf as they are. */
static void what_no_rule_allows_is_a_comment(void **state)
{
	char odd[] = "b\x1b[2J:443", other[] = "c:1";
	const struct proxy_blocked needed[] = {
		{ odd, REASON_METHOD, none, none, 1 },
		{ other, REASON_METHOD, none, none, 1 },
	};

	(void)state;
	expect(needed, ARRAY_SIZE(needed), 7,
	       "netleash: learned: these rules were missing:\n"
	       "# b\\x1b[2J:443: method\n"
	       "# c:1: method\n"
	       "# and 7 more that were not kept\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_missing_is_said_to_be_so),
		cmocka_unit_test(rules_are_sorted_and_each_stands_once),
		cmocka_unit_test(what_no_rule_allows_is_a_comment),
	};

	return cmocka_run_group_tests_name("learn", tests, NULL, NULL);
}
