/* SPDX-License-Identifier: MIT */
/*
 * sandbox/workspace.h - which folders CMD gets, decided before anything is done
 */
#ifndef NETLEASH_SANDBOX_WORKSPACE_H
#define NETLEASH_SANDBOX_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

struct caller;
struct conf;
struct run_cli;

#define WORKSPACE_ERROR_MAX 512

/* Absolute, resolved paths; owned. */
struct paths {
	char **v;
	size_t n;
};

/**
 * struct workspace - folders for mounts.h
 * @cwd:      where CMD starts
 * @home:     CMD's HOME
 * @writable: the workspace, if @cwd is one, then each --writable
 * @program:  netleash itself, as CMD sees it and may run it; NULL if it cannot
 */
struct workspace {
	char *cwd;
	char *home;
	char *program;
	struct paths writable, readonly, hidden;
};

/*
 * Resolves what the user named, with the rights he has, and what his
 * environment @env names. What the next run
 * would believe or execute is shown read-only where CMD could write it: the
 * files of @conf and the folders that it includes, the programs of its
 * credentials, the access log @log_file (NULL: none; it need not exist yet),
 * the running program. Files of credentials are hidden. Return: 0 or -errno
 * with a sentence.
 */
int workspace_find(const struct run_cli *cli, const struct caller *caller,
		   const char *const *env, const struct conf *conf,
		   const char *log_file, struct workspace *ret,
		   char error[WORKSPACE_ERROR_MAX]);
void workspace_fini(struct workspace *w);

/* Is @path in one of the folders that were given to write or to read? */
bool workspace_shows(const struct workspace *w, const char *path);

#endif
