/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_users.c - a name for CMD's uid
 *
 * In:  the host's /etc/passwd and /etc/group
 * Out: read-only copies in memory with one more line, bound over them
 *
 * The caller's name would stand twice if it were given to CMD's uid as well,
 * and a program that looks up the name would get the other uid: such a CMD is
 * called "netleash".
 *
 * References: passwd(5), group(5).
 */
#include "sandbox/mounts_users.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fdio.h"
#include "common/parse.h"
#include "common/scope.h"
#include "common/strbuf.h"
#include "sandbox/mounts_tree.h"

/* Directories of large sites are in LDAP; a file of this size is a mistake. */
#define USERS_FILE_MAX (16u << 20)

/* The field @index of the line @s of @n bytes; false if there is none. */
static bool line_field(const char *s, size_t n, unsigned index,
		       const char **ret, size_t *ret_n)
{
	const char *end = s + n, *colon;

	for (;; s = colon + 1) {
		colon = memchr(s, ':', (size_t)(end - s));
		if (index == 0)
			break;
		if (!colon)
			return false;
		index--;
	}
	*ret = s;
	*ret_n = (size_t)((colon ? colon : end) - s);
	return true;
}

/* Is there a line whose field @index is @value? Both files have the name in
 * field 0 and the id in field 2. */
static bool has_field(const char *text, size_t n, unsigned index,
		      const char *value)
{
	const char *end = text + n, *field, *newline;
	size_t field_n;

	for (; text < end; text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			newline = end;
		if (line_field(text, (size_t)(newline - text), index, &field,
			       &field_n) &&
		    field_n == strlen(value) &&
		    memcmp(field, value, field_n) == 0)
			return true;
	}
	return false;
}

/* A value that would break the line, or be read as another field, is void. */
static const char *clean(const char *value, const char *fallback)
{
	if (!value || !*value || value[strcspn(value, ":\n")] != '\0')
		return fallback;
	return value;
}

void users_render(const struct mounts_opts *opts, bool is_group,
		  const char *old, size_t n, struct strbuf *ret)
{
	const uint32_t id = is_group ? opts->run_gid : opts->run_uid;
	const char *name = clean(opts->user_name, USERS_FALLBACK_NAME);
	char number[16];

	(void)snprintf(number, sizeof(number), "%" PRIu32, id);
	strbuf_add(ret, old, n);
	if (has_field(old, n, 2, number))
		return;
	if (has_field(old, n, 0, name))
		name = USERS_FALLBACK_NAME;
	if (n > 0 && old[n - 1] != '\n')
		strbuf_addc(ret, '\n');
	if (is_group)
		strbuf_addf(ret, "%s:x:%s:\n", name, number);
	else
		strbuf_addf(ret, "%s:x:%s:%" PRIu32 ":netleash run:%s:%s\n",
			    name, number, (uint32_t)opts->run_gid,
			    clean(opts->home, "/"),
			    clean(opts->shell, "/bin/sh"));
}

static int apply_one(struct view *v, const char *path, bool is_group)
{
	struct strbuf text = STRBUF_INIT;
	AUTOFREE char *real = realpath(path, NULL);
	AUTOFREE char *old = NULL;
	AUTOCLOSE int place = -1;
	size_t n = 0;
	int r;

	if (!real)
		return errno == ENOENT ? 0 : -errno;
	r = fd_read_file(real, USERS_FILE_MAX, &old, &n);
	if (r < 0)
		return r;
	users_render(v->opts, is_group, old, n, &text);
	if (strbuf_failed(&text))
		r = -ENOMEM;
	if (r == 0)
		r = tree_open(real, &place);
	if (r == 0)
		r = tree_bind_text(text.s ? text.s : "", text.len, place);
	strbuf_fini(&text);
	return r;
}

int users_apply(struct view *v)
{
	int r;

	r = apply_one(v, "/etc/passwd", false);
	if (r < 0)
		return view_fail(v, r, "/etc/passwd cannot be replaced");
	r = apply_one(v, "/etc/group", true);
	if (r < 0)
		return view_fail(v, r, "/etc/group cannot be replaced");
	return 0;
}
