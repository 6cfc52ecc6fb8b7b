/* SPDX-License-Identifier: MIT */
/*
 * common/siphash.h - SipHash-2-4: a hash that a stranger cannot aim
 *
 * Whoever does not know the key cannot choose texts that collide, so a table
 * that is filled from files of strangers stays as fast as any.
 */
#ifndef NETLEASH_COMMON_SIPHASH_H
#define NETLEASH_COMMON_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

/* A new key. Return: 0 or -errno. */
int siphash_key_make(struct siphash_key *ret);

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t n);

#endif
