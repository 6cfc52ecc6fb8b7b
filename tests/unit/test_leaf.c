/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_leaf.c - certificates for hosts, as openssl sees them, and
 * how long they are kept
 */
#include "proxy/leaf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/addr.h"
#include "common/macros.h"
#include "proxy/ca_priv.h"
#include "tests/support/program.h"
#include "tests/support/proxy_fixture.h"

#define DAY 86400

#define LABEL_9 "abcdefgh."
#define LABEL_63                                                               \
	"a23456789012345678901234567890123456789012345678901234567890123"
#define NAME_64	 LABEL_63 "b"
#define NAME_189 LABEL_63 "." LABEL_63 "." LABEL_63 "."
#define NAME_253                                                               \
	NAME_189 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 "abcdefg"
#define NAME_254                                                               \
	NAME_189 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 LABEL_9 "abcdefgh"

static char ca_path[] = "/tmp/netleash-leaf-ca-XXXXXX",
	    leaf_path[] = "/tmp/netleash-leaf-XXXXXX";

struct world {
	struct ca *ca;
	struct leaf_cache *leaves;
	time_t now;
};

static void begin(struct world *w, time_t now, unsigned days)
{
	w->now = now;
	assert_int_equal(ca_new(now, days, &w->ca), 0);
	w->leaves = leaf_cache_new(w->ca);
	assert_non_null(w->leaves);
}

static void end(struct world *w)
{
	leaf_cache_free(w->leaves);
	ca_free(w->ca);
}

static int set_up(void **state)
{
	static struct world w;

	begin(&w, time(NULL), 365);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	end(*state);
	return 0;
}

static struct leaf *get_at(struct world *w, const char *host, time_t now)
{
	struct leaf *l = NULL;
	struct addr a;

	assert_int_equal(leaf_get(w->leaves, NULL, host,
				  addr_parse(host, strlen(host), &a) == ADDR_OK
					  ? &a
					  : NULL,
				  now, &l),
			 0);
	return l;
}

static void put(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void put_both(struct world *w, struct leaf *l)
{
	const mbedtls_x509_buf *raw = &leaf_crt(l)->raw;

	put(ca_path, ca_pem(w->ca), strlen(ca_pem(w->ca)));
	put(leaf_path, raw->p, raw->len);
}

/* Does openssl take @l for one of @host's, for servers, and of this CA? */
static bool is_good(struct world *w, struct leaf *l, const char *option,
		    const char *host)
{
	const char *const argv[] = { "openssl",	 "verify",    "-x509_strict",
				     "-purpose", "sslserver", "-CAfile",
				     ca_path,	 option,      host,
				     leaf_path,	 NULL };
	struct strbuf out;
	bool good;

	put_both(w, l);
	good = program_run(argv, "", &out) == 0 && strstr(out.s, ": OK");
	if (!good && !strstr(out.s, "mismatch"))
		fail_msg("%s: %s", host, out.s);
	strbuf_fini(&out);
	return good;
}

static void openssl_takes_it_for_that_name_and_no_other(void **state)
{
	static const struct {
		const char *name, *other;
	} cases[] = {
		{ "a.example", "b.example" },
		{ "a.example", "a.a.example" },
		{ "a.example", "example" },
		{ "example", "a.example" },
		{ "xn--mnchen-3ya.example", "mnchen-3ya.example" },
		{ "with_underscore.example", "with-underscore.example" },
		{ LABEL_63 ".example", LABEL_63 ".exampl" },
		{ NAME_253, "a." LABEL_63 },
	};
	struct world *w = *state;

	assert_int_equal(strlen(NAME_253), 253);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct leaf *l = get_at(w, cases[i].name, w->now);

		if (!is_good(w, l, "-verify_hostname", cases[i].name) ||
		    is_good(w, l, "-verify_hostname", cases[i].other))
			fail_msg("%s", cases[i].name);
		leaf_unref(l);
	}
}

