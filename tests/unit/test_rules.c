/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_rules.c - the rule index finds what a walk over all finds
 */
#include "proxy/rules.h"

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
#include "common/macros.h"

static void make(struct rule *r, enum rule_effect effect, const char *word)
{
	char error[RULE_ERROR_MAX];

	if (rule_parse(effect, 0, word, strlen(word), r, error) < 0)
		fail_msg("'%s': %s", word, error);
}

struct found {
	const struct rule *rules[64];
	size_t n, max;
};

static bool on_found(void *arg, const struct rule *r)
{
	struct found *f = arg;

	assert_true(f->n < ARRAY_SIZE(f->rules));
	f->rules[f->n++] = r;
	return f->n != f->max;
}

static bool has(const struct found *f, const struct rule *r)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->rules[i] == r)
			return true;
	return false;
}

static const char *const words[] = {
	"example.org",
	"*.example.org",
	"**.example.org",
	"a.example.org",
	"*.a.example.org",
	".b.example.org",
	"*",
	"db?.example.org",
	"node*.pool.example.org",
	"a.*.org",
	"example.*",
	"*.*.example.org",
	"**.x?.example",
	"org",
	"**.org",
	"10.0.0.7",
	"10.0.0.0/8",
	"0.0.0.0/0",
	"10.0.0.0/31",
	"2001:db8::1",
	"2001:db8::/32",
	"::/0",
	"[2001:db8::]/33",
	"example.org",
	"*:8080",
	"xn--caf-dma.example",
};

static const char *const hosts[] = {
	"example.org",
	"a.example.org",
	"x.a.example.org",
	"b.example.org",
	"c.b.example.org",
	"anexample.org",
	"db7.example.org",
	"db77.example.org",
	"node1.pool.example.org",
	"n.pool.example.org",
	"node1.x.pool.example.org",
	"a.b.org",
	"org",
	"example.com",
	"x1.example",
	"y.x1.example",
	"localhost",
	"10.0.0.7",
	"10.0.0.1",
	"10.255.255.255",
	"11.0.0.0",
	"2001:db8::1",
	"2001:db8:8000::1",
	"2001:db9::",
	"xn--caf-dma.example",
};

static void find(const struct rules *x, const struct target *t,
		 struct found *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (t->is_addr) {
		rules_visit_addr(x, &t->addr, on_found, ret);
		rules_visit_any(x, on_found, ret);
	} else {
		rules_visit_name(x, t->host, on_found, ret);
	}
}

static void target_of(const char *host, struct target *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->host, host, strlen(host) + 1);
	ret->is_addr = addr_parse(host, strlen(host), &ret->addr) == ADDR_OK;
}

