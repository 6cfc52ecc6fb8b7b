/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_init_rejected.c - what did not go to the door, counted
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/init_rejected.h"
#include "sandbox/netns.h"

static const char snmp[] =
	"Ip: Forwarding DefaultTTL OutNoRoutes OutNoRoutes2\n"
	"Ip: 2 64 17 5\n"
	"Icmp: InMsgs OutNoRoutes\n"
	"Icmp: 1 2\n";

static void the_number_is_the_one_below_the_name(void **state)
{
	(void)state;
	assert_int_equal(netns_parse_unrouted(snmp), 17);
	assert_int_equal(netns_parse_unrouted(strchr(snmp, '\n') + 1), 0);
	assert_int_equal(netns_parse_unrouted("Tcp: a OutNoRoutes\nTcp: 1 2\n"
					      "Ip: OutNoRoutes\nIp: 3\n"),
			 3);
}

static void a_text_that_is_cut_says_less(void **state)
{
	char text[sizeof(snmp)];

	(void)state;
	for (size_t n = 0; n < sizeof(snmp); n++) {
		uint64_t got;

		memcpy(text, snmp, n);
		text[n] = '\0';
		got = netns_parse_unrouted(text);
		if (got != 0 && got != 1 && got != 17)
			fail_msg("%zu bytes: %u", n, (unsigned)got);
	}
}

static void nothing_rejected_says_nothing(void **state)
{
	char text[INIT_TEXT_MAX];

	(void)state;
	assert_false(init_rejected_render(0, text));
	assert_false(init_rejected_render(UINT64_MAX, text));
	assert_true(init_rejected_render(1, text));
	assert_non_null(strstr(text, " 1 packet or connection "));
	assert_true(init_rejected_render(3, text));
	assert_non_null(strstr(text, " 3 packets or connections "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_is_the_one_below_the_name),
		cmocka_unit_test(a_text_that_is_cut_says_less),
		cmocka_unit_test(nothing_rejected_says_nothing),
	};

	return cmocka_run_group_tests_name("init_rejected", tests, NULL, NULL);
}
