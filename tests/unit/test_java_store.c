/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_java_store.c - PEM in, a store for Java out
 *
 * Java itself reads one in integration/380-inspect.sh.
 */
#include "sandbox/java_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/sha1.h"
#include "common/strbuf.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"

/* SEQUENCE { INTEGER 5 }, and one with 130 zeros. */
#define SMALL "MAMCAQU=\n"
#define LARGE                                                                  \
	"MIGCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"       \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"     \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"

/* magic, version, count */
#define HEAD(n) "\xfe\xed\xfe\xed\0\0\0\2\0\0\0" n
#define ENTRY(alias)                                                           \
	"\0\0\0\2\0\4" alias "\0\0\0\0\0\0\0\0\0\5"                            \
	"X.509"

static struct strbuf render(const char *pem, size_t n)
{
	struct strbuf out = STRBUF_INIT;

	java_store_render(pem, n, &out);
	assert_false(strbuf_failed(&out));
	return out;
}

/* All but the sum at the end, which is checked by itself. */
static void assert_store(const char *pem, const char *want, size_t n)
{
	struct strbuf out = render(pem, strlen(pem));

	assert_int_equal(out.len, n + SHA1_BYTES);
	assert_memory_equal(out.s, want, n);
	strbuf_fini(&out);
}

static void a_store_of_nothing_has_no_entry(void **state)
{
	(void)state;
	assert_store("", HEAD("\0"), 12);
	assert_store("# a comment\n", HEAD("\0"), 12);
}

static void each_certificate_becomes_an_entry(void **state)
{
	static const char one[] = HEAD("\1") ENTRY("ca-1") "\0\0\0\5"
							   "\x30\3\2\1\5";
	static const char two[] = HEAD("\2")
		ENTRY("ca-1") "\0\0\0\5"
			      "\x30\3\2\1"
			      "\5" ENTRY("ca-2") "\0\0\0\x85\x30\x81\x82";
	struct strbuf out;

	(void)state;
	assert_store(BEGIN SMALL END, one, sizeof(one) - 1);
	out = render(BEGIN SMALL END "text\n" BEGIN LARGE END,
		     strlen(BEGIN SMALL END "text\n" BEGIN LARGE END));
	assert_memory_equal(out.s, two, sizeof(two) - 1);
	assert_int_equal(out.len, sizeof(two) - 1 + 0x82 + SHA1_BYTES);
	strbuf_fini(&out);
}

static void what_is_no_certificate_is_passed_over(void **state)
{
	static const char *const cases[] = {
		BEGIN END,
		BEGIN "MAMC\n" END,	/* cut */
		BEGIN "MAMCAQUA\n" END, /* more behind it */
		BEGIN "BAMCAQU=\n" END, /* no SEQUENCE */
		BEGIN "MICCAQU=\n" END, /* a length that is not said */
		BEGIN "MIQAAAAB\n" END, /* and one that is too long */
		BEGIN "MIE=\n" END,
		BEGIN "MA*CAQU=\n" END,
		BEGIN "MAMCAQU=x\n" END,
		BEGIN SMALL,
		SMALL END,
		"-----BEGIN TRUSTED CERTIFICATE-----\n" SMALL END,
	};
	static const char one[] = HEAD("\1") ENTRY("ca-1") "\0\0\0\5"
							   "\x30\3\2\1\5";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_store(cases[i], HEAD("\0"), 12);
	assert_store(BEGIN "MAMC\n" END BEGIN SMALL END, one, sizeof(one) - 1);
}

/* The password in two bytes a letter, the phrase, the store. */
static void the_sum_is_over_password_and_store(void **state)
{
	static const char before[] = "\0c\0h\0a\0n\0g\0e\0i\0tMighty Aphrodite";
	struct strbuf out = render(BEGIN SMALL END, strlen(BEGIN SMALL END));
	struct strbuf all = STRBUF_INIT;
	uint8_t sum[SHA1_BYTES];

	(void)state;
	strbuf_add(&all, before, sizeof(before) - 1);
	strbuf_add(&all, out.s, out.len - SHA1_BYTES);
	sha1(all.s, all.len, sum);
	assert_memory_equal(out.s + out.len - SHA1_BYTES, sum, SHA1_BYTES);
	strbuf_fini(&all);
	strbuf_fini(&out);
}

/* In memory of its own, so that the sanitizers see a read past its end. */
static void cut_anywhere_it_has_what_is_whole(void **state)
{
	static const char pem[] = BEGIN SMALL END BEGIN LARGE END;

	(void)state;
	for (size_t n = 0; n < sizeof(pem); n++) {
		char *cut = malloc(n + 1);
		struct strbuf out;

		assert_non_null(cut);
		memcpy(cut, pem, n);
		cut = realloc(cut, n > 0 ? n : 1);
		assert_non_null(cut);
		out = render(cut, n);
		assert_int_equal((unsigned char)out.s[11],
				 (n >= strlen(BEGIN SMALL END) - 1) +
					 (n >= sizeof(pem) - 2));
		strbuf_fini(&out);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_of_nothing_has_no_entry),
		cmocka_unit_test(each_certificate_becomes_an_entry),
		cmocka_unit_test(what_is_no_certificate_is_passed_over),
		cmocka_unit_test(the_sum_is_over_password_and_store),
		cmocka_unit_test(cut_anywhere_it_has_what_is_whole),
	};

	return cmocka_run_group_tests_name("java_store", tests, NULL, NULL);
}
