/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_dns_cache.c - answers kept for their time, and no longer
 */
#include "proxy/dns_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

#define NOW 1000000u

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, strlen(text), &a), ADDR_OK);
	return a;
}

static struct dns_cache *cache_of(size_t entries)
{
	struct dns_cache *c = NULL;

	assert_int_equal(dns_cache_new(entries, &c), 0);
	return c;
}

static bool has(struct dns_cache *c, const char *name, uint64_t now_ms)
{
	const struct addr *v;
	size_t n;

	return dns_cache_get(c, name, now_ms, &v, &n);
}

static void what_was_put_comes_back_in_order(void **state)
{
	struct dns_cache *c = cache_of(4);
	struct addr want[3] = { addr_of("10.0.0.3"), addr_of("2001:db8::1"),
				addr_of("10.0.0.1") };
	const struct addr *v;
	size_t n;

	(void)state;
	assert_false(has(c, "a.example", NOW));
	dns_cache_put(c, "a.example", want, 3, 60, NOW);
	assert_true(dns_cache_get(c, "a.example", NOW, &v, &n));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(addr_equal(&v[i], &want[i]));
	assert_false(has(c, "b.example", NOW));
	assert_false(has(c, "a.exampl", NOW));
	assert_false(has(c, "a.example.b", NOW));
	dns_cache_free(c);
	dns_cache_free(NULL);
}

static void every_answer_has_its_time_within_bounds(void **state)
{
	static const struct {
		uint32_t ttl_s;
		size_t n;
		uint32_t want_s;
	} cases[] = {
		{ 0, 1, DNS_CACHE_TTL_MIN_S },
		{ 1, 1, 1 },
		{ 60, 1, 60 },
		{ DNS_CACHE_TTL_MAX_S, 1, DNS_CACHE_TTL_MAX_S },
		{ DNS_CACHE_TTL_MAX_S + 1, 1, DNS_CACHE_TTL_MAX_S },
		{ UINT32_MAX, 1, DNS_CACHE_TTL_MAX_S },
		{ 0, 0, DNS_CACHE_NEGATIVE_S },
		{ UINT32_MAX, 0, DNS_CACHE_NEGATIVE_S },
	};
	struct addr a = addr_of("10.0.0.1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dns_cache *c = cache_of(4);
		uint64_t end_ms = NOW + cases[i].want_s * UINT64_C(1000);

		dns_cache_put(c, "a", &a, cases[i].n, cases[i].ttl_s, NOW);
		assert_true(has(c, "a", end_ms - 1));
		assert_false(has(c, "a", end_ms));
		/* What has gone is gone for good, and takes no room. */
		assert_false(has(c, "a", NOW));
		assert_int_equal(dns_cache_count(c), 0);
		dns_cache_free(c);
	}
}

static void no_address_is_an_answer_too(void **state)
{
	struct dns_cache *c = cache_of(4);
	const struct addr *v;
	size_t n = 7;

	(void)state;
	dns_cache_put(c, "none.example", NULL, 0, 0, NOW);
	assert_true(dns_cache_get(c, "none.example", NOW, &v, &n));
	assert_int_equal(n, 0);
	dns_cache_free(c);
}

static void a_second_put_replaces_the_first(void **state)
{
	struct dns_cache *c = cache_of(4);
	struct addr old = addr_of("10.0.0.1"), new = addr_of("10.0.0.2");
	const struct addr *v;
	size_t n;

	(void)state;
	dns_cache_put(c, "a", &old, 1, 5, NOW);
	dns_cache_put(c, "a", &new, 1, 60, NOW);
	assert_int_equal(dns_cache_count(c), 1);
	assert_true(dns_cache_get(c, "a", NOW + 30000, &v, &n));
	assert_int_equal(n, 1);
	assert_true(addr_equal(v, &new));
	dns_cache_free(c);
}

static void the_least_recently_used_makes_room(void **state)
{
	struct dns_cache *c = cache_of(3);
	struct addr a = addr_of("10.0.0.1");

	(void)state;
	dns_cache_put(c, "one", &a, 1, 60, NOW);
	dns_cache_put(c, "two", &a, 1, 60, NOW);
	dns_cache_put(c, "three", &a, 1, 60, NOW);
	assert_true(has(c, "one", NOW)); /* now "two" is the oldest */
	dns_cache_put(c, "four", &a, 1, 60, NOW);
	assert_int_equal(dns_cache_count(c), 3);
	assert_true(has(c, "one", NOW));
	assert_false(has(c, "two", NOW));
	assert_true(has(c, "three", NOW));
	assert_true(has(c, "four", NOW));
	dns_cache_free(c);
}

static void a_flood_of_names_stays_within_its_bound(void **state)
{
	struct dns_cache *c = cache_of(100);
	struct addr a = addr_of("10.0.0.1");
	char name[32];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		dns_cache_put(c, name, &a, 1, 60, NOW);
	}
	assert_int_equal(dns_cache_count(c), 100);
	for (int i = 9900; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		assert_true(has(c, name, NOW));
	}
	dns_cache_flush(c);
	assert_int_equal(dns_cache_count(c), 0);
	assert_false(has(c, "n9999.example", NOW));
	dns_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_comes_back_in_order),
		cmocka_unit_test(every_answer_has_its_time_within_bounds),
		cmocka_unit_test(no_address_is_an_answer_too),
		cmocka_unit_test(a_second_put_replaces_the_first),
		cmocka_unit_test(the_least_recently_used_makes_room),
		cmocka_unit_test(a_flood_of_names_stays_within_its_bound),
	};

	return cmocka_run_group_tests_name("dns_cache", tests, NULL, NULL);
}
