/* SPDX-License-Identifier: MIT */
/*
 * common/name_list_parse.c - the text of a list to its names
 *
 * In:         a file's bytes, in pieces; any bytes
 * Out:        names in a struct name_list; word of each line that is wrong
 * Steps:      collect a line; cut off comment and line end; one word is a
 *             name, more are an address and names as in hosts(5)
 * Invariants: where the pieces end changes nothing; a line that is wrong adds
 *             no names; memory for one line at most is held
 * References: hosts(5)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/addr.h"
#include "common/macros.h"
#include "common/name_list.h"

#define WHY_MAX 400

/* A line; @next is where the next word is looked for. */
struct line {
	const char *s, *end, *next;
};

struct word {
	const char *s;
	size_t n;
};

static void wrong(struct name_list_parser *p, const struct line *line,
		  const struct word *w, const char *why)
{
	static const struct word none = { "", 0 };
	size_t column = w ? (size_t)(w->s - line->s) + 1 : 1;

	if (p->wrong_n++ >= NAME_LIST_TOLD_MAX)
		return;
	if (!w)
		w = &none;
	p->wrong(p->arg, p->line, (uint32_t)column, w->s, w->n, why);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* False at the end of the line, or at its comment. */
static bool next_word(struct line *line, struct word *ret)
{
	const char *s = line->next;

	while (s < line->end && is_blank(*s))
		s++;
	if (s == line->end || *s == '#')
		return false;
	ret->s = s;
	while (s < line->end && !is_blank(*s))
		s++;
	ret->n = (size_t)(s - ret->s);
	line->next = s;
	return true;
}

/* What the word looks like, where it is no name. */
static void explain(const struct word *w, enum hostname_err err,
		    const char *hint, char why[WHY_MAX])
{
	struct addr a;

	if (w->n > 2 && memcmp(w->s, "||", 2) == 0)
		(void)snprintf(why, WHY_MAX,
			       "is a rule of an ad blocker: a list holds "
			       "names; write 'example.com' or "
			       "'**.example.com'");
	else if (addr_parse(w->s, w->n, &a) != ADDR_MALFORMED)
		(void)snprintf(why, WHY_MAX,
			       "is an address: a list holds names; addresses "
			       "stand in 'allow' and 'deny' lines");
	else if (err == HOSTNAME_OK)
		(void)snprintf(why, WHY_MAX,
			       "has a wildcard: a list holds names, with "
			       "'*.', '**.' or '.' before them at most; others "
			       "stand in 'allow' and 'deny' lines");
	else if (hint[0] != '\0')
		(void)snprintf(why, WHY_MAX, "%s; write '%s'",
			       hostname_strerror(err), hint);
	else
		(void)snprintf(why, WHY_MAX,
			       "%s: expected a name such as 'example.com' or "
			       "'*.example.com'",
			       hostname_strerror(err));
}

/*
 * Most words are plain names, and need no pattern. Return: 0, -ENOMEM, or
 * -EINVAL after the word was told.
 */
static int add_name(struct name_list_parser *p, const struct line *line,
		    const struct word *w)
{
	struct name_entry e = { .line = p->line, .kind = PATTERN_EXACT };
	char name[HOSTNAME_BUFFER], hint[HOSTNAME_BUFFER], why[WHY_MAX];
	struct host_pattern pattern;
	enum hostname_err err;

	err = hostname_normalise(w->s, w->n, name);
	e.name = name;
	if (err != HOSTNAME_OK) {
		err = host_pattern_parse(w->s, w->n, &pattern, hint);
		e.name = pattern.name;
		e.kind = pattern.kind;
	}
	if (err != HOSTNAME_OK || e.kind == PATTERN_GLOB ||
	    e.kind == PATTERN_ANY) {
		explain(w, err, hint, why);
		wrong(p, line, w, why);
		return -EINVAL;
	}
	if (p->list->names_n == p->names_max) {
		(void)snprintf(why, WHY_MAX,
			       "is one name more than the %u "
			       "that lists may hold",
			       p->names_max);
		wrong(p, line, w, why);
		p->full = true;
		return -EINVAL;
	}
	e.n = strlen(e.name);
	return name_list_add(p->list, &e);
}

/* An address that no host has: what stands behind it is blocked by it. */
static bool is_nowhere(const struct addr *a)
{
	static const uint8_t zero[16];
	size_t n = a->family == AF_INET ? 4 : 16;

	if (a->family == AF_INET && a->bytes[0] == 127)
		return true;
	/* "::" and "::1" */
	return memcmp(a->bytes, zero, n - 1) == 0 &&
	       a->bytes[n - 1] <= (n == 16);
}

/* The lines that every hosts file begins with, which are about the machine. */
static bool is_of_the_machine(const struct word *w)
{
	static const char *const names[] = {
		"localhost",	  "localhost.localdomain", "local",
		"broadcasthost",  "ip6-localhost",	   "ip6-loopback",
		"ip6-localnet",	  "ip6-mcastprefix",	   "ip6-allnodes",
		"ip6-allrouters", "ip6-allhosts",	   "0.0.0.0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == w->n &&
		    memcmp(names[i], w->s, w->n) == 0)
			return true;
	return false;
}

/* The names behind an address. Return: as add_name(). */
static int hosts_line(struct name_list_parser *p, struct line *line,
		      const struct word *address)
{
	struct word w;
	struct addr a;
	enum addr_err err = addr_parse(address->s, address->n, &a);
	int r = 0;

	while (r == 0 && next_word(line, &w)) {
		if (is_of_the_machine(&w))
			continue;
		if (err == ADDR_OK && is_nowhere(&a)) {
			r = add_name(p, line, &w);
		} else {
			wrong(p, line, address,
			      "stands before a name and is a real address: a "
			      "list in hosts format has 0.0.0.0, 127.0.0.1, :: "
			      "or ::1 there");
			r = -EINVAL;
		}
	}
	return r;
}

static int parse_words(struct name_list_parser *p, struct line *line)
{
	struct word first, second;
	const char *behind;
	struct addr a;
	enum addr_err err;

	if (!next_word(line, &first))
		return 0;
	behind = line->next;
	if (!next_word(line, &second))
		return add_name(p, line, &first);
	err = addr_parse(first.s, first.n, &a);
	if (err != ADDR_OK && err != ADDR_ZONE) {
		wrong(p, line, &second,
		      "is a second word: expected one name in a line, or an "
		      "address and names as in a hosts file");
		return -EINVAL;
	}
	line->next = behind;
	return hosts_line(p, line, &first);
}

/* A whole line without its '\n'. Return: 0 or -ENOMEM. */
static int parse_line(struct name_list_parser *p, const char *s, size_t n)
{
	struct line line = { s, s + n, s };
	const char *nul;
	size_t before = p->list->n;
	uint32_t names_before = p->list->names_n;
	int r;

	if (n > 0 && s[n - 1] == '\r')
		line.end--;
	/* Editors hide a byte order mark: columns count from after it. */
	if (p->line == 1 && n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		line.s = line.next = s + 3;
	nul = memchr(s, '\0', n);
	if (nul) {
		const struct word at = { nul, 1 };

		wrong(p, &line, &at, "is a NUL byte: this is no list");
		return 0;
	}
	r = parse_words(p, &line);
	if (r < 0) { /* what the line had before the word that is wrong */
		p->list->n = before;
		p->list->names_n = names_before;
	}
	return r == -EINVAL ? 0 : r;
}

/* The line is over: @s is all of it, or what begun[] has not got yet. */
static int end_line(struct name_list_parser *p, const char *s, size_t n)
{
	int r = 0;

	if (p->begun_n + n > sizeof(p->begun))
		p->too_long = true;
	if (p->too_long) {
		const struct line line = { "", "", "" };

		wrong(p, &line, NULL, "a line is too long: this is no list");
	} else if (p->begun_n == 0) {
		r = parse_line(p, s, n);
	} else {
		memcpy(p->begun + p->begun_n, s, n);
		r = parse_line(p, p->begun, p->begun_n + n);
	}
	p->too_long = false;
	p->begun_n = 0;
	p->line++;
	return r;
}

void name_list_parse_start(struct name_list_parser *p)
{
	p->line = 1;
}

int name_list_parse(struct name_list_parser *p, const char *bytes, size_t n)
{
	const char *end = bytes + n, *nl;
	int r = 0;

	while (r == 0 && !p->full && bytes < end) {
		size_t left = (size_t)(end - bytes);

		nl = memchr(bytes, '\n', left);
		if (nl) {
			r = end_line(p, bytes, (size_t)(nl - bytes));
			bytes = nl + 1;
			continue;
		}
		if (p->begun_n + left > sizeof(p->begun)) {
			p->too_long = true;
		} else if (!p->too_long) {
			memcpy(p->begun + p->begun_n, bytes, left);
			p->begun_n += left;
		}
		break;
	}
	return r;
}

int name_list_parse_end(struct name_list_parser *p)
{
	int r = 0;

	if (!p->full && (p->begun_n > 0 || p->too_long))
		r = end_line(p, "", 0);
	if (r == 0)
		name_list_trim(p->list);
	return r;
}
