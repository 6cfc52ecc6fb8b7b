/* SPDX-License-Identifier: MIT */
/*
 * common/rule_priv.h - what rule_split.c hands to rule_parse.c
 *
 * Private to these two files: a word of a rule taken apart, and how both say
 * what is wrong with it.
 */
#ifndef NETLEASH_COMMON_RULE_PRIV_H
#define NETLEASH_COMMON_RULE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/macros.h"
#include "common/path_glob.h"
#include "common/rule.h"

#define WORD_MAX   (HOSTNAME_MAX + PATH_GLOB_MAX)
#define SHOWN_MAX  100 /* bytes of a word that a message repeats */
#define SHOWN_SIZE (SHOWN_MAX * 4 + 4)

struct span {
	const char *s;
	size_t n;
};

/**
 * struct rule_parts - a word taken apart; a span is empty, with s == NULL,
 *                     where the word has no such part
 * @bits: after the '/' of a CIDR
 */
struct rule_parts {
	struct span host, bits, ports, path;
	bool brackets;
};

/**
 * struct rule_parse - one call of rule_parse()
 * @rule:  being filled
 * @error: RULE_ERROR_MAX bytes for the sentence part
 */
struct rule_parse {
	struct span word;
	struct rule_parts parts;
	struct rule *rule;
	char *error;
};

static inline struct span span_from(const char *from, const char *end)
{
	return (struct span){ from, (size_t)(end - from) };
}

static inline const char *span_find(struct span text, char c)
{
	return memchr(text.s, c, text.n);
}

/* A copy that C's string functions can take; false if it does not fit. */
bool span_copy(struct span text, char *buf, size_t size);

/* Text for a message: bounded, and nothing that moves a terminal's cursor. */
const char *span_show(char buf[SHOWN_SIZE], struct span text);

/* Writes the message. Return: -EINVAL. */
int rule_fail(struct rule_parse *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Takes p->word apart into p->parts, and sets the rule's scheme. Return: 0, or
 * -EINVAL with a message.
 */
int rule_split(struct rule_parse *p);

#endif
