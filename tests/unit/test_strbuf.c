/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_strbuf.c - the growing text buffer
 */
#include "common/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void text_grows_and_stays_terminated(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		strbuf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.s[b.len], '\0');
	}
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(b.s[i], 'a' + (int)(i % 26));
	assert_false(strbuf_failed(&b));
	strbuf_fini(&b);
}

static void appends_of_every_kind_follow_each_other(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	strbuf_adds(&b, "one");
	strbuf_add(&b, "two-", 3);
	strbuf_add(&b, NULL, 0);
	strbuf_addf(&b, " %d %s", 3, "four");
	assert_string_equal(b.s, "onetwo 3 four");
	strbuf_fini(&b);
}

static void a_format_longer_than_the_buffer_is_whole(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	for (int width = 1; width < 700; width++) {
		strbuf_reset(&b);
		strbuf_addf(&b, "%*d!", width, 7);
		assert_int_equal(b.len, (size_t)width + 1);
		assert_string_equal(b.s + width - 1, "7!");
	}
	strbuf_fini(&b);
}

static void escapes_leave_printable_ascii_only(void **state)
{
	struct strbuf b = STRBUF_INIT;
	char all[256];

	(void)state;
	strbuf_add_escaped(&b, "a\\b\0\n\x1b[0m\x7f\xc3\xa9", 12);
	assert_string_equal(b.s, "a\\\\b\\x00\\x0a\\x1b[0m\\x7f\\xc3\\xa9");
	strbuf_reset(&b);
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	strbuf_add_escaped(&b, all, sizeof(all));
	for (size_t i = 0; i < b.len; i++)
		assert_in_range((unsigned char)b.s[i], 0x20, 0x7e);
	strbuf_fini(&b);
}

static void take_hands_over_and_leaves_empty(void **state)
{
	struct strbuf b = STRBUF_INIT;
	char *s;

	(void)state;
	strbuf_adds(&b, "text");
	s = strbuf_take(&b);
	assert_string_equal(s, "text");
	free(s);
	assert_null(b.s);
	assert_int_equal(b.len, 0);

	s = strbuf_take(&b);
	assert_string_equal(s, "");
	free(s);
}

static void a_failed_buffer_takes_nothing_until_reset(void **state)
{
	struct strbuf b = STRBUF_INIT;

	(void)state;
	strbuf_adds(&b, "kept");
	strbuf_add(&b, "", SIZE_MAX / 2); /* refused before it is read */
	assert_true(strbuf_failed(&b));
	strbuf_adds(&b, "lost");
	assert_string_equal(b.s, "kept");
	assert_null(strbuf_take(&b));
	assert_false(strbuf_failed(&b));

	strbuf_add(&b, "", SIZE_MAX);
	assert_true(strbuf_failed(&b));
	strbuf_reset(&b);
	strbuf_adds(&b, "again");
	assert_string_equal(b.s, "again");
	strbuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_and_stays_terminated),
		cmocka_unit_test(appends_of_every_kind_follow_each_other),
		cmocka_unit_test(a_format_longer_than_the_buffer_is_whole),
		cmocka_unit_test(escapes_leave_printable_ascii_only),
		cmocka_unit_test(take_hands_over_and_leaves_empty),
		cmocka_unit_test(a_failed_buffer_takes_nothing_until_reset),
	};

	return cmocka_run_group_tests_name("strbuf", tests, NULL, NULL);
}
