/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_firewall_watch_filter.c - only what is surely another run's
 * is dropped
 *
 * The notifications are the kernel's own, as Linux 6.18 wrote them for a door
 * that was opened and closed; the filter is run by the kernel, on a socket of
 * ours. (That real changes by others end a run is integration/221-flush.sh.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "common/macros.h"
#include "sandbox/firewall_watch_filter.h"

#define ID   0x4e924u
#define PORT 0x8763u

/* Both messages: head, then attributes; byte 4 is the type's lower half. */
static const uint8_t door[144] = {
	76,   0,    0,	 0,   0x0c, 0x0a, 0,	6,    1,    2,	  3,	4,
	5,    6,    7,	 8,   1,    0,	  0x0b, 0x73, 13,   0,	  1,	0,
	'n',  'e',  't', 'l', 'e',  'a',  's',	'h',  0,    0,	  0,	0,
	10,   0,    2,	 0,   'a',  'l',  'l',	'o',  'w',  0,	  0,	0,
	0x1c, 0,    3,	 0,   0x18, 0,	  1,	0,    0x14, 0,	  1,	0,
	0x10, 0,    1,	 0,   0x24, 0xe9, 4,	0,    0,    0,	  0,	0,
	0x87, 0x63, 0,	 0,   68,   0,	  0,	0,    0x0c, 0x0a, 0,	6,
	1,    2,    3,	 4,   5,    6,	  7,	8,    1,    0,	  0x0b, 0x73,
	13,   0,    1,	 0,   'n',  'e',  't',	'l',  'e',  'a',  's',	'h',
	0,    0,    0,	 0,   10,   0,	  2,	0,    'd',  'o',  'o',	'r',
	's',  0,    0,	 0,   0x14, 0,	  3,	0,    0x10, 0,	  1,	0,
	0x0c, 0,    1,	 0,   6,    0,	  1,	0,    0x87, 0x63, 0,	0,
};

static const uint8_t generation[56] = {
	56,   0,   0,	 0,    0x0f, 0x0a, 0,	 0,    1,   2,	 3,    4,
	5,    6,   7,	 8,    0,    0,	   0x0b, 0x73, 8,   0,	 1,    0,
	0,    0,   0x0b, 0x73, 8,    0,	   2,	 0,    0,   0,	 0x35, 0x4e,
	0x12, 0,   3,	 0,    'n',  'e',  't',	 'l',  'e', 'a', 's',  'h',
	'-',  'i', 'n',	 'i',  't',  0,	   0,	 0,
};

static const struct firewall_watched another = { .cgroup_id = ID + 0x11,
						 .port = PORT + 0x11,
						 .uid = 60000 };
static int ends[2];

static void watch_as(const struct firewall_watched *run)
{
	assert_int_equal(firewall_watch_filter(ends[1], run), 0);
}

static bool passes(const void *bytes, size_t n)
{
	uint8_t got[256];

	/* A filter that drops lets the sender believe that it was sent. */
	(void)send(ends[0], bytes, n, 0);
	return recv(ends[1], got, sizeof(got), MSG_DONTWAIT) >= 0;
}

static bool passes_as(const struct firewall_watched *run, const void *bytes,
		      size_t n)
{
	watch_as(run);
	return passes(bytes, n);
}

static void the_doors_of_others_wake_nobody(void **state)
{
	uint8_t gone[sizeof(door)];

	(void)state;
	memcpy(gone, door, sizeof(door));
	gone[4] = gone[76 + 4] = 0x0e;
	assert_false(passes_as(&another, door, sizeof(door)));
	assert_false(passes(gone, sizeof(gone)));
	assert_false(passes(generation, sizeof(generation)));
}

static void our_own_door_wakes_us(void **state)
{
	const struct firewall_watched by_id = { .cgroup_id = ID, .port = 1 },
				      by_port = { .cgroup_id = 1,
						  .port = PORT },
				      far = { .cgroup_id = ID + (1ULL << 40),
					      .port = 1 };

	(void)state;
	assert_true(passes_as(&by_id, door, sizeof(door)));
	assert_true(passes_as(&by_port, door, sizeof(door)));
	assert_false(passes_as(&far, door, sizeof(door)));
}

/* Flags, sequence, sender and generation of a message; and the keys. */
static bool means_nothing(size_t at)
{
	const size_t m = at < 76 ? at : at - 76;

	return (m >= 6 && m < 16) || (m >= 17 && m < 20) ||
	       (at >= 64 && at < 76) || at >= 140;
}

static void whatever_else_is_in_it_passes(void **state)
{
	(void)state;
	watch_as(&another);
	for (size_t i = 0; i < sizeof(door); i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t other[sizeof(door)];

			memcpy(other, door, sizeof(door));
			other[i] ^= (uint8_t)(1u << bit);
			if (passes(other, sizeof(other)) != !means_nothing(i))
				fail_msg("byte %zu, bit %u", i, bit);
		}
	}
	/* A table's end, say, in the same notification as a door. */
	for (size_t n = 1; n <= sizeof(door); n++) {
		uint8_t more[2 * sizeof(door)];

		memcpy(more, door, sizeof(door));
		memcpy(more + sizeof(door), door, n);
		assert_true(passes(more, sizeof(door) + n));
		if (n < sizeof(door))
			assert_true(passes(door, n));
	}
}

static void what_comes_with_a_generation_passes(void **state)
{
	uint8_t more[sizeof(generation) + 20];

	(void)state;
	memset(more, 0, sizeof(more));
	memcpy(more, generation, sizeof(generation));
	watch_as(&another);
	for (size_t n = 1; n <= 20; n++)
		assert_true(passes(more, sizeof(generation) + n));
}

static int open_ends(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
}

static int close_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		close(ends[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_doors_of_others_wake_nobody),
		cmocka_unit_test(our_own_door_wakes_us),
		cmocka_unit_test(whatever_else_is_in_it_passes),
		cmocka_unit_test(what_comes_with_a_generation_passes),
	};

	return cmocka_run_group_tests_name("firewall_watch_filter", tests,
					   open_ends, close_ends);
}
