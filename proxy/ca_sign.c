/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_sign.c - a certificate signed as strict clients want it
 *
 * In:    a certificate that mbedTLS has written and signed
 * Out:   the same, with no parameters in its two AlgorithmIdentifiers, and
 *        signed again, since one of them is in what is signed
 * References: RFC 5280 section 4.1, RFC 5758 section 3.2, X.690
 */
#include "proxy/ca_sign.h"

#include <string.h>

#define SEQUENCE   (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)
#define HASH_BYTES 32

/* More than a signature takes. */
#define STACK_BYTES 32768

/* ecdsa-with-SHA256, without parameters. */
static const unsigned char algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					   0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };

/* The element at *@p, whatever it is: past it. Return: 0 or mbedTLS's error. */
static int skip(unsigned char **p, const unsigned char *end)
{
	size_t n;
	int r;

	if (*p >= end)
		return MBEDTLS_ERR_ASN1_OUT_OF_DATA;
	r = mbedtls_asn1_get_tag(p, end, &n, **p);
	if (r == 0)
		*p += n;
	return r;
}

/* @n bytes that are there already get length and tag in front of them. */
static int wrap(unsigned char **p, unsigned char *start, size_t n,
		unsigned char tag)
{
	int len = mbedtls_asn1_write_len(p, start, n);
	int head = len < 0 ? len : mbedtls_asn1_write_tag(p, start, tag);

	return head < 0 ? head : (int)n + len + head;
}

static int put(unsigned char **p, unsigned char *start, const void *bytes,
	       size_t n)
{
	return mbedtls_asn1_write_raw_buffer(p, start, bytes, n);
}

/* TBSCertificate anew, from @out's end @o towards its beginning. */
static int rewrite(unsigned char *der, size_t n, unsigned char *out,
		   unsigned char *o)
{
	unsigned char *p = der, *first, *third, *behind;
	const unsigned char *out_end = o;
	const unsigned char *end = der + n;
	size_t len;
	int r = mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE);

	if (r == 0)
		r = mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE);
	if (r != 0)
		return r;
	first = p;
	end = p + len;
	r = skip(&p, end); /* version */
	if (r == 0)
		r = skip(&p, end); /* serialNumber */
	third = p;
	if (r == 0)
		r = skip(&p, end); /* signature */
	if (r != 0)
		return r;
	behind = p;
	r = put(&o, out, behind, (size_t)(end - behind));
	if (r >= 0)
		r = put(&o, out, algorithm, sizeof(algorithm));
	if (r >= 0)
		r = put(&o, out, first, (size_t)(third - first));
	return r < 0 ? r : wrap(&o, out, (size_t)(out_end - o), SEQUENCE);
}

static int sign_hash(struct ca *ca, const unsigned char hash[HASH_BYTES],
		     unsigned char sig[MBEDTLS_PK_SIGNATURE_MAX_SIZE],
		     size_t *ret_n)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	return mbedtls_pk_sign(&ca->key, MBEDTLS_MD_SHA256, hash, HASH_BYTES,
			       sig, MBEDTLS_PK_SIGNATURE_MAX_SIZE, ret_n,
			       mbedtls_ctr_drbg_random, &ca->rng);
#else
	return mbedtls_pk_sign(&ca->key, MBEDTLS_MD_SHA256, hash, HASH_BYTES,
			       sig, ret_n, mbedtls_ctr_drbg_random, &ca->rng);
#endif
}

/* Certificate: @tbs, the algorithm, the signature; from @der's end @p. */
static int seal(const unsigned char *tbs, size_t tbs_n,
		const unsigned char *sig, size_t sig_n, unsigned char *der,
		unsigned char *p)
{
	const unsigned char *der_end = p;
	int r = put(&p, der, sig, sig_n);

	if (r >= 0) /* no bit of the last byte is unused */
		r = put(&p, der, "", 1);
	if (r >= 0)
		r = wrap(&p, der, sig_n + 1, MBEDTLS_ASN1_BIT_STRING);
	if (r >= 0)
		r = put(&p, der, algorithm, sizeof(algorithm));
	if (r >= 0)
		r = put(&p, der, tbs, tbs_n);
	return r < 0 ? r : wrap(&p, der, (size_t)(der_end - p), SEQUENCE);
}

/*
 * mbedTLS's deterministic ECDSA leaves the key on the stack, where a process
 * that is forked later would have it.
 */
static __attribute__((noinline)) void wipe_stack(void)
{
	unsigned char below[STACK_BYTES];

	explicit_bzero(below, sizeof(below));
}

int ca_sign(struct ca *ca, mbedtls_x509write_cert *w,
	    unsigned char der[CA_DER_MAX])
{
	unsigned char tbs[CA_DER_MAX], hash[HASH_BYTES];
	unsigned char sig[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
	const unsigned char *at;
	size_t sig_n = 0;
	int r, n = mbedtls_x509write_crt_der(w, der, CA_DER_MAX,
					     mbedtls_ctr_drbg_random, &ca->rng);

	if (n < 0)
		return n;
	n = rewrite(der + CA_DER_MAX - n, (size_t)n, tbs, tbs + sizeof(tbs));
	if (n < 0)
		return n;
	at = tbs + CA_DER_MAX - n;
	r = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), at,
		       (size_t)n, hash);
	if (r == 0)
		r = sign_hash(ca, hash, sig, &sig_n);
	wipe_stack();
	return r != 0 ? r
		      : seal(at, (size_t)n, sig, sig_n, der, der + CA_DER_MAX);
}
