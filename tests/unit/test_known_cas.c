/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_known_cas.c - certificates by number, over a fork
 */
#include "sandbox/known_cas.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct known_cas *begin(void)
{
	struct known_cas *k;

	assert_int_equal(known_cas_new("first", &k), 0);
	return k;
}

static void expect(const struct known_cas *k, uint32_t number, const char *pem)
{
	char got[KNOWN_CAS_PEM];

	assert_int_equal(known_cas_find(k, number, got), pem != NULL);
	if (pem)
		assert_string_equal(got, pem);
}

static void the_first_has_a_number_of_its_own(void **state)
{
	struct known_cas *k = begin();

	(void)state;
	expect(k, KNOWN_CAS_FIRST, "first");
	expect(k, 0, NULL);
	expect(k, 2, NULL);
	expect(k, KNOWN_CAS_FIRST + KNOWN_CAS_MAX, NULL);
	expect(k, UINT32_MAX, NULL);
	known_cas_forget(k);
	known_cas_forget(NULL);
	assert_int_equal(known_cas_freeze(NULL), 0);
}

static void the_same_again_is_no_other(void **state)
{
	struct known_cas *k = begin();

	(void)state;
	assert_int_equal(known_cas_add(k, "first"), KNOWN_CAS_FIRST);
	assert_int_equal(known_cas_add(k, "second"), 2);
	assert_int_equal(known_cas_add(k, "second"), 2);
	/* One that came back is another: numbers only grow. */
	assert_int_equal(known_cas_add(k, "first"), 3);
	expect(k, 1, "first");
	expect(k, 2, "second");
	expect(k, 3, "first");
	known_cas_forget(k);
}

static void the_oldest_is_forgotten_first(void **state)
{
	struct known_cas *k = begin();
	char pem[20];

	(void)state;
	for (uint32_t i = 2; i <= 3 * KNOWN_CAS_MAX; i++) {
		(void)snprintf(pem, sizeof(pem), "pem %u", i);
		assert_int_equal(known_cas_add(k, pem), i);
		expect(k, i, pem);
	}
	for (uint32_t i = 1; i <= 2 * KNOWN_CAS_MAX; i++)
		expect(k, i, NULL);
	(void)snprintf(pem, sizeof(pem), "pem %d", 2 * KNOWN_CAS_MAX + 1);
	expect(k, 2 * KNOWN_CAS_MAX + 1, pem);
	known_cas_forget(k);
}

/* Return: whether a child that does @fn comes to its end. */
static bool lives(void (*fn)(struct known_cas *k), struct known_cas *k)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* cmocka has a handler of its own. */
		(void)sigaction(SIGSEGV, &by_default, NULL);
		fn(k);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void add(struct known_cas *k)
{
	(void)known_cas_add(k, "of a child");
}

static void freeze_and_add(struct known_cas *k)
{
	(void)known_cas_freeze(k);
	(void)known_cas_add(k, "of a reader");
}

static void what_one_process_writes_the_others_read(void **state)
{
	struct known_cas *k = begin();

	(void)state;
	assert_true(lives(add, k));
	expect(k, 2, "of a child");
	assert_false(lives(freeze_and_add, k));
	expect(k, 3, NULL);
	known_cas_forget(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_has_a_number_of_its_own),
		cmocka_unit_test(the_same_again_is_no_other),
		cmocka_unit_test(the_oldest_is_forgotten_first),
		cmocka_unit_test(what_one_process_writes_the_others_read),
	};

	return cmocka_run_group_tests_name("known_cas", tests, NULL, NULL);
}
