/* SPDX-License-Identifier: MIT */
/*
 * common/name_list.h - the names of a block list or allow list, by the million
 *
 * Pure. A name a line, or lines of a hosts file (hosts(5)): an address that
 * stands for nobody, and names. Each name takes its own length and six bytes.
 */
#ifndef NETLEASH_COMMON_NAME_LIST_H
#define NETLEASH_COMMON_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hostname.h"

/* A line's bytes; what is longer is no list. */
#define NAME_LIST_LINE_MAX 16384

/* How many lines that are wrong are told one by one. */
#define NAME_LIST_TOLD_MAX 20

/**
 * struct name_list - start from a zeroed one
 * @bytes: the names, one record after the other; offsets into it are what
 *         stands for a name
 */
struct name_list {
	char *bytes;
	size_t n, size;
	uint32_t names_n;
};

/**
 * struct name_entry - one name
 * @name: normal, not terminated; as struct host_pattern has it
 * @kind: PATTERN_EXACT, PATTERN_BELOW or PATTERN_AND_BELOW
 */
struct name_entry {
	const char *name;
	size_t n;
	enum pattern_kind kind;
	uint32_t line;
};

/* Return: 0 or -ENOMEM. */
int name_list_add(struct name_list *list, const struct name_entry *e);
void name_list_fini(struct name_list *list);

/* Gives back what was only room to grow. */
void name_list_trim(struct name_list *list);

/* Walks: *@at starts at 0 and goes to the next record. False at the end. */
bool name_list_next(const struct name_list *list, size_t *at,
		    struct name_entry *ret);

/* The record at list->bytes + offset. */
void name_list_read(const char *record, struct name_entry *ret);

/*
 * Copies @n bytes that should be another list's; they may be anything.
 * Return: 0; -EPROTO if they are not @names_n names; -ENOMEM.
 */
int name_list_copy(struct name_list *list, const char *bytes, size_t n,
		   uint32_t names_n);

/**
 * name_list_wrong_fn - a line that is wrong
 * @column: of @word, from 1
 * @word:   not terminated, any bytes; empty where the line as a whole is wrong
 * @why:    a sentence part about the word
 */
typedef void name_list_wrong_fn(void *arg, uint32_t line, uint32_t column,
				const char *word, size_t n, const char *why);

/**
 * struct name_list_parser - a file's text, in pieces
 * @names_max: how many names may come
 * @wrong_n:   lines that were wrong; @wrong heard of NAME_LIST_TOLD_MAX
 * @line:      the line that is under way, from 1
 * @begun:     its bytes so far; those of a line that is too long are dropped
 * @full:      more names came than may: the rest is not looked at
 */
struct name_list_parser {
	struct name_list *list;
	uint32_t names_max;
	name_list_wrong_fn *wrong;
	void *arg;
	uint64_t wrong_n;
	uint32_t line;
	bool too_long, full;
	size_t begun_n;
	char begun[NAME_LIST_LINE_MAX];
};

/* Set list, names_max, wrong and arg of a zeroed parser before. */
void name_list_parse_start(struct name_list_parser *p);

/* The next bytes, in pieces of any size. Return: 0 or -ENOMEM. */
int name_list_parse(struct name_list_parser *p, const char *bytes, size_t n);

/* The end of the file. Return: 0 or -ENOMEM. */
int name_list_parse_end(struct name_list_parser *p);

#endif
