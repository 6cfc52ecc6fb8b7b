/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_preset.c - presets from files and from npm's answer
 *
 * npm is played by scripts in a folder of the test's own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/macros.h"
#include "sandbox/identity.h"
#include "sandbox/preset.h"
#include "sandbox/preset_npm.h"

static char folder[] = "/tmp/netleash-preset-XXXXXX";

/* Puts a script in npm's place. */
static void play_npm(const char *script)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/npm", folder);
	(void)unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static int ask(int limit_ms, char **ret, char error[RULE_ERROR_MAX])
{
	char path[128];
	struct npm_asker asker = {
		.path = path,
		.uid = getuid(),
		.gid = getgid(),
		.home = "/nonexistent",
		.limit_ms = limit_ms,
	};

	snprintf(path, sizeof(path), "/nonexistent:%s:/usr/bin:/bin", folder);
	return npm_registry_rule(&asker, ret, error);
}

static const struct {
	const char *script, *rule; /* NULL: refused */
} answers[] = {
	{ "echo https://registry.example/", "allow registry.example:443\n" },
	{ "echo http://registry.example", "allow registry.example:80\n" },
	{ "printf https://Registry.Example.:8443/a/b/",
	  "allow registry.example:8443\n" },
	{ "echo http://127.0.0.1:4873/", "allow 127.0.0.1:4873\n" },
	{ "echo 'http://[2001:db8::1]:4873/'", "allow [2001:db8::1]:4873\n" },
	{ "echo warning >&2; echo https://registry.example/",
	  "allow registry.example:443\n" },
	{ "test \"$*\" = 'config get registry' && test \"$PWD\" = / && "
	  "test \"$HOME\" = /nonexistent && test -z \"$SECRET_OF_TEST\" && "
	  "test ! -t 0 && ! read word && echo https://$npm_config_x/",
	  "allow from.env.example:443\n" },
	{ "echo https://$npm_config_logs_max.example/",
	  "allow 0.example:443\n" },
	{ "echo https://user:word@registry.example/", NULL },
	{ "echo registry.example", NULL },
	{ "echo ftp://registry.example/", NULL },
	{ "echo undefined", NULL },
	{ "echo 'https://a.example/ *'", NULL },
	{ "printf 'https://a.example/\\nhttps://b.example/\\n'", NULL },
	{ "printf 'https://a.example/\\nallow *:*\\n'", NULL },
	{ "printf 'https://a.example\\nallow'", NULL },
	{ "printf 'https://a.ex\\000ample/'", NULL },
	{ "printf 'https://127.1/'", NULL },
	{ "true", NULL },
	{ "echo https://registry.example/; exit 1", NULL },
	{ "echo https://registry.example/; kill -9 $$", NULL },
	{ "yes https://registry.example/", NULL },
};

static void only_a_whole_plain_url_becomes_a_rule(void **state)
{
	(void)state;
	assert_int_equal(setenv("SECRET_OF_TEST", "x", 1), 0);
	assert_int_equal(setenv("npm_config_x", "from.env.example", 1), 0);
	assert_int_equal(setenv("NPM_CONFIG_LOGS_MAX", "7", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		char error[RULE_ERROR_MAX] = "";
		char *rule = NULL;
		int r;

		play_npm(answers[i].script);
		r = ask(NPM_LIMIT_MS, &rule, error);
		if ((r == 0) != (answers[i].rule != NULL))
			fail_msg("%s: %d %s %s", answers[i].script, r,
				 rule ? rule : "", error);
		if (r == 0)
			assert_string_equal(rule, answers[i].rule);
		else
			assert_true(error[0] != '\0');
		free(rule);
	}
}

static void root_asks_as_the_caller(void **state)
{
	bool root = geteuid() == 0;
	struct npm_asker asker = {
		.path = folder,
		.uid = root ? 12345 : getuid(),
		.gid = root ? 12346 : getgid(),
		.home = "",
		.limit_ms = NPM_LIMIT_MS,
	};
	char error[RULE_ERROR_MAX] = "", want[100];
	char *rule = NULL;

	(void)state;
	play_npm("PATH=/usr/bin:/bin; echo https://u$(id -u)-g$(id -g)-"
		 "$(id -G | wc -w)-$(grep -c 'NoNewPrivs:.1' "
		 "/proc/self/status).example");
	assert_int_equal(npm_registry_rule(&asker, &rule, error), 0);
	snprintf(want, sizeof(want), "allow u%u-g%u-", (unsigned)asker.uid,
		 (unsigned)asker.gid);
	assert_memory_equal(rule, want, strlen(want));
	if (root) /* no groups but the one, and no way back up */
		assert_string_equal(rule + strlen(want), "1-1.example:443\n");
	free(rule);
}

static void an_npm_that_hangs_is_killed_in_time(void **state)
{
	static const char *const scripts[] = {
		"sleep 60",
		"exec >&-; sleep 60", /* an answer, of nothing, but no end */
		"sleep 60 & echo https://registry.example/",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		char error[RULE_ERROR_MAX] = "";
		uint64_t start = clock_ms();
		char *rule = NULL;

		play_npm(scripts[i]);
		assert_int_equal(ask(300, &rule, error), -ETIMEDOUT);
		assert_non_null(strstr(error, "longer"));
		assert_true(clock_ms() - start < 5000);
		assert_null(rule);
	}
}

static void without_npm_the_error_says_so(void **state)
{
	struct npm_asker asker = { .path = "/nonexistent:", .home = "" };
	char error[RULE_ERROR_MAX] = "";
	char *rule = NULL;

	(void)state;
	assert_int_equal(npm_registry_rule(&asker, &rule, error), -ENOENT);
	assert_non_null(strstr(error, "not installed"));
}

/* What we ship is found from the tree that this test was built in. */
static void the_presets_that_ship_are_found(void **state)
{
	struct caller me = { .uid = getuid(), .gid = getgid() };
	char error[RULE_ERROR_MAX] = "";
	char *text = NULL, *source = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(preset_load(&me, "github", &text, &n, &source, error),
			 0);
	assert_int_equal(strlen(text), n);
	assert_non_null(strstr(text, "\nallow github.com\n"));
	assert_non_null(strstr(source, "/github.conf"));
	free(text);
	free(source);
	assert_int_equal(preset_load(&me, "none", &text, &n, &source, error),
			 -ENOENT);
	assert_non_null(strstr(error, "none.conf"));
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/npm", folder);
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_whole_plain_url_becomes_a_rule),
		cmocka_unit_test(root_asks_as_the_caller),
		cmocka_unit_test(an_npm_that_hangs_is_killed_in_time),
		cmocka_unit_test(without_npm_the_error_says_so),
		cmocka_unit_test(the_presets_that_ship_are_found),
	};

	return cmocka_run_group_tests_name("preset", tests, make_folder,
					   remove_folder);
}
