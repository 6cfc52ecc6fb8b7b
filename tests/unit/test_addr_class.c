/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_addr_class.c - which addresses and prefixes are public
 *
 * Three views that must agree: a table of addresses at the bounds of every
 * block, an interval list for IPv4 that shares nothing with the code, and the
 * law that a prefix is what its halves are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/addr.h"
#include "common/macros.h"

static const struct class_case {
	const char *text;
	enum addr_class want;
} cases[] = {
	{ "0.0.0.0", ADDR_NON_PUBLIC },
	{ "0.255.255.255", ADDR_NON_PUBLIC },
	{ "1.0.0.0", ADDR_PUBLIC },
	{ "9.255.255.255", ADDR_PUBLIC },
	{ "10.0.0.0", ADDR_NON_PUBLIC },
	{ "10.255.255.255", ADDR_NON_PUBLIC },
	{ "11.0.0.0", ADDR_PUBLIC },
	{ "100.63.255.255", ADDR_PUBLIC },
	{ "100.64.0.0", ADDR_NON_PUBLIC },
	{ "100.127.255.255", ADDR_NON_PUBLIC },
	{ "100.128.0.0", ADDR_PUBLIC },
	{ "127.0.0.1", ADDR_NON_PUBLIC },
	{ "127.255.255.255", ADDR_NON_PUBLIC },
	{ "128.0.0.0", ADDR_PUBLIC },
	{ "169.253.255.255", ADDR_PUBLIC },
	{ "169.254.0.0", ADDR_LINK_LOCAL },
	{ "169.254.169.254", ADDR_LINK_LOCAL },
	{ "169.254.255.255", ADDR_LINK_LOCAL },
	{ "169.255.0.0", ADDR_PUBLIC },
	{ "172.15.255.255", ADDR_PUBLIC },
	{ "172.16.0.0", ADDR_NON_PUBLIC },
	{ "172.31.255.255", ADDR_NON_PUBLIC },
	{ "172.32.0.0", ADDR_PUBLIC },
	{ "192.0.0.0", ADDR_NON_PUBLIC },
	{ "192.0.0.9", ADDR_NON_PUBLIC },
	{ "192.0.0.170", ADDR_NON_PUBLIC },
	{ "192.0.1.0", ADDR_PUBLIC },
	{ "192.0.2.255", ADDR_NON_PUBLIC },
	{ "192.0.3.0", ADDR_PUBLIC },
	{ "192.31.196.1", ADDR_PUBLIC },
	{ "192.88.98.255", ADDR_PUBLIC },
	{ "192.88.99.1", ADDR_NON_PUBLIC },
	{ "192.88.100.0", ADDR_PUBLIC },
	{ "192.167.255.255", ADDR_PUBLIC },
	{ "192.168.0.0", ADDR_NON_PUBLIC },
	{ "192.169.0.0", ADDR_PUBLIC },
	{ "198.17.255.255", ADDR_PUBLIC },
	{ "198.18.0.0", ADDR_NON_PUBLIC },
	{ "198.19.255.255", ADDR_NON_PUBLIC },
	{ "198.20.0.0", ADDR_PUBLIC },
	{ "198.51.100.77", ADDR_NON_PUBLIC },
	{ "198.51.101.0", ADDR_PUBLIC },
	{ "203.0.112.255", ADDR_PUBLIC },
	{ "203.0.113.0", ADDR_NON_PUBLIC },
	{ "203.0.114.0", ADDR_PUBLIC },
	{ "223.255.255.255", ADDR_PUBLIC },
	{ "224.0.0.1", ADDR_NON_PUBLIC },
	{ "239.255.255.255", ADDR_NON_PUBLIC },
	{ "240.0.0.0", ADDR_NON_PUBLIC },
	{ "255.255.255.255", ADDR_NON_PUBLIC },

	{ "::", ADDR_NON_PUBLIC },
	{ "::1", ADDR_NON_PUBLIC },
	{ "::2", ADDR_NON_PUBLIC },
	{ "::127.0.0.1", ADDR_NON_PUBLIC },
	{ "::8.8.8.8", ADDR_PUBLIC },
	{ "::169.254.169.254", ADDR_LINK_LOCAL },
	{ "::1:8.8.8.8", ADDR_NON_PUBLIC },
	{ "::ffff:192.168.9.9", ADDR_NON_PUBLIC },
	{ "::ffff:151.101.1.69", ADDR_PUBLIC },
	{ "::ffff:169.254.169.254", ADDR_LINK_LOCAL },
	{ "::ffff:0:10.77.1.2", ADDR_NON_PUBLIC },
	{ "::ffff:0:8.8.8.8", ADDR_PUBLIC },
	{ "::ffff:0:169.254.1.1", ADDR_LINK_LOCAL },
	{ "::fffe:8.8.8.8", ADDR_NON_PUBLIC },
	{ "64:ff9a:ffff::1", ADDR_NON_PUBLIC },
	{ "64:ff9b::192.168.9.9", ADDR_NON_PUBLIC },
	{ "64:ff9b::151.101.1.69", ADDR_PUBLIC },
	{ "64:ff9b::169.254.169.254", ADDR_LINK_LOCAL },
	{ "64:ff9b::1:808:808", ADDR_NON_PUBLIC },
	{ "64:ff9b:1::8.8.8.8", ADDR_NON_PUBLIC },
	{ "64:ff9b:1:fffe::169.254.169.254", ADDR_LINK_LOCAL },
	{ "64:ff9b:2::8.8.8.8", ADDR_NON_PUBLIC },
	{ "100::1", ADDR_NON_PUBLIC },
	{ "100:0:0:1::1", ADDR_NON_PUBLIC },
	{ "1fff:ffff::", ADDR_NON_PUBLIC },
	{ "2000::", ADDR_PUBLIC },
	{ "2000:ffff::1", ADDR_PUBLIC },
	{ "2001::", ADDR_NON_PUBLIC },
	{ "2001:0:808:808::f7f7:f7f7", ADDR_PUBLIC },
	{ "2001:0:a00:1::f7f7:f7f7", ADDR_NON_PUBLIC },
	{ "2001:0:808:808::f5ff:fffe", ADDR_NON_PUBLIC },
	{ "2001:0:808:808::5601:5601", ADDR_LINK_LOCAL },
	{ "2001:0:a9fe:a9fe::f7f7:f7f7", ADDR_LINK_LOCAL },
	{ "2001:1::1", ADDR_NON_PUBLIC },
	{ "2001:2::1", ADDR_NON_PUBLIC },
	{ "2001:10::1", ADDR_NON_PUBLIC },
	{ "2001:1ff:ffff::", ADDR_NON_PUBLIC },
	{ "2001:200::", ADDR_PUBLIC },
	{ "2001:db7:ffff::", ADDR_PUBLIC },
	{ "2001:db8::", ADDR_NON_PUBLIC },
	{ "2001:db8:ffff::1", ADDR_NON_PUBLIC },
	{ "2001:db9::", ADDR_PUBLIC },
	{ "2002:ac10:909::1", ADDR_NON_PUBLIC },
	{ "2002:808:808::1", ADDR_PUBLIC },
	{ "2002:a9fe:a9fe::1", ADDR_LINK_LOCAL },
	{ "2003::1", ADDR_PUBLIC },
	{ "2620:4f:8000::1", ADDR_PUBLIC },
	{ "2a00:1450:4001::1", ADDR_PUBLIC },
	{ "3ffe:ffff::", ADDR_PUBLIC },
	{ "3fff::", ADDR_NON_PUBLIC },
	{ "3fff:fff:ffff::", ADDR_NON_PUBLIC },
	{ "3fff:1000::", ADDR_PUBLIC },
	{ "4000::", ADDR_NON_PUBLIC },
	{ "5f00::1", ADDR_NON_PUBLIC },
	{ "fc00::1", ADDR_NON_PUBLIC },
	{ "fdab:cdef::1", ADDR_NON_PUBLIC },
	{ "fd00:ec2::253", ADDR_NON_PUBLIC },
	{ "fd00:ec2::254", ADDR_LINK_LOCAL },
	{ "fe7f::1", ADDR_NON_PUBLIC },
	{ "fe80::1", ADDR_LINK_LOCAL },
	{ "febf:ffff::1", ADDR_LINK_LOCAL },
	{ "fec0::1", ADDR_NON_PUBLIC },
	{ "ff02::1", ADDR_NON_PUBLIC },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDR_NON_PUBLIC },
};

