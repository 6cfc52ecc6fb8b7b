/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_hostname.c - names normalised, patterns parsed and matched
 */
#include "common/hostname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/punycode.h"

#define LABEL_63                                                               \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A name of @n bytes with labels of 63, in memory of exactly that length. */
static char *long_name(size_t n)
{
	char *s = malloc(n > 0 ? n : 1);

	assert_non_null(s);
	for (size_t i = 0; i < n; i++)
		s[i] = i % 64 == 63 ? '.' : 'a';
	return s;
}

static void names_come_out_in_one_form_or_not_at_all(void **state)
{
	static const struct {
		const char *text;
		enum hostname_err want;
		const char *name;
	} cases[] = {
		{ "example.org", HOSTNAME_OK, "example.org" },
		{ "eXample.ORG", HOSTNAME_OK, "example.org" },
		{ "EXAMPLE.org.", HOSTNAME_OK, "example.org" },
		{ "localhost", HOSTNAME_OK, "localhost" },
		{ "a", HOSTNAME_OK, "a" },
		{ "_dmarc.a-b.example", HOSTNAME_OK, "_dmarc.a-b.example" },
		{ "-a-.example", HOSTNAME_OK, "-a-.example" },
		{ "1.example", HOSTNAME_OK, "1.example" },
		{ "1.2.3.4a", HOSTNAME_OK, "1.2.3.4a" },
		{ "0xg", HOSTNAME_OK, "0xg" },
		{ "xn--mnchen-3ya.example", HOSTNAME_OK,
		  "xn--mnchen-3ya.example" },
		{ LABEL_63 ".example", HOSTNAME_OK, LABEL_63 ".example" },
		{ "", HOSTNAME_EMPTY, NULL },
		{ ".", HOSTNAME_EMPTY, NULL },
		{ "..", HOSTNAME_LABEL_EMPTY, NULL },
		{ "example.org..", HOSTNAME_LABEL_EMPTY, NULL },
		{ "docs..example.org", HOSTNAME_LABEL_EMPTY, NULL },
		{ ".example.org", HOSTNAME_LABEL_EMPTY, NULL },
		{ LABEL_63 "a.example", HOSTNAME_LABEL_TOO_LONG, NULL },
		{ "caf\xc3\xa9.example", HOSTNAME_NOT_ASCII, NULL },
		{ "example\xe3\x80\x82org", HOSTNAME_NOT_ASCII, NULL },
		{ "a b", HOSTNAME_BAD_BYTE, NULL },
		{ "a\tb", HOSTNAME_BAD_BYTE, NULL },
		{ "a*b", HOSTNAME_BAD_BYTE, NULL },
		{ "a/b", HOSTNAME_BAD_BYTE, NULL },
		{ "a%2eb", HOSTNAME_BAD_BYTE, NULL },
		{ "a:b", HOSTNAME_BAD_BYTE, NULL },
		{ "[::1]", HOSTNAME_BAD_BYTE, NULL },
		{ "1.2.3.4", HOSTNAME_NUMERIC, NULL },
		{ "127.1", HOSTNAME_NUMERIC, NULL },
		{ "2130706433", HOSTNAME_NUMERIC, NULL },
		{ "0x7f.1", HOSTNAME_NUMERIC, NULL },
		{ "a.0XFF", HOSTNAME_NUMERIC, NULL },
		{ "example.0", HOSTNAME_NUMERIC, NULL },
		{ "example.0x.", HOSTNAME_NUMERIC, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[HOSTNAME_BUFFER] = "untouched";
		enum hostname_err err = hostname_normalise(
			cases[i].text, strlen(cases[i].text), name);

		if (err != cases[i].want)
			fail_msg("'%s' %s", cases[i].text,
				 hostname_strerror(err));
		assert_string_equal(name, cases[i].name ? cases[i].name
							: "untouched");
		assert_true(strlen(hostname_strerror(err)) > 0);
	}
}

static void names_have_253_bytes_and_no_nul(void **state)
{
	char name[HOSTNAME_BUFFER];

	(void)state;
	for (size_t n = 1; n < 400; n++) {
		char *s = long_name(n), *dot;
		bool ends_in_dot = n % 64 == 0;
		size_t len = ends_in_dot ? n - 1 : n;

		assert_int_equal(hostname_normalise(s, n, name),
				 len > 253 ? HOSTNAME_TOO_LONG : HOSTNAME_OK);
		if (len <= 253)
			assert_int_equal(strlen(name), len);
		dot = realloc(s, n + 1);
		assert_non_null(dot);
		dot[n] = '.';
		if (!ends_in_dot)
			assert_int_equal(hostname_normalise(dot, n + 1, name),
					 n > 253 ? HOSTNAME_TOO_LONG
						 : HOSTNAME_OK);
		dot[n / 2] = '\0';
		assert_int_not_equal(hostname_normalise(dot, n + 1, name),
				     HOSTNAME_OK);
		free(dot);
	}
}

static void a_labels_are_said_for_names_of_any_script(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "caf\xc3\xa9.example", "xn--caf-dma.example" },
		{ "M\xc3\x9cNCHEN.Example", "xn--mnchen-3ya.example" },
		{ "b\xc3\xbc"
		  "cher.\xc3\xb6.de.",
		  "xn--bcher-kva.xn--nda.de" },
		/* RFC 3492 7.1 (B), and (A) further on */
		{ "\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88"
		  "\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87",
		  "xn--ihqwcrb4cv8a8dqg056pqjye" },
		{ "a\xe3\x80\x82\xc3\xbc", "a.xn--tda" },
		{ "\xf0\x9f\x92\xa9.la", "xn--ls8h.la" },
		{ "\xd0\x9f\xd0\xa0\xd0\x98.\xd1\x80\xd1\x84",
		  "xn--h1and.xn--p1ai" },
		{ "plain.example", "plain.example" },
		{ "\xff.example", NULL },
		{ "caf\xc3", NULL },
		{ "caf\xc3\xa9 .example", NULL },
		{ "caf\xc3\xa9..example", NULL },
		{ "\xc2\x85.example", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[HOSTNAME_BUFFER] = "";
		bool ok = hostname_a_label(cases[i].text, strlen(cases[i].text),
					   got);

		assert_int_equal(ok, cases[i].want != NULL);
		assert_string_equal(got, cases[i].want ? cases[i].want : "");
	}
}

