/* SPDX-License-Identifier: MIT */
/*
 * proxy/hosts.c - /etc/hosts as a table
 *
 * In:         text: "ADDRESS NAME...", "#" comments, any blanks
 * Out:        pairs of name and address, sorted by name, then by place in the
 *             file, so that a look-up is a binary search: block lists in this
 *             format have hundreds of thousands of lines
 * Invariants: all names lie in one block of memory; entries hold offsets into
 *             it while it grows, pointers once it is whole
 */
#include "proxy/hosts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/fdio.h"
#include "common/hostname.h"
#include "common/strbuf.h"

struct entry {
	union {
		size_t offset;
		const char *text;
	} name;
	uint32_t place;
	struct addr addr;
};

struct hosts {
	char *names;
	struct entry *v;
	size_t n, size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word of a line, or false at its end. */
static bool next_word(const char **s, const char *end, const char **ret,
		      size_t *ret_n)
{
	const char *p = *s, *start;

	while (p < end && is_blank(*p))
		p++;
	start = p;
	while (p < end && !is_blank(*p))
		p++;
	*s = p;
	*ret = start;
	*ret_n = (size_t)(p - start);
	return p > start;
}

static int add_entry(struct hosts *h, struct strbuf *names, const char *name,
		     const struct addr *a)
{
	struct entry *e;

	if (h->n == HOSTS_ENTRIES_MAX)
		return -EFBIG;
	if (h->n == h->size) {
		size_t size = h->size ? h->size * 2 : 64;
		struct entry *v = reallocarray(h->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		h->v = v;
		h->size = size;
	}
	e = &h->v[h->n];
	e->name.offset = names->len;
	e->place = (uint32_t)h->n;
	e->addr = *a;
	h->n++;
	strbuf_add(names, name, strlen(name) + 1);
	return strbuf_failed(names) ? -ENOMEM : 0;
}

static int parse_line(struct hosts *h, struct strbuf *names, const char *s,
		      const char *end)
{
	char name[HOSTNAME_BUFFER];
	const char *hash = memchr(s, '#', (size_t)(end - s));
	const char *word;
	struct addr a;
	size_t n;
	int r;

	if (hash)
		end = hash;
	/* A zone ("fe80::1%lo") cannot be dialled by us: passed over, too. */
	if (!next_word(&s, end, &word, &n) || addr_parse(word, n, &a))
		return 0;
	while (next_word(&s, end, &word, &n)) {
		if (hostname_normalise(word, n, name) != HOSTNAME_OK)
			continue;
		r = add_entry(h, names, name, &a);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name.text, y->name.text);

	if (order != 0)
		return order;
	return (x->place > y->place) - (x->place < y->place);
}

int hosts_parse(const char *text, size_t n, struct hosts **ret)
{
	struct strbuf names = STRBUF_INIT;
	const char *s = text, *end = text + n;
	struct hosts *h;
	int r = 0;

	if (n > HOSTS_FILE_MAX)
		return -EFBIG;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	while (s < end && r == 0) {
		const char *eol = memchr(s, '\n', (size_t)(end - s));

		if (!eol)
			eol = end;
		r = parse_line(h, &names, s, eol);
		s = eol + 1;
	}
	if (r < 0)
		goto out;
	if (h->n > 0) {
		h->names = strbuf_take(&names);
		for (size_t i = 0; i < h->n; i++)
			h->v[i].name.text = h->names + h->v[i].name.offset;
		qsort(h->v, h->n, sizeof(*h->v), compare_entries);
	}
	*ret = h;
	h = NULL;
out:
	strbuf_fini(&names);
	hosts_free(h);
	return r;
}

int hosts_load(const char *path, struct hosts **ret)
{
	char *text;
	size_t n;
	int r = fd_read_file(path, HOSTS_FILE_MAX, &text, &n);

	if (r == -ENOENT)
		return hosts_parse("", 0, ret);
	if (r < 0)
		return r;
	r = hosts_parse(text, n, ret);
	free(text);
	return r;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	free(h->names);
	free(h->v);
	free(h);
}

static size_t first_not_below(const struct hosts *h, const char *name)
{
	size_t low = 0, high = h->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(h->v[middle].name.text, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t hosts_find(const struct hosts *h, const char *name, struct addr *ret,
		  size_t max)
{
	size_t found = 0;

	for (size_t i = first_not_below(h, name);
	     i < h->n && strcmp(h->v[i].name.text, name) == 0; i++) {
		size_t same = 0;

		while (same < found && !addr_equal(&ret[same], &h->v[i].addr))
			same++;
		if (same == found && found < max)
			ret[found++] = h->v[i].addr;
	}
	return found;
}
