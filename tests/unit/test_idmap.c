/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_idmap.c - the maps, and a namespace that has them
 */
#include "sandbox/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"

static const struct {
	struct idmap_ids ids;
	const char *uids, *gids;
} cases[] = {
	{ { 1000, 64000, 1000, 64000 },
	  "1000 64000 1\n",
	  "0 0 1000\n1001 1001 62999\n64001 64001 4294903294\n"
	  "1000 64000 1\n" },
	{ { 0, 64000, 0, 64000 },
	  "0 64000 1\n",
	  "1 1 63999\n64001 64001 4294903294\n0 64000 1\n" },
	{ { 70000, 64000, 70000, 69999 },
	  "70000 64000 1\n",
	  "0 0 69999\n70001 70001 4294897294\n70000 69999 1\n" },
	{ { 5, 5, 5, 5 }, "5 5 1\n", "0 0 5\n6 6 4294967289\n5 5 1\n" },
	{ { 1, 2, UINT32_MAX - 1, 0 },
	  "1 2 1\n",
	  "1 1 4294967293\n4294967294 0 1\n" },
};

static void maps_hold_the_pair_and_every_other_group_once(void **state)
{
	char text[IDMAP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		idmap_render_uids(&cases[i].ids, text, sizeof(text));
		assert_string_equal(text, cases[i].uids);
		idmap_render_gids(&cases[i].ids, text, sizeof(text));
		assert_string_equal(text, cases[i].gids);
	}
}

/* The kernel refuses a map that it finds overlapping or out of range. */
static void kernel_accepts_every_map(void **state)
{
	(void)state;
	if (getuid() != 0) {
		if (getenv("NETLEASH_TESTS_MUST_RUN"))
			fail_msg("%s", "needs root");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = -1;

		assert_int_equal(idmap_open(&cases[i].ids, &fd), 0);
		assert_true(fd >= 0);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
	/* No child is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_hold_the_pair_and_every_other_group_once),
		cmocka_unit_test(kernel_accepts_every_map),
	};

	return cmocka_run_group_tests_name("idmap", tests, NULL, NULL);
}
