/* SPDX-License-Identifier: MIT */
/*
 * common/conf_file.c - read the files of a conf, and what they include
 *
 * In:         paths, or text
 * Out:        a whole conf, or none and a report
 * Steps:      open (never blocking on a pipe), read bounded, parse; after the
 *             last file the checks that need all of them
 * Invariants: a file is never read inside itself; depth, files and bytes are
 *             bounded, so that no chain of includes can grow without end
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/conf_named.h"
#include "common/conf_priv.h"
#include "common/fdio.h"
#include "common/scope.h"
#include "common/strbuf.h"

int conf_add_file(struct conf *cf, const char *name, uint32_t *ret)
{
	char **grown = conf_grow(cf->files, cf->files_n, sizeof(*grown));
	char *copy = strdup(name);

	if (grown)
		cf->files = grown;
	if (!grown || !copy) {
		free(copy);
		return -ENOMEM;
	}
	*ret = (uint32_t)cf->files_n;
	cf->files[cf->files_n++] = copy;
	return 0;
}

/* A regular file, or where the user named it whatever can be read. */
static const char *check_kind(int fd, const struct stat *st, bool may_be_pipe)
{
	if (S_ISREG(st->st_mode))
		return NULL;
	if (S_ISDIR(st->st_mode))
		return "is a folder";
	if (!may_be_pipe || (!S_ISFIFO(st->st_mode) && !S_ISCHR(st->st_mode)))
		return "is not a regular file";
	if (fcntl(fd, F_SETFL, O_RDONLY) < 0)
		return "cannot be read";
	return NULL;
}

static int cannot_read(int r, char error[CONF_FILE_ERROR_MAX])
{
	snprintf(error, CONF_FILE_ERROR_MAX, "cannot be read: %s",
		 strerror(-r));
	return -EINVAL;
}

int conf_open(const char *path, bool may_be_pipe, int *ret_fd,
	      struct stat *ret_st, char error[CONF_FILE_ERROR_MAX])
{
	const char *wrong;
	int fd, r;

