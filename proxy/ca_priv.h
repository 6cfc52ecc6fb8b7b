/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_priv.h - the authority, inside out
 *
 * For ca*.c and leaf.c only.
 */
#ifndef NETLEASH_PROXY_CA_PRIV_H
#define NETLEASH_PROXY_CA_PRIV_H

#include <stdbool.h>
#include <time.h>

#include "proxy/ca.h"
#include "proxy/mbedtls_compat.h"

#define CA_NAME_MAX	64
#define CA_NAME_PREFIX	"CN=netleash CA "
#define CA_SERIAL_BYTES 16
#define CA_KEY_MAX	1024 /* bytes of the key as PEM */
#define CA_TIME_TEXT	16   /* YYYYMMDDhhmmss */

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

/*
 * ca_pair.c: makes *@ret of a key and a certificate as PEM, terminated, and a
 * leaf key that is new. Return: 0; -EINVAL with a sentence for what is damaged,
 * not of ca_new()'s kind, or not good at @now and for a day; -ENOMEM; -EIO.
 */
int ca_pair_parse(const char *key, size_t key_n, const char *pem, size_t pem_n,
		  time_t now, struct ca **ret, char error[CA_ERROR_MAX]);

/* One certificate as PEM and nothing else, into @crt, which is initialised.
 * Return: false for anything else. */
bool ca_pair_parse_crt(const char *pem, size_t n, mbedtls_x509_crt *crt);

/* Random, positive, not zero-leading. Return: 0, or mbedTLS's error. */
int ca_make_serial(struct ca *ca, unsigned char ret[CA_SERIAL_BYTES]);

#endif
