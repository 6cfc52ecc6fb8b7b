/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_summary.c - what was blocked, as text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/proxy.h"
#include "sandbox/summary.h"

static char target_a[] = "a.example:443", target_b[] = "b\x1b[2J:443";
static char allow_a[] = "allow a.example", none[] = "";
static char place[] = "/etc/x.conf:7", detail[] = "The server\x1b[2J failed.";

static void nothing_blocked_says_nothing(void **state)
{
	struct strbuf out = STRBUF_INIT;

	(void)state;
	summary_render(NULL, 0, 0, &out);
	assert_int_equal(out.len, 0);
	strbuf_fini(&out);
}

static void each_target_says_how_often_why_and_what_allows_it(void **state)
{
	const struct proxy_blocked blocked[] = {
		{ target_a, REASON_NOT_ALLOWED, allow_a, none, 3 },
		{ target_b, REASON_DENIED, none, place, 1 },
	};
	struct strbuf out = STRBUF_INIT;

	(void)state;
	summary_render(blocked, 2, 4, &out);
	assert_string_equal(
		out.s, "netleash: blocked 2 targets:\n"
		       "  a.example:443 (3 times): not-allowed; to allow it: "
		       "allow a.example\n"
		       "  b\\x1b[2J:443: denied by /etc/x.conf:7\n"
		       "  and 4 more refusals\n");
	strbuf_fini(&out);
}

static void each_target_that_failed_says_how_often_and_why(void **state)
{
	const struct proxy_blocked failed[] = {
		{ target_a, REASON_DNS_FAILURE, none, none, 3 },
		{ target_b, REASON_UPSTREAM, none, detail, 1 },
	};
	struct strbuf out = STRBUF_INIT;

	(void)state;
	summary_render_failed(NULL, 0, 0, &out);
	assert_int_equal(out.len, 0);
	summary_render_failed(failed, 2, 4, &out);
	assert_string_equal(
		out.s,
		"netleash: could not reach 2 targets:\n"
		"  a.example:443 (3 times): dns-failure (The name has "
		"no address, or DNS could not be asked.)\n"
		"  b\\x1b[2J:443: upstream (The server\\x1b[2J failed.)\n"
		"  and 4 more failures\n");
	strbuf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_blocked_says_nothing),
		cmocka_unit_test(
			each_target_says_how_often_why_and_what_allows_it),
		cmocka_unit_test(
			each_target_that_failed_says_how_often_and_why),
	};

	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
