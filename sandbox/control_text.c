/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_text.c - a JSON document as lines for people
 *
 * In:         RFC 8259, as common/json.h writes it; other numbers and escapes
 *             are passed as they stand
 * Invariants: nesting is bounded; what is not ended is -EINVAL, wherever it
 *             was cut
 */
#include "sandbox/control_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/utf8.h"

#define DEPTH_MAX 8

struct reader {
	const char *at, *end;
	struct strbuf *out;
};

static int value(struct reader *rd, unsigned depth, bool after_name);

static void skip_blanks(struct reader *rd)
{
	while (rd->at < rd->end && strchr(" \t\r\n", *rd->at) && *rd->at)
		rd->at++;
}

/* Takes @c, if it is next. */
static bool take(struct reader *rd, char c)
{
	skip_blanks(rd);
	if (rd->at == rd->end || *rd->at != c)
		return false;
	rd->at++;
	return true;
}

/* A code point of a string, as text that moves no cursor. */
static void add_point(struct reader *rd)
{
	uint32_t cp;
	size_t n = utf8_decode(rd->at, (size_t)(rd->end - rd->at), &cp);

	if (n > 0 && !utf8_is_unsafe(cp)) {
		strbuf_add(rd->out, rd->at, n);
	} else {
		n = 1;
		strbuf_addf(rd->out, "\\x%02x", (unsigned char)*rd->at);
	}
	rd->at += n;
}

/* Escapes stay as they are, but for \" and \\. */
static int string(struct reader *rd)
{
	if (!take(rd, '"'))
		return -EINVAL;
	while (rd->at < rd->end) {
		if (*rd->at == '"') {
			rd->at++;
			return 0;
		}
		if (*rd->at == '\\') {
			if (++rd->at == rd->end)
				return -EINVAL;
			if (*rd->at != '"' && *rd->at != '\\')
				strbuf_addc(rd->out, '\\');
		}
		add_point(rd);
	}
	return -EINVAL;
}

/* A number, true, false; null is a dash. */
static int word(struct reader *rd)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzE0123456789+-.";
	const char *start = rd->at;

	while (rd->at < rd->end && *rd->at && strchr(letters, *rd->at))
		rd->at++;
	if (rd->at == start)
		return -EINVAL;
	if (rd->at - start == 4 && memcmp(start, "null", 4) == 0)
		strbuf_addc(rd->out, '-');
	else
		strbuf_add(rd->out, start, (size_t)(rd->at - start));
	return 0;
}

static void indent(struct reader *rd, unsigned depth)
{
	for (unsigned i = 1; i < depth; i++)
		strbuf_adds(rd->out, "  ");
}

static int object(struct reader *rd, unsigned depth)
{
	bool first = true;
	int r = 0;

	if (take(rd, '}'))
		return 0;
	do {
		/* In an array the first name stands behind its dash. */
		if (!first || depth < 2 || rd->out->len == 0 ||
		    rd->out->s[rd->out->len - 1] == '\n')
			indent(rd, depth);
		first = false;
		skip_blanks(rd);
		r = string(rd);
		if (r == 0 && !take(rd, ':'))
			r = -EINVAL;
		strbuf_addc(rd->out, ':');
		if (r == 0)
			r = value(rd, depth, true);
	} while (r == 0 && take(rd, ','));
	if (r == 0 && !take(rd, '}'))
		r = -EINVAL;
	return r;
}

static int array(struct reader *rd, unsigned depth)
{
	int r = 0;

	if (take(rd, ']'))
		return 0;
	do {
		indent(rd, depth);
		strbuf_adds(rd->out, "- ");
		r = value(rd, depth, false);
	} while (r == 0 && take(rd, ','));
	if (r == 0 && !take(rd, ']'))
		r = -EINVAL;
	return r;
}

/* With the end of its line. */
static int value(struct reader *rd, unsigned depth, bool after_name)
{
	int r;

	if (depth == DEPTH_MAX)
		return -EINVAL;
	if (take(rd, '{')) {
		if (after_name)
			strbuf_addc(rd->out, '\n');
		return object(rd, depth + 1);
	}
	if (take(rd, '[')) {
		strbuf_addc(rd->out, '\n');
		return array(rd, depth + 1);
	}
	if (after_name)
		strbuf_addc(rd->out, ' ');
	skip_blanks(rd);
	r = rd->at < rd->end && *rd->at == '"' ? string(rd) : word(rd);
	strbuf_addc(rd->out, '\n');
	return r;
}

int control_text(const char *json, size_t n, struct strbuf *out)
{
	struct reader rd = { json, json + n, out };
	int r = value(&rd, 0, false);

	skip_blanks(&rd);
	return r == 0 && rd.at != rd.end ? -EINVAL : r;
}
