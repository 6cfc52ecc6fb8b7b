/* SPDX-License-Identifier: MIT */
/*
 * common/sha1.c - SHA-1, for formats that have it as a checksum
 *
 * Reference: RFC 3174; its names in section 6.1
 */
#include "common/sha1.h"

#include <string.h>

#define BLOCK 64

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t choose(unsigned t, const uint32_t s[5])
{
	const uint32_t b = s[1], c = s[2], d = s[3];

	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void add_block(uint32_t h[5], const uint8_t *block)
{
	uint32_t w[80], s[5];

	for (size_t t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 |
		       (uint32_t)block[4 * t + 1] << 16 |
		       (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (size_t t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(s, h, sizeof(s));
	for (unsigned t = 0; t < 80; t++) {
		uint32_t next = rotate(s[0], 5) + choose(t, s) + s[4] + w[t];

		s[4] = s[3];
		s[3] = s[2];
		s[2] = rotate(s[1], 30);
		s[1] = s[0];
		s[0] = next;
	}
	for (size_t i = 0; i < 5; i++)
		h[i] += s[i];
}

static void put_u32(uint8_t *to, uint32_t x)
{
	to[0] = (uint8_t)(x >> 24);
	to[1] = (uint8_t)(x >> 16);
	to[2] = (uint8_t)(x >> 8);
	to[3] = (uint8_t)x;
}

void sha1(const void *bytes, size_t n, uint8_t ret[SHA1_BYTES])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
			  0xc3d2e1f0 };
	const uint8_t *s = bytes;
	const uint64_t bits = (uint64_t)n * 8;
	uint8_t last[2 * BLOCK] = { 0 };
	size_t size;

	for (; n >= BLOCK; n -= BLOCK, s += BLOCK)
		add_block(h, s);
	if (n > 0)
		memcpy(last, s, n);
	last[n] = 0x80;
	size = n + 9 <= BLOCK ? BLOCK : (size_t)2 * BLOCK;
	put_u32(last + size - 8, (uint32_t)(bits >> 32));
	put_u32(last + size - 4, (uint32_t)bits);
	for (size_t at = 0; at < size; at += BLOCK)
		add_block(h, last + at);
	for (size_t i = 0; i < 5; i++)
		put_u32(ret + 4 * i, h[i]);
}
