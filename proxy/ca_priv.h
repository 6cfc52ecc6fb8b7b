/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_priv.h - the authority, inside out
 *
 * For ca.c, ca_file.c and leaf.c only.
 */
#ifndef NETLEASH_PROXY_CA_PRIV_H
#define NETLEASH_PROXY_CA_PRIV_H

#include <time.h>

#include "proxy/ca.h"
#include "proxy/mbedtls_compat.h"

#define CA_PEM_MAX	2048
#define CA_NAME_MAX	64
#define CA_SERIAL_BYTES 16
#define CA_TIME_TEXT	16 /* YYYYMMDDhhmmss */

/**
 * struct ca
 * @key, @crt: its own
 * @leaf_key: of all leaves: who has one of our processes has them all
 * @name:     its subject, and so the leaves' issuer
 */
struct ca {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_pk_context key, leaf_key;
	mbedtls_x509_crt crt;
	char pem[CA_PEM_MAX];
	char name[CA_NAME_MAX];
};

/* Random numbers and no keys yet. Return: 0, -ENOMEM or -EIO. */
int ca_new_empty(struct ca **ret);

/* A fresh P-256 key. Return: 0, or mbedTLS's error. */
int ca_make_key(struct ca *ca, mbedtls_pk_context *ret);

/* Seconds since 1970 as certificates have them, in UTC. */
void ca_format_time(time_t t, char ret[CA_TIME_TEXT]);

/* The same back; a certificate's times are what mbedTLS read. */
time_t ca_time(const mbedtls_x509_time *t);

/* Random, positive, not zero-leading. Return: 0, or mbedTLS's error. */
int ca_make_serial(struct ca *ca, unsigned char ret[CA_SERIAL_BYTES]);

#endif
