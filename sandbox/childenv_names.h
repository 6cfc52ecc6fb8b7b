/* SPDX-License-Identifier: MIT */
/*
 * sandbox/childenv_names.h - which of the caller's variables CMD may see
 *
 * Pure. Names are compared without regard to case: PGPASSWORD, pgpassword.
 */
#ifndef NETLEASH_SANDBOX_CHILDENV_NAMES_H
#define NETLEASH_SANDBOX_CHILDENV_NAMES_H

#include <stdbool.h>

/*
 * Loader variables, sockets of the caller's session, and what looks like a
 * secret: by name, or because the value is a URL with a password in it.
 * @deny and @allow are name globs of the conf, NULL-terminated, or NULL: a
 * denied name is withheld whatever else is said, an allowed one passes though
 * the built-in list names it.
 */
bool childenv_is_withheld(const char *name, const char *value,
			  const char *const *deny, const char *const *allow);

/*
 * What netleash sets itself, or what would be false inside, and so is dropped
 * without a word: identity and proxy variables in any case, sudo's.
 */
bool childenv_is_replaced(const char *name);

/* Those of them that name a proxy, or what goes past one. */
bool childenv_is_proxy(const char *name);

/* XDG_CACHE_HOME and its like, not below @home: not there, or not writable. */
bool childenv_is_stale(const char *name, const char *value, const char *home);

/* What --clean-env starts from. */
bool childenv_is_clean(const char *name);

/* True if @path is @dir or lies below it. "" and "/" as @dir hold nothing. */
bool childenv_path_is_below(const char *path, const char *dir);

#endif
