/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_name_list.c - any bytes as a list, and as a list's records
 *
 * Two ways to cut the text into pieces give the same names, all of them
 * normal, and the same lines that are wrong; the names as records are taken
 * for what they are, and so is whatever else is. The first byte is the size of
 * the pieces.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/name_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void on_wrong(void *arg, uint32_t line, uint32_t column,
		     const char *word, size_t n, const char *why)
{
	uint32_t *last = arg;

	require(line >= *last && column > 0 && column <= NAME_LIST_LINE_MAX);
	require(why[0] != '\0' && (n == 0 || word[0] != ' '));
	*last = line;
}

/* Return: how many lines were wrong. */
static uint64_t parse(const char *text, size_t n, size_t piece,
		      struct name_list *list)
{
	static struct name_list_parser p;
	uint32_t line = 1;

	memset(list, 0, sizeof(*list));
	memset(&p, 0, sizeof(p));
	p.list = list;
	p.names_max = 1000;
	p.wrong = on_wrong;
	p.arg = &line;
	name_list_parse_start(&p);
	for (size_t at = 0; at < n; at += piece)
		require(name_list_parse(&p, text + at,
					n - at < piece ? n - at : piece) == 0);
	require(name_list_parse_end(&p) == 0);
	return p.wrong_n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct name_list a, b;
	uint64_t wrong_n;

	if (size < 2)
		return 0;
	size--;
	wrong_n = parse(text, size, size, &a);
	require(parse(text, size, data[0] + 1u, &b) == wrong_n);
	require(a.n == b.n && a.names_n == b.names_n);
	require(a.n == 0 || memcmp(a.bytes, b.bytes, a.n) == 0);
	name_list_fini(&b);
	require(name_list_copy(&b, a.bytes, a.n, a.names_n) == 0);
	name_list_fini(&b);
	name_list_fini(&a);
	if (name_list_copy(&a, text, size, data[0]) == 0) {
		struct name_entry e;
		uint32_t n = 0;

		for (size_t at = 0; name_list_next(&a, &at, &e);)
			n++;
		require(n == data[0]);
		name_list_fini(&a);
	}
	return 0;
}