static void an_a_label_that_is_too_long_is_not_said(void **state)
{
	char text[3 * HOSTNAME_MAX], got[HOSTNAME_BUFFER];
	bool was = true;

	(void)state;
	for (size_t n = 1; n < sizeof(text) / 2; n++) {
		bool ok;

		memcpy(text + 2 * (n - 1), "\xc3\xa9", 2);
		ok = hostname_a_label(text, 2 * n, got);
		assert_true(was || !ok); /* once too long, always too long */
		was = ok;
	}
	assert_false(was);
}

static void punycode_agrees_with_the_rfc(void **state)
{
	static const uint32_t arabic[] = {
		/* RFC 3492 7.1 (A) */
		0x644, 0x64a, 0x647, 0x645, 0x627, 0x628, 0x62a, 0x643, 0x644,
		0x645, 0x648, 0x634, 0x639, 0x631, 0x628, 0x64a, 0x61f,
	};
	static const char want[] = "egbpdaj6bu4bxfgehfvwxn";
	char got[64];
	size_t n = 0;

	(void)state;
	assert_true(punycode_encode(arabic, ARRAY_SIZE(arabic), got,
				    sizeof(got), &n));
	assert_int_equal(n, strlen(want));
	assert_memory_equal(got, want, n);
	for (size_t size = 0; size < strlen(want); size++)
		assert_false(punycode_encode(arabic, ARRAY_SIZE(arabic), got,
					     size, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_out_in_one_form_or_not_at_all),
		cmocka_unit_test(names_have_253_bytes_and_no_nul),
		cmocka_unit_test(a_labels_are_said_for_names_of_any_script),
		cmocka_unit_test(an_a_label_that_is_too_long_is_not_said),
		cmocka_unit_test(punycode_agrees_with_the_rfc),
	};

	return cmocka_run_group_tests_name("hostname", tests, NULL, NULL);
}
