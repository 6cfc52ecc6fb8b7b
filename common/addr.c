/* SPDX-License-Identifier: MIT */
/*
 * common/addr.c - IP addresses and prefixes: text, socket address, containment
 *
 * Invariants: an IPv4-mapped address never leaves this file as IPv6, or a rule
 *             for 10.0.0.1 would not be about ::ffff:10.0.0.1
 * References: RFC 4291, 5952; inet_pton(3) and inet_ntop(3) of glibc, which
 *             refuse leading zeros and write the form of RFC 5952
 */
#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "common/parse.h"

#define MAPPED_BITS 96 /* ::ffff:0:0/96 */

static bool is_mapped(const struct addr *a)
{
	static const uint8_t prefix[12] = { 0, 0, 0, 0, 0,    0,
					    0, 0, 0, 0, 0xff, 0xff };

	return a->family == AF_INET6 &&
	       memcmp(a->bytes, prefix, sizeof(prefix)) == 0;
}

static void unmap(struct addr *a)
{
	if (!is_mapped(a))
		return;
	a->family = AF_INET;
	memmove(a->bytes, a->bytes + 12, 4);
	memset(a->bytes + 4, 0, 12);
}

bool addr_text_is_numeric(const char *s, size_t n)
{
	size_t start;

	if (n > 0 && s[n - 1] == '.')
		n--;
	start = n;
	while (start > 0 && s[start - 1] != '.')
		start--;
	s += start;
	n -= start;
	if (n >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		for (size_t i = 2; i < n; i++)
			if (!memchr("0123456789abcdefABCDEF", s[i], 22))
				return false;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0;
}

/* As addr_parse(), but a mapped address stays IPv6. */
static enum addr_err parse_text(const char *s, size_t n, struct addr *ret)
{
	bool colon = n > 0 && memchr(s, ':', n);
	char text[ADDR_TEXT_MAX];
	struct addr a = { .family = colon ? AF_INET6 : AF_INET };

	if (colon && memchr(s, '%', n))
		return ADDR_ZONE;
	if (n > 0 && n < sizeof(text) && !memchr(s, '\0', n)) {
		memcpy(text, s, n);
		text[n] = '\0';
		if (inet_pton(a.family, text, a.bytes) == 1) {
			*ret = a;
			return ADDR_OK;
		}
	}
	if (!colon && addr_text_is_numeric(s, n))
		return ADDR_NOT_QUAD;
	return ADDR_MALFORMED;
}

enum addr_err addr_parse(const char *s, size_t n, struct addr *ret)
{
	enum addr_err err = parse_text(s, n, ret);

	if (err == ADDR_OK)
		unmap(ret);
	return err;
}

static uint8_t family_bits(const struct addr *a)
{
	return a->family == AF_INET ? 32 : 128;
}

/* Zeroes the bits after the first @bits. Return: true if one was set. */
static bool clear_host_bits(struct addr *a, unsigned bits)
{
	bool any = false;

	for (unsigned i = 0; i < sizeof(a->bytes); i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		uint8_t mask = (uint8_t)(keep >= 8 ? 0xff : 0xff00 >> keep);

		any = any || (a->bytes[i] & ~mask);
		a->bytes[i] &= mask;
	}
	return any;
}

enum addr_err cidr_parse(const char *s, size_t n, struct cidr *ret)
{
	const char *slash = n > 0 ? memchr(s, '/', n) : NULL;
	size_t addr_n = slash ? (size_t)(slash - s) : n;
	struct cidr c = { .bits = 0 };
	enum addr_err err;
	bool host_bits;
	uint32_t bits;

	err = parse_text(s, addr_n, &c.base);
	if (err != ADDR_OK)
		return err;
	bits = family_bits(&c.base);
	if (slash && (parse_u32(slash + 1, n - addr_n - 1, &bits) < 0 ||
		      bits > family_bits(&c.base)))
		return ADDR_BAD_PREFIX;

	host_bits = clear_host_bits(&c.base, bits);
	/* A shorter prefix has lost the ffff, and so is mapped no longer. */
	if (is_mapped(&c.base) && bits >= MAPPED_BITS) {
		unmap(&c.base);
		bits -= MAPPED_BITS;
	}
	c.bits = (uint8_t)bits;
	*ret = c;
	return host_bits ? ADDR_HOST_BITS : ADDR_OK;
}

static const char *format_quad(const uint8_t bytes[4], char buf[ADDR_TEXT_MAX])
{
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		at += format_decimal(bytes[i], buf + at);
		buf[at++] = i < 3 ? '.' : '\0';
	}
	return buf;
}

