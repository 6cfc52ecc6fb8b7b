/* SPDX-License-Identifier: MIT */
/*
 * sandbox/known_cas.h - the certificates of a daemon's CAs, by number
 *
 * A daemon's CA may be renewed while it works. What a command is made to trust
 * must then be the one by which the proxy serves its run; but the proxy, which
 * reads hostile bytes, shall not say what a privileged process writes into a
 * bundle. So it says a number alone, and the certificate is here: in memory
 * that the keeper writes, who has read the files, and that attendants read.
 */
#ifndef NETLEASH_SANDBOX_KNOWN_CAS_H
#define NETLEASH_SANDBOX_KNOWN_CAS_H

#include <stdbool.h>
#include <stdint.h>

struct known_cas;

/* How many are known at once; the oldest is forgotten first. */
#define KNOWN_CAS_MAX 8

#define KNOWN_CAS_PEM 2048 /* bytes of one, with its NUL */

/* Shared with whoever is forked from now on. @pem is the first, of number
 * KNOWN_CAS_FIRST. Return: 0 or -errno. */
#define KNOWN_CAS_FIRST 1u
int known_cas_new(const char *pem, struct known_cas **ret);

/* For this process: it has none any more; or cannot write any more. NULL is
 * fine. Return: of the second 0 or -errno. */
void known_cas_forget(struct known_cas *k);
int known_cas_freeze(struct known_cas *k);

/* One writer at a time. Return: its number, which is the last one's where
 * @pem is that again. */
uint32_t known_cas_add(struct known_cas *k, const char *pem);

/* Return: false where no such number is known. */
bool known_cas_find(const struct known_cas *k, uint32_t number,
		    char ret[KNOWN_CAS_PEM]);

#endif
