/* SPDX-License-Identifier: MIT */
/*
 * common/path_glob.c - path globs of rules, and paths that may be judged
 *
 * In:         a glob of the conf, a path of a client (hostile)
 * Out:        does it match; may it be judged at all
 * Invariants: a glob is run as a set of states, one for each of its bytes, so
 *             that no path can make it slow: its length times the glob's
 * References: RFC 3986 3.3, 6.2.2
 */
#include "common/path_glob.h"

#include <string.h>

#include "common/parse.h"

/* One byte of a path, decoded. Return: bytes it took in the text, 1 or 3. */
static size_t next_byte(const char *s, size_t n, unsigned char *ret)
{
	const int byte = s[0] == '%' && n >= 3 ? parse_hex_byte(s + 1) : -1;

	*ret = (unsigned char)(byte < 0 ? s[0] : byte);
	return byte < 0 ? 1 : 3;
}

enum token {
	TOKEN_BYTE,
	TOKEN_STAR,
	TOKEN_STARS,
	TOKEN_SLASH_STARS
};

/*
 * The token at @s. TOKEN_SLASH_STARS is the '/' of a slash, two stars and a
 * slash, which also stands for one slash alone.
 */
static enum token next_token(const char *s, size_t n, size_t *ret_len,
			     unsigned char *ret_byte)
{
	*ret_byte = 0;
	if (s[0] == '*') {
		*ret_len = n > 1 && s[1] == '*' ? 2 : 1;
		return *ret_len == 2 ? TOKEN_STARS : TOKEN_STAR;
	}
	*ret_len = next_byte(s, n, ret_byte);
	if (n >= 4 && memcmp(s, "/**/", 4) == 0)
		return TOKEN_SLASH_STARS;
	return TOKEN_BYTE;
}

/* A star may stand for nothing: who waits before it waits after it, too. */
static void skip_stars(const char *glob, size_t n, bool *state)
{
	unsigned char byte;
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		enum token token = next_token(glob + i, n - i, &len, &byte);

		if (state[i] && (token == TOKEN_STAR || token == TOKEN_STARS))
			state[i + len] = true;
	}
}

/* Moves every state over the byte @c. Return: is any state left. */
static bool step(const char *glob, size_t n, const bool *from, bool *to,
		 unsigned char c)
{
	bool alive = false;
	unsigned char byte;
	size_t len;

	memset(to, 0, n + 1);
	for (size_t i = 0; i < n; i += len) {
		enum token token = next_token(glob + i, n - i, &len, &byte);

		if (!from[i])
			continue;
		if (token == TOKEN_STARS || (token == TOKEN_STAR && c != '/'))
			to[i] = true;
		else if (token != TOKEN_STAR && byte == c)
			to[i + len] = true;
		else
			continue;
		if (token == TOKEN_SLASH_STARS)
			to[i + 4] = true;
		alive = true;
	}
	skip_stars(glob, n, to);
	return alive;
}

bool path_glob_match(const char *glob, const char *path, size_t path_len)
{
	bool sets[2][PATH_GLOB_MAX + 1] = { { false } };
	size_t n = strlen(glob), len;
	unsigned turn = 0;
	unsigned char c;

	if (n > PATH_GLOB_MAX)
		return false;
	sets[0][0] = true;
	skip_stars(glob, n, sets[0]);
	for (size_t i = 0; i < path_len; i += len) {
		len = next_byte(path + i, path_len - i, &c);
		if (!step(glob, n, sets[turn], sets[1 - turn], c))
			return false;
		turn = 1 - turn;
	}
	return sets[turn][n];
}

/* True for "", ".", "..": a server may read each as another path. */
static bool segment_is_odd(const char *s, size_t n, bool last)
{
	if (n == 0)
		return !last;
	return s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.'));
}

bool path_is_safe(const char *path, size_t path_len)
{
	size_t start = 0, len;
	unsigned char c;

	if (path_len == 0 || path[0] != '/')
		return false;
	for (size_t i = 0; i < path_len; i += len) {
		len = next_byte(path + i, path_len - i, &c);
		if (c < 0x20 || c == 0x7f || c == '\\')
			return false;
		if (len == 1 && c == '%')
			return false;
		if (len == 3 && (c == '.' || c == '/'))
			return false;
	}
	for (size_t i = 1; i <= path_len; i++) {
		if (i < path_len && path[i] != '/')
			continue;
		if (segment_is_odd(path + start + 1, i - start - 1,
				   i == path_len))
			return false;
		start = i;
	}
	return true;
}
