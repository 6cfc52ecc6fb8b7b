/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_control_text.c - a daemon's answer as lines for people
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "common/macros.h"
#include "sandbox/control_text.h"

static const struct {
	const char *json, *want;
} cases[] = {
	{ "{\"a\":1}", "a: 1\n" },
	{ " { \"a\" : null , \"b\" : true }\n", "a: -\nb: true\n" },
	{ "{\"a\":{\"b\":{\"c\":\"d\"}},\"e\":-1.5E3}",
	  "a:\n  b:\n    c: d\ne: -1.5E3\n" },
	{ "{\"a\":[]}", "a:\n" },
	{ "{\"a\":{}}", "a:\n" },
	{ "{\"a\":[\"x\",\"y\"]}", "a:\n  - x\n  - y\n" },
	{ "{\"v\":[{\"a\":1,\"b\":2},{\"a\":3}]}",
	  "v:\n  - a: 1\n    b: 2\n  - a: 3\n" },
	{ "{\"a\":\"q\\\"\\\\\\u001b\"}", "a: q\"\\\\u001b\n" },
	{ "{\"a\":\"\x1b\\\x01\x7f\"}", "a: \\x1b\\\\x01\\x7f\n" },
	{ "{\"a\":\"\xc3\xa9\xc2\x9b\xff\"}", "a: \xc3\xa9\\xc2\\x9b\\xff\n" },
	{ "{}", "" },
};

static void members_are_lines_and_nesting_is_indented(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf out = STRBUF_INIT;

		assert_int_equal(control_text(cases[i].json,
					      strlen(cases[i].json), &out),
				 0);
		assert_string_equal(out.s ? out.s : "", cases[i].want);
		strbuf_fini(&out);
	}
}

static void cut_at_any_byte_it_is_no_document(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *json = cases[i].json;
		size_t whole = strlen(json) - (json[strlen(json) - 1] == '\n');

		for (size_t n = 0; n < whole; n++) {
			struct strbuf out = STRBUF_INIT;
			char *part = malloc(n + !n);

			assert_non_null(part);
			memcpy(part, json, n);
			assert_int_equal(control_text(part, n, &out), -EINVAL);
			free(part);
			strbuf_fini(&out);
		}
	}
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const wrong[] = {
		"{\"a\":1}x", "[1,]",	   "{\"a\":[[[[[[[[[1]]]]]]]]]}",
		"{a:1}",      "{\"a\" 1}", "]",
		"{\"a\":}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct strbuf out = STRBUF_INIT;

		if (control_text(wrong[i], strlen(wrong[i]), &out) != -EINVAL)
			fail_msg("'%s' is taken", wrong[i]);
		strbuf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_lines_and_nesting_is_indented),
		cmocka_unit_test(cut_at_any_byte_it_is_no_document),
		cmocka_unit_test(what_is_no_json_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
