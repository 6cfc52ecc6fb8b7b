/* SPDX-License-Identifier: MIT */
/*
 * common/conf_named.h - files that lines of a conf name
 *
 * For common/conf*.c and their tests only. How one is opened:
 *   conf_named_path -> conf_named_open -> conf_open
 * In between a setter may decide that it does not need the file.
 */
#ifndef NETLEASH_COMMON_CONF_NAMED_H
#define NETLEASH_COMMON_CONF_NAMED_H

#include <stdbool.h>
#include <sys/stat.h>

struct conf_parser;
struct conf_word;

/*
 * @w relative to the file that names it. Return: 0 with a malloc'ed path, or
 * with NULL where it can be none, and an error says so; -ENOMEM.
 */
int conf_named_path(struct conf_parser *ps, const struct conf_word *w,
		    char **ret);

/* @path so that it means the same elsewhere. Return: malloc'ed, or NULL. */
char *conf_path_absolute(const char *path);

/* @path, as @w named it, as by conf_open(). Return: false, and an error, if it
 * cannot be, or would be one file too many. */
bool conf_named_open(struct conf_parser *ps, const struct conf_word *w,
		     const char *path, int *ret_fd, struct stat *ret_st);

/*
 * conf_file.c: opens what must be a regular file, and never waits. Return: 0;
 * -EINVAL with a sentence part in @error.
 */
#define CONF_FILE_ERROR_MAX 200
int conf_open(const char *path, bool may_be_pipe, int *ret_fd,
	      struct stat *ret_st, char error[CONF_FILE_ERROR_MAX]);

#endif