static struct cidr cidr(const char *text)
{
	struct cidr c;

	if (cidr_parse(text, strlen(text), &c) != ADDR_OK)
		fail_msg("'%s' is no prefix", text);
	return c;
}

static void every_block_has_its_class_at_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cidr c = cidr(cases[i].text);

		if (addr_class(&c.base) != cases[i].want)
			fail_msg("%s: %d", cases[i].text, addr_class(&c.base));
	}
}

static void prefixes_are_judged_whole(void **state)
{
	static const struct {
		const char *text;
		bool non_public, link_local;
	} prefixes[] = {
		{ "10.0.0.0/8", true, false },
		{ "10.0.0.0/7", false, false },
		{ "0.0.0.0/0", false, false },
		{ "224.0.0.0/3", true, false }, /* two blocks side by side */
		{ "192.168.0.0/15", false, false },
		{ "192.0.0.0/23", false, false },
		{ "169.254.0.0/16", true, true },
		{ "169.254.169.254/32", true, true },
		{ "169.254.0.0/15", false, false },
		{ "::/0", false, false },
		{ "::/96", false, false },
		{ "::/104", true, false }, /* 0.0.0.0/8 and ::1 */
		{ "::a00:0/104", true, false },
		{ "::a9fe:0/112", true, true },
		{ "64:ff9b::/96", false, false },
		{ "64:ff9b::a00:0/104", true, false },
		{ "64:ff9b::a9fe:0/112", true, true },
		{ "64:ff9b:1::/48", true, false },
		{ "64:ff9b:1::a9fe:0/112", true, true },
		{ "64:ff9b::/32", false, false },
		{ "2001::/23", false, false }, /* Teredo of public ends */
		{ "2001:1::/32", true, false },
		{ "2001:100::/24", true, false },
		{ "2001::/40", true, false }, /* server in 0.0.0.0/8 */
		{ "2001:0:a00::/40", true, false },
		{ "2001:0:a9fe::/48", true, true },
		{ "2001:0:808:808::f500:0/104", true, false },
		{ "2001:0:808:808::5601:0/112", true, true },
		{ "2001:0:808:808::/64", false, false },
		{ "2002::/16", false, false },
		{ "2002:a00::/24", true, false },
		{ "2002:a00::/23", false, false },
		{ "2002:a9fe::/32", true, true },
		{ "2002:c0a8:101::/48", true, false },
		{ "3fff::/20", true, false },
		{ "3fff::/19", false, false },
		{ "4000::/2", true, false },
		{ "8000::/1", true, false },
		{ "fc00::/7", true, false },
		{ "fd00::/8", true, false },
		{ "fd00:ec2::254/128", true, true },
		{ "fd00:ec2::254/127", true, false },
		{ "fe80::/10", true, true },
		{ "fe80::/64", true, true },
		{ "fe80::/9", true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		struct cidr c = cidr(prefixes[i].text);

		if (cidr_is_non_public(&c) != prefixes[i].non_public)
			fail_msg("%s: non-public", prefixes[i].text);
		if (cidr_is_link_local(&c) != prefixes[i].link_local)
			fail_msg("%s: link-local", prefixes[i].text);
	}
}

/* First and last address of every run of non-public IPv4 addresses. */
static const struct {
	uint32_t first, last;
} closed[] = {
	{ 0x00000000, 0x00ffffff }, { 0x0a000000, 0x0affffff },
	{ 0x64400000, 0x647fffff }, { 0x7f000000, 0x7fffffff },
	{ 0xa9fe0000, 0xa9feffff }, { 0xac100000, 0xac1fffff },
	{ 0xc0000000, 0xc00000ff }, { 0xc0000200, 0xc00002ff },
	{ 0xc0586300, 0xc05863ff }, { 0xc0a80000, 0xc0a8ffff },
	{ 0xc6120000, 0xc613ffff }, { 0xc6336400, 0xc63364ff },
	{ 0xcb007100, 0xcb0071ff }, { 0xe0000000, 0xffffffff },
};

static void check_ipv4(uint32_t at)
{
	for (unsigned bits = 0; bits <= 32; bits++) {
		uint32_t host = bits == 0    ? UINT32_MAX
				: bits == 32 ? 0
					     : UINT32_MAX >> bits;
		uint32_t first = at & ~host, last = at | host;
		struct cidr c = { { .family = AF_INET }, (uint8_t)bits };
		bool want = false;

		for (unsigned i = 0; i < 4; i++)
			c.base.bytes[i] = (uint8_t)(first >> (24 - 8 * i));
		for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
			want = want || (first >= closed[i].first &&
					last <= closed[i].last);
		if (cidr_is_non_public(&c) != want)
			fail_msg("%08x/%u", first, bits);
		if (bits == 32)
			assert_int_equal(addr_class(&c.base) == ADDR_PUBLIC,
					 !want);
	}
}

static void ipv4_prefixes_agree_with_an_interval_list(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
		check_ipv4(closed[i].first - 1);
		check_ipv4(closed[i].first);
		check_ipv4(closed[i].last);
		check_ipv4(closed[i].last + 1);
	}
	for (size_t i = 0; i < 2000; i++) {
		random = random * 1664525u + 1013904223u;
		check_ipv4(random);
	}
}

