/* SPDX-License-Identifier: MIT */
/*
 * common/auth_file.c - the users of a proxy, from the file that `auth` names
 *
 * In:         a file's bytes; any bytes
 * Out:        users; a word about each line that is wrong
 * Steps:      cut off line end, comment and blanks; name, colon, hash
 * Invariants: a line that is wrong adds no user; what is said of it shows no
 *             byte that could be a password's
 */
#include "common/auth_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_MAX 200

/* What a variable that is not set hashes to. */
static const unsigned char hash_of_nothing[AUTH_HASH_SIZE] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
	0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
	0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

/**
 * struct file - what is being parsed
 * @line: the number of the line at hand
 * @full: more users came than may: the rest is not looked at
 */
struct file {
	struct auth_users *users;
	auth_file_wrong_fn *wrong;
	void *arg;
	uint32_t line;
	bool full;
};

bool auth_name_is_good(const char *s, size_t n)
{
	if (n == 0 || n > AUTH_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-'))
			return false;
	}
	return true;
}

const struct auth_user *auth_users_find(const struct auth_users *users,
					const char *name, size_t n)
{
	for (size_t i = 0; i < users->n; i++)
		if (strlen(users->v[i].name) == n &&
		    memcmp(users->v[i].name, name, n) == 0)
			return &users->v[i];
	return NULL;
}

int auth_users_add(struct auth_users *users, const char *name, size_t n,
		   const unsigned char hash[AUTH_HASH_SIZE], uint32_t line)
{
	struct auth_user *grown, *u;

	grown = reallocarray(users->v, users->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	users->v = grown;
	u = &grown[users->n++];
	memset(u, 0, sizeof(*u));
	memcpy(u->name, name, n);
	memcpy(u->hash, hash, sizeof(u->hash));
	u->line = line;
	return 0;
}

void auth_users_fini(struct auth_users *users)
{
	free(users->v);
	memset(users, 0, sizeof(*users));
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_hash(const char *s, size_t n,
		       unsigned char ret[AUTH_HASH_SIZE])
{
	if (n != 2 * (size_t)AUTH_HASH_SIZE)
		return false;
	for (size_t i = 0; i < AUTH_HASH_SIZE; i++) {
		int high = hex_value(s[2 * i]), low = hex_value(s[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static int wrong(struct file *f, size_t at, const char *why)
{
	f->wrong(f->arg, f->line, (uint32_t)at + 1, why);
	return 0;
}

static int add(struct file *f, size_t at, const char *name, size_t n,
	       const unsigned char hash[AUTH_HASH_SIZE])
{
	const struct auth_user *same = auth_users_find(f->users, name, n);
	char why[WHY_MAX];

	if (same) {
		(void)snprintf(why, sizeof(why),
			       "duplicate: '%s' is in line %" PRIu32 " already",
			       same->name, same->line);
		return wrong(f, at, why);
	}
	if (f->users->n >= AUTH_USERS_MAX) {
		(void)snprintf(why, sizeof(why), "more than %u users",
			       AUTH_USERS_MAX);
		f->full = true;
		return wrong(f, at, why);
	}
	return auth_users_add(f->users, name, n, hash, f->line);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where the line's comment begins, or @n. */
static size_t comment_at(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '#' && (i == 0 || is_blank(s[i - 1])))
			return i;
	return n;
}

/* Without its line end. Return: 0 or -ENOMEM. */
static int parse_line(struct file *f, const char *s, size_t n)
{
	unsigned char hash[AUTH_HASH_SIZE];
	const char *colon;
	size_t at = 0, name_n;

	n = comment_at(s, n);
	while (n > 0 && is_blank(s[n - 1]))
		n--;
	while (at < n && is_blank(s[at]))
		at++;
	if (at == n)
		return 0;
	colon = memchr(s + at, ':', n - at);
	if (!colon)
		return wrong(f, at, "expected NAME:SHA256");
	name_n = (size_t)(colon - (s + at));
	if (!auth_name_is_good(s + at, name_n))
		return wrong(f, at,
			     "expected NAME:SHA256, the name of 1 to 64 "
			     "letters, digits, '.', '_' and '-'");
	if (!parse_hash(colon + 1, n - at - name_n - 1, hash))
		return wrong(f, at + name_n + 1,
			     "expected the 64 hex digits that printf %s "
			     "PASSWORD | sha256sum prints, and nothing more");
	if (memcmp(hash, hash_of_nothing, sizeof(hash)) == 0)
		return wrong(f, at + name_n + 1,
			     "that is the hash of no password at all");
	return add(f, at, s + at, name_n, hash);
}

int auth_file_parse(const char *text, size_t n, struct auth_users *users,
		    auth_file_wrong_fn *on_wrong, void *arg)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct file f = { .users = users, .wrong = on_wrong, .arg = arg };
	int r = 0;

	if (n >= sizeof(mark) - 1 &&
	    memcmp(text, mark, sizeof(mark) - 1) == 0) {
		text += sizeof(mark) - 1;
		n -= sizeof(mark) - 1;
	}
	while (r == 0 && n > 0 && !f.full) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;
		size_t taken = end ? len + 1 : len;

		f.line++;
		if (end && len > 0 && text[len - 1] == '\r')
			len--;
		r = parse_line(&f, text, len);
		text += taken;
		n -= taken;
	}
	return r;
}
