/* SPDX-License-Identifier: MIT */
/*
 * proxy/lists.h - an index of the names of lists: is this one of millions
 *
 * A look-up asks once for the name, and once for each of its suffixes with as
 * many labels as any pattern of the lists has; how many names there are does
 * not matter. Immutable once made: any thread may ask.
 */
#ifndef NETLEASH_PROXY_LISTS_H
#define NETLEASH_PROXY_LISTS_H

#include <stddef.h>

struct conf_list;
struct conf_rules;
struct lists;

#define LISTS_PARTS_MAX 2

/**
 * struct lists_found - a name that a list has
 * @list:   NULL: none has it
 * @record: for name_list_read(); borrowed from the list
 */
struct lists_found {
	const struct conf_list *list;
	const char *record;
};

/*
 * The lists of @parts, borrowed for the index's life. Return: 0, with NULL if
 * there are no names; -EINVAL for too many parts; -E2BIG beyond 4 GiB of
 * names; -ENOMEM; -errno without random bytes.
 */
int lists_new(const struct conf_rules *const *parts, size_t parts_n,
	      struct lists **ret);
void lists_free(struct lists *x);

/*
 * What the lists say about the normal name @name: for each enum rule_effect
 * the most specific entry, the exact name before a pattern. @x may be NULL.
 */
void lists_find(const struct lists *x, const char *name,
		struct lists_found ret[2]);

/* Bytes that the index itself takes, without the names. */
size_t lists_bytes(const struct lists *x);

#endif