static void openssl_takes_it_for_that_address_and_no_other(void **state)
{
	static const struct {
		const char *address, *other;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.8" },
		{ "127.0.0.1", "::1" },
		{ "2001:db8::7", "2001:db8::8" },
		{ "::1", "127.0.0.1" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct leaf *l = get_at(w, cases[i].address, w->now);

		if (!is_good(w, l, "-verify_ip", cases[i].address) ||
		    is_good(w, l, "-verify_ip", cases[i].other) ||
		    is_good(w, l, "-verify_hostname", "a.example"))
			fail_msg("%s", cases[i].address);
		leaf_unref(l);
	}
}

/* RFC 5758 3.2: rustls, and so deno, refuses others. */
static void its_algorithms_have_no_parameters(void **state)
{
	static const uint8_t bare[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
	struct world *w = *state;
	struct leaf *l = get_at(w, "a.example", w->now);
	const uint8_t *at = leaf_crt(l)->raw.p;
	const uint8_t *end = at + leaf_crt(l)->raw.len;
	unsigned bare_n = 0, all_n = 0;

	for (; end - at > (ptrdiff_t)sizeof(bare); at++) {
		bare_n += memcmp(at, bare, sizeof(bare)) == 0;
		all_n += memcmp(at, bare + 2, sizeof(bare) - 2) == 0;
	}
	assert_int_equal(bare_n, 2);
	assert_int_equal(all_n, 2);
	leaf_unref(l);
}

static void it_is_for_a_server_and_nothing_else(void **state)
{
	static const char *const text[] = { "openssl", "x509",	"-inform",
					    "DER",     "-in",	leaf_path,
					    "-noout",  "-text", "-nameopt",
					    "RFC2253", NULL };
	static const struct {
		const char *host, *names, *subject;
	} cases[] = {
		{ "a.example", "DNS:a.example\n", "CN=a.example\n" },
		{ "192.0.2.7", "IP Address:192.0.2.7\n", "CN=192.0.2.7\n" },
		{ "2001:db8::7", "IP Address:2001:DB8:0:0:0:0:0:7\n",
		  "CN=2001:db8::7\n" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct leaf *l = get_at(w, cases[i].host, w->now);
		char want[200];
		struct strbuf out;

		put_both(w, l);
		assert_int_equal(program_run(text, "", &out), 0);
		(void)snprintf(want, sizeof(want),
			       "X509v3 Subject Alternative Name: \n"
			       "                %s",
			       cases[i].names);
		assert_has(out.s, want);
		(void)snprintf(want, sizeof(want), "Subject: %s",
			       cases[i].subject);
		assert_has(out.s, want);
		assert_has(out.s, "CA:FALSE\n");
		assert_has(out.s, "X509v3 Key Usage: critical\n"
				  "                Digital Signature\n");
		assert_has(out.s, "X509v3 Extended Key Usage: \n"
				  "                TLS Web Server "
				  "Authentication\n");
		strbuf_fini(&out);
		leaf_unref(l);
	}
}

/* A common name has 64 characters at most: a longer one goes without. */
static void a_long_name_is_an_alternative_name_only(void **state)
{
	static const char *const names[] = { LABEL_63 ".example", NAME_253 };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct leaf *l = get_at(w, names[i], w->now);
		char subject[300];

		assert_true(mbedtls_x509_dn_gets(subject, sizeof(subject),
						 &leaf_crt(l)->subject) > 0);
		assert_string_equal(subject, "CN=netleash leaf");
		leaf_unref(l);
	}
}

static void what_is_no_normal_name_gets_none(void **state)
{
	static const char *const hosts[] = {
		"",
		"*",
		"*.example",
		"a*.example",
		"?.example",
		"A.example",
		"a.EXAMPLE",
		"a.example.",
		".example",
		"a..example",
		"a.example,CN=b.example",
		"a.example, O=x",
		"a.example/CN=b.example",
		"a=b.example",
		"a+b.example",
		"a\\,b.example",
		"\"a\".example",
		"a b.example",
		" a.example",
		"a.example ",
		"a.example\n",
		"a\tb.example",
		"a\001.example",
		"caf\303\251.example",
		"a.example:443",
		"user@a.example",
		"127.0.0.1",
		"127.1",
		"0x7f.1",
		"::1",
		"[::1]",
		NAME_64 ".example",
		NAME_254,
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct leaf *l = NULL;

		if (leaf_get(w->leaves, NULL, hosts[i], NULL, w->now, &l) !=
			    -EIO ||
		    l)
			fail_msg("'%s' has one", hosts[i]);
	}
}

static void it_never_outlives_its_authority(void **state)
{
	static const struct {
		time_t later;
		long begins, ends;
	} cases[] = {
		{ 0, -DAY, 7 * DAY },
		{ DAY / 2, -DAY / 2, 7 * DAY + DAY / 2 },
		{ 3 * DAY, 2 * DAY, 10 * DAY },
		{ 3 * DAY + 1, 2 * DAY + 1, 10 * DAY },
		{ 9 * DAY, 8 * DAY, 10 * DAY },
		{ 10 * DAY - 1, 9 * DAY - 1, 10 * DAY },
		/* Its clock went back, the authority's began. */
		{ -DAY / 2, -DAY, 6 * DAY + DAY / 2 },
	};
	const time_t now = time(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world w;
		struct leaf *l;

		begin(&w, now, 10);
		l = get_at(&w, "a.example", now + cases[i].later);
		assert_int_equal(ca_time(&leaf_crt(l)->valid_from),
				 now + cases[i].begins);
		assert_int_equal(ca_time(&leaf_crt(l)->valid_to),
				 now + cases[i].ends);
		leaf_unref(l);
		end(&w);
	}
}

static void an_authority_that_has_ended_signs_no_more(void **state)
{
	static const time_t later[] = { 10 * DAY, 10 * DAY + 1, 11 * DAY + 1,
					100 * DAY };
	struct leaf *l = NULL;
	struct world w;

	(void)state;
	begin(&w, time(NULL), 10);
	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		assert_int_equal(leaf_get(w.leaves, NULL, "a.example", NULL,
					  w.now + later[i], &l),
				 -EIO);
	assert_null(l);
	end(&w);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, CA_SERIAL_BYTES);
}

static void serials_are_positive_and_never_the_same(void **state)
{
	static unsigned char serials[200][CA_SERIAL_BYTES];
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(serials); i++) {
		const mbedtls_x509_buf *serial;
		struct leaf *l;
		char host[40];

		(void)snprintf(host, sizeof(host), "a%zu.example", i);
		l = get_at(w, host, w->now);
		serial = &leaf_crt(l)->serial;
		assert_int_equal(serial->len, CA_SERIAL_BYTES);
		assert_in_range(serial->p[0], 0x01, 0x7f);
		memcpy(serials[i], serial->p, CA_SERIAL_BYTES);
		leaf_unref(l);
	}
	qsort(serials, ARRAY_SIZE(serials), CA_SERIAL_BYTES, compare);
	for (size_t i = 1; i < ARRAY_SIZE(serials); i++)
		assert_int_not_equal(compare(serials[i - 1], serials[i]), 0);
}

