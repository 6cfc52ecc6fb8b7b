/* SPDX-License-Identifier: MIT */
/*
 * common/conf_auth.c - auth FILE, and the listeners that need it
 *
 * In:         the name of a file
 * Out:        struct conf_auth, or what is wrong with the file
 * Invariants: a file that others can read or write is not taken; only whoever
 *             serves the listeners needs it, so that nobody else must be able
 *             to read it
 */
#include "common/conf_auth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf_named.h"
#include "common/conf_priv.h"
#include "common/fdio.h"
#include "common/scope.h"

/* auth_file_wrong_fn */
static void on_wrong(void *arg, uint32_t line, uint32_t column, const char *why)
{
	const struct conf_word w = { "", 0, line, column };

	conf_error(arg, &w, "%s", why);
}

/* Ours, the system's, or of whoever wrote the line that names it. */
static bool is_owner(const struct conf_parser *ps, uid_t uid)
{
	return uid == 0 || uid == geteuid() ||
	       (ps->depth > 0 && uid == ps->stack[ps->depth - 1].uid);
}

/* Return: NULL, or what is wrong with it before a byte is read. */
static const char *check_rights(const struct conf_parser *ps,
				const struct stat *st)
{
	if (!is_owner(ps, st->st_uid))
		return "belongs to another user: expected root, you, or whose "
		       "the conf is";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "can be written by others: chmod go-w";
	if (st->st_mode & S_IROTH)
		return "can be read by everybody: chmod o-r";
	return NULL;
}

/* Return: 0 or -ENOMEM; @error is "" or what is wrong. */
static int read_users(struct conf_parser *ps, const char *path, int fd,
		      char error[CONF_FILE_ERROR_MAX])
{
	struct conf_auth *auth = &ps->cf->auth;
	uint32_t before = ps->file;
	AUTOFREE char *text = NULL;
	size_t n = 0;
	int r = fd_read_all(fd, AUTH_FILE_MAX, &text, &n);

	if (r < 0 && r != -ENOMEM) {
		if (r == -EFBIG)
			(void)snprintf(error, CONF_FILE_ERROR_MAX,
				       "is bigger than %u KiB",
				       AUTH_FILE_MAX >> 10);
		else
			(void)snprintf(error, CONF_FILE_ERROR_MAX,
				       "cannot be read: %s", strerror(-r));
		return 0;
	}
	/* For the places of what is wrong in it. */
	if (r == 0)
		r = conf_add_file(ps->cf, path, &ps->file);
	if (r == 0)
		r = auth_file_parse(text, n, &auth->users, on_wrong, ps);
	ps->file = before;
	auth->read = r == 0;
	return r;
}

/* Return: 0 or -ENOMEM. */
static int load(struct conf_parser *ps, const char *path,
		const struct conf_word *w)
{
	char error[CONF_FILE_ERROR_MAX] = "";
	const char *wrong;
	struct stat st;
	int fd, r;

	if (ps->opts->auth == CONF_AUTH_LOOK &&
	    faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0 && errno == EACCES)
		return conf_report_warn(ps->report, ps->cf->files[ps->file],
					w->line, w->column, path,
					"only those who may read this file "
					"can check it");
	if (!conf_named_open(ps, w, path, &fd, &st))
		return 0;
	wrong = check_rights(ps, &st);
	r = wrong ? 0 : read_users(ps, path, fd, error);
	(void)close(fd);
	if (!wrong && error[0] != '\0')
		wrong = error;
	if (r == 0 && wrong)
		conf_error(ps, w, "%s %s", path, wrong);
	if (r == 0 && !wrong && ps->cf->auth.users.n == 0 &&
	    ps->report->errors_n == 0)
		r = conf_report_warn(ps->report, path, 0, 0, "",
				     "it names no user: nobody is let in");
	return r;
}

int conf_set_auth(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	AUTOFREE char *path = NULL;
	struct conf_auth *auth = &ps->cf->auth;
	int r;

	(void)n;
	if (conf_repeated(ps, &ps->auth, w))
		return 0;
	r = conf_named_path(ps, w, &path);
	if (r < 0 || !path)
		return r;
	conf_auth_fini(auth);
	auth->file = conf_path_absolute(path);
	if (!auth->file)
		return -ENOMEM;
	return ps->opts->auth == CONF_AUTH_PASS ? 0 : load(ps, path, w);
}

