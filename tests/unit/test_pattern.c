/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_pattern.c - patterns of host names, parsed and matched
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/hostname.h"
#include "common/macros.h"

static void patterns_are_of_one_kind_or_an_error(void **state)
{
	static const struct {
		const char *text;
		enum hostname_err want;
		enum pattern_kind kind, depth;
		const char *name; /* of an error: the hint */
	} cases[] = {
		{ "*", HOSTNAME_OK, PATTERN_ANY, PATTERN_ANY, "" },
		{ "Example.ORG.", HOSTNAME_OK, PATTERN_EXACT, PATTERN_EXACT,
		  "example.org" },
		{ "*.Example.org", HOSTNAME_OK, PATTERN_BELOW, PATTERN_BELOW,
		  "example.org" },
		{ "**.example.org", HOSTNAME_OK, PATTERN_AND_BELOW,
		  PATTERN_AND_BELOW, "example.org" },
		{ ".example.org", HOSTNAME_OK, PATTERN_AND_BELOW,
		  PATTERN_AND_BELOW, "example.org" },
		{ "*.com", HOSTNAME_OK, PATTERN_BELOW, PATTERN_BELOW, "com" },
		{ "node*.example.org", HOSTNAME_OK, PATTERN_GLOB, PATTERN_EXACT,
		  "node*.example.org" },
		{ "a.*.example.org.", HOSTNAME_OK, PATTERN_GLOB, PATTERN_EXACT,
		  "a.*.example.org" },
		{ "*.*.example.org", HOSTNAME_OK, PATTERN_GLOB, PATTERN_BELOW,
		  "*.example.org" },
		{ "**.DB?.example.org", HOSTNAME_OK, PATTERN_GLOB,
		  PATTERN_AND_BELOW, "db?.example.org" },
		{ "*-api.example.org", HOSTNAME_OK, PATTERN_GLOB, PATTERN_EXACT,
		  "*-api.example.org" },
		{ "foo.0?", HOSTNAME_OK, PATTERN_GLOB, PATTERN_EXACT,
		  "foo.0?" },
		{ "*example.com", HOSTNAME_BAD_BYTE, 0, 0, "*.example.com" },
		{ "*EXAMPLE.com.", HOSTNAME_BAD_BYTE, 0, 0, "*.example.com" },
		{ "**example.com", HOSTNAME_BAD_BYTE, 0, 0, "**.example.com" },
		{ "**", HOSTNAME_BAD_BYTE, 0, 0, "*" },
		{ "***", HOSTNAME_BAD_BYTE, 0, 0, "" },
		{ "a.**.b", HOSTNAME_BAD_BYTE, 0, 0, "" },
		{ "a**b.example", HOSTNAME_BAD_BYTE, 0, 0, "" },
		{ "user@example.org", HOSTNAME_BAD_BYTE, 0, 0, "" },
		{ "[a-z].example", HOSTNAME_BAD_BYTE, 0, 0, "" },
		{ "", HOSTNAME_EMPTY, 0, 0, "" },
		{ ".", HOSTNAME_EMPTY, 0, 0, "" },
		{ "*.", HOSTNAME_LABEL_EMPTY, 0, 0, "" },
		{ "**.", HOSTNAME_LABEL_EMPTY, 0, 0, "" },
		{ "..", HOSTNAME_LABEL_EMPTY, 0, 0, "" },
		{ "..example.org", HOSTNAME_LABEL_EMPTY, 0, 0, "" },
		{ "docs..example.org", HOSTNAME_LABEL_EMPTY, 0, 0, "" },
		{ "a*..", HOSTNAME_LABEL_EMPTY, 0, 0, "" },
		{ "caf\xc3\xa9.example", HOSTNAME_NOT_ASCII, 0, 0,
		  "xn--caf-dma.example" },
		{ "*.caf\xc3\xa9.example", HOSTNAME_NOT_ASCII, 0, 0,
		  "*.xn--caf-dma.example" },
		{ "*.caf?\xc3\xa9", HOSTNAME_NOT_ASCII, 0, 0, "" },
		{ "10.1", HOSTNAME_NUMERIC, 0, 0, "" },
		{ "*.10", HOSTNAME_NUMERIC, 0, 0, "" },
		{ "10.0.*.*", HOSTNAME_NUMERIC, 0, 0, "" },
		{ "192.168.1.?", HOSTNAME_NUMERIC, 0, 0, "" },
		{ "node*.7", HOSTNAME_NUMERIC, 0, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char hint[HOSTNAME_BUFFER];
		struct host_pattern p;
		size_t n = strlen(cases[i].text);
		enum hostname_err err =
			host_pattern_parse(cases[i].text, n, &p, hint);

		if (err != cases[i].want)
			fail_msg("'%s' %s", cases[i].text,
				 hostname_strerror(err));
		assert_int_equal(host_pattern_parse(cases[i].text, n, &p, NULL),
				 err);
		if (err != HOSTNAME_OK) {
			assert_string_equal(hint, cases[i].name);
			continue;
		}
		assert_string_equal(hint, "");
		assert_int_equal(p.kind, cases[i].kind);
		assert_int_equal(p.glob_depth, cases[i].depth);
		assert_string_equal(p.name, cases[i].name);
	}
}

static void patterns_match_what_they_say(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool want;
	} cases[] = {
		{ "example.org", "example.org", true },
		{ "example.org", "docs.example.org", false },
		{ "example.org", "anexample.org", false },
		{ "example.org", "example.orgs", false },
		{ "*.example.org", "docs.example.org", true },
		{ "*.example.org", "v2.docs.example.org", true },
		{ "*.example.org", "example.org", false },
		{ "*.example.org", "anexample.org", false },
		{ "*.example.org", "docs.example.org.attacker.example", false },
		{ "**.example.org", "example.org", true },
		{ "**.example.org", "a.example.org", true },
		{ "**.example.org", "anexample.org", false },
		{ ".example.org", "example.org", true },
		{ ".example.org", "a.b.example.org", true },
		{ "node*.pool.example.org", "node17.pool.example.org", true },
		{ "node*.pool.example.org", "node.pool.example.org", true },
		{ "node*.pool.example.org", "node1.eu.pool.example.org",
		  false },
		{ "node*.pool.example.org", "xnode1.pool.example.org", false },
		{ "node*.pool.example.org", "a.node1.pool.example.org", false },
		{ "db?.example.org", "db7.example.org", true },
		{ "db?.example.org", "db.example.org", false },
		{ "db?.example.org", "db77.example.org", false },
		{ "db?example.org", "db.example.org", false },
		{ "a.*.example.org", "a.b.example.org", true },
		{ "a.*.example.org", "a.b.c.example.org", false },
		{ "a.*.example.org", "a.example.org", false },
		{ "*.*.example.org", "a.b.example.org", true },
		{ "*.*.example.org", "a.b.c.example.org", true },
		{ "*.*.example.org", "b.example.org", false },
		{ "**.*.example.org", "b.example.org", true },
		{ "**.*.example.org", "a.b.example.org", true },
		{ "**.*.example.org", "example.org", false },
		{ "a*b*c.example", "abc.example", true },
		{ "a*b*c.example", "axxbyybzzc.example", true },
		{ "a*b*c.example", "axxbyy.example", false },
		{ "*a*a*a*a*a*b.x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x",
		  false },
		{ "*", "example.org", true },
		{ "*", "localhost", true },
		{ "*", "10.0.0.1", false },
		{ "*", "::1", false },
		{ "*", "2001:db8::a", false },
		{ "*.*.*.?", "10.0.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host_pattern p;

		if (host_pattern_parse(cases[i].pattern,
				       strlen(cases[i].pattern), &p, NULL))
			fail_msg("'%s' is no pattern", cases[i].pattern);
		if (host_pattern_match(&p, cases[i].name) != cases[i].want)
			fail_msg("%s and %s", cases[i].pattern, cases[i].name);
	}
}

/* A plain matcher to compare with: one byte at a time, no shortcuts. */
static bool slow_match(const char *glob, const char *name)
{
	if (*glob == '*')
		return slow_match(glob + 1, name) ||
		       (*name && *name != '.' && slow_match(glob, name + 1));
	if (*glob == '\0' || *name == '\0')
		return *glob == *name;
	return (*glob == *name || (*glob == '?' && *name != '.')) &&
	       slow_match(glob + 1, name + 1);
}

static void globs_agree_with_a_plain_matcher(void **state)
{
	static const char glob_bytes[] = "ab*?.", name_bytes[] = "ab.";
	uint32_t random = 7;
	size_t matched = 0;

	(void)state;
	for (size_t round = 0; round < 200000; round++) {
		char glob[12] = "g", name[12] = "g";
		char normal[HOSTNAME_BUFFER];
		struct host_pattern p;

		for (size_t i = 1; i < 9; i++) {
			random = random * 1664525u + 1013904223u;
			glob[i] = glob_bytes[(random >> 16) % 5];
			name[i] = name_bytes[(random >> 24) % 3];
		}
		glob[2 + random % 6] = '\0';
		name[2 + (random >> 8) % 7] = '\0';
		if (host_pattern_parse(glob, strlen(glob), &p, NULL) ||
		    hostname_normalise(name, strlen(name), normal))
			continue;
		if (host_pattern_match(&p, normal) !=
		    slow_match(p.name, normal))
			fail_msg("%s and %s", glob, name);
		matched += host_pattern_match(&p, normal);
	}
	assert_true(matched > 100);
}

/* Every cut of a pattern stands in memory of its own length. */
static void a_cut_pattern_is_never_read_past_its_end(void **state)
{
	static const char text[] = "**.a*b.?.caf\xc3\xa9.example.";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *s = malloc(n > 0 ? n : 1), hint[HOSTNAME_BUFFER];
		struct host_pattern p;

		assert_non_null(s);
		memcpy(s, text, n);
		if (n > 13)
			assert_int_equal(host_pattern_parse(s, n, &p, hint),
					 HOSTNAME_NOT_ASCII);
		else
			(void)host_pattern_parse(s, n, &p, hint);
		free(s);
	}
}

static void a_pattern_that_no_name_fits_under_is_too_long(void **state)
{
	char text[HOSTNAME_BUFFER + 3] = "*.";
	struct host_pattern p;

	(void)state;
	for (size_t n = 240; n <= 256; n++) {
		for (size_t i = 2; i < n; i++)
			text[i] = (i - 2) % 50 == 49 ? '.' : 'a';
		text[n - 1] = 'a';
		assert_int_equal(host_pattern_parse(text, n, &p, NULL),
				 n <= 253 ? HOSTNAME_OK : HOSTNAME_TOO_LONG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_of_one_kind_or_an_error),
		cmocka_unit_test(patterns_match_what_they_say),
		cmocka_unit_test(globs_agree_with_a_plain_matcher),
		cmocka_unit_test(a_cut_pattern_is_never_read_past_its_end),
		cmocka_unit_test(a_pattern_that_no_name_fits_under_is_too_long),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
