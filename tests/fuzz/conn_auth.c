/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_auth.c - who the clients say they are, judged once more
 */
#include "tests/fuzz/conn_auth.h"

#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "tests/fuzz/conn_lines.h"
#include "tests/fuzz/conn_world.h"
#include "tests/support/strict_http.h"

/* As HTTP has it, and SOCKS5 (RFC 1929). */
static const struct user {
	const char *name, *basic, *message;
} users[] = {
	{ "alice", "YWxpY2U6YWJj", "\1\5alice\3abc" },
	{ "bob", "Ym9iOmhlbGxv", "\1\3bob\5hello" },
};

/* Of user:pass, in conn_policy.c. */
#define OURS "Basic dXNlcjpwYXNz"

static const char *whose_value(struct strict_span v)
{
	if (v.n < 6 || strncasecmp(v.s, "Basic ", 6) != 0)
		return NULL;
	for (v.s += 6, v.n -= 6; v.n > 0 && *v.s == ' '; v.s++)
		v.n--;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		if (v.n == strlen(users[i].basic) &&
		    memcmp(v.s, users[i].basic, v.n) == 0)
			return users[i].name;
	return NULL;
}

/* How many fields, and the last one. */
static unsigned find_field(const char *bytes, const struct strict_message *m,
			   struct strict_span *ret)
{
	struct strict_span name, value;
	size_t cursor = 0;
	unsigned n = 0;

	while (strict_field(bytes, m, &cursor, &name, &value)) {
		if (!strict_is(&name, "Proxy-Authorization"))
			continue;
		*ret = value;
		n++;
	}
	return n;
}

/* What may be said to somebody who is nobody. */
static bool is_told_nobody(const struct line *l)
{
	static const char *const words[] = {
		"auth",	 "malformed",	"head-too-large", "head-timeout",
		"limit", "client-gone", "shutdown",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (line_says(&l->reason, words[i]))
			return true;
	return false;
}

static void check_whose(const struct line *l, const char *name)
{
	if (!name && !is_told_nobody(l))
		world_wrong("nobody is told: %s", l->reason.s);
	if (name && line_says(&l->reason, "auth"))
		world_wrong("%s is asked, and has said it", name);
	if (l->user.s && !(name && line_says(&l->user, name)))
		world_wrong("the log has the user %s", l->user.s);
	if (!l->user.s && line_says(&l->decision, "allow"))
		world_wrong("somebody without a name is served");
}

void conn_auth_check_request(const struct line *l, const char *bytes,
			     const struct strict_message *m)
{
	struct strict_span value;

	check_whose(l, find_field(bytes, m, &value) == 1 ? whose_value(value)
							 : NULL);
}

/* A greeting that offers what it is asked. Return: its length, or 0. */
static size_t greeting_length(const struct strbuf *b, bool asks)
{
	size_t n;

	if (b->len < 2 || b->s[0] != 5)
		return 0;
	n = 2 + (size_t)(unsigned char)b->s[1];
	if (b->len < n || !memchr(b->s + 2, asks ? 2 : 0, n - 2))
		return 0;
	return n;
}

static const struct user *whose_message(const char *bytes, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		if (n >= strlen(users[i].message) &&
		    memcmp(bytes, users[i].message, strlen(users[i].message)) ==
			    0)
			return &users[i];
	return NULL;
}

size_t conn_auth_socks_length(const struct strbuf *sent, bool asks)
{
	size_t n = greeting_length(sent, asks);
	const struct user *u;

	if (n == 0 || !asks)
		return n;
	u = whose_message(sent->s + n, sent->len - n);
	return u ? n + strlen(u->message) : 0;
}

void conn_auth_check_socks(const struct line *l, const struct strbuf *sent)
{
	size_t n = greeting_length(sent, true);
	const struct user *u =
		n == 0 ? NULL : whose_message(sent->s + n, sent->len - n);

	check_whose(l, u ? u->name : NULL);
}

void conn_auth_check_parent(const char *bytes, const struct strict_message *m)
{
	struct strict_span value;

	if (find_field(bytes, m, &value) != 1 || value.n != strlen(OURS) ||
	    memcmp(value.s, OURS, value.n) != 0)
		world_wrong("the parent gets another password than ours");
}
