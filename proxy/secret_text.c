/* SPDX-License-Identifier: MIT */
/*
 * proxy/secret_text.c - one text for another in a field's value
 *
 * In base64 a text begins with its first, its fifth or its third bit at a whole
 * digit, depending on how many bytes stand before it: so it has one of three
 * forms, whatever is around it, but for up to four bits at each end, which
 * share a digit with a neighbour.
 *
 * References: RFC 3986 section 2.1, RFC 4648 sections 4 and 5, RFC 7617
 */
#include "proxy/secret_text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/base64.h"
#include "common/macros.h"
#include "common/parse.h"

/* The bit that is the first of a whole digit, behind 0, 1 and 2 bytes. */
static const size_t first_bits[] = { 0, 4, 2 };

void secret_text_swap(struct strbuf *out, const char *s, size_t n,
		      const char *from, const char *to)
{
	const size_t from_n = strlen(from);
	const char *hit;

	while ((hit = memmem(s, n, from, from_n))) {
		strbuf_add(out, s, (size_t)(hit - s));
		strbuf_adds(out, to);
		n -= (size_t)(hit - s) + from_n;
		s = hit + from_n;
	}
	strbuf_add(out, s, n);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_blanks(const char *s, size_t n, size_t at)
{
	while (at < n && is_blank(s[at]))
		at++;
	return at;
}

/* The word of base64 in @s, if it is of the Basic scheme. */
static bool find_basic(const char *s, size_t n, size_t *ret_at, size_t *ret_n)
{
	static const char scheme[] = "Basic";
	const size_t scheme_n = sizeof(scheme) - 1;
	size_t at = skip_blanks(s, n, 0), end;

	if (n - at <= scheme_n || strncasecmp(s + at, scheme, scheme_n) != 0 ||
	    !is_blank(s[at + scheme_n]))
		return false;
	at = skip_blanks(s, n, at + scheme_n);
	for (end = at; end < n && !is_blank(s[end]);)
		end++;
	*ret_at = at;
	*ret_n = end - at;
	return skip_blanks(s, n, end) == n;
}

static void wipe(struct strbuf *b)
{
	if (b->s)
		explicit_bzero(b->s, b->size);
	strbuf_fini(b);
}

void secret_text_swap_authorization(struct strbuf *out, const char *s, size_t n,
				    const char *from, const char *to)
{
	struct strbuf plain = STRBUF_INIT, swapped = STRBUF_INIT;
	size_t at = 0, word_n = 0;
	bool is_basic;

	/* A text that is base64 itself can stand there as it is. */
	is_basic = !memmem(s, n, from, strlen(from)) &&
		   find_basic(s, n, &at, &word_n) &&
		   base64_decode(s + at, word_n, &plain);
	if (is_basic && plain.len > 0 &&
	    memmem(plain.s, plain.len, from, strlen(from))) {
		secret_text_swap(&swapped, plain.s, plain.len, from, to);
		strbuf_add(out, s, at);
		if (!strbuf_failed(&swapped))
			base64_add(out, swapped.s, swapped.len);
		strbuf_add(out, s + at + word_n, n - at - word_n);
	} else {
		secret_text_swap(out, s, n, from, to);
	}
	if (strbuf_failed(&plain) || strbuf_failed(&swapped))
		out->failed = true;
	wipe(&plain);
	wipe(&swapped);
}

static bool is_url_digit(char c)
{
	return c == '-' || c == '_';
}

/* Of either alphabet. */
static int value_of(char c)
{
	if (is_url_digit(c))
		return c == '-' ? 62 : 63;
	return base64_value(c);
}

/* In the alphabet for URLs, if @url. */
static char digit_of(unsigned value, bool url)
{
	if (url && value >= 62)
		return value == 62 ? '-' : '_';
	return base64_digit(value);
}

/* Six bits of @s, which goes on as it began, from its bit @bit on. */
static unsigned bits_at(const char *s, size_t n, size_t bit)
{
	unsigned first = (uint8_t)s[bit / 8 % n];
	unsigned second = (uint8_t)s[(bit / 8 + 1) % n];

	return (first << 8 | second) >> (10 - bit % 8) & 63;
}

void secret_finder_init(struct secret_finder *f, const char *from,
			const char *to)
{
	*f = (struct secret_finder){ .from = from,
				     .to = *to ? to : "*",
				     .from_n = strlen(from) };
	f->to_n = strlen(f->to);
	f->starts[(uint8_t)from[0]] = f->starts['%'] = true;
	if (from[0] == ' ')
		f->starts['+'] = true;
	if (f->from_n < SECRET_TEXT_BASE64_MIN)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(first_bits); i++) {
		unsigned v = bits_at(from, f->from_n, first_bits[i]);

		f->starts[(uint8_t)digit_of(v, false)] = true;
		f->starts[(uint8_t)digit_of(v, true)] = true;
	}
}

