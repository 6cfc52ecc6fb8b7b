/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_hosts.c - /etc/hosts as a table
 */
#include "proxy/hosts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "proxy/addr_sort.h"

static struct hosts *hosts_of(const char *text, size_t n)
{
	struct hosts *h = NULL;

	assert_int_equal(hosts_parse(text, n, &h), 0);
	assert_non_null(h);
	return h;
}

/* The addresses of @name, joined by blanks. */
static const char *find(const struct hosts *h, const char *name)
{
	static char text[8 * ADDR_TEXT_MAX];
	char one[ADDR_TEXT_MAX];
	struct addr v[8];
	size_t n = hosts_find(h, name, v, ARRAY_SIZE(v)), at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
				       i > 0 ? " " : "",
				       addr_format(&v[i], one));
	return text;
}

static void lines_of_every_form_are_read(void **state)
{
	static const struct {
		const char *text, *name, *want;
	} cases[] = {
		{ "10.0.0.1 a\n", "a", "10.0.0.1" },
		{ "10.0.0.1 a", "a", "10.0.0.1" },
		{ "10.0.0.1\ta\r\n", "a", "10.0.0.1" },
		{ "  10.0.0.1 \t b  a  \n", "a", "10.0.0.1" },
		{ "10.0.0.1 a# b\n", "a", "10.0.0.1" },
		{ "10.0.0.1 a# b\n", "b", "" },
		{ "#10.0.0.1 a\n", "a", "" },
		{ "10.0.0.1 #a\n", "a", "" },
		{ "\n\n\n10.0.0.1 a\n\n", "a", "10.0.0.1" },
		{ "2001:DB8:0::1 a\n", "a", "2001:db8::1" },
		{ "::ffff:10.0.0.1 a\n", "a", "10.0.0.1" },
		{ "10.0.0.1 A.Example.\n", "a.example", "10.0.0.1" },
		{ "10.0.0.1 a\n10.0.0.2 a\n::1 a\n", "a",
		  "10.0.0.1 10.0.0.2 ::1" },
		{ "10.0.0.2 a\n10.0.0.1 b\n10.0.0.1 a\n", "a",
		  "10.0.0.2 10.0.0.1" },
		{ "10.0.0.1 a\n10.0.0.1 a a\n", "a", "10.0.0.1" },
		{ "0.0.0.0 ads.example\n", "ads.example", "0.0.0.0" },
		{ "", "a", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hosts *h =
			hosts_of(cases[i].text, strlen(cases[i].text));

		if (strcmp(find(h, cases[i].name), cases[i].want) != 0)
			fail_msg("'%s': %s is '%s', not '%s'", cases[i].text,
				 cases[i].name, find(h, cases[i].name),
				 cases[i].want);
		hosts_free(h);
	}
	hosts_free(NULL);
}

static void what_is_not_well_formed_is_passed_over(void **state)
{
	static const char *const bad[] = {
		"10.0.0 a",	 "10.0.0.1.1 a", "0x0a.0.0.1 a",
		"fe80::1%lo a",	 "10.0.0.1",	 "a 10.0.0.1",
		"10.0.0.1 a..b", "10.0.0.1 a!",	 "10.0.0.1 \xff",
		"10.0.0.1:80 a", "[::1] a",	 "10.0.0.1/8 a",
	};
	static const char nul[] = "10.0.0.1 a\0b\n10.0.0.2 good\n";
	struct hosts *h;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[128];

		/* And does not touch its neighbours. */
		(void)snprintf(text, sizeof(text),
			       "10.0.0.8 before\n%s\n10.0.0.9 behind\n",
			       bad[i]);
		h = hosts_of(text, strlen(text));
		assert_string_equal(find(h, "before"), "10.0.0.8");
		assert_string_equal(find(h, "a"), "");
		assert_string_equal(find(h, "behind"), "10.0.0.9");
		hosts_free(h);
	}
	h = hosts_of(nul, sizeof(nul) - 1);
	assert_string_equal(find(h, "a"), "");
	assert_string_equal(find(h, "good"), "10.0.0.2");
	hosts_free(h);
}

static void a_good_name_beside_a_bad_one_counts(void **state)
{
	static const char text[] = "10.0.0.1 a_b -- 127.1 b.example\n";
	struct hosts *h = hosts_of(text, sizeof(text) - 1);

	(void)state;
	assert_string_equal(find(h, "a_b"), "10.0.0.1");
	assert_string_equal(find(h, "b.example"), "10.0.0.1");
	hosts_free(h);
}

