/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_cli.c - the options of `netleash run`
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/cli.h"

#define WORDS_MAX 12

static enum cli_result parse(struct run_cli *cli, const char *const *words)
{
	static char *argv[WORDS_MAX + 2];
	int argc = 0;

	argv[argc++] = (char *)(uintptr_t) "run";
	while (words[argc - 1]) {
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
		argc++;
	}
	argv[argc] = NULL;
	return run_cli_parse(argc, argv, cli);
}

static void the_first_word_that_is_no_option_starts_the_command(void **state)
{
	const char *const words[] = { "-a", "h", "ls", "-d", "--quiet", NULL };
	struct run_cli cli;

	(void)state;
	assert_int_equal(parse(&cli, words), CLI_OK);
	assert_string_equal(cli.argv[0], "ls");
	assert_string_equal(cli.argv[1], "-d");
	assert_string_equal(cli.argv[2], "--quiet");
	assert_null(cli.argv[3]);
	assert_false(cli.quiet);
	assert_int_equal(cli.rules_n, 1);
	run_cli_fini(&cli);
}

static void everything_after_two_dashes_is_the_command(void **state)
{
	const char *const words[] = { "--", "--help", "--", NULL };
	struct run_cli cli;

	(void)state;
	assert_int_equal(parse(&cli, words), CLI_OK);
	assert_string_equal(cli.argv[0], "--help");
	assert_string_equal(cli.argv[1], "--");
	run_cli_fini(&cli);
}

static void rules_keep_their_order_and_effect(void **state)
{
	const char *const words[] = { "-a",	     "a:22", "--deny=b",
				      "--allow",     "c",    "-ddel",
				      "--inspect=e", "true", NULL };
	struct run_cli cli;

	(void)state;
	assert_int_equal(parse(&cli, words), CLI_OK);
	assert_int_equal(cli.rules_n, 5);
	assert_int_equal(cli.rules[0].effect, RULE_ALLOW);
	assert_string_equal(cli.rules[0].text, "a:22");
	assert_int_equal(cli.rules[1].effect, RULE_DENY);
	assert_string_equal(cli.rules[1].text, "b");
	assert_string_equal(cli.rules[2].text, "c");
	assert_int_equal(cli.rules[3].effect, RULE_DENY);
	assert_string_equal(cli.rules[3].text, "del");
	assert_int_equal(cli.rules[4].effect, RULE_INSPECT);
	assert_string_equal(cli.rules[4].text, "e");
	run_cli_fini(&cli);
}

static void what_is_wrong_is_refused(void **state)
{
	static const char *const wrong[][5] = {
		{ NULL },
		{ "--quiet", NULL },
		{ "--nosuch", "true", NULL },
		{ "-a", NULL },
		{ "--isolation=none", "true", NULL },
		{ "-c", "a", "-cb", "true", NULL },
		{ "--quiet=yes", "true", NULL },
		{ "--online", "--no-network", "true", NULL },
		{ "--external-proxy", "--online", "true", NULL },
		{ "--no-network", "--external-proxy", "true", NULL },
		{ "--external-proxy", "-a", "h", "true", NULL },
		{ "-d", "h", "--external-proxy", "true", NULL },
		{ "-p", "build", "--external-proxy", "true", NULL },
		{ "--inspect=h", "--external-proxy", "true", NULL },
		{ "--no-network", "-a", "h", "true", NULL },
		{ "-d", "h", "--no-network", "true", NULL },
		{ "--no-network", "--inspect=h", "true", NULL },
		{ "--online", "-a", "h", "true", NULL },
		{ "-d", "h", "--online", "true", NULL },
		{ "--local-port", "0", "true", NULL },
		{ "--local-port=1000-1064", "true", NULL },
		{ "--local-port=http", "true", NULL },
		{ "--local-port=80", "--online", "true", NULL },
		{ "--online", "--allow-local-binding", "true", NULL },
	};
	struct run_cli cli;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(parse(&cli, wrong[i]), CLI_WRONG);
		run_cli_fini(&cli);
	}
}

static void local_ports_gather_and_go_with_a_network(void **state)
{
	static const char *const words[][6] = {
		{ "--local-port", "8000-8001", "--local-port=1", "true", NULL },
		{ "--no-network", "--allow-local-binding", "--local-port=1",
		  "true", NULL },
		{ "--external-proxy", "--local-port=1", "true", NULL },
	};
	struct run_cli cli;

	(void)state;
	assert_int_equal(parse(&cli, words[0]), CLI_OK);
	assert_int_equal(cli.local_ports.n, 3);
	assert_int_equal(cli.local_ports.v[0], 1);
	assert_int_equal(cli.local_ports.v[2], 8001);
	assert_false(cli.local_binding);
	run_cli_fini(&cli);
	assert_int_equal(parse(&cli, words[1]), CLI_OK);
	assert_true(cli.local_binding);
	assert_int_equal(cli.network, NETWORK_NONE);
	run_cli_fini(&cli);
	assert_int_equal(parse(&cli, words[2]), CLI_OK);
	assert_int_equal(cli.network, NETWORK_EXTERNAL);
	run_cli_fini(&cli);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_first_word_that_is_no_option_starts_the_command),
		cmocka_unit_test(everything_after_two_dashes_is_the_command),
		cmocka_unit_test(rules_keep_their_order_and_effect),
		cmocka_unit_test(local_ports_gather_and_go_with_a_network),
		cmocka_unit_test(what_is_wrong_is_refused),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
