/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_ca.c - an authority as openssl sees it
 */
#include "proxy/ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/ca_priv.h"
#include "tests/support/program.h"
#include "tests/support/proxy_fixture.h"

#define DAY  (24 * 3600)
#define MANY 40

static char path[] = "/tmp/netleash-ca-XXXXXX";

static struct ca *make(time_t now, unsigned days)
{
	struct ca *ca = NULL;

	assert_int_equal(ca_new(now, days, &ca), 0);
	return ca;
}

/* What openssl says of the certificate of @ca. */
static void tell(const struct ca *ca, const char *const *argv,
		 struct strbuf *ret)
{
	FILE *f = fopen(path, "w");
	int status;

	assert_non_null(f);
	assert_true(fputs(ca_pem(ca), f) >= 0);
	assert_int_equal(fclose(f), 0);
	status = program_run(argv, "", ret);
	if (status != 0)
		fail_msg("%d: %s", status, ret->s ? ret->s : "");
}

static void openssl_takes_it_for_an_authority(void **state)
{
	static const char *const verify[] = { "openssl",      "verify",
					      "-x509_strict", "-check_ss_sig",
					      "-CAfile",      path,
					      path,	      NULL };
	struct ca *ca = make(time(NULL), 365);
	struct strbuf out;

	(void)state;
	tell(ca, verify, &out);
	assert_has(out.s, ": OK");
	strbuf_fini(&out);
	ca_free(ca);
}

static void it_signs_leaves_and_nothing_else(void **state)
{
	static const char *const text[] = { "openssl",	"x509",	   "-in",
					    path,	"-noout",  "-text",
					    "-nameopt", "RFC2253", NULL };
	static const char *const parts[] = {
		"Version: 3 (0x2)",
		"Signature Algorithm: ecdsa-with-SHA256",
		"NIST CURVE: P-256",
		"X509v3 Basic Constraints: critical\n"
		"                CA:TRUE, pathlen:0\n",
		"X509v3 Key Usage: critical\n"
		"                Certificate Sign, CRL Sign\n",
		"X509v3 Subject Key Identifier:",
		"Issuer: CN=netleash CA ",
		"Subject: CN=netleash CA ",
	};
	struct ca *ca = make(time(NULL), 365);
	struct strbuf out;

	(void)state;
	tell(ca, text, &out);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		assert_has(out.s, parts[i]);
	strbuf_fini(&out);
	ca_free(ca);
}

static void it_is_good_from_a_day_ago_for_as_long_as_it_was_told(void **state)
{
	static const struct {
		time_t now;
		unsigned days;
		const char *from, *to;
	} cases[] = {
		{ 1700000000, 1, "Nov 13 22:13:20 2023 GMT",
		  "Nov 15 22:13:20 2023 GMT" },
		/* A leap day, the end of 32 bits, and of two digits' years. */
		{ 1709208000, 365, "Feb 28 12:00:00 2024 GMT",
		  "Feb 28 12:00:00 2025 GMT" },
		{ 2147483647, 365, "Jan 18 03:14:07 2038 GMT",
		  "Jan 19 03:14:07 2039 GMT" },
		{ 2524607999, 30, "Dec 30 23:59:59 2049 GMT",
		  "Jan 30 23:59:59 2050 GMT" },
		{ 1700000000, 36500, "Nov 13 22:13:20 2023 GMT",
		  "Oct 21 22:13:20 2123 GMT" },
	};
	static const char *const dates[] = { "openssl", "x509",	  "-in", path,
					     "-noout",	"-dates", NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ca *ca = make(cases[i].now, cases[i].days);
		struct strbuf out;

		assert_int_equal(ca_time(&ca->crt.valid_from),
				 cases[i].now - DAY);
		assert_int_equal(ca_time(&ca->crt.valid_to),
				 cases[i].now + (time_t)cases[i].days * DAY);
		tell(ca, dates, &out);
		assert_has(out.s, cases[i].from);
		assert_has(out.s, cases[i].to);
		strbuf_fini(&out);
		ca_free(ca);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* None of them twice. */
static void expect_distinct(char texts[][CA_NAME_MAX], size_t n)
{
	qsort(texts, n, CA_NAME_MAX, compare);
	for (size_t i = 1; i < n; i++)
		assert_string_not_equal(texts[i - 1], texts[i]);
}

/* A client that knows two by one name would try the wrong key. */
static void no_two_have_a_name_or_a_serial_in_common(void **state)
{
	static char serials[MANY][CA_NAME_MAX], names[MANY][CA_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		struct ca *ca = make(time(NULL), 1);
		const mbedtls_x509_buf *serial = &ca->crt.serial;

		/* DER: positive without a byte in front, not zero-leading. */
		assert_int_equal(serial->len, CA_SERIAL_BYTES);
		assert_in_range(serial->p[0], 0x01, 0x7f);
		for (size_t j = 0; j < serial->len; j++)
			(void)snprintf(serials[i] + 2 * j, 3, "%02x",
				       serial->p[j]);
		(void)snprintf(names[i], sizeof(names[i]), "%s", ca->name);
		ca_free(ca);
	}
	expect_distinct(serials, MANY);
	expect_distinct(names, MANY);
}

static void its_text_is_one_certificate_and_no_key(void **state)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n",
			  end[] = "-----END CERTIFICATE-----\n";
	struct ca *ca = make(time(NULL), 365);
	const char *pem = ca_pem(ca);

	(void)state;
	assert_int_equal(strncmp(pem, begin, strlen(begin)), 0);
	assert_string_equal(strstr(pem, end), end);
	assert_null(strstr(pem + strlen(begin), "BEGIN"));
	ca_free(ca);
	ca_free(NULL);
}

static void the_leaves_key_is_another_one(void **state)
{
	unsigned char a[200], b[200];
	struct ca *ca = make(time(NULL), 365);
	int n = mbedtls_pk_write_pubkey_der(&ca->key, a, sizeof(a)),
	    m = mbedtls_pk_write_pubkey_der(&ca->leaf_key, b, sizeof(b));

	(void)state;
	assert_true(n > 0 && n == m);
	assert_memory_not_equal(a + sizeof(a) - n, b + sizeof(b) - m,
				(size_t)n);
	ca_free(ca);
}

int main(void)
{
	static const char *const openssl[] = { "openssl", "version", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_takes_it_for_an_authority),
		cmocka_unit_test(it_signs_leaves_and_nothing_else),
		cmocka_unit_test(
			it_is_good_from_a_day_ago_for_as_long_as_it_was_told),
		cmocka_unit_test(no_two_have_a_name_or_a_serial_in_common),
		cmocka_unit_test(its_text_is_one_certificate_and_no_key),
		cmocka_unit_test(the_leaves_key_is_another_one),
	};
	int fd, r;

	if (!program_exists(openssl)) {
		printf("skipped: needs openssl\n");
		return PROGRAM_SKIP;
	}
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	r = cmocka_run_group_tests_name("ca", tests, NULL, NULL);
	(void)unlink(path);
	return r;
}
