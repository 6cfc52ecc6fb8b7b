/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_leaver.c - who makes room where users share what there is
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/leaver.h"

#define ANN 1001u
#define BEN 1002u

static void the_oldest_of_whoever_has_most_leaves(void **state)
{
	static const struct {
		struct stayer v[5];
		size_t n, floor, want;
	} cases[] = {
		{ { { 0, 0 } }, 0, 0, 0 },
		{ { { ANN, 7 } }, 1, 0, 0 },
		{ { { ANN, 7 } }, 1, 1, 1 },
		/* Whatever their order. */
		{ { { ANN, 3 }, { BEN, 1 }, { ANN, 2 } }, 3, 0, 2 },
		{ { { BEN, 1 }, { ANN, 2 }, { ANN, 3 } }, 3, 0, 1 },
		{ { { BEN, 1 }, { ANN, 2 }, { ANN, 3 } }, 3, 1, 1 },
		{ { { BEN, 1 }, { ANN, 2 }, { ANN, 3 } }, 3, 2, 3 },
		{ { { BEN, 9 },
		    { ANN, 8 },
		    { BEN, 4 },
		    { ANN, 3 },
		    { ANN, 5 } },
		  5,
		  2,
		  3 },
		/* As many: the one who is named first. */
		{ { { BEN, 4 }, { ANN, 1 }, { ANN, 2 }, { BEN, 3 } }, 4, 0, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			leaver_find(cases[i].v, cases[i].n, cases[i].floor),
			cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_of_whoever_has_most_leaves),
	};

	return cmocka_run_group_tests_name("leaver", tests, NULL, NULL);
}
