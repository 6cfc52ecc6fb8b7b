/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_lists.c - the index of lists finds what a walk finds
 */
#include "proxy/lists.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/conf.h"
#include "common/macros.h"

static void add(struct conf_list *list, enum pattern_kind kind,
		const char *name, uint32_t line)
{
	const struct name_entry e = { name, strlen(name), kind, line };

	assert_int_equal(name_list_add(&list->names, &e), 0);
}

static void index_of(struct conf_list *lists, size_t n, struct lists **ret)
{
	const struct conf_rules part = { .lists = lists, .lists_n = n };
	const struct conf_rules *parts[] = { &part };

	*ret = NULL;
	assert_int_equal(lists_new(parts, 1, ret), 0);
}

/* The line of what is found; 0: nothing. */
static uint32_t line_of(const struct lists *x, const char *name,
			enum rule_effect effect)
{
	struct lists_found found[2];
	struct name_entry e;

	lists_find(x, name, found);
	if (!found[effect].list)
		return 0;
	assert_int_equal(found[effect].list->rule.effect, effect);
	name_list_read(found[effect].record, &e);
	return e.line;
}

static const struct {
	enum pattern_kind kind;
	const char *name;
} entries[] = {
	{ PATTERN_EXACT, "a.example" },	  { PATTERN_BELOW, "a.example" },
	{ PATTERN_EXACT, "b.a.example" }, { PATTERN_AND_BELOW, "c.example" },
	{ PATTERN_EXACT, "c.example" },	  { PATTERN_EXACT, "x.d.c.example" },
	{ PATTERN_BELOW, "d.c.example" }, { PATTERN_AND_BELOW, "org" },
	{ PATTERN_EXACT, "localhost" },
};

static const struct {
	const char *name;
	uint32_t line;
} asked[] = {
	{ "a.example", 1 },	{ "x.a.example", 2 },	{ "b.a.example", 3 },
	{ "x.b.a.example", 2 }, { "c.example", 5 },	{ "y.c.example", 4 },
	{ "d.c.example", 4 },	{ "x.d.c.example", 6 }, { "z.d.c.example", 7 },
	{ "org", 8 },		{ "q.org", 8 },		{ "r.q.org", 8 },
	{ "localhost", 9 },	{ "example", 0 },	{ "aa.example", 0 },
	{ "example.a", 0 },	{ "org.example", 0 },	{ "x.localhost", 0 },
	{ "ocalhost", 0 },	{ "xorg", 0 },
};

static void the_most_specific_entry_is_found(void **state)
{
	struct conf_list lists[2] = { { .rule = { .effect = RULE_DENY } },
				      { .rule = { .effect = RULE_DENY } } };
	struct lists *x;

	(void)state;
	/* Whatever the order, and in which list. */
	for (int way = 0; way < 2; way++) {
		for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
			size_t k = way ? ARRAY_SIZE(entries) - 1 - i : i;

			add(&lists[k % 2], entries[k].kind, entries[k].name,
			    (uint32_t)k + 1);
		}
		index_of(lists, 2, &x);
		for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
			uint32_t line = line_of(x, asked[i].name, RULE_DENY);

			if (line != asked[i].line)
				fail_msg("%s: %" PRIu32, asked[i].name, line);
			assert_int_equal(line_of(x, asked[i].name, RULE_ALLOW),
					 0);
		}
		lists_free(x);
		name_list_fini(&lists[0].names);
		name_list_fini(&lists[1].names);
	}
}

static void allows_and_denies_do_not_hide_each_other(void **state)
{
	struct conf_list lists[2] = { { .rule = { .effect = RULE_DENY } },
				      { .rule = { .effect = RULE_ALLOW } } };
	struct lists *x;

	(void)state;
	add(&lists[0], PATTERN_EXACT, "a.example", 1);
	add(&lists[0], PATTERN_BELOW, "example", 2);
	add(&lists[1], PATTERN_EXACT, "a.example", 3);
	add(&lists[1], PATTERN_EXACT, "b.example", 4);
	index_of(lists, 2, &x);
	assert_int_equal(line_of(x, "a.example", RULE_DENY), 1);
	assert_int_equal(line_of(x, "a.example", RULE_ALLOW), 3);
	assert_int_equal(line_of(x, "b.example", RULE_DENY), 2);
	assert_int_equal(line_of(x, "b.example", RULE_ALLOW), 4);
	lists_free(x);
	name_list_fini(&lists[0].names);
	name_list_fini(&lists[1].names);
}

