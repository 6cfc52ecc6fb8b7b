/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_netlink.c - netlink messages, put together and taken apart
 *
 * That the kernel understands them is seen by test_firewall_nft.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>

#include "sandbox/netlink.h"

/* A message of type 7 with a text, and a key of 5 bytes in a nest. */
static void put_example(struct netlink_out *out)
{
	const size_t message = netlink_begin(out, 7, NLM_F_REQUEST, 1, 10);
	size_t nest;

	netlink_put_text(out, 1, "table");
	nest = netlink_nest(out, 3);
	netlink_put(out, 2, "12345", 5);
	netlink_nest_end(out, nest);
	netlink_end(out, message);
}

static void what_was_put_is_what_is_found(void **state)
{
	struct netlink_out out = { .n = 0 };
	struct netlink_bytes rest, body, key;
	struct nfgenmsg general;
	struct nlmsghdr head;

	(void)state;
	put_example(&out);
	put_example(&out);
	assert_false(out.full);
	assert_int_equal(out.n % 4, 0);
	rest = (struct netlink_bytes){ out.bytes, out.n };
	for (int i = 0; i < 2; i++) {
		assert_true(netlink_next(&rest, &head, &body));
		assert_int_equal(head.nlmsg_type, 7);
		assert_int_equal(head.nlmsg_flags, NLM_F_REQUEST);
		memcpy(&general, body.p, sizeof(general));
		assert_int_equal(general.nfgen_family, 1);
		assert_int_equal(general.res_id, htons(10));
		body.p += sizeof(general);
		body.n -= sizeof(general);
		assert_true(netlink_is_text(netlink_attr(body, 1), "table"));
		key = netlink_attr(netlink_attr(body, 3), 2);
		assert_int_equal(key.n, 5);
		assert_memory_equal(key.p, "12345", 5);
	}
	assert_int_equal(rest.n, 0);
}

static void what_does_not_fit_is_not_written(void **state)
{
	struct {
		struct netlink_out out;
		uint8_t behind[64];
	} s = { .out = { .n = 0 } };
	uint8_t untouched[64] = { 0 };
	size_t before = 0;

	(void)state;
	while (!s.out.full) {
		before = s.out.n;
		put_example(&s.out);
	}
	assert_true(before > NETLINK_OUT_MAX - 64);
	assert_true(s.out.n <= NETLINK_OUT_MAX);
	put_example(&s.out); /* full stays full */
	assert_true(s.out.full);
	assert_memory_equal(s.behind, untouched, sizeof(untouched));
}

/* Cut anywhere, or with any one byte changed: nothing outside is read. */
static void broken_messages_are_read_within_their_bounds(void **state)
{
	struct netlink_out out = { .n = 0 };

	(void)state;
	put_example(&out);
	for (size_t n = 0; n <= out.n; n++) {
		for (size_t i = 0; i < n; i++) {
			/* Its own allocation, so that a byte too far is seen.
			 */
			uint8_t *copy = malloc(n);
			struct netlink_bytes rest = { copy, n }, body;
			struct nlmsghdr head;

			assert_non_null(copy);
			memcpy(copy, out.bytes, n);
			copy[i] ^= 0xff;
			while (netlink_next(&rest, &head, &body)) {
				assert_true(body.n <= n);
				for (unsigned type = 0; type < 4; type++)
					(void)netlink_attr(
						netlink_attr(body, type), 2);
			}
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_what_is_found),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(broken_messages_are_read_within_their_bounds),
	};

	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
