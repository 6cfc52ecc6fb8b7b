/* SPDX-License-Identifier: MIT */
/*
 * sandbox/workspace.c - which folders CMD gets, decided before anything is done
 */
#include "sandbox/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/scope.h"
#include "sandbox/childenv.h"
#include "sandbox/cli.h"
#include "sandbox/identity.h"
#include "sandbox/mounts.h"
#include "sandbox/mounts_tree.h"
#include "sandbox/toolchain.h"
#include "sandbox/workspace_links.h"

/* Of conf_find.h's CONF_FIND_USER, below the home. */
#define USER_CONF_FOLDER ".config/netleash"

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

/*
 * @word as an absolute path, by its text alone; NULL without memory. What it
 * climbs at its beginning is taken off @cwd, which is resolved.
 */
static char *absolute(const char *cwd, const char *word)
{
	size_t n = strlen(cwd);
	char *path = NULL;

	if (word[0] == '/')
		return strdup(word);
	for (;;) {
		if (strncmp(word, "./", 2) == 0) {
			word += 2;
		} else if (strncmp(word, "../", 3) == 0 ||
			   strcmp(word, "..") == 0) {
			while (n > 0 && cwd[--n] != '/')
				;
			word += word[2] ? 3 : 2;
		} else {
			break;
		}
	}
	return asprintf(&path, "%.*s/%s", (int)n, cwd, word) < 0 ? NULL : path;
}

/*
 * An earlier run may have replaced a folder of the workspace by a link: what
 * is named inside must be inside.
 */
static bool leads_out(const struct workspace *w, const char *word,
		      const char *resolved)
{
	AUTOFREE char *path = absolute(w->cwd, word);

	if (!path)
		return true;
	return workspace_writable_above(w, path) &&
	       !workspace_writable_above(w, resolved);
}

