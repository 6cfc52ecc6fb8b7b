/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_auth.c - whose a name and a password are, and Basic's value
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base64.h"
#include "common/macros.h"
#include "proxy/auth.h"
#include "tests/unit/users.h"

#define LONG_NAME                                                              \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char file[] =
	"alice:" ABC "\nbob:" HELLO "\n" LONG_NAME ":" HELLO "\n";

static void on_wrong(void *arg, uint32_t line, uint32_t column, const char *why)
{
	(void)arg;
	fail_msg("%u:%u: %s", line, column, why);
}

static void load(struct auth_users *users)
{
	memset(users, 0, sizeof(*users));
	assert_int_equal(
		auth_file_parse(file, sizeof(file) - 1, users, on_wrong, NULL),
		0);
}

static const char *whose(const struct auth_users *users, const char *name,
			 size_t name_n, const char *password, size_t n)
{
	const struct auth_given given = { name, password, name_n, n };
	const struct auth_user *u = auth_check(users, &given);

	return u ? u->name : "-";
}

static void name_and_password_must_both_be_right(void **state)
{
	static const struct {
		const char *name;
		size_t name_n;
		const char *password;
		size_t n;
		const char *want;
	} cases[] = {
		{ "alice", 5, "abc", 3, "alice" },
		{ "bob", 3, "hello", 5, "bob" },
		{ LONG_NAME, 64, "hello", 5, LONG_NAME },
		{ "bob", 3, "abc", 3, "-" },
		{ "alice", 5, "hello", 5, "-" },
		{ "alice", 4, "abc", 3, "-" },
		{ "alice\0", 6, "abc", 3, "-" },
		{ "Alice", 5, "abc", 3, "-" },
		{ "alice", 5, "abc\0", 4, "-" },
		{ "alice", 5, "ab", 2, "-" },
		{ "alice", 5, "", 0, "-" },
		{ "", 0, "abc", 3, "-" },
		{ "carol", 5, "abc", 3, "-" },
		{ LONG_NAME "0", 65, "hello", 5, "-" },
	};
	struct auth_users users, none = { 0 };
	char much[AUTH_PASSWORD_MAX + 1] = { 0 };

	(void)state;
	load(&users);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(whose(&users, cases[i].name,
					  cases[i].name_n, cases[i].password,
					  cases[i].n),
				    cases[i].want);
		assert_string_equal(whose(&none, cases[i].name, cases[i].name_n,
					  cases[i].password, cases[i].n),
				    "-");
	}
	assert_string_equal(whose(&users, "alice", 5, much, sizeof(much)), "-");
	auth_users_fini(&users);
}

/* @value as an exact allocation. Return: "NAME|PASSWORD" or "-", to be freed.
 */
static char *basic(const char *value, size_t n)
{
	struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	struct auth_given given;
	char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, value, n);
	if (auth_basic_parse(copy, n, &text, &given)) {
		strbuf_add(&out, given.name, given.name_n);
		strbuf_addc(&out, '|');
		strbuf_add(&out, given.password, given.password_n);
	} else {
		strbuf_addc(&out, '-');
	}
	auth_basic_fini(&text);
	free(copy);
	return out.s;
}

static void a_value_of_basic_is_read_strictly(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "Basic YWxpY2U6YWJj", "alice|abc" },
		{ "bASIC   YWxpY2U6YWJj", "alice|abc" },
		{ "Basic YTpiOmM=", "a|b:c" },
		{ "Basic Og==", "|" },
		{ "Basic YWxpY2U=", "-" },
		{ "Basic", "-" },
		{ "Basic ", "-" },
		{ "Basic\tYWxpY2U6YWJj", "-" },
		{ "BasicYWxpY2U6YWJj", "-" },
		{ "Digest YWxpY2U6YWJj", "-" },
		{ "Bearer YWxpY2U6YWJj", "-" },
		{ "YWxpY2U6YWJj", "-" },
		{ "Basic YWxpY2U6YWJ", "-" },
		{ "Basic YWxpY2U6YWJj=", "-" },
		{ "Basic YWxpY2U6YWJj YQ==", "-" },
		{ "Basic YWxpY2U6YWJj, Basic YQ==", "-" },
		{ "Basic YTpiOmN=", "-" }, /* a bit that belongs to no byte */
		{ "Basic YWxpY2U6\xc3\xa9Jj", "-" },
		{ "Basic alice:abc", "-" },
		{ "", "-" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *got = basic(cases[i].value, strlen(cases[i].value));

		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

static void a_value_that_is_cut_is_never_the_whole(void **state)
{
	static const char value[] = "Basic YWxpY2U6YWJj";

	(void)state;
	for (size_t n = 0; n < sizeof(value) - 1; n++) {
		char *got = basic(value, n);

		assert_string_not_equal(got, "alice|abc");
		free(got);
	}
}

static void what_is_too_long_to_be_anybodys_is_not_read(void **state)
{
	(void)state;
	for (size_t n = 310; n < 330; n++) {
		struct strbuf value = STRBUF_INIT, text = STRBUF_INIT;
		char *got;

		strbuf_adds(&text, "a:");
		while (text.len < n)
			strbuf_addc(&text, 'x');
		strbuf_adds(&value, "Basic ");
		base64_add(&value, text.s, text.len);
		got = basic(value.s, value.len);
		assert_int_equal(got[0] == '-',
				 n > AUTH_NAME_MAX + 1 + AUTH_PASSWORD_MAX + 1);
		free(got);
		strbuf_fini(&value);
		strbuf_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_and_password_must_both_be_right),
		cmocka_unit_test(a_value_of_basic_is_read_strictly),
		cmocka_unit_test(a_value_that_is_cut_is_never_the_whole),
		cmocka_unit_test(what_is_too_long_to_be_anybodys_is_not_read),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
