/* SPDX-License-Identifier: MIT */
/*
 * common/addr_class.c - which addresses are public
 *
 * One table cuts the address space into regions; the most specific one that
 * holds an address says its class, or where in it an IPv4 address stands that
 * says it instead. A prefix is judged by the same table: where regions lie
 * inside it, it is halved until none does, so that the answer is exact for
 * every prefix, and a single address is nothing but the longest one.
 *
 * Where IANA's registries name a globally reachable block inside one that is
 * not (192.0.0.9/32, 2001:1::1/128, 2001:20::/28 and others), the outer block
 * decides: anycast of the nearest router and identifiers that are no locators
 * are nothing that a command behind a proxy has to reach.
 *
 * References: the IANA IPv4 and IPv6 Special-Purpose Address Registries,
 * RFC 3056 2 (6to4), 3879 (fec0::/10), 4291 2.5.5.1, 4380 4 (Teredo), 6052 2,
 * 7526 (192.88.99.0/24), 7915 (SIIT), 8215 (64:ff9b:1::/48).
 */
#include "common/addr.h"
#include "common/macros.h"

enum kind {
	PUBLIC,
	NON_PUBLIC,
	LINK_LOCAL,
	IPV4_LAST,	 /* the last 32 bits are the IPv4 address */
	IPV4_LAST_LOCAL, /* they may be; never public */
	SIX_TO_FOUR,	 /* bits 16 to 47 */
	TEREDO, /* server: bits 32 to 63; client: the last 32, inverted */
};

struct region {
	struct cidr cidr;
	enum kind kind;
};

/* clang-format off */
#define V4(a, b, c, d, len) { { AF_INET, { a, b, c, d } }, len }
#define V6(len, ...) { { AF_INET6, { __VA_ARGS__ } }, len }

static const struct region regions[] = {
	{ V4(0, 0, 0, 0, 0), PUBLIC },
	{ V4(0, 0, 0, 0, 8), NON_PUBLIC },       /* this network */
	{ V4(10, 0, 0, 0, 8), NON_PUBLIC },      /* private use */
	{ V4(100, 64, 0, 0, 10), NON_PUBLIC },   /* shared (CGNAT) */
	{ V4(127, 0, 0, 0, 8), NON_PUBLIC },     /* loopback */
	{ V4(169, 254, 0, 0, 16), LINK_LOCAL },
	{ V4(172, 16, 0, 0, 12), NON_PUBLIC },   /* private use */
	{ V4(192, 0, 0, 0, 24), NON_PUBLIC },    /* IETF protocols */
	{ V4(192, 0, 2, 0, 24), NON_PUBLIC },    /* documentation */
	{ V4(192, 88, 99, 0, 24), NON_PUBLIC },  /* 6to4 relays, gone */
	{ V4(192, 168, 0, 0, 16), NON_PUBLIC },  /* private use */
	{ V4(198, 18, 0, 0, 15), NON_PUBLIC },   /* benchmarks */
	{ V4(198, 51, 100, 0, 24), NON_PUBLIC }, /* documentation */
	{ V4(203, 0, 113, 0, 24), NON_PUBLIC },  /* documentation */
	{ V4(224, 0, 0, 0, 4), NON_PUBLIC },     /* multicast */
	{ V4(240, 0, 0, 0, 4), NON_PUBLIC },     /* reserved, broadcast */

	{ V6(0, 0), NON_PUBLIC }, /* all that is not global unicast: 100::/64,
				     5f00::/16, fc00::/7, fec0::/10, ff00::/8 */
	{ V6(3, 0x20), PUBLIC },
	{ V6(96, 0), IPV4_LAST }, /* IPv4-compatible */
	{ V6(127, 0), NON_PUBLIC }, /* :: and ::1 embed nothing */
	{ V6(96, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), IPV4_LAST }, /* SIIT */
	{ V6(96, 0, 0x64, 0xff, 0x9b), IPV4_LAST }, /* NAT64 */
	{ V6(48, 0, 0x64, 0xff, 0x9b, 0, 1), IPV4_LAST_LOCAL },
	{ V6(23, 0x20, 0x01), NON_PUBLIC }, /* IETF protocols */
	{ V6(32, 0x20, 0x01), TEREDO },
	{ V6(32, 0x20, 0x01, 0x0d, 0xb8), NON_PUBLIC }, /* documentation */
	{ V6(16, 0x20, 0x02), SIX_TO_FOUR },
	{ V6(20, 0x3f, 0xff), NON_PUBLIC }, /* documentation */
	{ V6(10, 0xfe, 0x80), LINK_LOCAL },
	/* The metadata service of a large cloud: link-local but for its name. */
	{ V6(128, 0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54),
	  LINK_LOCAL },
};
/* clang-format on */

