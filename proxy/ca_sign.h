/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_sign.h - a certificate signed as strict clients want it
 *
 * mbedTLS 2.28 writes NULL as the parameters of ecdsa-with-SHA256. They MUST be
 * absent (RFC 5758 section 3.2), and rustls, so deno and much that is written
 * in Rust, refuses a certificate where they are not.
 *
 * For ca.c and leaf.c only.
 */
#ifndef NETLEASH_PROXY_CA_SIGN_H
#define NETLEASH_PROXY_CA_SIGN_H

#include "proxy/ca_priv.h"

#define CA_DER_MAX 2048

/*
 * The certificate that @w describes, signed by @ca's key, at the end of @der.
 * Return: its length, or mbedTLS's error.
 */
int ca_sign(struct ca *ca, mbedtls_x509write_cert *w,
	    unsigned char der[CA_DER_MAX]);

#endif
