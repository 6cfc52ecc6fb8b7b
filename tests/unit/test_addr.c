/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_addr.c - addresses and prefixes: text, containment, classes
 */
#include "common/addr.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "common/macros.h"

static struct addr addr(const char *text)
{
	struct addr a;

	if (addr_parse(text, strlen(text), &a) != ADDR_OK)
		fail_msg("'%s' is no address", text);
	return a;
}

static struct cidr cidr(const char *text)
{
	struct cidr c;

	if (cidr_parse(text, strlen(text), &c) != ADDR_OK)
		fail_msg("'%s' is no prefix", text);
	return c;
}

static void addresses_are_read_and_written_in_one_form(void **state)
{
	static const struct {
		const char *text;
		enum addr_err want;
		const char *format;
	} cases[] = {
		{ "1.2.3.4", ADDR_OK, "1.2.3.4" },
		{ "255.255.255.255", ADDR_OK, "255.255.255.255" },
		{ "::", ADDR_OK, "::" },
		{ "2A02:2770:0:0:021A:4AFF:FEB3:02EE", ADDR_OK,
		  "2a02:2770::21a:4aff:feb3:2ee" },
		{ "2001:db8:0:1:1:1:1:1", ADDR_OK, "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", ADDR_OK, "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", ADDR_OK, "2001:db8::1:0:0:1" },
		{ "::ffff:10.0.0.1", ADDR_OK, "10.0.0.1" },
		{ "::FFFF:a00:1", ADDR_OK, "10.0.0.1" },
		{ "0:0:0:0:0:ffff:0a00:0001", ADDR_OK, "10.0.0.1" },
		{ "", ADDR_MALFORMED, NULL },
		{ "example.com", ADDR_MALFORMED, NULL },
		{ "1:2", ADDR_MALFORMED, NULL },
		{ "1:2:3:4:5:6:7:8:9", ADDR_MALFORMED, NULL },
		{ "::1::", ADDR_MALFORMED, NULL },
		{ ":::", ADDR_MALFORMED, NULL },
		{ "12345::", ADDR_MALFORMED, NULL },
		{ "::g", ADDR_MALFORMED, NULL },
		{ "[::1]", ADDR_MALFORMED, NULL },
		{ "::1.2.3", ADDR_MALFORMED, NULL },
		{ "::01.2.3.4", ADDR_MALFORMED, NULL },
		{ " ::1", ADDR_MALFORMED, NULL },
		{ "fe80::1%eth0", ADDR_ZONE, NULL },
		{ "fe80::1%25eth0", ADDR_ZONE, NULL },
		{ "127.1", ADDR_NOT_QUAD, NULL },
		{ "0x7f.1", ADDR_NOT_QUAD, NULL },
		{ "0x7f000001", ADDR_NOT_QUAD, NULL },
		{ "0X7F000001", ADDR_NOT_QUAD, NULL },
		{ "0177.0.0.1", ADDR_NOT_QUAD, NULL },
		{ "2130706433", ADDR_NOT_QUAD, NULL },
		{ "1.2.3.4.", ADDR_NOT_QUAD, NULL },
		{ "1.2.3.4.5", ADDR_NOT_QUAD, NULL },
		{ "1.2.3.256", ADDR_NOT_QUAD, NULL },
		{ "1.2.3.04", ADDR_NOT_QUAD, NULL },
		{ "1.2.3.00", ADDR_NOT_QUAD, NULL },
		{ "1..2.3", ADDR_NOT_QUAD, NULL },
		{ "1.2.3.0x", ADDR_NOT_QUAD, NULL },
		{ "host.7", ADDR_NOT_QUAD, NULL },
		{ "1.2.3.4 ", ADDR_MALFORMED, NULL },
		{ "1.2.3.a", ADDR_MALFORMED, NULL },
		{ "0xg", ADDR_MALFORMED, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].text);
		char text[ADDR_TEXT_MAX], *s = malloc(n + 1);
		enum addr_err err;
		struct addr a, again;

		assert_non_null(s);
		memcpy(s, cases[i].text, n); /* without the NUL */
		err = addr_parse(s, n, &a);
		if (err != cases[i].want)
			fail_msg("'%s': got %d", cases[i].text, err);
		if (err == ADDR_OK) {
			assert_string_equal(addr_format(&a, text),
					    cases[i].format);
			again = addr(text);
			assert_true(addr_equal(&a, &again));
		}
		free(s);
	}
}

