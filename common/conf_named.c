/* SPDX-License-Identifier: MIT */
/*
 * common/conf_named.c - files that lines of a conf name
 */
#include "common/conf_named.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_priv.h"
#include "common/scope.h"

int conf_named_path(struct conf_parser *ps, const struct conf_word *w,
		    char **ret)
{
	const char *file = ps->cf->files[ps->file];
	const char *slash = w->s[0] == '/' ? NULL : strrchr(file, '/');
	char *path;

	*ret = NULL;
	if (asprintf(&path, "%.*s%.*s", slash ? (int)(slash - file + 1) : 0,
		     file, (int)w->n, w->s) < 0)
		return -ENOMEM;
	if (w->n == 0 || w->n >= PATH_MAX || strlen(path) >= PATH_MAX) {
		conf_error(ps, w, "expected the path of a file");
		free(path);
		return 0;
	}
	*ret = path;
	return 0;
}

char *conf_path_absolute(const char *path)
{
	AUTOFREE char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	char *whole;

	if (!cwd)
		return strdup(path);
	return asprintf(&whole, "%s/%s", cwd, path) < 0 ? NULL : whole;
}

bool conf_named_open(struct conf_parser *ps, const struct conf_word *w,
		     const char *path, int *ret_fd, struct stat *ret_st)
{
	char error[CONF_FILE_ERROR_MAX];

	if (ps->cf->files_n >= CONF_FILES_MAX) {
		conf_error(ps, w, "%s is one file too many", path);
		return false;
	}
	if (conf_open(path, false, ret_fd, ret_st, error) < 0) {
		conf_error(ps, w, "%s %s", path, error);
		return false;
	}
	return true;
}
