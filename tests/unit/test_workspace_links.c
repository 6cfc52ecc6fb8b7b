/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_workspace_links.c - links that the command could replace
 */
#include "sandbox/workspace_links.h"

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

#include "sandbox/workspace.h"

static char top[] = "/tmp/netleash-links-XXXXXX";

static const struct {
	const char *name, *leads_to;
} links[] = {
	{ "ws/in", "file" },
	{ "ws/out", "../other/file" },
	{ "ws/dir", "../other" },
	{ "other/to-ws", "../ws/sub" },
	{ "other/chain", "to-ws/../in" },
	{ "other/file-too", "file" },
	{ "other/loop", "loop" },
	{ "ws/sub/up", ".." },
	{ "other/gone", "nothing" },
};

static const struct {
	const char *path;
	const char *link; /* NULL: none */
} cases[] = {
	{ "file", NULL },
	{ "./sub//../file", NULL },
	{ "not/there", NULL },
	{ "sub/*.conf", NULL },
	{ "../other/file", NULL },
	{ "../other/file-too", NULL }, /* a link, but not CMD's */
	{ "../other/to-ws/file", NULL },
	{ "../other/loop", NULL },
	{ "../other/gone", NULL },
	{ "in", "ws/in" },
	{ "./out", "ws/out" },
	{ "dir/file", "ws/dir" },
	{ "dir/*.conf", "ws/dir" },
	{ "../ws/dir/../file", "ws/dir" },
	{ "sub/up/file", "ws/sub/up" },
	{ "../other/chain", "ws/in" },
	{ "../other/to-ws/up", "ws/sub/up" },
};

static void the_first_link_that_can_be_replaced_is_found(void **state)
{
	char ws[64], path[160], want[160], *writable[] = { ws };
	struct workspace w = {
		.cwd = ws,
		.writable = { .v = writable, .n = 1 },
	};

	(void)state;
	(void)snprintf(ws, sizeof(ws), "%s/ws", top);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Relative to the working directory, and absolute. */
		for (int way = 0; way < 2; way++) {
			char *found;

			(void)snprintf(path, sizeof(path), "%s%s%s",
				       way ? ws : "", way ? "/" : "",
				       cases[i].path);
			assert_int_equal(workspace_find_link(&w, path, &found),
					 0);
			if (!cases[i].link) {
				if (found)
					fail_msg("%s: %s", path, found);
				continue;
			}
			(void)snprintf(want, sizeof(want), "%s/%s", top,
				       cases[i].link);
			if (!found)
				fail_msg("%s: none", path);
			assert_string_equal(found, want);
			free(found);
		}
	}
}

static void put_file(const char *name)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fclose(f);
}

static int make_world(void **state)
{
	static const char *const folders[] = { "ws", "other", "ws/sub" };
	char path[160];

	(void)state;
	if (!mkdtemp(top))
		return -1;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", top, folders[i]);
		if (mkdir(path, 0700) < 0)
			return -1;
	}
	put_file("ws/file");
	put_file("other/file");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", top, links[i].name);
		if (symlink(links[i].leads_to, path) < 0)
			return -1;
	}
	return 0;
}

static int remove_world(void **state)
{
	static const char *const rest[] = { "ws/file", "other/file", "ws/sub",
					    "ws", "other" };
	char path[160];

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", top, links[i].name);
		(void)unlink(path);
	}
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", top, rest[i]);
		(void)remove(path);
	}
	return rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_link_that_can_be_replaced_is_found),
	};

	return cmocka_run_group_tests_name("workspace_links", tests, make_world,
					   remove_world);
}
