/* SPDX-License-Identifier: MIT */
/*
 * common/base64.c - bytes as base64 (RFC 4648 section 4), and back
 */
#include "common/base64.h"

#include <stdint.h>

#include "common/strbuf.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";

char base64_digit(unsigned value)
{
	return digits[value & 63];
}

int base64_value(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	if (digit == '+')
		return 62;
	return digit == '/' ? 63 : -1;
}

void base64_add(struct strbuf *out, const char *bytes, size_t n)
{
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)s[i] << 16;

		if (i + 1 < n)
			v |= (unsigned)s[i + 1] << 8;
		if (i + 2 < n)
			v |= s[i + 2];
		strbuf_addc(out, base64_digit(v >> 18));
		strbuf_addc(out, base64_digit(v >> 12));
		strbuf_addc(out, i + 1 < n ? base64_digit(v >> 6) : '=');
		strbuf_addc(out, i + 2 < n ? base64_digit(v) : '=');
	}
}

/* How many of the @n are digits: the others are padding of the right length. */
static bool count_digits(const char *s, size_t n, size_t *ret)
{
	size_t count = n;

	while (count > 0 && n - count < 2 && s[count - 1] == '=')
		count--;
	for (size_t i = 0; i < count; i++)
		if (base64_value(s[i]) < 0)
			return false;
	*ret = count;
	return n % 4 == 0;
}

bool base64_decode(const char *s, size_t n, struct strbuf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t count;

	if (!count_digits(s, n, &count))
		return false;
	/* The bits of the last digit that belong to no byte. */
	if (count < n && ((unsigned)base64_value(s[count - 1]) &
			  (n - count == 1 ? 3u : 15u)))
		return false;
	for (size_t i = 0; i < count; i++) {
		bits = bits << 6 | (uint32_t)base64_value(s[i]);
		have += 6;
		if (have >= 8) {
			have -= 8;
			strbuf_addc(out, (char)(uint8_t)(bits >> have));
		}
	}
	return true;
}
