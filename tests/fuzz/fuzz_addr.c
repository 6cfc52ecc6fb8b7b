/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_addr.c - any text, and any bytes as an address
 *
 * What is accepted comes back from its own text; the class of an address is
 * that of its longest prefix; a prefix is what its halves are; what embeds a
 * closed IPv4 address is closed.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_addr(const struct addr *a)
{
	struct cidr c = { *a, a->family == AF_INET ? 32 : 128 };
	enum addr_class class = addr_class(a);
	char text[ADDR_TEXT_MAX];
	struct addr again, inner[2];
	size_t n = addr_embedded(a, inner);

	addr_format(a, text);
	require(addr_parse(text, strlen(text), &again) == ADDR_OK);
	require(addr_equal(a, &again));
	require(cidr_is_non_public(&c) == (class != ADDR_PUBLIC));
	require(cidr_is_link_local(&c) == (class == ADDR_LINK_LOCAL));
	for (size_t i = 0; i < n; i++) {
		enum addr_class inside = addr_class(&inner[i]);

		require(inside == ADDR_PUBLIC || class != ADDR_PUBLIC);
		require(inside != ADDR_LINK_LOCAL || class == ADDR_LINK_LOCAL);
	}
}

static void check_cidr(const struct cidr *c)
{
	unsigned all = c->base.family == AF_INET ? 32 : 128;
	struct cidr again, half[2] = { *c, *c };
	char text[CIDR_TEXT_MAX];

	cidr_format(c, text);
	require(cidr_parse(text, strlen(text), &again) == ADDR_OK);
	require(cidr_within(c, &again) && cidr_within(&again, c));
	require(cidr_contains(c, &c->base));
	require(!cidr_is_link_local(c) || cidr_is_non_public(c));
	if (c->bits == all)
		return;
	half[0].bits = half[1].bits = (uint8_t)(c->bits + 1);
	half[1].base.bytes[c->bits / 8] |= (uint8_t)(0x80u >> c->bits % 8);
	require(cidr_within(&half[0], c) && cidr_within(&half[1], c));
	require(cidr_is_non_public(c) ==
		(cidr_is_non_public(&half[0]) && cidr_is_non_public(&half[1])));
	require(cidr_is_link_local(c) ==
		(cidr_is_link_local(&half[0]) && cidr_is_link_local(&half[1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct addr a;
	struct cidr c;
	enum addr_err err;

	if (addr_parse(s, size, &a) == ADDR_OK)
		check_addr(&a);
	err = cidr_parse(s, size, &c);
	if (err == ADDR_OK || err == ADDR_HOST_BITS)
		check_cidr(&c);
	if (size < 17)
		return 0;
	memcpy(&in6.sin6_addr, data, 16);
	require(addr_from_sockaddr((struct sockaddr *)&in6, &a, NULL) == 0);
	check_addr(&a);
	c.base = a;
	c.bits = a.family == AF_INET ? data[16] % 33 : data[16] % 129;
	for (unsigned bit = c.bits; bit < 128; bit++)
		c.base.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	/* ::ffff:0:0/96 and above are IPv4's, whatever the bytes were. */
	check_cidr(&c);
	return 0;
}
