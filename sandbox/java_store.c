/* SPDX-License-Identifier: MIT */
/*
 * sandbox/java_store.c - a trust store that Java can read
 *
 * In:         certificates in PEM
 * Out:        JKS: magic, version, the number of entries; of each a tag, an
 *             alias, a date, a type and the certificate; at the end SHA-1 over
 *             password, a phrase and all before. Numbers are big-endian, texts
 *             have two bytes of length before them
 * Invariants: an entry stands in the store whole or not at all
 * References: sun.security.provider.JavaKeyStore; RFC 7468 (PEM)
 */
#include "sandbox/java_store.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base64.h"
#include "common/sha1.h"
#include "common/strbuf.h"

#define MAGIC	    0xfeedfeedu
#define VERSION	    2u
#define TAG_TRUSTED 2u
#define COUNT_AT    8u

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

static void add_u16(struct strbuf *out, size_t x)
{
	strbuf_addc(out, (char)(uint8_t)(x >> 8));
	strbuf_addc(out, (char)(uint8_t)x);
}

static void add_u32(struct strbuf *out, uint32_t x)
{
	add_u16(out, x >> 16);
	add_u16(out, x & 0xffff);
}

static void add_text(struct strbuf *out, const char *s)
{
	add_u16(out, strlen(s));
	strbuf_adds(out, s);
}

static bool is_space(char c)
{
	return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* Return: false for what is no base64. */
static bool decode(const char *s, size_t n, struct strbuf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t i = 0;

	for (; i < n && s[i] != '='; i++) {
		int digit = base64_value(s[i]);

		if (digit < 0 && is_space(s[i]))
			continue;
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			strbuf_addc(out, (char)(uint8_t)(bits >> have));
		}
	}
	for (; i < n; i++)
		if (s[i] != '=' && !is_space(s[i]))
			return false;
	return true;
}

/*
 * Is @der one SEQUENCE and nothing else, as every certificate is? Java gives a
 * whole store up for one entry that is cut.
 */
static bool is_whole(const struct strbuf *der)
{
	const unsigned char *b = (const unsigned char *)der->s;
	size_t length = 0, at = 2;

	if (der->len < 2 || b[0] != 0x30)
		return false;
	if (b[1] < 0x80)
		return b[1] == der->len - at;
	if (b[1] == 0x80 || b[1] > 0x83)
		return false;
	for (unsigned i = 0; i < (b[1] & 0x7fu); i++, at++) {
		if (at >= der->len)
			return false;
		length = length << 8 | b[at];
	}
	return length == der->len - at;
}

static void add_entry(struct strbuf *out, const struct strbuf *der,
		      uint32_t number)
{
	char alias[32];

	(void)snprintf(alias, sizeof(alias), "ca-%u", (unsigned)number);
	add_u32(out, TAG_TRUSTED);
	add_text(out, alias);
	add_u32(out, 0); /* when it was added, in milliseconds: */
	add_u32(out, 0); /* nobody asks */
	add_text(out, "X.509");
	add_u32(out, (uint32_t)der->len);
	strbuf_add(out, der->s, der->len);
}

/* The next certificate's base64 behind *@at. Return: false: none is left. */
static bool next_pem(const char *pem, size_t n, size_t *at, const char **ret,
		     size_t *ret_n)
{
	const char *begin =
		memmem(pem + *at, n - *at, BEGIN, sizeof(BEGIN) - 1);
	const char *end;

	if (!begin)
		return false;
	begin += sizeof(BEGIN) - 1;
	end = memmem(begin, n - (size_t)(begin - pem), END, sizeof(END) - 1);
	if (!end)
		return false;
	*ret = begin;
	*ret_n = (size_t)(end - begin);
	*at = (size_t)(end - pem) + sizeof(END) - 1;
	return true;
}

/* In the place that was left for it. */
static void set_count(struct strbuf *out, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++)
		out->s[COUNT_AT + i] = (char)(uint8_t)(n >> (24 - 8 * i));
}

static void add_checksum(struct strbuf *out)
{
	static const char password[] = JAVA_STORE_PASSWORD;
	struct strbuf all = STRBUF_INIT;
	uint8_t sum[SHA1_BYTES];

	for (size_t i = 0; i < sizeof(password) - 1; i++)
		add_u16(&all, (unsigned char)password[i]);
	strbuf_adds(&all, "Mighty Aphrodite");
	strbuf_add(&all, out->s, out->len);
	if (strbuf_failed(&all)) {
		out->failed = true;
	} else {
		sha1(all.s, all.len, sum);
		strbuf_add(out, (const char *)sum, sizeof(sum));
	}
	strbuf_fini(&all);
}

void java_store_render(const char *pem, size_t n, struct strbuf *out)
{
	const char *text = NULL;
	size_t text_n = 0, at = 0;
	uint32_t count = 0;

	add_u32(out, MAGIC);
	add_u32(out, VERSION);
	add_u32(out, 0);
	while (next_pem(pem, n, &at, &text, &text_n)) {
		struct strbuf der = STRBUF_INIT;

		if (decode(text, text_n, &der) && !strbuf_failed(&der) &&
		    is_whole(&der))
			add_entry(out, &der, ++count);
		if (strbuf_failed(&der))
			out->failed = true;
		strbuf_fini(&der);
	}
	if (strbuf_failed(out))
		return;
	set_count(out, count);
	add_checksum(out);
}
