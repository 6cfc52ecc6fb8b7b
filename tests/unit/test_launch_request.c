/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_launch_request.c - a request is taken whole, or not at all
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "common/macros.h"
#include "sandbox/launch_request.h"

static const char *const args[] = { "run", "--", "a b", "", NULL };
static const char *const env[] = { "PATH=/bin", "EMPTY=", "odd", NULL };

static const struct launch_head good = {
	.version = LAUNCH_VERSION,
	.args_n = 4,
	.env_n = 3,
	.bytes = 33,
	.mask = 022,
};

/* execve(2) has its words without const, too, and changes none. */
static int pack(const char *const *words, const char *const *environment,
		struct launch_head *head, char **ret)
{
	return launch_words_pack((char *const *)(uintptr_t)words,
				 (char *const *)(uintptr_t)environment, head,
				 ret);
}

static void words_come_out_as_they_went_in(void **state)
{
	struct launch_head head = { .version = LAUNCH_VERSION };
	struct launch_words w;
	char *bytes;

	(void)state;
	assert_int_equal(pack(args, env, &head, &bytes), 0);
	assert_int_equal(launch_head_check(&head), 0);
	assert_int_equal(launch_words_parse(&head, bytes, &w), 0);
	for (size_t i = 0; i < ARRAY_SIZE(args) - 1; i++)
		assert_string_equal(w.args[i], args[i]);
	for (size_t i = 0; i < ARRAY_SIZE(env) - 1; i++)
		assert_string_equal(w.env[i], env[i]);
	assert_null(w.args[4]);
	assert_null(w.env[3]);
	launch_words_fini(&w);
	free(bytes);
}

static void cut_at_any_byte_it_is_refused(void **state)
{
	struct launch_head head = { .version = LAUNCH_VERSION };
	char *bytes;
	size_t n;

	(void)state;
	assert_int_equal(pack(args, env, &head, &bytes), 0);
	n = head.bytes;
	for (size_t cut = 0; cut < n; cut++) {
		/* Its own allocation, so that a byte too far is seen. */
		char *part = malloc(cut + !cut);
		struct launch_words w;

		assert_non_null(part);
		memcpy(part, bytes, cut);
		head.bytes = (uint32_t)cut;
		assert_int_equal(launch_words_parse(&head, part, &w), -EINVAL);
		free(part);
	}
	free(bytes);
}

static void more_bytes_than_words_are_refused(void **state)
{
	struct launch_head head = { .version = LAUNCH_VERSION };
	struct launch_words w;
	char *bytes;

	(void)state;
	assert_int_equal(pack(args, env, &head, &bytes), 0);
	head.env_n--;
	assert_int_equal(launch_words_parse(&head, bytes, &w), -EINVAL);
	head.env_n += 2;
	assert_int_equal(launch_words_parse(&head, bytes, &w), -EINVAL);
	free(bytes);
}

static void every_number_of_a_head_has_its_bounds(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
	} wrong[] = {
#define AT(field) offsetof(struct launch_head, field)
		{ AT(version), 0 },
		{ AT(version), LAUNCH_VERSION + 1 },
		{ AT(args_n), 0 },
		{ AT(args_n), 1 },
		{ AT(args_n), LAUNCH_WORDS_MAX + 1 },
		{ AT(args_n), UINT32_MAX },
		{ AT(env_n), LAUNCH_WORDS_MAX + 1 },
		{ AT(env_n), UINT32_MAX - 3 },
		{ AT(bytes), 0 },
		{ AT(bytes), 6 },
		{ AT(bytes), LAUNCH_BYTES_MAX + 1 },
		{ AT(bytes), UINT32_MAX },
		{ AT(mask), 01000 },
		{ AT(mask), UINT32_MAX },
		{ AT(reserved), 1 },
	};

	(void)state;
	assert_int_equal(launch_head_check(&good), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct launch_head head = good;

		memcpy((char *)&head + wrong[i].offset, &wrong[i].value,
		       sizeof(wrong[i].value));
		if (launch_head_check(&head) != -EINVAL)
			fail_msg("case %zu is taken", i);
	}
}

static void more_words_than_there_may_be_are_not_packed(void **state)
{
	const char **many = calloc(LAUNCH_WORDS_MAX + 2, sizeof(*many));
	char *long_word = calloc(LAUNCH_BYTES_MAX + 1, 1);
	const char *const none[] = { NULL };
	const char *const two[] = { "run", long_word, NULL };
	struct launch_head head = { .version = LAUNCH_VERSION };
	char *bytes;

	(void)state;
	assert_true(many && long_word);
	for (size_t i = 0; i <= LAUNCH_WORDS_MAX; i++)
		many[i] = "x";
	assert_int_equal(pack(many, none, &head, &bytes), -E2BIG);
	many[LAUNCH_WORDS_MAX] = NULL;
	assert_int_equal(pack(many, none, &head, &bytes), 0);
	assert_int_equal(launch_head_check(&head), 0);
	free(bytes);
	memset(long_word, 'x', LAUNCH_BYTES_MAX);
	assert_int_equal(pack(two, none, &head, &bytes), -E2BIG);
	free(many);
	free(long_word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_come_out_as_they_went_in),
		cmocka_unit_test(cut_at_any_byte_it_is_refused),
		cmocka_unit_test(more_bytes_than_words_are_refused),
		cmocka_unit_test(every_number_of_a_head_has_its_bounds),
		cmocka_unit_test(more_words_than_there_may_be_are_not_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
