/* SPDX-License-Identifier: MIT */
/*
 * common/utf8.c - decode and encode UTF-8 (RFC 3629), one code point a call
 */
#include "common/utf8.h"

static bool is_surrogate(uint32_t cp)
{
	return cp >= 0xd800 && cp <= 0xdfff;
}

size_t utf8_decode(const char *s, size_t n, uint32_t *ret)
{
	/* The smallest code point that needs this many bytes. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t cp;
	size_t len;
	uint8_t first;

	if (n == 0)
		return 0;
	first = (uint8_t)s[0];
	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	if (first >= 0xf0 && first < 0xf8)
		len = 4;
	else if (first >= 0xe0 && first < 0xf0)
		len = 3;
	else if (first >= 0xc0 && first < 0xe0)
		len = 2;
	else
		return 0;
	if (len > n)
		return 0;

	cp = first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		uint8_t c = (uint8_t)s[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (c & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || is_surrogate(cp))
		return 0;
	*ret = cp;
	return len;
}

bool utf8_is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c ||
	       cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}