const char *addr_format(const struct addr *a, char buf[ADDR_TEXT_MAX])
{
	if (a->family == AF_INET)
		return format_quad(a->bytes, buf);
	/* Neither failure can happen: the family is ours, the buffer fits. */
	if (!inet_ntop(a->family, a->bytes, buf, ADDR_TEXT_MAX))
		(void)snprintf(buf, ADDR_TEXT_MAX, "?");
	return buf;
}

const char *cidr_format(const struct cidr *c, char buf[CIDR_TEXT_MAX])
{
	char text[ADDR_TEXT_MAX];

	(void)snprintf(buf, CIDR_TEXT_MAX, "%s/%u", addr_format(&c->base, text),
		       (unsigned)c->bits);
	return buf;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool cidr_contains(const struct cidr *c, const struct addr *a)
{
	size_t whole = c->bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> c->bits % 8);

	/* Mostly the first byte tells. */
	if (c->base.family != a->family ||
	    (whole > 0 && c->base.bytes[0] != a->bytes[0]) ||
	    memcmp(c->base.bytes, a->bytes, whole) != 0)
		return false;
	return mask == 0 ||
	       ((c->base.bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}

bool cidr_within(const struct cidr *inner, const struct cidr *outer)
{
	return inner->bits >= outer->bits && cidr_contains(outer, &inner->base);
}

socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port,
			   struct sockaddr_storage *ret)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(ret, 0, sizeof(*ret));
	if (a->family == AF_INET) {
		in.sin_port = htons(port);
		memcpy(&in.sin_addr, a->bytes, sizeof(in.sin_addr));
		memcpy(ret, &in, sizeof(in));
		return sizeof(in);
	}
	in6.sin6_port = htons(port);
	memcpy(&in6.sin6_addr, a->bytes, sizeof(in6.sin6_addr));
	memcpy(ret, &in6, sizeof(in6));
	return sizeof(in6);
}

int addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret,
		       uint16_t *ret_port)
{
	struct addr a = { .family = sa->sa_family };
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	uint16_t port;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		memcpy(a.bytes, &in.sin_addr, sizeof(in.sin_addr));
		port = in.sin_port;
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(a.bytes, &in6.sin6_addr, sizeof(in6.sin6_addr));
		port = in6.sin6_port;
	} else {
		return -EAFNOSUPPORT;
	}
	unmap(&a);
	*ret = a;
	if (ret_port)
		*ret_port = ntohs(port);
	return 0;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t v6[16] = { [15] = 1 };

	return (a->family == AF_INET && a->bytes[0] == 127) ||
	       (a->family == AF_INET6 && memcmp(a->bytes, v6, 16) == 0);
}

const char *addr_format_port(const struct addr *a, uint16_t port,
			     char buf[ADDR_PORT_TEXT_MAX])
{
	const bool brackets = a->family == AF_INET6;
	size_t at;

	buf[0] = '[';
	(void)addr_format(a, buf + brackets);
	at = strlen(buf);
	if (brackets)
		buf[at++] = ']';
	buf[at++] = ':';
	at += format_decimal(port, buf + at);
	buf[at] = '\0';
	return buf;
}