static void it_is_minted_anew_before_its_last_day(void **state)
{
	struct world *w = *state;
	struct leaf *first = get_at(w, "a.example", w->now), *again, *later;

	again = get_at(w, "a.example", w->now + 6 * DAY);
	assert_ptr_equal(first, again);
	leaf_unref(again);
	later = get_at(w, "a.example", w->now + 6 * DAY + 1);
	assert_ptr_not_equal(first, later);
	assert_int_equal(ca_time(&leaf_crt(later)->valid_to),
			 w->now + 13 * DAY + 1);
	again = get_at(w, "a.example", w->now + 6 * DAY + 2);
	assert_ptr_equal(again, later);
	leaf_unref(again);
	leaf_unref(later);
	leaf_unref(first);
}

/* What a new one cannot better is kept: each costs a signature. */
static void on_the_authoritys_last_day_none_is_made_twice(void **state)
{
	struct leaf *first, *again;
	struct world w;

	(void)state;
	begin(&w, time(NULL), 10);
	first = get_at(&w, "a.example", w.now + 9 * DAY + DAY / 2);
	again = get_at(&w, "a.example", w.now + 9 * DAY + DAY / 2 + 1);
	assert_ptr_equal(first, again);
	leaf_unref(first);
	leaf_unref(again);
	end(&w);
}

static void get_many(struct world *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char host[40];

		(void)snprintf(host, sizeof(host), "many%zu.example", i);
		leaf_unref(get_at(w, host, w->now));
	}
}

