/* SPDX-License-Identifier: MIT */
/*
 * sandbox/toolchain.h - what PATH needs from a home that CMD does not see
 *
 * A language version manager lives below the caller's home, which is empty
 * for CMD. Where PATH or CMD points there, its folder is shown read-only.
 *
 * A link that an earlier command may have made says nothing about what the
 * caller wants shown: through it only folders of managers are, which are known
 * to hold no secrets (a venv's "python" leads to one).
 */
#ifndef NETLEASH_SANDBOX_TOOLCHAIN_H
#define NETLEASH_SANDBOX_TOOLCHAIN_H

#include <stdbool.h>

typedef int toolchain_add_fn(void *arg, const char *folder);

/* Is there a link on the way of @path, as written, that CMD could replace? */
typedef bool toolchain_doubt_fn(void *arg, const char *path);

/*
 * Calls @add with each folder below @home (absolute, resolved) that the
 * entries of @path_list (as $PATH; may be NULL) or @command, a path or a name,
 * need. The same folder may come twice. Stops at, and returns, the first value
 * of @add other than 0; -ENOMEM; else 0. Nothing of the folders is read but
 * links.
 */
int toolchain_find(const char *home, const char *path_list, const char *command,
		   toolchain_add_fn *add, toolchain_doubt_fn *doubts,
		   void *arg);

#endif
