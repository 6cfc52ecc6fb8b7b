/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca.h - the authority that signs for inspected hosts
 *
 * P-256 and SHA-256. It signs leaf certificates for one host each and nothing
 * else (pathLenConstraint 0). A run has one of its own in memory, which dies
 * with it; a daemon's is kept in files (proxy/ca_file.h).
 *
 * Not thread-safe: whoever mints uses it alone.
 *
 * References: RFC 5280
 */
#ifndef NETLEASH_PROXY_CA_H
#define NETLEASH_PROXY_CA_H

#include <time.h>

struct ca;

#define CA_ERROR_MAX 256

#define CA_PEM_MAX 2048

/* Clocks differ, the sandbox's from ours among them. */
#define CA_SKEW_SECONDS (24 * 3600)

/* Makes a key and a certificate, good for @days from @now on. Return: 0,
 * -ENOMEM, or -EIO where there are no random numbers. */
int ca_new(time_t now, unsigned days, struct ca **ret);

/* Wipes the keys. NULL is fine. */
void ca_free(struct ca *ca);

/* The certificate as PEM, with its last newline; borrowed. */
const char *ca_pem(const struct ca *ca);

#endif
