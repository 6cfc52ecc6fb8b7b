/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_firewall_version.c - nf_tables' answer about the base rules
 *
 * That the kernel's real answer is understood is seen by test_firewall_nft.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "sandbox/firewall_version.h"

struct rule {
	struct nlmsghdr head;
	struct nfgenmsg body;
	struct nlattr attr;
	uint8_t data[16];
};

/* A rule whose comment is "base 1", behind a datum of another type. */
static const struct rule good = {
	.head = { .nlmsg_len = sizeof(struct rule),
		  .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE },
	.attr = { .nla_len = sizeof(struct nlattr) + 13,
		  .nla_type = NFTA_RULE_USERDATA },
	.data = { 7, 2, 'x', 'y', 0, 7, 'b', 'a', 's', 'e', ' ', '1', 0 },
};

static int parse(const void *bytes, size_t n, char text[16])
{
	/* Its own allocation, so that a byte too far is seen. */
	char *copy = malloc(n + !n);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	memset(text, 'x', 16);
	r = firewall_version_parse(copy, n, text, 16);
	free(copy);
	return r;
}

static void the_comment_of_a_rule_is_found(void **state)
{
	char text[16], small[4];

	(void)state;
	assert_int_equal(parse(&good, sizeof(good), text), 1);
	assert_string_equal(text, "base 1");
	assert_int_equal(firewall_version_parse(&good, sizeof(good), small, 4),
			 1);
	assert_string_equal(small, "bas");
}

static void cut_at_any_byte_nothing_is_found(void **state)
{
	char text[16];

	(void)state;
	for (size_t n = 0; n < sizeof(good); n++) {
		int r = parse(&good, n, text);

		assert_true(n == 0 ? r == 0 : r == -EPROTO);
	}
	/* The same with a message that says it is as long as it is. */
	for (size_t n = sizeof(struct nlmsghdr);
	     n < offsetof(struct rule, data) + 13; n++) {
		struct rule cut = good;

		cut.head.nlmsg_len = (uint32_t)n;
		assert_int_not_equal(parse(&cut, n, text), 1);
	}
}

static void lengths_that_lie_lead_nowhere(void **state)
{
	char text[16];

	(void)state;
	for (unsigned n = 0; n < 256; n++) {
		struct rule r = good;

		/* The next datum is elsewhere then, and perhaps there is one.
		 */
		r.data[1] = (uint8_t)n;
		(void)parse(&r, sizeof(r), text);
		r = good;
		r.data[5] = (uint8_t)n;
		if (n > 7)
			assert_int_equal(parse(&r, sizeof(r), text), 0);
		r = good;
		r.attr.nla_len = (uint16_t)n;
		(void)parse(&r, sizeof(r), text);
	}
}

static void ends_errors_and_changes_are_told_apart(void **state)
{
	struct {
		struct nlmsghdr head;
		int32_t error;
	} msg = { .head = { .nlmsg_len = sizeof(msg),
			    .nlmsg_type = NLMSG_DONE } };
	struct rule changed = good;
	char text[16];

	(void)state;
	assert_int_equal(parse(&msg, sizeof(msg), text), -ENOENT);
	msg.head.nlmsg_type = NLMSG_ERROR;
	msg.error = -EPERM;
	assert_int_equal(parse(&msg, sizeof(msg), text), -EPERM);
	changed.head.nlmsg_flags = NLM_F_DUMP_INTR;
	assert_int_equal(parse(&changed, sizeof(changed), text), -EINTR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_comment_of_a_rule_is_found),
		cmocka_unit_test(cut_at_any_byte_nothing_is_found),
		cmocka_unit_test(lengths_that_lie_lead_nowhere),
		cmocka_unit_test(ends_errors_and_changes_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
