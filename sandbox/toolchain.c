/* SPDX-License-Identifier: MIT */
/*
 * sandbox/toolchain.c - what PATH needs from a home that CMD does not see
 *
 * A folder of programs seldom works alone: shims and links lead to what stands
 * beside it. The managers that are known by name are shown whole, as they hold
 * no credentials; of anything else "X/bin" means X, unless X is the home, or
 * a folder that holds more than programs (.local, .config, .cargo).
 */
#include "sandbox/toolchain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macros.h"
#include "common/scope.h"
#include "sandbox/mounts.h"

/* Below the home; a PATH entry in one of these needs the whole of it. */
static const char *const managers[] = {
	".asdf",
	".bun/bin",
	".deno/bin",
	".fnm",
	".goenv",
	".jenv",
	".linuxbrew",
	".local/share/fnm",
	".local/share/mise",
	".local/share/pnpm",
	".local/share/uv/python",
	".local/share/uv/tools",
	".n",
	".nodenv",
	".nvm",
	".nodebrew",
	".pyenv",
	".rbenv",
	".rvm",
	".sdkman",
	".volta",
	"anaconda3",
	"miniconda3",
	"miniforge3",
};

/* A PATH entry in the first needs the second too. */
static const struct companion {
	const char *entry, *needs;
} companions[] = {
	{ ".cargo/bin", ".rustup/toolchains" },
	{ ".cargo/bin", ".rustup/settings.toml" },
	{ ".local/bin", ".local/share/uv/tools" },
	{ ".local/bin", ".local/share/pipx" },
	{ ".local/bin", ".local/share/claude" },
};

/* Whose "bin" stands beside things that are nobody's business. */
static const char *const mixed[] = { ".local", ".config", ".cargo", ".npm" };

struct finder {
	const char *home;
	size_t home_len;
	toolchain_add_fn *add;
	toolchain_doubt_fn *doubts;
	void *arg;
};

/* The part of @path below the home, or NULL. */
static const char *below_home(const struct finder *f, const char *path)
{
	if (strncmp(path, f->home, f->home_len) != 0 ||
	    path[f->home_len] != '/' || path[f->home_len + 1] == '\0')
		return NULL;
	return path + f->home_len + 1;
}

static bool is_in(const char *relative, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(relative, folder, n) == 0 &&
	       (relative[n] == '/' || relative[n] == '\0');
}

static int add_below_home(const struct finder *f, const char *relative,
			  size_t n)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%.*s", f->home, (int)n,
			     relative) >= sizeof(path))
		return 0; /* no such folder can exist */
	return faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0
		       ? f->add(f->arg, path)
		       : 0;
}

static bool is_mixed(const char *relative, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(mixed); i++)
		if (strlen(mixed[i]) == n &&
		    strncmp(mixed[i], relative, n) == 0)
			return true;
	return false;
}

/* The length of the manager's folder that @relative is in, or 0. */
static size_t manager_length(const char *relative)
{
	for (size_t i = 0; i < ARRAY_SIZE(managers); i++)
		if (is_in(relative, managers[i]))
			return strlen(managers[i]);
	return 0;
}

/* How much of @relative, a folder of programs, to show. */
static size_t shown_length(const char *relative)
{
	const char *slash = strrchr(relative, '/');
	size_t n = manager_length(relative);

	if (n > 0)
		return n;
	if (slash && strcmp(slash, "/bin") == 0 &&
	    !is_mixed(relative, (size_t)(slash - relative)))
		return (size_t)(slash - relative);
	return strlen(relative);
}

static int add_folder(const struct finder *f, const char *folder)
{
	const char *relative = below_home(f, folder);
	int r;

	if (!relative)
		return 0;
	r = add_below_home(f, relative, shown_length(relative));
	for (size_t i = 0; i < ARRAY_SIZE(companions) && r == 0; i++)
		if (is_in(relative, companions[i].entry))
			r = add_below_home(f, companions[i].needs,
					   strlen(companions[i].needs));
	return r;
}

/*
 * May a command have made @path lead to @resolved? One of an earlier run, in
 * what was a workspace then, had a link to the home's dot folders to gain by;
 * of these one that stands in another is the caller's.
 */
static bool is_dubious(const struct finder *f, const char *path,
		       const char *resolved)
{
	const char *from = below_home(f, path), *to = below_home(f, resolved);

	if (f->doubts(f->arg, path))
		return true;
	return to && to[0] == '.' && !(from && from[0] == '.') &&
	       mounts_is_workspace(path, f->home);
}

/* @resolved, where a path of the caller's leads: all, or a manager's alone. */
static int add_resolved(const struct finder *f, const char *resolved,
			bool doubtful)
{
	const char *relative = below_home(f, resolved);
	size_t n;

	if (!doubtful)
		return add_folder(f, resolved);
	n = relative ? manager_length(relative) : 0;
	return n > 0 ? add_below_home(f, relative, n) : 0;
}

/* As written, and as resolved: both are looked at when CMD runs. */
static int add_both(const struct finder *f, const char *folder)
{
	AUTOFREE char *resolved = realpath(folder, NULL);
	int r;

	if (folder[0] != '/' || !resolved)
		return 0;
	if (is_dubious(f, folder, resolved))
		return add_resolved(f, resolved, true);
	r = strstr(folder, "/../") ? 0 : add_folder(f, folder);
	if (r == 0 && strcmp(resolved, folder) != 0)
		r = add_resolved(f, resolved, false);
	return r;
}

/* The folder of @path itself, which may be a link, is another's to add. */
static int add_target(const struct finder *f, const char *path)
{
	AUTOFREE char *resolved = NULL;
	bool doubtful;

	/* Most folders of PATH do not have it: so much is quickly asked. */
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return 0;
	resolved = realpath(path, NULL);
	if (!resolved)
		return 0;
	doubtful = is_dubious(f, path, resolved);
	*strrchr(resolved, '/') = '\0';
	return add_resolved(f, resolved, doubtful);
}

static int add_command(const struct finder *f, const char *path)
{
	AUTOFREE char *folder = strdup(path);
	int r;

	if (!folder)
		return -ENOMEM;
	*strrchr(folder, '/') = '\0';
	r = add_both(f, folder);
	return r == 0 ? add_target(f, path) : r;
}

int toolchain_find(const char *home, const char *path_list, const char *command,
		   toolchain_add_fn *add, toolchain_doubt_fn *doubts, void *arg)
{
	const struct finder f = { home, strlen(home), add, doubts, arg };
	AUTOFREE char *list = strdup(path_list ? path_list : "");
	char *rest = list, *entry;
	int r = 0;

	if (!list)
		return -ENOMEM;
	if (strchr(command, '/'))
		r = add_command(&f, command);
	while (r == 0 && (entry = strsep(&rest, ":")) != NULL) {
		char program[PATH_MAX];

		r = add_both(&f, entry);
		if (r < 0 || strchr(command, '/') || entry[0] != '/')
			continue;
		if ((size_t)snprintf(program, sizeof(program), "%s/%s", entry,
				     command) < sizeof(program))
			r = add_target(&f, program);
	}
	return r;
}