/* Each cut is a table of what stands before it, or of a shorter last word. */
static void a_file_cut_at_any_byte_is_read(void **state)
{
	static const char text[] = "10.0.0.1 one two # x\n2001:db8::1\tthree\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n > 0 ? n : 1); /* the exact size */
		struct hosts *h;

		assert_non_null(copy);
		memcpy(copy, text, n);
		h = hosts_of(copy, n);
		assert_string_equal(find(h, "one"), n >= 12 ? "10.0.0.1" : "");
		assert_string_equal(find(h, "three"),
				    n >= 38 ? "2001:db8::1" : "");
		hosts_free(h);
		free(copy);
	}
}

static void no_more_addresses_are_given_than_there_is_room_for(void **state)
{
	static const char text[] = "10.0.0.1 a\n10.0.0.2 a\n10.0.0.3 a\n";
	struct hosts *h = hosts_of(text, sizeof(text) - 1);
	struct addr v[2];

	(void)state;
	assert_int_equal(hosts_find(h, "a", v, 2), 2);
	assert_int_equal(hosts_find(h, "a", v, 0), 0);
	hosts_free(h);
}

static void a_block_list_of_two_hundred_thousand_lines_is_quick(void **state)
{
	struct strbuf b = STRBUF_INIT;
	struct hosts *h;
	uint64_t start_ms;

	(void)state;
	for (unsigned i = 0; i < 200000; i++)
		strbuf_addf(&b, "0.0.0.0 ad%u.example\n", i * 7919 % 1000003);
	assert_false(strbuf_failed(&b));
	start_ms = clock_ms();
	h = hosts_of(b.s, b.len);
	assert_true(clock_ms() - start_ms < 10000);
	for (unsigned i = 0; i < 200000; i += 97) {
		char name[32];

		(void)snprintf(name, sizeof(name), "ad%u.example",
			       i * 7919 % 1000003);
		assert_string_equal(find(h, name), "0.0.0.0");
	}
	assert_string_equal(find(h, "ad.example"), "");
	hosts_free(h);
	strbuf_fini(&b);
}

static void too_large_a_file_is_an_error(void **state)
{
	struct hosts *h = NULL;
	char *text = calloc(1, HOSTS_FILE_MAX + 1u);

	(void)state;
	assert_non_null(text);
	assert_int_equal(hosts_parse(text, HOSTS_FILE_MAX + 1u, &h), -EFBIG);
	/* Twice as many names as fit into the table, two bytes each. */
	memset(text, '\n', HOSTS_FILE_MAX);
	memcpy(text, "::1", 3);
	for (size_t i = 3; i + 1 < HOSTS_ENTRIES_MAX * 4u; i += 2)
		memcpy(text + i, " a", 2);
	assert_int_equal(hosts_parse(text, HOSTS_FILE_MAX, &h), -EFBIG);
	assert_null(h);
	free(text);
}

static void a_missing_file_is_an_empty_table(void **state)
{
	struct hosts *h = NULL;

	(void)state;
	assert_int_equal(hosts_load("/nonexistent/hosts", &h), 0);
	assert_string_equal(find(h, "localhost"), "");
	hosts_free(h);
	assert_int_equal(hosts_load("/", &h), -EISDIR);
}

static void families_take_turns_and_doubles_are_dropped(void **state)
{
	static const char *const in[] = { "10.0.0.1",	 "10.0.0.2",
					  "10.0.0.1",	 "10.0.0.3",
					  "2001:db8::1", "2001:db8::1",
					  "2001:db8::2" };
	static const char *const want[] = { "2001:db8::1", "10.0.0.1",
					    "10.0.0.2", "2001:db8::2",
					    "10.0.0.3" };
	struct addr v[ARRAY_SIZE(in)], out[ARRAY_SIZE(in)];
	char text[ADDR_TEXT_MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_int_equal(addr_parse(in[i], strlen(in[i]), &v[i]),
				 ADDR_OK);
	n = addr_interleave(v, ARRAY_SIZE(v), out, ARRAY_SIZE(out));
	assert_int_equal(n, ARRAY_SIZE(want));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(addr_format(&out[i], text), want[i]);
	assert_int_equal(addr_interleave(v, ARRAY_SIZE(v), out, 2), 2);
	assert_int_equal(addr_interleave(v, 0, out, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_every_form_are_read),
		cmocka_unit_test(what_is_not_well_formed_is_passed_over),
		cmocka_unit_test(a_good_name_beside_a_bad_one_counts),
		cmocka_unit_test(a_file_cut_at_any_byte_is_read),
		cmocka_unit_test(
			no_more_addresses_are_given_than_there_is_room_for),
		cmocka_unit_test(
			a_block_list_of_two_hundred_thousand_lines_is_quick),
		cmocka_unit_test(too_large_a_file_is_an_error),
		cmocka_unit_test(a_missing_file_is_an_empty_table),
		cmocka_unit_test(families_take_turns_and_doubles_are_dropped),
	};

	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
