/* SPDX-License-Identifier: MIT */
/*
 * proxy/mbedtls_compat.h - one face for mbedTLS 2.28 and 3.x
 *
 * For proxy/tls_*.c, ca*.c, leaf.c and auth.c only. 2.28 knows TLS 1.2 at
 * best; 3.6 knows 1.3, for which its crypto must be initialised, and where
 * tickets arrive among data.
 */
#ifndef NETLEASH_PROXY_MBEDTLS_COMPAT_H
#define NETLEASH_PROXY_MBEDTLS_COMPAT_H

#include <stdbool.h>

#include <mbedtls/asn1write.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/md.h>
#include <mbedtls/net_sockets.h> /* for its error codes alone */
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

/* Once in a process, before anything else of mbedTLS; again does no harm. */
static inline bool compat_tls_init(void)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
	return psa_crypto_init() == PSA_SUCCESS;
#else
	return true;
#endif
}

/* compat_sha256() is their own code, which needs no compat_tls_init(). */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define compat_sha256		   mbedtls_sha256
#define COMPAT_TLS_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_CERTIFICATE
#define COMPAT_TLS_BAD_VERSION	   MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION
/* A member of a struct of theirs that no function tells. */
#define COMPAT_TLS_PRIVATE(member) MBEDTLS_PRIVATE(member)
#else
#define compat_sha256		   mbedtls_sha256_ret
#define COMPAT_TLS_PRIVATE(member) member
#define COMPAT_TLS_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#define COMPAT_TLS_BAD_VERSION	   MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#endif

static inline void compat_tls_set_min_1_2(mbedtls_ssl_config *conf)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
	mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#else
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

/* For our own servers: what is written for 1.2 only, and tried with it. */
static inline void compat_tls_set_max_1_2(mbedtls_ssl_config *conf)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
	mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#else
	mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

static inline bool compat_tls_has_1_3(void)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
	return true;
#else
	return false;
#endif
}

/* Reading or writing returned @r: nothing was moved, but it is no end. */
static inline bool compat_tls_is_ticket(int r)
{
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
	return r == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
	(void)r;
	return false;
#endif
}

/* @bytes: big-endian, positive, not zero-leading. Return: as mbedTLS does. */
static inline int compat_tls_set_serial(mbedtls_x509write_cert *w,
					unsigned char *bytes, size_t n)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
	return mbedtls_x509write_crt_set_serial_raw(w, bytes, n);
#else
	mbedtls_mpi serial;
	int r;

	mbedtls_mpi_init(&serial);
	r = mbedtls_mpi_read_binary(&serial, bytes, n);
	if (r == 0)
		r = mbedtls_x509write_crt_set_serial(w, &serial);
	mbedtls_mpi_free(&serial);
	return r;
#endif
}

/* A private key as PEM, @n bytes with its NUL. Return: as mbedTLS does. */
static inline int compat_tls_parse_key(mbedtls_pk_context *key,
				       const unsigned char *pem, size_t n,
				       mbedtls_ctr_drbg_context *rng)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	return mbedtls_pk_parse_key(key, pem, n, NULL, 0,
				    mbedtls_ctr_drbg_random, rng);
#else
	(void)rng;
	return mbedtls_pk_parse_key(key, pem, n, NULL, 0);
#endif
}

/* Is @key the private half of @pub? */
static inline bool compat_tls_is_pair(mbedtls_pk_context *pub,
				      mbedtls_pk_context *key,
				      mbedtls_ctr_drbg_context *rng)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	return mbedtls_pk_check_pair(pub, key, mbedtls_ctr_drbg_random, rng) ==
	       0;
#else
	(void)rng;
	return mbedtls_pk_check_pair(pub, key) == 0;
#endif
}

#endif
