/* SPDX-License-Identifier: MIT */
/*
 * common/sha1.h - SHA-1, for formats that have it as a checksum
 *
 * No signature and no secret may hang on it. Reference: RFC 3174.
 */
#ifndef NETLEASH_COMMON_SHA1_H
#define NETLEASH_COMMON_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_BYTES 20

void sha1(const void *bytes, size_t n, uint8_t ret[SHA1_BYTES]);

#endif
