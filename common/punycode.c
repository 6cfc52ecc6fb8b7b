/* SPDX-License-Identifier: MIT */
/*
 * common/punycode.c - a label of any script as ASCII (RFC 3492), one way
 *
 * The ASCII of the label comes first and a '-' after it; then, for each other
 * code point in rising order, how many steps a decoder that walks through all
 * (code point, position) pairs must make to find it, as numbers of variable
 * length in base 36.
 */
#include "common/punycode.h"

enum { /* RFC 3492 section 5 */
	BASE = 36,
	T_MIN = 1,
	T_MAX = 26,
	SKEW = 38,
	DAMP = 700,
	FIRST_BIAS = 72,
	FIRST_CODE_POINT = 0x80,
};

#define LABEL_MAX 63

struct output {
	char *s;
	size_t len, size;
};

static bool put(struct output *out, char c)
{
	if (out->len == out->size)
		return false;
	out->s[out->len++] = c;
	return true;
}

/* Section 3.4: how long the next number is likely to be. */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	while (delta > (BASE - T_MIN) * T_MAX / 2) {
		delta /= BASE - T_MIN;
		k += BASE;
	}
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

/* Section 3.3: least significant digit first, the last one below its t. */
static bool put_number(struct output *out, uint32_t v, uint32_t bias)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = T_MIN;

		if (k >= bias + T_MAX)
			t = T_MAX;
		else if (k > bias)
			t = k - bias;
		if (v < t)
			return put(out, digits[v]);
		if (!put(out, digits[t + (v - t) % (BASE - t)]))
			return false;
		v = (v - t) / (BASE - t);
	}
}

static uint32_t smallest_from(const uint32_t *cp, size_t n, uint32_t floor)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		if (cp[i] >= floor && cp[i] < least)
			least = cp[i];
	return least;
}

bool punycode_encode(const uint32_t *cp, size_t n, char *ret, size_t size,
		     size_t *ret_len)
{
	struct output out = { ret, 0, size };
	uint32_t next = FIRST_CODE_POINT, bias = FIRST_BIAS;
	uint32_t delta = 0, done, ascii;

	/* Keeps delta far from overflow: 0x10ffff * 64 fits in 32 bits. */
	if (n > LABEL_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (cp[i] < FIRST_CODE_POINT && !put(&out, (char)cp[i]))
			return false;
	ascii = done = (uint32_t)out.len;
	if (ascii > 0 && !put(&out, '-'))
		return false;

	while (done < n) {
		uint32_t least = smallest_from(cp, n, next);

		delta += (least - next) * (done + 1);
		for (size_t i = 0; i < n; i++) {
			if (cp[i] < least)
				delta++;
			if (cp[i] != least)
				continue;
			if (!put_number(&out, delta, bias))
				return false;
			bias = adapt(delta, done + 1, done == ascii);
			delta = 0;
			done++;
		}
		delta++;
		next = least + 1;
	}
	*ret_len = out.len;
	return true;
}
