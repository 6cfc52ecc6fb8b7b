/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_pair.c - a key and a certificate from files: are they an authority
 *
 * In:         two texts, of which nothing is believed
 * Out:        a struct ca, or a sentence that says what to do
 * Invariants: only what ca_new() makes passes: one P-256 key, one certificate
 *             that it signed itself, with our kind of name; pure, but for the
 *             random numbers of the leaf key
 * References: RFC 7468 (PEM), RFC 5280
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/macros.h"
#include "proxy/ca_file.h"
#include "proxy/ca_priv.h"

#define BEGIN(what) "-----BEGIN " what "-----\n"
#define END(what)   "-----END " what "-----\n"
#define CRT	    "CERTIFICATE"
#define KEY	    "EC PRIVATE KEY"

#define RENEW "'netleash ca renew' makes a new one"

PRINTF_LIKE(2, 3)
static int fail(char *error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(error, CA_ERROR_MAX, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* From the first to the last byte one PEM block, whatever is in it. */
static bool is_block(const char *s, size_t n, const char *begin,
		     const char *end)
{
	const size_t begin_n = strlen(begin), end_n = strlen(end);

	return strlen(s) == n && n > begin_n + end_n &&
	       strncmp(s, begin, begin_n) == 0 &&
	       strstr(s, end) == s + n - end_n;
}

bool ca_pair_parse_crt(const char *pem, size_t n, mbedtls_x509_crt *crt)
{
	return is_block(pem, n, BEGIN(CRT), END(CRT)) &&
	       mbedtls_x509_crt_parse(crt, (const unsigned char *)pem, n + 1) ==
		       0 &&
	       !crt->next;
}

static bool is_p256(const mbedtls_pk_context *key)
{
	return mbedtls_pk_get_type(key) == MBEDTLS_PK_ECKEY &&
	       mbedtls_pk_ec(*key)->COMPAT_TLS_PRIVATE(grp).id ==
		       MBEDTLS_ECP_DP_SECP256R1;
}

static bool parse_key(struct ca *ca, const char *key, size_t n)
{
	return is_block(key, n, BEGIN(KEY), END(KEY)) &&
	       compat_tls_parse_key(&ca->key, (const unsigned char *)key, n + 1,
				    &ca->rng) == 0 &&
	       is_p256(&ca->key);
}

/* mbedTLS does not ask that of an authority that it is told to trust. */
static bool signed_itself(mbedtls_x509_crt *crt)
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	unsigned char hash[32];

	return crt->COMPAT_TLS_PRIVATE(sig_md) == MBEDTLS_MD_SHA256 &&
	       mbedtls_md(sha256, crt->tbs.p, crt->tbs.len, hash) == 0 &&
	       mbedtls_pk_verify(&crt->pk, MBEDTLS_MD_SHA256, hash,
				 sizeof(hash), crt->COMPAT_TLS_PRIVATE(sig).p,
				 crt->COMPAT_TLS_PRIVATE(sig).len) == 0;
}

static bool is_authority(const mbedtls_x509_crt *crt)
{
	return crt->COMPAT_TLS_PRIVATE(ca_istrue) &&
	       mbedtls_x509_crt_check_key_usage(
		       crt, MBEDTLS_X509_KU_KEY_CERT_SIGN) == 0;
}

/* What stands in every leaf as its issuer must come out as it went in. */
static bool has_our_name(struct ca *ca)
{
	const size_t prefix = strlen(CA_NAME_PREFIX), digits = 8;

	return mbedtls_x509_dn_gets(ca->name, sizeof(ca->name),
				    &ca->crt.subject) ==
		       (int)(prefix + digits) &&
	       strncmp(ca->name, CA_NAME_PREFIX, prefix) == 0 &&
	       strspn(ca->name + prefix, "0123456789abcdef") == digits;
}

static int check_times(const mbedtls_x509_crt *crt, time_t now, char *error)
{
	if (now < ca_time(&crt->valid_from))
		return fail(
			error, CA_FILE_CERTIFICATE
			" is not valid yet: set the clock right, or " RENEW);
	if (now >= ca_time(&crt->valid_to))
		return fail(error, CA_FILE_CERTIFICATE " has expired: " RENEW);
	if (ca_time(&crt->valid_to) - now < CA_FILE_LASTS_SECONDS)
		return fail(error, CA_FILE_CERTIFICATE
			    " expires in less than a day: " RENEW);
	return 0;
}

static int check(struct ca *ca, time_t now, char *error)
{
	if (!compat_tls_is_pair(&ca->crt.pk, &ca->key, &ca->rng))
		return fail(error, CA_FILE_KEY
			    " is not the key of " CA_FILE_CERTIFICATE
			    ", as after a renewal that was "
			    "interrupted: " RENEW);
	if (!is_authority(&ca->crt))
		return fail(error, CA_FILE_CERTIFICATE
			    " is not the certificate of a CA: " RENEW);
	if (!has_our_name(ca))
		return fail(error, CA_FILE_CERTIFICATE
			    " was not made by netleash: " RENEW);
	if (!signed_itself(&ca->crt))
		return fail(error, CA_FILE_CERTIFICATE " is damaged: " RENEW);
	return check_times(&ca->crt, now, error);
}

int ca_pair_parse(const char *key, size_t key_n, const char *pem, size_t pem_n,
		  time_t now, struct ca **ret, char error[CA_ERROR_MAX])
{
	struct ca *ca = NULL;
	int r = ca_new_empty(&ca);

	if (r < 0)
		return r;
	if (pem_n >= sizeof(ca->pem) ||
	    !ca_pair_parse_crt(pem, pem_n, &ca->crt))
		r = fail(error, CA_FILE_CERTIFICATE " is damaged: " RENEW);
	else if (!parse_key(ca, key, key_n))
		r = fail(error, CA_FILE_KEY " is damaged: " RENEW);
	else
		r = check(ca, now, error);
	if (r == 0 && ca_make_key(ca, &ca->leaf_key) != 0)
		r = -EIO;
	if (r < 0) {
		ca_free(ca);
		return r;
	}
	memcpy(ca->pem, pem, pem_n + 1);
	*ret = ca;
	return 0;
}