static void the_index_finds_exactly_what_matches(void **state)
{
	struct rule rules[ARRAY_SIZE(words)];
	struct rules_span spans[2] = { { rules, 10 },
				       { rules + 10, ARRAY_SIZE(rules) - 10 } };
	struct rules *x;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		make(&rules[i], RULE_ALLOW, words[i]);
	assert_int_equal(rules_new(spans, 2, &x), 0);
	assert_int_equal(rules_count(x), ARRAY_SIZE(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_ptr_equal(rules_get(x, i), &rules[i]);
	assert_null(rules_get(x, ARRAY_SIZE(words)));
	for (size_t h = 0; h < ARRAY_SIZE(hosts); h++) {
		struct found f;
		struct target t;
		size_t n = 0;

		target_of(hosts[h], &t);
		find(x, &t, &f);
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			bool want = rule_matches_host(&rules[i], &t);

			n += want;
			if (has(&f, &rules[i]) != want)
				fail_msg("%s on %s: want %d", words[i],
					 hosts[h], want);
		}
		assert_int_equal(f.n, n); /* none twice */
	}
	rules_free(x);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		rule_fini(&rules[i]);
}

static void the_most_specific_rule_comes_first(void **state)
{
	static const char *const order[] = {
		"a.b.example", "?.b.example", "**.b.example",
		"*.b.example", "**.example",  "*",
	};
	struct rule rules[ARRAY_SIZE(order)];
	struct rules_span span = { rules, ARRAY_SIZE(order) };
	struct found f = { .n = 0 };
	struct rules *x;

	(void)state;
	/* Filed the other way round: the order of lines must not matter. */
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		make(&rules[ARRAY_SIZE(order) - 1 - i], RULE_DENY,
		     strcmp(order[i], "*") == 0 ? "*:22" : order[i]);
	assert_int_equal(rules_new(&span, 1, &x), 0);
	rules_visit_name(x, "a.b.example", on_found, &f);
	assert_int_equal(f.n, ARRAY_SIZE(order));
	assert_string_equal(f.rules[0]->text, "a.b.example");
	assert_string_equal(f.rules[1]->text, "?.b.example");
	assert_string_equal(f.rules[4]->text, "**.example");
	assert_string_equal(f.rules[5]->text, "*:22");

	f.n = 0;
	f.max = 2; /* a visitor that has enough is called no more */
	rules_visit_name(x, "a.b.example", on_found, &f);
	assert_int_equal(f.n, 2);
	rules_free(x);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		rule_fini(&rules[i]);
}

static void rules_are_found_by_their_key(void **state)
{
	static const struct {
		const char *word, *key;
	} cases[] = {
		{ "a.example", "a.example" },
		{ "*.example", "example" },
		{ "**.a.example", "a.example" },
		{ "*", "" },
		{ "db?.example", "example" },
		{ "a.*.x.example", "x.example" },
		{ "a?.b*.example", "example" },
		{ "example.*", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found f = { .n = 0 };
		struct rules *x;
		struct rule r;
		struct rules_span span = { &r, 1 };

		make(&r, RULE_ALLOW, cases[i].word);
		assert_string_equal(rules_key(&r), cases[i].key);
		assert_int_equal(rules_new(&span, 1, &x), 0);
		rules_visit_key(x, cases[i].key, on_found, &f);
		assert_int_equal(f.n, 1);
		rules_visit_key(x, "other", on_found, &f);
		assert_int_equal(f.n, 1);
		rules_free(x);
		rule_fini(&r);
	}
}

static void an_empty_index_and_too_many_spans(void **state)
{
	struct rules_span spans[3] = { { NULL, 0 } };
	struct found f = { .n = 0 };
	struct rules *x;

	(void)state;
	assert_int_equal(rules_new(spans, 3, &x), -EINVAL);
	assert_int_equal(rules_new(NULL, 0, &x), 0);
	rules_visit_name(x, "a.example", on_found, &f);
	rules_visit_any(x, on_found, &f);
	assert_int_equal(f.n, 0);
	assert_null(rules_get(x, 0));
	rules_free(x);
	rules_free(NULL);
}

/*
 * The promise of a million names: bounded memory, and a look-up that does not
 * know how many there are. Times are ten times what a slow machine needs under
 * the sanitizers, and still a thousandth of what a walk would take.
 */
static void a_million_rules_cost_little(void **state)
{
	const size_t n = 1000000;
	struct rule *rules = calloc(n, sizeof(*rules));
	struct rules_span span = { rules, n };
	struct found f = { .n = 0 };
	struct rules *x;
	uint64_t start;
	char word[64];

	(void)state;
	assert_non_null(rules);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(word, sizeof(word), "h%zu.ads.example", i);
		make(&rules[i], RULE_DENY, word);
	}
	start = clock_ms();
	assert_int_equal(rules_new(&span, 1, &x), 0);
	print_message("built in %" PRIu64 " ms, %zu bytes a rule\n",
		      clock_ms() - start, rules_bytes(x) / n);
	assert_true(rules_bytes(x) / n < 16);
	assert_true(sizeof(struct rule) <= 32);
	start = clock_ms();
	for (size_t i = 0; i < 100000; i++) {
		(void)snprintf(word, sizeof(word), "h%zu.ads.example",
			       (i * 7919) % (2 * n));
		f.n = 0;
		rules_visit_name(x, word, on_found, &f);
		assert_int_equal(f.n, (i * 7919) % (2 * n) < n);
	}
	print_message("100000 look-ups in %" PRIu64 " ms\n",
		      clock_ms() - start);
	assert_true(clock_ms() - start < 20000);
	rules_free(x);
	for (size_t i = 0; i < n; i++)
		rule_fini(&rules[i]);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_finds_exactly_what_matches),
		cmocka_unit_test(the_most_specific_rule_comes_first),
		cmocka_unit_test(rules_are_found_by_their_key),
		cmocka_unit_test(an_empty_index_and_too_many_spans),
		cmocka_unit_test(a_million_rules_cost_little),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