bool conf_listens_are_guarded(const struct conf *cf)
{
	for (size_t i = 0; i < cf->listens_n; i++)
		if (!cf->auth.file && !addr_is_loopback(&cf->listens[i].addr))
			return false;
	return true;
}

void conf_check_listens(struct conf_parser *ps)
{
	const struct conf *cf = ps->cf;
	const uint32_t before = ps->file;

	/* What is packed has its users beside the text. */
	if (ps->opts->packed || conf_listens_are_guarded(cf))
		return;
	for (size_t i = 0; i < cf->listens_n; i++) {
		const struct conf_listen *l = &cf->listens[i];
		char text[ADDR_PORT_TEXT_MAX];
		struct conf_word w = { .line = l->loc.line,
				       .column = l->loc.column };

		if (addr_is_loopback(&l->addr))
			continue;
		w.s = addr_format_port(&l->addr, l->port, text);
		w.n = strlen(text);
		ps->file = l->loc.file;
		conf_error(ps, &w,
			   "'%s' is not a loopback address: whoever reaches it "
			   "could use this proxy: expected an 'auth FILE' line "
			   "beside it, or 127.0.0.1:PORT or [::1]:PORT",
			   text);
	}
	ps->file = before;
}

void conf_dump_auth(const struct conf *cf, struct strbuf *out)
{
	size_t n = cf->auth.users.n;

	if (!cf->auth.file) {
		strbuf_adds(out, "# auth: none\n");
		return;
	}
	strbuf_adds(out, "auth ");
	conf_dump_word(out, cf->auth.file);
	if (cf->auth.read)
		strbuf_addf(out, " # %zu user%s", n, n == 1 ? "" : "s");
	strbuf_addc(out, '\n');
}

/* The path and the users stand behind it. */
struct head {
	uint32_t path_n, read, users_n;
};

void conf_pack_auth(const struct conf *cf, struct strbuf *out)
{
	const struct conf_auth *auth = &cf->auth;
	struct head h;

	if (!auth->file)
		return;
	h.path_n = (uint32_t)strlen(auth->file);
	h.read = auth->read;
	h.users_n = (uint32_t)auth->users.n;
	strbuf_add(out, (const char *)&h, sizeof(h));
	strbuf_add(out, auth->file, h.path_n);
	for (size_t i = 0; i < auth->users.n; i++)
		strbuf_add(out, (const char *)&auth->users.v[i],
			   sizeof(auth->users.v[i]));
}

static int unpack_user(struct auth_users *users, const char *bytes)
{
	struct auth_user u;
	size_t n;

	memcpy(&u, bytes, sizeof(u));
	n = strnlen(u.name, sizeof(u.name));
	if (!auth_name_is_good(u.name, n))
		return -EPROTO;
	return auth_users_add(users, u.name, n, u.hash, u.line);
}

int conf_unpack_auth(struct conf *cf, const char *bytes, size_t n)
{
	struct conf_auth *auth = &cf->auth;
	struct head h;
	int r = 0;

	/* The text has no such line: see conf_dump_whole(). */
	if (auth->file)
		return -EPROTO;
	if (n == 0)
		return 0;
	if (n < sizeof(h))
		return -EPROTO;
	memcpy(&h, bytes, sizeof(h));
	bytes += sizeof(h);
	n -= sizeof(h);
	if (h.path_n == 0 || h.path_n > 2 * PATH_MAX || h.path_n > n ||
	    memchr(bytes, '\0', h.path_n) || h.read > 1 ||
	    h.users_n > AUTH_USERS_MAX || (h.read == 0 && h.users_n > 0) ||
	    n - h.path_n != h.users_n * sizeof(struct auth_user))
		return -EPROTO;
	auth->file = strndup(bytes, h.path_n);
	if (!auth->file)
		return -ENOMEM;
	auth->read = h.read;
	bytes += h.path_n;
	for (uint32_t i = 0; i < h.users_n && r == 0; i++)
		r = unpack_user(&auth->users,
				bytes + i * sizeof(struct auth_user));
	return r;
}

void conf_auth_fini(struct conf_auth *auth)
{
	free(auth->file);
	auth_users_fini(&auth->users);
	memset(auth, 0, sizeof(*auth));
}
