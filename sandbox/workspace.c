/* SPDX-License-Identifier: MIT */
/*
 * sandbox/workspace.c - which folders CMD gets, decided before anything is done
 */
#include "sandbox/workspace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/cli.h"
#include "sandbox/identity.h"
#include "sandbox/mounts.h"
#include "sandbox/toolchain.h"

/* Where CMD lives when the caller has no home of his own. */
#define HOME_WITHOUT_HOME "/tmp"

/* Takes @path. */
static int paths_add(struct paths *paths, char *path)
{
	char **v;

	if (!path)
		return -ENOMEM;
	v = realloc(paths->v, (paths->n + 1) * sizeof(*v));
	if (!v) {
		free(path);
		return -ENOMEM;
	}
	v[paths->n++] = path;
	paths->v = v;
	return 0;
}

static void paths_fini(struct paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->v[i]);
	free(paths->v);
	*paths = (struct paths){ 0 };
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

static int add_words(const struct cli_words *words, const char *option,
		     bool must_be_workspace, const char *home,
		     struct paths *ret, char error[WORKSPACE_ERROR_MAX])
{
	for (size_t i = 0; i < words->n; i++) {
		char *path = realpath(words->v[i], NULL);
		struct stat st;
		int r;

		if (!path || stat(path, &st) < 0) {
			r = -errno;
			(void)snprintf(error, WORKSPACE_ERROR_MAX, "%s %s: %s",
				       option, words->v[i], strerror(-r));
			free(path);
			return r;
		}
		if (must_be_workspace && (!S_ISDIR(st.st_mode) ||
					  !mounts_is_workspace(path, home))) {
			(void)snprintf(error, WORKSPACE_ERROR_MAX, "%s %s: %s",
				       option, words->v[i],
				       S_ISDIR(st.st_mode)
					       ? "a home, / and the system's "
						 "folders cannot be given"
					       : "not a folder");
			free(path);
			return -EINVAL;
		}
		r = paths_add(ret, path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A conf that CMD could write would widen the leash of the next run. */
static int protect_conf(const char *conf, struct workspace *w)
{
	char *path = conf ? realpath(conf, NULL) : NULL;

	for (size_t i = 0; path && i < w->writable.n; i++)
		if (is_below(path, w->writable.v[i]))
			return paths_add(&w->readonly, path);
	free(path);
	return 0;
}

static int add_toolchain(void *arg, const char *folder)
{
	struct workspace *w = arg;

	for (size_t i = 0; i < w->writable.n; i++)
		if (is_below(folder, w->writable.v[i]))
			return 0; /* CMD sees it already */
	for (size_t i = 0; i < w->readonly.n; i++)
		if (is_below(folder, w->readonly.v[i]))
			return 0;
	return paths_add(&w->readonly, strdup(folder));
}

/* Resolved, since a home may be reached through a link (/home on some). */
static char *find_home(const struct caller *caller)
{
	char *home = caller->home[0] ? realpath(caller->home, NULL) : NULL;

	if (home)
		return home;
	return strdup(caller->home[0] ? caller->home : HOME_WITHOUT_HOME);
}

int workspace_find(const struct run_cli *cli, const struct caller *caller,
		   struct workspace *ret, char error[WORKSPACE_ERROR_MAX])
{
	struct workspace w = { 0 };
	int r = -ENOMEM;

	error[0] = '\0';
	w.home = find_home(caller);
	if (!w.home)
		goto out;
	w.cwd = getcwd(NULL, 0);
	if (!w.cwd || w.cwd[0] != '/') {
		r = w.cwd ? -ENOENT : -errno;
		(void)snprintf(error, WORKSPACE_ERROR_MAX,
			       "the working directory cannot be found: %s",
			       strerror(-r));
		goto out;
	}
	r = 0;
	if (mounts_is_workspace(w.cwd, w.home))
		r = paths_add(&w.writable, strdup(w.cwd));
	if (r == 0)
		r = add_words(&cli->writable, "--writable", true, w.home,
			      &w.writable, error);
	if (r == 0)
		r = add_words(&cli->readonly, "--readonly", false, w.home,
			      &w.readonly, error);
	if (r == 0)
		r = add_words(&cli->hidden, "--hide", false, w.home, &w.hidden,
			      error);
	if (r == 0)
		r = protect_conf(cli->conf, &w);
	if (r == 0)
		r = toolchain_find(w.home, getenv("PATH"), cli->argv[0],
				   add_toolchain, &w);
out:
	if (r < 0) {
		if (!error[0])
			(void)snprintf(error, WORKSPACE_ERROR_MAX, "%s",
				       strerror(-r));
		workspace_fini(&w);
		return r;
	}
	*ret = w;
	return 0;
}

void workspace_fini(struct workspace *w)
{
	free(w->cwd);
	free(w->home);
	paths_fini(&w->writable);
	paths_fini(&w->readonly);
	paths_fini(&w->hidden);
	*w = (struct workspace){ 0 };
}