/* A list that holds one name a hundred thousand times is no attack. */
static void repeated_names_cost_nothing_and_the_first_counts(void **state)
{
	struct conf_list list = { .rule = { .effect = RULE_DENY } };
	uint64_t start = clock_ms();
	struct lists *x;

	(void)state;
	for (uint32_t i = 1; i <= 100000; i++) {
		add(&list, PATTERN_EXACT, "a.example", i);
		add(&list, PATTERN_BELOW, "a.example", i);
	}
	index_of(&list, 1, &x);
	assert_int_equal(line_of(x, "a.example", RULE_DENY), 1);
	assert_int_equal(line_of(x, "b.a.example", RULE_DENY), 1);
	assert_true(clock_ms() - start < 10000);
	lists_free(x);
	name_list_fini(&list.names);
}

static void no_lists_and_the_longest_names(void **state)
{
	struct conf_list list = { .rule = { .effect = RULE_DENY } };
	const struct conf_rules *parts[3] = { NULL, NULL, NULL };
	char name[HOSTNAME_BUFFER];
	struct lists *x;

	(void)state;
	index_of(&list, 1, &x);
	assert_null(x);
	assert_int_equal(line_of(NULL, "a.example", RULE_DENY), 0);
	lists_free(NULL);
	assert_int_equal(lists_new(parts, 3, &x), -EINVAL);

	/* 127 labels of one letter: as many as there can be. */
	for (size_t i = 0; i < HOSTNAME_MAX; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[HOSTNAME_MAX] = '\0';
	add(&list, PATTERN_EXACT, name, 1);
	add(&list, PATTERN_AND_BELOW, name + 2, 2);
	index_of(&list, 1, &x);
	assert_int_equal(line_of(x, name, RULE_DENY), 1);
	assert_int_equal(line_of(x, name + 2, RULE_DENY), 2);
	assert_int_equal(line_of(x, name + 4, RULE_DENY), 0);
	name[0] = 'b';
	assert_int_equal(line_of(x, name, RULE_DENY), 2);
	lists_free(x);
	name_list_fini(&list.names);
}

/*
 * The promise of a million names; times are for a slow machine under the
 * sanitizers, and still a thousandth of what a walk would take.
 */
static void a_million_names_cost_little(void **state)
{
	const uint32_t n = 1000000;
	struct conf_list list = { .rule = { .effect = RULE_DENY } };
	struct lists *x;
	uint64_t start;
	char name[64];

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "h%06" PRIu32 ".ads.example",
			       i);
		add(&list, PATTERN_EXACT, name, i + 1);
	}
	start = clock_ms();
	index_of(&list, 1, &x);
	print_message("built in %" PRIu64 " ms, %zu bytes a name beside it\n",
		      clock_ms() - start,
		      (lists_bytes(x) + list.names.n) / n - 19);
	assert_true(lists_bytes(x) / n < 12);
	assert_true(list.names.n / n == 19 + 6);
	start = clock_ms();
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t k = (i * 7919u) % (2 * n);

		(void)snprintf(name, sizeof(name), "h%06" PRIu32 ".ads.example",
			       k);
		assert_int_equal(line_of(x, name, RULE_DENY),
				 k < n ? k + 1 : 0);
	}
	assert_true(clock_ms() - start < 20000);
	lists_free(x);
	name_list_fini(&list.names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_entry_is_found),
		cmocka_unit_test(allows_and_denies_do_not_hide_each_other),
		cmocka_unit_test(
			repeated_names_cost_nothing_and_the_first_counts),
		cmocka_unit_test(no_lists_and_the_longest_names),
		cmocka_unit_test(a_million_names_cost_little),
	};

	return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