/* How many bytes at @s stand for the byte @c; 0: none do. */
static size_t take_byte(const char *s, size_t n, char c)
{
	/* "%41", or "%2541" where it was encoded again. */
	for (size_t at = 1; s[0] == '%' && n >= at + 2; at += 2) {
		int value = parse_hex_byte(s + at);

		if (value == (uint8_t)c)
			return at + 2;
		if (value != '%')
			break;
	}
	return s[0] == c || (s[0] == '+' && c == ' ') ? 1 : 0;
}

static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || strchr("-._~", c);
}

static void add_percent(struct strbuf *out, const char *s)
{
	for (; *s; s++)
		if (is_unreserved(*s))
			strbuf_addc(out, *s);
		else
			strbuf_addf(out, "%%%02X", (unsigned)(uint8_t)*s);
}

/* Return: how many bytes it has taken; 0: it is not there. */
static size_t hide_percent(const struct secret_finder *f, struct strbuf *out,
			   const char *s, size_t n)
{
	bool encoded = false;
	size_t at = 0;

	for (size_t i = 0; i < f->from_n; i++) {
		size_t taken =
			at < n ? take_byte(s + at, n - at, f->from[i]) : 0;

		if (taken == 0)
			return 0;
		encoded = encoded || taken > 1;
		at += taken;
	}
	if (encoded)
		add_percent(out, f->to);
	else
		strbuf_adds(out, f->to);
	return at;
}

/* How many digits at @s are those from the bit @bit on; 0: they are not. */
static size_t match_base64(const struct secret_finder *f, const char *s,
			   size_t n, size_t bit, bool *ret_url)
{
	size_t at = 0;

	*ret_url = false;
	for (; bit + 6 <= f->from_n * 8; bit += 6, at++) {
		if (at == n ||
		    value_of(s[at]) != (int)bits_at(f->from, f->from_n, bit))
			return 0;
		*ret_url = *ret_url || is_url_digit(s[at]);
	}
	return at;
}

/* The digit before, which has its first @n bits at its end. */
static void patch_before(const struct secret_finder *f, struct strbuf *out,
			 size_t n, bool url)
{
	char *c = out->len > 0 ? &out->s[out->len - 1] : NULL;
	const unsigned mask = (1u << n) - 1;

	if (n > 0 && c && value_of(*c) >= 0)
		*c = digit_of(((unsigned)value_of(*c) & ~mask) |
				      (uint8_t)f->to[0] >> (8 - n),
			      url || is_url_digit(*c));
}

/* The digit behind, @c, which has the last @n bits at its beginning. */
static void add_behind(const struct secret_finder *f, struct strbuf *out,
		       char c, size_t n, bool url)
{
	const unsigned last = (uint8_t)f->to[(f->from_n - 1) % f->to_n];
	const unsigned mask = (1u << (6 - n)) - 1;

	strbuf_addc(out, digit_of(((unsigned)value_of(c) & mask) |
					  (last << (6 - n) & 63),
				  url || is_url_digit(c)));
}

static size_t hide_base64(const struct secret_finder *f, struct strbuf *out,
			  const char *s, size_t n)
{
	if (f->from_n < SECRET_TEXT_BASE64_MIN || strbuf_failed(out))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(first_bits); i++) {
		size_t bit = first_bits[i], taken, left;
		bool url;

		taken = match_base64(f, s, n, bit, &url);
		if (taken == 0)
			continue;
		patch_before(f, out, bit, url);
		for (size_t k = 0; k < taken; k++, bit += 6)
			strbuf_addc(out, digit_of(bits_at(f->to, f->to_n, bit),
						  url));
		left = f->from_n * 8 - bit;
		if (left == 0 || taken == n || value_of(s[taken]) < 0)
			return taken;
		add_behind(f, out, s[taken], left, url);
		return taken + 1;
	}
	return 0;
}

/* Return: how many bytes at @s were taken out; 0: none. */
static size_t hide_at(const struct secret_finder *f, struct strbuf *out,
		      const char *s, size_t n)
{
	size_t taken;

	if (n >= f->from_n && memcmp(s, f->from, f->from_n) == 0) {
		strbuf_adds(out, f->to);
		return f->from_n;
	}
	taken = hide_percent(f, out, s, n);
	return taken > 0 ? taken : hide_base64(f, out, s, n);
}

void secret_finder_hide(const struct secret_finder *f, struct strbuf *out,
			const char *s, size_t n)
{
	size_t from = 0, at = 0;

	while (at < n) {
		size_t taken;

		if (!f->starts[(uint8_t)s[at]]) {
			at++;
			continue;
		}
		strbuf_add(out, s + from, at - from);
		from = at;
		taken = hide_at(f, out, s + at, n - at);
		at += taken > 0 ? taken : 1;
		if (taken > 0)
			from = at;
	}
	strbuf_add(out, s + from, n - from);
}