static int add_words(const struct workspace *w, const struct cli_words *words,
		     const char *option, bool must_be_workspace,
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
		if (must_be_workspace &&
		    (!S_ISDIR(st.st_mode) ||
		     !mounts_is_workspace(path, w->home))) {
			(void)snprintf(error, WORKSPACE_ERROR_MAX, "%s %s: %s",
				       option, words->v[i],
				       S_ISDIR(st.st_mode)
					       ? "a home, / and the system's "
						 "folders cannot be given"
					       : "not a folder");
			free(path);
			return -EINVAL;
		}
		if (leads_out(w, words->v[i], path)) {
			(void)snprintf(error, WORKSPACE_ERROR_MAX,
				       "%s %s: leads out of the workspace by a "
				       "link that the command may have made",
				       option, words->v[i]);
			free(path);
			return -EPERM;
		}
		r = paths_add(ret, path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* @path may not exist yet; its folder does, or nothing can come to be there. */
static int protect_file(const char *path, struct workspace *w)
{
	const char *slash = strrchr(path, '/');
	AUTOFREE char *folder =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	AUTOFREE char *resolved = folder ? realpath(folder, NULL) : NULL;
	char *whole = NULL;

	if (!folder)
		return -ENOMEM;
	if (!resolved || !workspace_writable_above(w, resolved))
		return 0;
	if (asprintf(&whole, "%s/%s", resolved, slash ? slash + 1 : path) < 0)
		return -ENOMEM;
	return paths_add(&w->readonly, whole);
}

/* The nearest folder above @path that is there, resolved; malloc'ed. */
static char *nearest_folder(const char *path)
{
	AUTOFREE char *copy = strdup(path);

	while (copy) {
		char *slash = strrchr(copy, '/');
		char *resolved;

		if (!slash)
			return realpath(".", NULL);
		slash[slash == copy] = '\0'; /* "/" stays */
		resolved = realpath(copy, NULL);
		if (resolved || slash == copy)
			return resolved;
	}
	return NULL;
}

/*
 * The caller's own conf counts whether it is there today or not: a run that
 * could make it would widen the next one.
 */
static int protect_user_conf(struct workspace *w,
			     char error[WORKSPACE_ERROR_MAX])
{
	AUTOFREE char *folder = NULL;

	if (asprintf(&folder, "%s/" USER_CONF_FOLDER, w->home) < 0) {
		folder = NULL;
		return -ENOMEM;
	}
	for (size_t i = 0; i < w->writable.n; i++) {
		const char *writable = w->writable.v[i];

		if (path_is_below(folder, writable) &&
		    faccessat(AT_FDCWD, folder, F_OK, AT_EACCESS) == 0 &&
		    strcmp(folder, writable) != 0)
			return paths_add(&w->readonly, strdup(folder));
		if (!path_is_below(folder, writable) &&
		    !path_is_below(writable, folder))
			continue;
		(void)snprintf(error, WORKSPACE_ERROR_MAX,
			       "%s is where your conf of netleash counts from: "
			       "the command cannot be given it to write",
			       writable);
		return -EPERM;
	}
	return 0;
}

/*
 * A new file that matches the pattern would count as well, so the whole folder
 * is protected; the top of a workspace cannot be.
 */
static int protect_include(const char *pattern, struct workspace *w,
			   char error[WORKSPACE_ERROR_MAX])
{
	size_t fixed = strcspn(pattern, "*?[");
	AUTOFREE char *folder = NULL;
	char *resolved;
	const char *top;
	bool exists;

	if (pattern[fixed] == '\0')
		return 0; /* one file, protected as such */
	while (fixed > 0 && pattern[fixed - 1] != '/')
		fixed--;
	folder = fixed ? strndup(pattern, fixed) : strdup(".");
	if (!folder)
		return -ENOMEM;
	resolved = realpath(folder, NULL);
	exists = resolved;
	if (!exists)
		resolved = nearest_folder(folder);
	if (!resolved)
		return -ENOMEM;
	top = workspace_writable_above(w, resolved);
	if (!top) {
		free(resolved);
		return 0;
	}
	if (!exists || strcmp(top, resolved) == 0) {
		(void)snprintf(error, WORKSPACE_ERROR_MAX,
			       "the conf includes %s, where the command could "
			       "write a conf of its own: keep included files "
			       "in a folder of their own, which exists",
			       pattern);
		free(resolved);
		return -EPERM;
	}
	return paths_add(&w->readonly, resolved);
}

/*
 * A link in place of a file of the conf, or of a folder on its way: where CMD
 * can replace it, the next run would read what CMD likes.
 */
static int reject_links(const char *name, const struct workspace *w,
			char error[WORKSPACE_ERROR_MAX])
{
	AUTOFREE char *link = NULL;
	int r = workspace_find_link(w, name, &link);

	if (r < 0 || !link)
		return r;
	(void)snprintf(error, WORKSPACE_ERROR_MAX,
		       "%s of the conf is reached by the link %s, which the "
		       "command could replace: name what it leads to",
		       name, link);
	return -EPERM;
}

/* The file at @path, resolved, is not for CMD to read: a secret is in it. */
static int hide_file(const char *path, struct workspace *w)
{
	char *resolved = realpath(path, NULL);

	/* What is not there is missed when it is to be read. */
	return resolved ? paths_add(&w->hidden, resolved) : 0;
}

/* Where the secret of @c comes from. */
static int protect_source(const struct conf_credential *c,
			  const struct caller *caller, struct workspace *w,
			  char error[WORKSPACE_ERROR_MAX])
{
	AUTOFREE char *path = NULL;
	bool below_home = c->words[0][0] == '~';
	int r;

	if (c->from == CONF_FROM_ENV || (!below_home && c->words[0][0] != '/'))
		return 0;
	if (asprintf(&path, "%s%s", below_home ? caller->home : "",
		     c->words[0] + below_home) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = reject_links(path, w, error);
	if (r < 0)
		return r;
	return c->from == CONF_FROM_FILE ? hide_file(path, w)
					 : protect_file(path, w);
}

/* What the next run would believe or execute. */
static int protect(const struct conf *conf, const struct caller *caller,
		   const char *log_file, struct workspace *w,
		   char error[WORKSPACE_ERROR_MAX])
{
	AUTOFREE char *program = realpath("/proc/self/exe", NULL);
	int r = program ? protect_file(program, w) : 0;

	if (r == 0)
		r = protect_user_conf(w, error);

	for (size_t i = 0; i < conf->files_n && r == 0; i++) {
		AUTOFREE char *file = realpath(conf->files[i], NULL);

		if (!conf->files[i][0])
			continue; /* not one: see conf_pack.c */
		r = reject_links(conf->files[i], w, error);
		if (r == 0)
			r = protect_file(file ? file : conf->files[i], w);
	}
	for (size_t i = 0; i < conf->includes_n && r == 0; i++) {
		r = reject_links(conf->includes[i], w, error);
		if (r == 0)
			r = protect_include(conf->includes[i], w, error);
	}
	for (size_t i = 0; i < conf->credentials_n && r == 0; i++)
		r = protect_source(&conf->credentials[i], caller, w, error);
	if (r == 0 && conf->auth.file)
		r = reject_links(conf->auth.file, w, error);
	if (r == 0 && conf->auth.file)
		r = hide_file(conf->auth.file, w);
	if (r == 0 && log_file)
		r = protect_file(log_file, w);
	return r;
}

bool workspace_shows(const struct workspace *w, const char *path)
{
	for (size_t i = 0; i < w->readonly.n; i++)
		if (path_is_below(path, w->readonly.v[i]))
			return true;
	return workspace_writable_above(w, path);
}

static int add_toolchain(void *arg, const char *folder)
{
	struct workspace *w = arg;

	if (workspace_shows(w, folder))
		return 0;
	return paths_add(&w->readonly, strdup(folder));
}

/* toolchain_doubt_fn; without memory everything is in doubt */
static bool is_doubtful(void *arg, const char *path)
{
	AUTOFREE char *link = NULL;

	return workspace_find_link(arg, path, &link) < 0 || link;
}

/*
 * What the caller calls his home is what CMD must not see: $HOME, where it is
 * his own (sudo(8) sets it to another's), else that of passwd. Resolved, since
 * a home may be reached through a link.
 */
static char *find_home(const struct caller *caller, const char *const *env)
{
	const char *named = childenv_get(env, "HOME");
	char *home = named && named[0] == '/' ? realpath(named, NULL) : NULL;
	struct stat st;

	if (home && geteuid() == caller->uid && stat(home, &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == caller->uid &&
	    (strcmp(home, caller->home) == 0 || mounts_is_workspace(home, "")))
		return home;
	free(home);
	home = caller->home[0] ? realpath(caller->home, NULL) : NULL;
	if (home)
		return home;
	return strdup(caller->home[0] ? caller->home : HOME_WITHOUT_HOME);
}

/*
 * CMD's ssh runs netleash to get out (childenv.h). Nothing is lost to a CMD
 * that does not use ssh if it cannot be shown, so that is no error.
 */
static int add_program(struct workspace *w)
{
	char *path = realpath("/proc/self/exe", NULL);
	struct stat st;
	int r = 0;

	if (!path || stat(path, &st) < 0 || !(st.st_mode & S_IXOTH)) {
		free(path);
		return 0;
	}
	if (mounts_is_hidden(path, w->home))
		r = add_toolchain(w, path);
	w->program = path;
	return r;
}

int workspace_find(const struct run_cli *cli, const struct caller *caller,
		   const char *const *env, const struct conf *conf,
		   const char *log_file, struct workspace *ret,
		   char error[WORKSPACE_ERROR_MAX])
{
	struct workspace w = { 0 };
	int r = -ENOMEM;

	error[0] = '\0';
	w.home = find_home(caller, env);
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
		r = add_words(&w, &cli->writable, "--writable", true,
			      &w.writable, error);
	if (r == 0)
		r = add_words(&w, &cli->readonly, "--readonly", false,
			      &w.readonly, error);
	if (r == 0)
		r = add_words(&w, &cli->hidden, "--hide", false, &w.hidden,
			      error);
	if (r == 0)
		r = protect(conf, caller, log_file, &w, error);
	if (r == 0)
		r = toolchain_find(w.home, childenv_get(env, "PATH"),
				   cli->argv[0], add_toolchain, is_doubtful,
				   &w);
	if (r == 0)
		r = add_program(&w);
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
	free(w->program);
	paths_fini(&w->writable);
	paths_fini(&w->readonly);
	paths_fini(&w->hidden);
	*w = (struct workspace){ 0 };
}
