/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_toolchain.c - what PATH needs from a home
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/toolchain.h"

static char home[256];
static char found[4096];

static int collect(void *arg, const char *folder)
{
	size_t used = strlen(found);

	(void)arg;
	(void)snprintf(found + used, sizeof(found) - used, "%s ",
		       folder + strlen(home) + 1);
	return 0;
}

/* What is in "ws" is of commands. */
static bool is_of_commands(void *arg, const char *path)
{
	char ws[300];

	(void)arg;
	(void)snprintf(ws, sizeof(ws), "%s/ws/", home);
	return strncmp(path, ws, strlen(ws)) == 0;
}

static void make(const char *relative, mode_t mode)
{
	char path[512], *p;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", home, relative);
	for (p = path + strlen(home) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static int link_in(const char *folder, const char *name, const char *relative)
{
	char target[512], path[512];

	(void)snprintf(target, sizeof(target), "%s/%s", home, relative);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", home, folder, name);
	return symlink(target, path);
}

static int set_up(void **state)
{
	char target[512], link_path[512];

	(void)state;
	(void)snprintf(home, sizeof(home), "/tmp/test_toolchain.XXXXXX");
	if (!mkdtemp(home))
		return -1;
	make(".pyenv/shims/python3", 0755);
	make(".cargo/bin/cargo", 0755);
	make(".cargo/credentials.toml", 0600);
	make(".rustup/toolchains/x", 0755);
	make("opt/node/bin/node", 0755);
	make(".local/share/tool/main", 0755);
	make(".local/bin/other", 0755);
	(void)snprintf(target, sizeof(target), "%s/.local/share/tool/main",
		       home);
	(void)snprintf(link_path, sizeof(link_path), "%s/.local/bin/tool",
		       home);
	make(".ssh/id", 0755);
	make("ws/file", 0644);
	make("other/file", 0644);
	make(".local/share/uv/python/3/bin/python3", 0755);
	return symlink(target, link_path) || link_in("other", "keys", ".ssh") ||
	       link_in("other", "key", ".ssh/id") ||
	       link_in("other", "tool", "opt/node/bin/node") ||
	       link_in("ws", "keys", ".ssh") ||
	       link_in("ws", "key", ".ssh/id") ||
	       link_in("ws", "venv", ".local/share/uv/python/3/bin/python3");
}

static int tear_down(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", home, (char *)NULL);
		_exit(127);
	}
	return pid < 0 ? -1 : 0;
}

static void check(const char *entry, const char *command, const char *want)
{
	char list[600];

	found[0] = '\0';
	(void)snprintf(list, sizeof(list), "/usr/bin:%s/%s:", home, entry);
	assert_int_equal(toolchain_find(home, list, command, collect,
					is_of_commands, NULL),
			 0);
	assert_string_equal(found, want);
}

static void a_known_manager_is_shown_whole(void **state)
{
	(void)state;
	check(".pyenv/shims", "true", ".pyenv ");
}

static void a_bin_folder_means_what_stands_beside_it(void **state)
{
	(void)state;
	check("opt/node/bin", "true", "opt/node ");
}

static void what_stands_beside_credentials_stays_hidden(void **state)
{
	(void)state;
	check(".cargo/bin", "true", ".cargo/bin .rustup/toolchains ");
}

static void a_program_that_is_a_link_brings_its_target(void **state)
{
	(void)state;
	check(".local/bin", "tool", ".local/bin .local/share/tool ");
}

static void a_command_given_by_path_is_found_without_path(void **state)
{
	char path[512];

	(void)state;
	found[0] = '\0';
	(void)snprintf(path, sizeof(path), "%s/opt/node/bin/node", home);
	assert_int_equal(
		toolchain_find(home, NULL, path, collect, is_of_commands, NULL),
		0);
	assert_string_equal(found, "opt/node opt/node ");
}

static void check_path(const char *relative, const char *want)
{
	char path[512];

	found[0] = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s", home, relative);
	assert_int_equal(
		toolchain_find(home, NULL, path, collect, is_of_commands, NULL),
		0);
	assert_string_equal(found, want);
}

static void a_link_given_by_path_brings_its_own_folder_too(void **state)
{
	(void)state;
	check_path(".local/bin/tool", ".local/bin .local/share/tool ");
}

static void a_link_that_a_command_may_have_made_shows_nothing(void **state)
{
	(void)state;
	check("ws/keys", "true", "");
	check("ws", "key", "ws ");
	check_path("ws/key", "ws ");
}

static void nor_one_in_another_workspace_a_dot_folder(void **state)
{
	(void)state;
	check("other/keys", "true", "");
	check("other", "key", "other ");
	check("other", "tool", "other opt/node ");
}

static void but_a_manager_is_shown_through_it(void **state)
{
	(void)state;
	check("ws", "venv", "ws .local/share/uv/python ");
	check_path("ws/venv", "ws .local/share/uv/python ");
}

static void the_home_itself_is_never_shown(void **state)
{
	(void)state;
	check("", "true", "");
	check("nosuch/bin", "true", "");
	check("../../usr/bin", "true", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_manager_is_shown_whole),
		cmocka_unit_test(a_bin_folder_means_what_stands_beside_it),
		cmocka_unit_test(what_stands_beside_credentials_stays_hidden),
		cmocka_unit_test(a_program_that_is_a_link_brings_its_target),
		cmocka_unit_test(a_command_given_by_path_is_found_without_path),
		cmocka_unit_test(
			a_link_given_by_path_brings_its_own_folder_too),
		cmocka_unit_test(
			a_link_that_a_command_may_have_made_shows_nothing),
		cmocka_unit_test(nor_one_in_another_workspace_a_dot_folder),
		cmocka_unit_test(but_a_manager_is_shown_through_it),
		cmocka_unit_test(the_home_itself_is_never_shown),
	};

	return cmocka_run_group_tests_name("toolchain", tests, set_up,
					   tear_down);
}
