/* SPDX-License-Identifier: MIT */
/*
 * common/name_list.c - the names of a list, packed one behind the other
 *
 * A record is the line's number (four bytes), the kind, the length, the name.
 * A list of a million names of twenty bytes takes 26 MB.
 */
#include "common/name_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD	  6
#define FIRST_MAX 4096

static int grow(struct name_list *list, size_t n)
{
	size_t size = list->size > 0 ? list->size : FIRST_MAX;
	char *grown;

	while (size - list->n < n)
		size *= 2;
	if (size == list->size)
		return 0;
	grown = realloc(list->bytes, size);
	if (!grown)
		return -ENOMEM;
	list->bytes = grown;
	list->size = size;
	return 0;
}

int name_list_add(struct name_list *list, const struct name_entry *e)
{
	char *to;
	int r;

	r = grow(list, HEAD + e->n);
	if (r < 0)
		return r;
	to = list->bytes + list->n;
	memcpy(to, &e->line, sizeof(e->line));
	to[4] = (char)e->kind;
	to[5] = (char)e->n;
	memcpy(to + HEAD, e->name, e->n);
	list->n += HEAD + e->n;
	list->names_n++;
	return 0;
}

void name_list_fini(struct name_list *list)
{
	free(list->bytes);
	memset(list, 0, sizeof(*list));
}

void name_list_trim(struct name_list *list)
{
	char *less = list->n > 0 ? realloc(list->bytes, list->n) : NULL;

	if (!less)
		return;
	list->bytes = less;
	list->size = list->n;
}

void name_list_read(const char *record, struct name_entry *ret)
{
	memcpy(&ret->line, record, sizeof(ret->line));
	ret->kind = (enum pattern_kind)record[4];
	ret->n = (unsigned char)record[5];
	ret->name = record + HEAD;
}

bool name_list_next(const struct name_list *list, size_t *at,
		    struct name_entry *ret)
{
	if (*at == list->n)
		return false;
	name_list_read(list->bytes + *at, ret);
	*at += HEAD + ret->n;
	return true;
}

static bool is_good(const struct name_entry *e)
{
	char name[HOSTNAME_BUFFER];

	if (e->kind != PATTERN_EXACT && e->kind != PATTERN_BELOW &&
	    e->kind != PATTERN_AND_BELOW)
		return false;
	return hostname_normalise(e->name, e->n, name) == HOSTNAME_OK &&
	       strlen(name) == e->n && memcmp(name, e->name, e->n) == 0;
}

int name_list_copy(struct name_list *list, const char *bytes, size_t n,
		   uint32_t names_n)
{
	struct name_entry e;
	uint32_t found = 0;

	for (size_t at = 0; at < n; at += HEAD + e.n, found++) {
		if (n - at < HEAD)
			return -EPROTO;
		name_list_read(bytes + at, &e);
		if (n - at - HEAD < e.n || !is_good(&e) || found == names_n)
			return -EPROTO;
	}
	if (found != names_n)
		return -EPROTO;
	memset(list, 0, sizeof(*list));
	if (n == 0)
		return 0;
	list->bytes = malloc(n);
	if (!list->bytes)
		return -ENOMEM;
	memcpy(list->bytes, bytes, n);
	list->n = list->size = n;
	list->names_n = names_n;
	return 0;
}
