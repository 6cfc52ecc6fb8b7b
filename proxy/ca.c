/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca.c - the authority that signs for inspected hosts
 */
#include "proxy/ca.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/pem.h>

#include "proxy/ca_priv.h"
#include "proxy/ca_sign.h"

int ca_new_empty(struct ca **ret)
{
	static const unsigned char custom[] = "netleash-ca";
	struct ca *ca = calloc(1, sizeof(*ca));

	if (!ca)
		return -ENOMEM;
	mbedtls_entropy_init(&ca->entropy);
	mbedtls_ctr_drbg_init(&ca->rng);
	mbedtls_pk_init(&ca->key);
	mbedtls_pk_init(&ca->leaf_key);
	mbedtls_x509_crt_init(&ca->crt);
	if (!compat_tls_init() ||
	    mbedtls_ctr_drbg_seed(&ca->rng, mbedtls_entropy_func, &ca->entropy,
				  custom, sizeof(custom) - 1) != 0) {
		ca_free(ca);
		return -EIO;
	}
	*ret = ca;
	return 0;
}

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	mbedtls_x509_crt_free(&ca->crt);
	mbedtls_pk_free(&ca->leaf_key); /* which wipes it */
	mbedtls_pk_free(&ca->key);
	mbedtls_ctr_drbg_free(&ca->rng);
	mbedtls_entropy_free(&ca->entropy);
	free(ca);
}

const char *ca_pem(const struct ca *ca)
{
	return ca->pem;
}

int ca_make_key(struct ca *ca, mbedtls_pk_context *ret)
{
	int r = mbedtls_pk_setup(ret,
				 mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

	if (r == 0)
		r = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
					mbedtls_pk_ec(*ret),
					mbedtls_ctr_drbg_random, &ca->rng);
	return r;
}

int ca_make_serial(struct ca *ca, unsigned char ret[CA_SERIAL_BYTES])
{
	int r = mbedtls_ctr_drbg_random(&ca->rng, ret, CA_SERIAL_BYTES);

	ret[0] = (unsigned char)((ret[0] & 0x3f) | 0x40);
	return r;
}

void ca_format_time(time_t t, char ret[CA_TIME_TEXT])
{
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(ret, CA_TIME_TEXT, "%Y%m%d%H%M%S", &tm) == 0)
		(void)snprintf(ret, CA_TIME_TEXT, "19700101000000");
}

time_t ca_time(const mbedtls_x509_time *t)
{
	struct tm tm = {
		.tm_year = t->year - 1900,
		.tm_mon = t->mon - 1,
		.tm_mday = t->day,
		.tm_hour = t->hour,
		.tm_min = t->min,
		.tm_sec = t->sec,
	};

	return timegm(&tm);
}

/* Two of them must not have one name: a client would try the wrong key. */
static int make_name(struct ca *ca)
{
	unsigned char b[4];
	int r = mbedtls_ctr_drbg_random(&ca->rng, b, sizeof(b));

	(void)snprintf(ca->name, sizeof(ca->name),
		       CA_NAME_PREFIX "%02x%02x%02x%02x", b[0], b[1], b[2],
		       b[3]);
	return r;
}

/* Signs itself, into ca->pem. Return: 0, or mbedTLS's error. */
static int self_sign(struct ca *ca, mbedtls_x509write_cert *w, time_t now,
		     unsigned days)
{
	const unsigned usage =
		MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN;
	char from[CA_TIME_TEXT], to[CA_TIME_TEXT];
	unsigned char serial[CA_SERIAL_BYTES], der[CA_DER_MAX];
	size_t pem_n;
	int r = ca_make_serial(ca, serial);

	ca_format_time(now - CA_SKEW_SECONDS, from);
	ca_format_time(now + (time_t)days * 24 * 3600, to);
	mbedtls_x509write_crt_set_version(w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(w, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(w, &ca->key);
	mbedtls_x509write_crt_set_issuer_key(w, &ca->key);
	if (r == 0)
		r = compat_tls_set_serial(w, serial, sizeof(serial));
	if (r == 0)
		r = mbedtls_x509write_crt_set_subject_name(w, ca->name);
	if (r == 0)
		r = mbedtls_x509write_crt_set_issuer_name(w, ca->name);
	if (r == 0)
		r = mbedtls_x509write_crt_set_validity(w, from, to);
	if (r == 0)
		r = mbedtls_x509write_crt_set_basic_constraints(w, 1, 0);
	if (r == 0)
		r = mbedtls_x509write_crt_set_subject_key_identifier(w);
	if (r == 0)
		r = mbedtls_x509write_crt_set_key_usage(w, usage);
	if (r == 0)
		r = ca_sign(ca, w, der);
	if (r > 0)
		r = mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
					     "-----END CERTIFICATE-----\n",
					     der + sizeof(der) - r, (size_t)r,
					     (unsigned char *)ca->pem,
					     sizeof(ca->pem), &pem_n);
	return r;
}

static int fill(struct ca *ca, time_t now, unsigned days)
{
	mbedtls_x509write_cert w;
	int r = make_name(ca);

	if (r == 0)
		r = ca_make_key(ca, &ca->key);
	if (r == 0)
		r = ca_make_key(ca, &ca->leaf_key);
	mbedtls_x509write_crt_init(&w);
	if (r == 0)
		r = self_sign(ca, &w, now, days);
	mbedtls_x509write_crt_free(&w);
	if (r == 0)
		r = mbedtls_x509_crt_parse(&ca->crt,
					   (const unsigned char *)ca->pem,
					   strlen(ca->pem) + 1);
	return r;
}

int ca_new(time_t now, unsigned days, struct ca **ret)
{
	struct ca *ca;
	int r = ca_new_empty(&ca);

	if (r < 0)
		return r;
	if (fill(ca, now, days) != 0) {
		ca_free(ca);
		return -EIO;
	}
	*ret = ca;
	return 0;
}