	/* O_NONBLOCK: opening a pipe that nobody writes to must not wait. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return cannot_read(-errno, error);
	if (fstat(fd, ret_st) < 0) {
		r = -errno;
		close(fd);
		return cannot_read(r, error);
	}
	wrong = check_kind(fd, ret_st, may_be_pipe);
	if (wrong) {
		snprintf(error, CONF_FILE_ERROR_MAX, "%s", wrong);
		close(fd);
		return -EINVAL;
	}
	*ret_fd = fd;
	return 0;
}

/* Return: 0; -EINVAL with a sentence part in @error; -ENOMEM. */
static int read_file(struct conf_parser *ps, const char *path, char **ret,
		     size_t *ret_n, struct stat *ret_st,
		     char error[CONF_FILE_ERROR_MAX])
{
	bool named = ps->depth == 0 && ps->opts->may_be_pipe;
	int fd, r;

	r = conf_open(path, named, &fd, ret_st, error);
	if (r < 0)
		return r;
	r = fd_read_all(fd, CONF_FILE_MAX, ret, ret_n);
	close(fd);
	if (r == 0 || r == -ENOMEM)
		return r;
	if (r != -EFBIG)
		return cannot_read(r, error);
	snprintf(error, CONF_FILE_ERROR_MAX, "is bigger than %u MiB",
		 CONF_FILE_MAX >> 20);
	return -EINVAL;
}

/* The places of the files that are being read hold this one too. */
static bool is_open(const struct conf_parser *ps, const struct stat *st)
{
	for (size_t i = 0; i < ps->depth; i++)
		if (ps->stack[i].dev == st->st_dev &&
		    ps->stack[i].ino == st->st_ino)
			return true;
	return false;
}

static const char *check_bounds(struct conf_parser *ps, const struct stat *st,
				size_t n)
{
	if (is_open(ps, st))
		return "includes itself";
	if (ps->depth == CONF_INCLUDE_DEPTH)
		return "is included too deep";
	if (ps->cf->files_n >= CONF_FILES_MAX)
		return "is one file too many";
	ps->bytes += n;
	if (ps->bytes > CONF_TOTAL_MAX)
		return "makes the conf too big";
	return NULL;
}

/* Reads and parses @path, named by @from in an including file, or NULL. */
static int parse_file(struct conf_parser *ps, const char *path,
		      const struct conf_word *from)
{
	char error[CONF_FILE_ERROR_MAX] = "";
	AUTOFREE char *text = NULL;
	uint32_t before = ps->file;
	const char *wrong = NULL;
	struct stat st;
	size_t n = 0;
	int r;

	r = read_file(ps, path, &text, &n, &st, error);
	if (r == -ENOMEM)
		return r;
	wrong = r < 0 ? error : check_bounds(ps, &st, n);
	if (wrong) {
		if (from)
			conf_error(ps, from, "%s %s", path, wrong);
		else
			conf_file_error(ps, path, wrong);
		return 0;
	}
	r = conf_add_file(ps->cf, path, &ps->file);
	if (r < 0)
		return r;
	ps->stack[ps->depth].dev = st.st_dev;
	ps->stack[ps->depth].ino = st.st_ino;
	ps->stack[ps->depth].uid = st.st_uid;
	ps->depth++;
	r = conf_parse_text(ps, text, n);
	ps->depth--;
	ps->file = before;
	return r;
}

/* @w relative to the including file, whose own folder is no pattern. */
static int include_pattern(const struct conf_parser *ps,
			   const struct conf_word *w, struct strbuf *out)
{
	const char *file = ps->cf->files[ps->file];
	const char *slash = strrchr(file, '/');

	if (w->s[0] != '/' && slash)
		for (const char *p = file; p <= slash; p++) {
			if (strchr("\\*?[]", *p))
				strbuf_addc(out, '\\');
			strbuf_addc(out, *p);
		}
	strbuf_add(out, w->s, w->n);
	return strbuf_failed(out) ? -ENOMEM : 0;
}

/* Whoever protects a conf must know where a new file would count. */
static int remember_include(struct conf *cf, const char *pattern)
{
	char **grown = conf_grow(cf->includes, cf->includes_n, sizeof(*grown));
	char *copy = strdup(pattern);

	if (grown)
		cf->includes = grown;
	if (!grown || !copy) {
		free(copy);
		return -ENOMEM;
	}
	cf->includes[cf->includes_n++] = copy;
	return 0;
}

static bool has_magic(const struct conf_word *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (strchr("*?[", w->s[i]))
			return true;
	return false;
}

/* A folder that is not there has no match; one that hides them is an error. */
static int on_glob_error(const char *path, int error)
{
	(void)path;
	return error != ENOENT;
}

int conf_include(struct conf_parser *ps, const struct conf_word *w)
{
	struct strbuf pattern = STRBUF_INIT;
	glob_t found = { .gl_pathc = 0 };
	char shown[CONF_SHOWN_MAX];
	int r;

	if (w->n == 0) {
		conf_error(ps, w, "expected: include FILE or a pattern");
		return 0;
	}
	r = include_pattern(ps, w, &pattern);
	if (r == 0)
		r = remember_include(ps->cf, pattern.s);
	if (r < 0)
		goto out;
	conf_show(w->s, w->n, shown);
	switch (glob(pattern.s, 0, on_glob_error, &found)) {
	case 0:
		for (size_t i = 0; i < found.gl_pathc && r == 0; i++)
			r = parse_file(ps, found.gl_pathv[i], w);
		break;
	case GLOB_NOMATCH:
		if (!has_magic(w))
			conf_error(ps, w, "'%s' does not exist", shown);
		break;
	case GLOB_ABORTED:
		conf_error(ps, w, "'%s' cannot be looked through", shown);
		break;
	default:
		r = -ENOMEM;
	}
	globfree(&found);
out:
	strbuf_fini(&pattern);
	return r;
}

static int start(struct conf_parser *ps, const struct conf_opts *opts,
		 struct conf_report *report)
{
	static const struct conf_opts none;

	memset(ps, 0, sizeof(*ps));
	memset(report, 0, sizeof(*report));
	ps->opts = opts ? opts : &none;
	ps->report = report;
	ps->cf = conf_new();
	return ps->cf ? 0 : -ENOMEM;
}

/* The checks that need the whole, and the verdict. */
static int finish(struct conf_parser *ps, int r, struct conf **ret)
{
	if (r == 0) {
		conf_check_limits(ps);
		conf_check_permits(ps);
		conf_check_listens(ps);
		r = ps->nomem ? -ENOMEM : 0;
	}
	if (r == 0 && ps->report->errors_n > 0)
		r = -EINVAL;
	conf_rules_drop(&ps->discard);
	if (r < 0)
		conf_free(ps->cf);
	else
		*ret = ps->cf;
	return r;
}

int conf_load(const char *const *paths, size_t paths_n,
	      const struct conf_opts *opts, struct conf **ret,
	      struct conf_report *report)
{
	struct conf_parser ps;
	int r = start(&ps, opts, report);

	if (r < 0)
		return r;
	for (size_t i = 0; i < paths_n && r == 0; i++) {
		ps.root = i + 1;
		r = parse_file(&ps, paths[i], NULL);
	}
	return finish(&ps, r, ret);
}

int conf_parse(const char *name, const char *text, size_t n,
	       const struct conf_opts *opts, struct conf **ret,
	       struct conf_report *report)
{
	struct conf_parser ps;
	char *copy = NULL;
	int r = start(&ps, opts, report);

	if (r < 0)
		return r;
	ps.root = 1;
	r = conf_add_file(ps.cf, name, &ps.file);
	if (r == 0) {
		copy = malloc(n + 1);
		r = copy ? 0 : -ENOMEM;
	}
	if (r == 0) {
		if (n > 0)
			memcpy(copy, text, n);
		copy[n] = '\0';
		r = conf_parse_text(&ps, copy, n);
	}
	free(copy);
	return finish(&ps, r, ret);
}