static void clear_after(struct addr *a, unsigned bits)
{
	for (unsigned bit = bits; bit < 128; bit++)
		a->bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

/* At every address of the table and at every length, of both families. */
static void a_prefix_is_what_its_halves_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cidr single = cidr(cases[i].text);

		for (unsigned bits = 0; bits < single.bits; bits++) {
			struct cidr c = single, half[2];

			c.bits = (uint8_t)bits;
			clear_after(&c.base, bits);
			half[0] = half[1] = c;
			half[0].bits = half[1].bits = (uint8_t)(bits + 1);
			half[1].base.bytes[bits / 8] |=
				(uint8_t)(0x80u >> bits % 8);
			assert_int_equal(cidr_is_non_public(&c),
					 cidr_is_non_public(&half[0]) &&
						 cidr_is_non_public(&half[1]));
			assert_int_equal(cidr_is_link_local(&c),
					 cidr_is_link_local(&half[0]) &&
						 cidr_is_link_local(&half[1]));
		}
		assert_int_equal(cidr_is_non_public(&single),
				 cases[i].want != ADDR_PUBLIC);
		assert_int_equal(cidr_is_link_local(&single),
				 cases[i].want == ADDR_LINK_LOCAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_has_its_class_at_its_bounds),
		cmocka_unit_test(prefixes_are_judged_whole),
		cmocka_unit_test(ipv4_prefixes_agree_with_an_interval_list),
		cmocka_unit_test(a_prefix_is_what_its_halves_are),
	};

	return cmocka_run_group_tests_name("addr_class", tests, NULL, NULL);
}
