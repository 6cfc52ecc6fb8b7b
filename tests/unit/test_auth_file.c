/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_auth_file.c - users from a file's text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/auth_file.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "tests/unit/users.h"

#define NOTHING                                                                \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIXTY_FOUR                                                             \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* "LINE:COLUMN: WHY\n" of each. */
static void on_wrong(void *arg, uint32_t line, uint32_t column, const char *why)
{
	strbuf_addf(arg, "%u:%u: %s\n", line, column, why);
}

/* What is wrong, to be freed. @text is copied: nobody reads beyond it. */
static char *parse(const char *text, size_t n, struct auth_users *users)
{
	struct strbuf wrong = STRBUF_INIT;
	char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	strbuf_addc(&wrong, '\0');
	strbuf_reset(&wrong);
	assert_int_equal(auth_file_parse(copy, n, users, on_wrong, &wrong), 0);
	free(copy);
	return wrong.s;
}

static void users_have_names_and_hashes(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf# who may\r\n\r\nalice:" ABC "\r\n"
		"  "
		"b.o_b-1:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410F"
		"F61F20015AD\t # his\n" SIXTY_FOUR ":" ABC;
	struct auth_users users = { 0 };
	char *wrong = parse(text, sizeof(text) - 1, &users);

	(void)state;
	assert_string_equal(wrong, "");
	assert_int_equal(users.n, 3);
	assert_string_equal(users.v[0].name, "alice");
	assert_string_equal(users.v[1].name, "b.o_b-1");
	assert_string_equal(users.v[2].name, SIXTY_FOUR);
	assert_int_equal(users.v[0].hash[0], 0xba);
	assert_int_equal(users.v[0].hash[31], 0xad);
	assert_memory_equal(users.v[0].hash, users.v[1].hash, AUTH_HASH_SIZE);
	assert_int_equal(users.v[1].line, 4);
	assert_non_null(auth_users_find(&users, "alice", 5));
	assert_null(auth_users_find(&users, "alice", 4));
	free(wrong);
	auth_users_fini(&users);
}

static void what_is_wrong_is_told_with_its_place_and_shows_nothing(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "hunter2\n", "1:1: expected NAME:SHA256\n" },
		{ "a:" ABC "\n\n  hunter2 x", "3:3: expected NAME:SHA256\n" },
		{ ":" ABC, "1:1: expected NAME:SHA256, the name of 1 to 64 "
			   "letters, digits, '.', '_' and '-'\n" },
		{ "a b:" ABC, "1:1: expected NAME:SHA256, the name of 1 to 64 "
			      "letters, digits, '.', '_' and '-'\n" },
		{ SIXTY_FOUR "0:" ABC,
		  "1:1: expected NAME:SHA256, the name of 1 to 64 "
		  "letters, digits, '.', '_' and '-'\n" },
		{ "a:hunter2", "1:3: expected the 64 hex digits that printf %s "
			       "PASSWORD | sha256sum prints, and nothing "
			       "more\n" },
		{ "a:" ABC "0", "1:3: expected the 64 hex digits that printf "
				"%s PASSWORD | sha256sum prints, and nothing "
				"more\n" },
		{ "a: " ABC, "1:3: expected the 64 hex digits that printf "
			     "%s PASSWORD | sha256sum prints, and nothing "
			     "more\n" },
		{ "a:" ABC "  -", "1:3: expected the 64 hex digits that printf "
				  "%s PASSWORD | sha256sum prints, and nothing "
				  "more\n" },
		{ "a:" NOTHING, "1:3: that is the hash of no password at "
				"all\n" },
		{ "a:" ABC "\n#\n a:" ABC "\nA:" ABC,
		  "3:2: duplicate: 'a' is in line 1 already\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct auth_users users = { 0 };
		char *wrong =
			parse(cases[i].text, strlen(cases[i].text), &users);

		assert_string_equal(wrong, cases[i].want);
		free(wrong);
		auth_users_fini(&users);
	}
}

static void a_text_cut_anywhere_has_the_users_that_came_whole(void **state)
{
	static const char text[] = "alice:" ABC "\nbob:" ABC "\n";
	const size_t first = sizeof("alice:" ABC) - 1;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct auth_users users = { 0 };
		char *wrong = parse(text, n, &users);

		assert_int_equal(users.n, n + 1 >= sizeof(text) - 1 ? 2
					  : n >= first		    ? 1
								    : 0);
		assert_int_equal(wrong[0] == '\0',
				 n == 0 || n == first || n == first + 1 ||
					 n + 1 >= sizeof(text) - 1);
		free(wrong);
		auth_users_fini(&users);
	}
}

static void there_are_so_many_users_and_no_more(void **state)
{
	struct strbuf text = STRBUF_INIT;
	struct auth_users users = { 0 };
	char *wrong;

	(void)state;
	for (unsigned i = 0; i < AUTH_USERS_MAX + 3; i++)
		strbuf_addf(&text, "u%u:" ABC "\n", i);
	wrong = parse(text.s, text.len, &users);
	assert_string_equal(wrong, "1025:1: more than 1024 users\n");
	assert_int_equal(users.n, AUTH_USERS_MAX);
	free(wrong);
	auth_users_fini(&users);
	strbuf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_have_names_and_hashes),
		cmocka_unit_test(
			what_is_wrong_is_told_with_its_place_and_shows_nothing),
		cmocka_unit_test(
			a_text_cut_anywhere_has_the_users_that_came_whole),
		cmocka_unit_test(there_are_so_many_users_and_no_more),
	};

	return cmocka_run_group_tests_name("auth_file", tests, NULL, NULL);
}