/* Any cut or NUL of a good address is one of its own, or no address. */
static void a_cut_address_is_never_read_past_its_end(void **state)
{
	static const char *const texts[] = {
		"255.255.255.255",
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		"2001:db8::/32",
		"fe80::1%eth0/64",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t n = 0; n <= strlen(texts[i]); n++) {
			char *s = malloc(n > 0 ? n : 1);
			struct addr a;
			struct cidr c;

			assert_non_null(s);
			memcpy(s, texts[i], n);
			(void)cidr_parse(s, n, &c);
			(void)addr_parse(s, n, &a);
			if (n > 0) {
				s[n / 2] = '\0';
				assert_int_not_equal(addr_parse(s, n, &a),
						     ADDR_OK);
				assert_int_not_equal(cidr_parse(s, n, &c),
						     ADDR_OK);
			}
			free(s);
		}
	}
}

static void prefixes_have_a_length_and_no_host_bits(void **state)
{
	static const struct {
		const char *text;
		enum addr_err want;
		const char *format;
	} cases[] = {
		{ "10.0.0.0/8", ADDR_OK, "10.0.0.0/8" },
		{ "0.0.0.0/0", ADDR_OK, "0.0.0.0/0" },
		{ "10.1.2.3", ADDR_OK, "10.1.2.3/32" },
		{ "10.1.2.3/32", ADDR_OK, "10.1.2.3/32" },
		{ "2001:db8::/32", ADDR_OK, "2001:db8::/32" },
		{ "::/0", ADDR_OK, "::/0" },
		{ "::1", ADDR_OK, "::1/128" },
		{ "::ffff:10.0.0.0/104", ADDR_OK, "10.0.0.0/8" },
		{ "::ffff:0:0/96", ADDR_OK, "0.0.0.0/0" },
		{ "::ffff:10.0.0.1", ADDR_OK, "10.0.0.1/32" },
		{ "::ffff:10.0.0.1/100", ADDR_HOST_BITS, "0.0.0.0/4" },
		{ "::ffff:0:0/95", ADDR_HOST_BITS, "::fffe:0:0/95" },
		{ "10.1.2.3/8", ADDR_HOST_BITS, "10.0.0.0/8" },
		{ "10.1.2.3/31", ADDR_HOST_BITS, "10.1.2.2/31" },
		{ "128.0.0.0/0", ADDR_HOST_BITS, "0.0.0.0/0" },
		{ "2001:db8::1/64", ADDR_HOST_BITS, "2001:db8::/64" },
		{ "10.0.0.0/33", ADDR_BAD_PREFIX, NULL },
		{ "::/129", ADDR_BAD_PREFIX, NULL },
		{ "10.0.0.0/", ADDR_BAD_PREFIX, NULL },
		{ "10.0.0.0/08", ADDR_BAD_PREFIX, NULL },
		{ "10.0.0.0/-1", ADDR_BAD_PREFIX, NULL },
		{ "10.0.0.0/8/8", ADDR_BAD_PREFIX, NULL },
		{ "10.0.0.0/255.0.0.0", ADDR_BAD_PREFIX, NULL },
		{ "10.0.0.0/99999999999999", ADDR_BAD_PREFIX, NULL },
		{ "10.1/16", ADDR_NOT_QUAD, NULL },
		{ "10/8", ADDR_NOT_QUAD, NULL },
		{ "fe80::%eth0/10", ADDR_ZONE, NULL },
		{ "docs.example.org", ADDR_MALFORMED, NULL },
		{ "/8", ADDR_MALFORMED, NULL },
		{ "", ADDR_MALFORMED, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[CIDR_TEXT_MAX];
		struct cidr c;
		enum addr_err err =
			cidr_parse(cases[i].text, strlen(cases[i].text), &c);

		if (err != cases[i].want)
			fail_msg("'%s': got %d", cases[i].text, err);
		if (cases[i].format)
			assert_string_equal(cidr_format(&c, text),
					    cases[i].format);
	}
}

static void containment_follows_the_bits(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool want;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.64.0.0/12", "10.79.255.254", true },
		{ "10.64.0.0/12", "10.80.0.0", false },
		{ "0.0.0.0/0", "255.1.2.3", true },
		{ "::/0", "1.2.3.4", false },
		{ "0.0.0.0/0", "::1", false },
		{ "10.0.0.0/8", "10.0.0.0/8", true },
		{ "10.0.0.0/9", "10.0.0.0/8", false },
		{ "2001:db8::/33", "2001:db8:7fff::", true },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::2", false },
		{ "10.0.0.0/8", "::ffff:10.1.1.1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cidr outer = cidr(cases[i].outer);
		struct cidr inner = cidr(cases[i].inner);

		if (cidr_within(&inner, &outer) != cases[i].want)
			fail_msg("%s in %s", cases[i].inner, cases[i].outer);
		if (inner.bits >= outer.bits)
			assert_int_equal(cidr_contains(&outer, &inner.base),
					 cases[i].want);
	}
}

static void embedded_addresses_are_found(void **state)
{
	static const struct {
		const char *text, *first, *second;
	} cases[] = {
		{ "64:ff9b::192.168.9.9", "192.168.9.9", NULL },
		{ "2002:ac10:909::1", "172.16.9.9", NULL },
		{ "::ffff:0:10.77.1.2", "10.77.1.2", NULL },
		{ "::8.8.4.4", "8.8.4.4", NULL },
		{ "2001:0:102:304::fefd:fcfb", "1.2.3.4", "1.2.3.4" },
		{ "2001:1::1", NULL, NULL },
		{ "64:ff9b:1::1.2.3.4", NULL, NULL },
		{ "::1", NULL, NULL },
		{ "::", NULL, NULL },
		{ "10.0.0.1", NULL, NULL },
		{ "2600::1", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct addr a = addr(cases[i].text), got[2];
		size_t n = addr_embedded(&a, got), want = 0;
		char text[ADDR_TEXT_MAX];

		want = cases[i].second ? 2 : cases[i].first ? 1 : 0;
		if (n != want)
			fail_msg("%s: %zu", cases[i].text, n);
		if (n > 0)
			assert_string_equal(addr_format(&got[0], text),
					    cases[i].first);
		if (n > 1)
			assert_string_equal(addr_format(&got[1], text),
					    cases[i].second);
	}
}

static void socket_addresses_go_there_and_back(void **state)
{
	static const char *const texts[] = { "1.2.3.4", "2001:db8::9", "::" };
	struct sockaddr_storage ss;
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct addr a, want;
	uint16_t port = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		socklen_t n;

		want = addr(texts[i]);
		n = addr_to_sockaddr(&want, 8080, &ss);
		assert_int_equal(n, want.family == AF_INET
					    ? sizeof(struct sockaddr_in)
					    : sizeof(struct sockaddr_in6));
		assert_int_equal(
			addr_from_sockaddr((struct sockaddr *)&ss, &a, &port),
			0);
		assert_true(addr_equal(&a, &want));
		assert_int_equal(port, 8080);
	}
	mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
	mapped.sin6_addr.s6_addr[12] = 127;
	want = addr("127.0.0.0");
	assert_int_equal(
		addr_from_sockaddr((struct sockaddr *)&mapped, &a, NULL), 0);
	assert_true(addr_equal(&a, &want));
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&un, &a, &port),
			 -EAFNOSUPPORT);
}

static void
loopback_is_a_whole_network_in_ipv4_and_one_address_in_ipv6(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{ "127.0.0.1", true },	{ "127.255.255.255", true },
		{ "::1", true },	{ "::ffff:127.0.0.1", true },
		{ "128.0.0.1", false }, { "126.255.255.255", false },
		{ "::2", false },	{ "7f00::1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct addr a;

		assert_int_equal(
			addr_parse(cases[i].text, strlen(cases[i].text), &a),
			ADDR_OK);
		if (addr_is_loopback(&a) != cases[i].want)
			fail_msg("%s", cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			loopback_is_a_whole_network_in_ipv4_and_one_address_in_ipv6),
		cmocka_unit_test(addresses_are_read_and_written_in_one_form),
		cmocka_unit_test(a_cut_address_is_never_read_past_its_end),
		cmocka_unit_test(prefixes_have_a_length_and_no_host_bits),
		cmocka_unit_test(containment_follows_the_bits),
		cmocka_unit_test(embedded_addresses_are_found),
		cmocka_unit_test(socket_addresses_go_there_and_back),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