static void the_one_not_used_for_longest_goes_first(void **state)
{
	struct world *w = *state;
	struct leaf *a = get_at(w, "a.example", w->now), *again;
	struct leaf *b = get_at(w, "b.example", w->now);

	get_many(w, LEAF_CACHE_MAX - 2);
	again = get_at(w, "a.example", w->now);
	assert_ptr_equal(a, again);
	leaf_unref(again);
	/* One more than there is room for. */
	leaf_unref(get_at(w, "c.example", w->now));
	again = get_at(w, "a.example", w->now);
	assert_ptr_equal(a, again);
	leaf_unref(again);
	again = get_at(w, "b.example", w->now);
	assert_ptr_not_equal(b, again);
	leaf_unref(again);
	leaf_unref(a);
	leaf_unref(b);
}

/* Return: it, which the cache has still. */
static struct leaf *get_of(struct world *w, const void *owner, char first,
			   unsigned i)
{
	struct leaf *l;
	char host[40];

	(void)snprintf(host, sizeof(host), "%c%u.example", first, i);
	assert_int_equal(leaf_get(w->leaves, owner, host, NULL, w->now, &l), 0);
	leaf_unref(l);
	return l;
}

static void who_asks_for_one_name_after_the_other_drops_his_own(void **state)
{
	static struct leaf *few[20];
	struct world *w = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(few); i++)
		few[i] = get_of(w, "few", 'f', i);
	for (unsigned i = 0; i < LEAF_CACHE_MAX + 100; i++)
		(void)get_of(w, "many", 'm', i);
	/* The other has not used his for longest, and has them all. */
	for (unsigned i = 0; i < ARRAY_SIZE(few); i++)
		assert_ptr_equal(get_of(w, "few", 'f', i), few[i]);
	/* What one had made serves another, and stays the first's. */
	assert_ptr_equal(get_of(w, "many", 'f', 0), few[0]);
}

/* One each: the oldest goes, not the one that is asked for. */
static void of_as_many_owners_the_first_one_loses(void **state)
{
	static char who[LEAF_CACHE_MAX + 1];
	struct world *w = *state;
	struct leaf *last = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(who); i++)
		last = get_of(w, &who[i], 'o', i);
	assert_ptr_equal(get_of(w, &who[0], 'o', ARRAY_SIZE(who) - 1), last);
}

static void one_that_is_held_outlives_its_place(void **state)
{
	struct world *w = *state;
	struct leaf *l = get_at(w, "a.example", w->now);

	get_many(w, LEAF_CACHE_MAX);
	assert_true(is_good(w, l, "-verify_hostname", "a.example"));
	assert_int_equal(mbedtls_pk_get_type(leaf_key(l)), MBEDTLS_PK_ECKEY);
	leaf_unref(l);
	leaf_unref(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static bool make_files(void)
{
	int a = mkstemp(ca_path), b = mkstemp(leaf_path);

	if (a < 0 || b < 0)
		return false;
	close(a);
	close(b);
	return true;
}

int main(void)
{
	static const char *const openssl[] = { "openssl", "version", NULL };
	const struct CMUnitTest tests[] = {
		TEST(openssl_takes_it_for_that_name_and_no_other),
		TEST(openssl_takes_it_for_that_address_and_no_other),
		TEST(its_algorithms_have_no_parameters),
		TEST(it_is_for_a_server_and_nothing_else),
		TEST(a_long_name_is_an_alternative_name_only),
		TEST(what_is_no_normal_name_gets_none),
		TEST(it_never_outlives_its_authority),
		TEST(an_authority_that_has_ended_signs_no_more),
		TEST(serials_are_positive_and_never_the_same),
		TEST(it_is_minted_anew_before_its_last_day),
		TEST(on_the_authoritys_last_day_none_is_made_twice),
		TEST(the_one_not_used_for_longest_goes_first),
		TEST(who_asks_for_one_name_after_the_other_drops_his_own),
		TEST(of_as_many_owners_the_first_one_loses),
		TEST(one_that_is_held_outlives_its_place),
	};
	int r;

	if (!program_exists(openssl)) {
		printf("skipped: needs openssl\n");
		return PROGRAM_SKIP;
	}
	if (!make_files())
		return 1;
	r = cmocka_run_group_tests_name("leaf", tests, NULL, NULL);
	(void)unlink(ca_path);
	(void)unlink(leaf_path);
	return r;
}
