/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/folder.h - a folder of the test's own, for files that are read
 *
 * Its name has a '[', so that it would be a pattern if it were taken for one.
 * folder_make() and folder_remove() are for cmocka's groups.
 */
#ifndef NETLEASH_TESTS_UNIT_FOLDER_H
#define NETLEASH_TESTS_UNIT_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_PATH_MAX 128

static char folder[] = "/tmp/netleash-[test]-XXXXXX";

static inline const char *path_of(const char *name, char path[FOLDER_PATH_MAX])
{
	(void)snprintf(path, FOLDER_PATH_MAX, "%s/%s", folder, name);
	return path;
}

/* Anew: what has the name may be somebody's. */
static inline void put_mode(const char *name, const char *text, mode_t mode)
{
	char path[FOLDER_PATH_MAX];
	FILE *f;

	(void)unlink(path_of(name, path));
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline void put(const char *name, const char *text)
{
	put_mode(name, text, 0644);
}

static inline int folder_make(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_remove_one(const char *path, const struct stat *st,
				    int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int folder_remove(void **state)
{
	(void)state;
	return nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
