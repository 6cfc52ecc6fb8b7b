/* SPDX-License-Identifier: MIT */
/*
 * sandbox/toolchain.h - what PATH needs from a home that CMD does not see
 *
 * A language version manager lives below the caller's home, which is empty
 * for CMD. Where PATH or CMD points there, its folder is shown read-only.
 */
#ifndef NETLEASH_SANDBOX_TOOLCHAIN_H
#define NETLEASH_SANDBOX_TOOLCHAIN_H

/*
 * Calls @add with each folder below @home (absolute, resolved) that the
 * entries of @path_list (as $PATH; may be NULL) or @command, a path or a name,
 * need. The same folder may come twice. Stops at, and returns, the first value
 * of @add other than 0; -ENOMEM; else 0. Nothing of the folders is read but
 * links.
 */
typedef int toolchain_add_fn(void *arg, const char *folder);
int toolchain_find(const char *home, const char *path_list, const char *command,
		   toolchain_add_fn *add, void *arg);

#endif
