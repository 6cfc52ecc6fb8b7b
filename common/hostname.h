/* SPDX-License-Identifier: MIT */
/*
 * common/hostname.h - names normalised, patterns parsed and matched
 *
 * Pure. A normal name is lower case, without the trailing dot, letters,
 * digits, '-' and '_' in labels of 1 to 63 bytes, 253 in all; its last label
 * is not a number and not 0x-hex (such text is an address in some spelling).
 *
 * References: RFC 1034 3.5, RFC 1123 2.1, RFC 5891 (A-labels are said in
 * messages only: nothing here converts).
 */
#ifndef NETLEASH_COMMON_HOSTNAME_H
#define NETLEASH_COMMON_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

#define HOSTNAME_MAX	253
#define HOSTNAME_BUFFER (HOSTNAME_MAX + 1)

enum hostname_err {
	HOSTNAME_OK,
	HOSTNAME_EMPTY,
	HOSTNAME_TOO_LONG,
	HOSTNAME_LABEL_EMPTY,
	HOSTNAME_LABEL_TOO_LONG,
	HOSTNAME_NOT_ASCII,
	HOSTNAME_BAD_BYTE,
	HOSTNAME_NUMERIC, /* ends in a number: an address in a bad spelling */
};

/* Return: HOSTNAME_OK with @ret a normal name, else @ret is untouched. */
enum hostname_err hostname_normalise(const char *s, size_t n,
				     char ret[HOSTNAME_BUFFER]);

/*
 * For a non-ASCII name, its A-label form (punycode, RFC 3492) to put into a
 * message. Return: false if it has none that fits.
 */
bool hostname_a_label(const char *s, size_t n, char ret[HOSTNAME_BUFFER]);

/* A sentence part: "has an empty label". */
const char *hostname_strerror(enum hostname_err err);

enum pattern_kind {
	PATTERN_EXACT,	   /* example.com */
	PATTERN_BELOW,	   /* *.example.com: every name below, not itself */
	PATTERN_AND_BELOW, /* **.example.com and .example.com: both */
	PATTERN_GLOB,	   /* a * or ? inside labels */
	PATTERN_ANY,	   /* * */
};

/**
 * struct host_pattern - which names a rule is about
 * @name: EXACT: the name; BELOW and AND_BELOW: the name after the dots; GLOB:
 *        the labels after the dots, '*' and '?' match within their label only;
 *        ANY: ""
 * @glob_depth: GLOB: EXACT, or BELOW or AND_BELOW where a leading "*." or
 *        "**." stood before; else the same as @kind
 */
struct host_pattern {
	enum pattern_kind kind;
	enum pattern_kind glob_depth;
	char name[HOSTNAME_BUFFER];
};

/*
 * Return: HOSTNAME_OK, or why. @ret_hint (HOSTNAME_BUFFER bytes, may be NULL)
 * is what to write instead, or empty where there is no better form:
 * "*example.com" (a star glued to the front of a plain name) is
 * HOSTNAME_BAD_BYTE with "*.example.com"; for HOSTNAME_NOT_ASCII it is the
 * A-label form.
 */
enum hostname_err host_pattern_parse(const char *s, size_t n,
				     struct host_pattern *ret, char *ret_hint);

/*
 * @name is normal. Never true for an IP literal's text, not even of "*": a
 * literal has no labels, and its caller knows that it is one.
 */
bool host_pattern_match(const struct host_pattern *p, const char *name);

#endif
