/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_serve_cli.c - the options of `netleash proxy`
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/serve_cli.h"

#define WORDS_MAX 12

/* @line is cut at each blank. */
static enum serve_cli_result parse(char *line, struct serve_cli *ret)
{
	char *words[WORDS_MAX + 1];
	int n = 0;

	for (char *word; (word = strsep(&line, " "));) {
		assert_true(n < WORDS_MAX);
		words[n++] = word;
	}
	words[n] = NULL;
	return serve_cli_parse(n, words, ret);
}

static void every_option_lands_in_its_field(void **state)
{
	char line[] = "proxy -c a.conf --profile=p --log b.log "
		      "--pid-file=c.pid --verbose";
	char short_line[] = "proxy --conf a.conf -pp -v";
	char empty_line[] = "proxy";
	struct serve_cli cli;

	(void)state;
	assert_int_equal(parse(line, &cli), SERVE_CLI_OK);
	assert_string_equal(cli.conf, "a.conf");
	assert_string_equal(cli.profile, "p");
	assert_string_equal(cli.log_file, "b.log");
	assert_string_equal(cli.pid_file, "c.pid");
	assert_true(cli.verbose);
	assert_int_equal(parse(short_line, &cli), SERVE_CLI_OK);
	assert_string_equal(cli.conf, "a.conf");
	assert_string_equal(cli.profile, "p");
	assert_null(cli.log_file);
	assert_true(cli.verbose);
	assert_int_equal(parse(empty_line, &cli), SERVE_CLI_OK);
	assert_null(cli.conf);
	assert_false(cli.verbose);
}

static void what_is_wrong_is_refused(void **state)
{
	static const char *const wrong[] = {
		"proxy x",	     "proxy --no-such",
		"proxy -Z",	     "proxy -c",
		"proxy -c a -c b",   "proxy --log",
		"proxy --log=",	     "proxy --pid-file=",
		"proxy --verbose=1", "proxy -v -- -c.conf",
	};
	struct serve_cli cli;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char line[64];

		(void)snprintf(line, sizeof(line), "%s", wrong[i]);
		if (parse(line, &cli) != SERVE_CLI_WRONG)
			fail_msg("accepted: %s", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_lands_in_its_field),
		cmocka_unit_test(what_is_wrong_is_refused),
	};

	return cmocka_run_group_tests_name("serve_cli", tests, NULL, NULL);
}
