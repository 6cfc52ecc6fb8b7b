/* SPDX-License-Identifier: MIT */
/*
 * common/path_glob.h - path globs of rules, and paths that may be judged
 */
#ifndef NETLEASH_COMMON_PATH_GLOB_H
#define NETLEASH_COMMON_PATH_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Path globs: '*' inside a segment, '**' across segments; "/repos/" and all
 * below for "/repos/ **" (written without the blank), and "/a/b" for
 * "/a/ ** /b". @path is without query; "%41" is the same as "A" on both sides.
 * Costs no more than the product of both lengths.
 */
bool path_glob_match(const char *glob, const char *path, size_t path_len);

/*
 * False for dot segments, empty segments, %2e, %2f, %5c, '\', NUL and control
 * bytes, encoded too, and for a '%' without two hex digits.
 */
bool path_is_safe(const char *path, size_t path_len);

#define PATH_GLOB_MAX 1024

#endif