/*
 * The region that decides for all of @c. Return: NULL if there is more than
 * one, that is if a region lies strictly inside @c.
 */
static const struct region *region_of(const struct cidr *c)
{
	const struct region *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		const struct region *r = &regions[i];

		if (r->cidr.base.family != c->base.family)
			continue;
		if (cidr_within(c, &r->cidr)) {
			if (!best || r->cidr.bits > best->cidr.bits)
				best = r;
		} else if (cidr_within(&r->cidr, c)) {
			return NULL;
		}
	}
	return best;
}

/*
 * The IPv4 prefix that stands in @c at bit @at (a multiple of 8): bits of it
 * that @c leaves open are open in it too.
 */
static struct cidr inner_ipv4(const struct cidr *c, unsigned at, bool inverted)
{
	struct cidr v4 = { .base.family = AF_INET };
	unsigned bits = c->bits > at ? c->bits - at : 0;

	v4.bits = (uint8_t)(bits > 32 ? 32 : bits);
	for (unsigned i = 0; i < 4; i++) {
		unsigned keep = v4.bits > i * 8 ? v4.bits - i * 8 : 0;
		uint8_t mask = (uint8_t)(keep >= 8 ? 0xff : 0xff00 >> keep);
		uint8_t byte = c->base.bytes[at / 8 + i];

		v4.base.bytes[i] = (inverted ? (uint8_t)~byte : byte) & mask;
	}
	return v4;
}

static void halve(const struct cidr *c, struct cidr half[2])
{
	half[0] = *c;
	half[0].bits++;
	half[1] = half[0];
	half[1].base.bytes[c->bits / 8] |= (uint8_t)(0x80 >> c->bits % 8);
}

/* True if every address of @c is at least as closed as @floor. */
static bool all_of(const struct cidr *c, enum addr_class floor)
{
	const struct region *r = region_of(c);
	struct cidr part[2];

	if (!r) {
		/* As deep as the longest region: 128 at most. */
		halve(c, part);
		return all_of(&part[0], floor) && all_of(&part[1], floor);
	}
	switch (r->kind) {
	case PUBLIC:
		return false;
	case NON_PUBLIC:
		return floor == ADDR_NON_PUBLIC;
	case LINK_LOCAL:
		return true;
	case IPV4_LAST:
		part[0] = inner_ipv4(c, 96, false);
		return all_of(&part[0], floor);
	case IPV4_LAST_LOCAL:
		part[0] = inner_ipv4(c, 96, false);
		return floor == ADDR_NON_PUBLIC || all_of(&part[0], floor);
	case SIX_TO_FOUR:
		part[0] = inner_ipv4(c, 16, false);
		return all_of(&part[0], floor);
	case TEREDO:
		/*
		 * One closed end closes the address. The ends of @c are free
		 * of each other, so that every pair of them has a closed one
		 * only if one end is always closed.
		 */
		part[0] = inner_ipv4(c, 32, false);
		part[1] = inner_ipv4(c, 96, true);
		return all_of(&part[0], floor) || all_of(&part[1], floor);
	}
	return true; /* no such kind: closed */
}

static struct cidr single(const struct addr *a)
{
	return (struct cidr){ *a, a->family == AF_INET ? 32 : 128 };
}

enum addr_class addr_class(const struct addr *a)
{
	struct cidr c = single(a);

	if (all_of(&c, ADDR_LINK_LOCAL))
		return ADDR_LINK_LOCAL;
	return all_of(&c, ADDR_NON_PUBLIC) ? ADDR_NON_PUBLIC : ADDR_PUBLIC;
}

bool cidr_is_non_public(const struct cidr *c)
{
	return all_of(c, ADDR_NON_PUBLIC);
}

bool cidr_is_link_local(const struct cidr *c)
{
	return all_of(c, ADDR_LINK_LOCAL);
}

size_t addr_embedded(const struct addr *a, struct addr ret[2])
{
	struct cidr c = single(a);
	const struct region *r = region_of(&c);

	switch (r ? r->kind : NON_PUBLIC) {
	case IPV4_LAST:
		ret[0] = inner_ipv4(&c, 96, false).base;
		return 1;
	case SIX_TO_FOUR:
		ret[0] = inner_ipv4(&c, 16, false).base;
		return 1;
	case TEREDO:
		ret[0] = inner_ipv4(&c, 32, false).base;
		ret[1] = inner_ipv4(&c, 96, true).base;
		return 2;
	case PUBLIC:
	case NON_PUBLIC:
	case LINK_LOCAL:
	case IPV4_LAST_LOCAL:
		break;
	}
	return 0;
}
