/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_http_head.c - the head parser never crashes, and never
 * changes its mind with the cuts
 *
 * The first two bytes choose where the rest is cut and how large it may be.
 */
#include <stdint.h>
#include <stdlib.h>

#include "proxy/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_fields(const struct http_head *h, const char *bytes)
{
	size_t cursor = 0, n = 0;
	struct http_field f;

	while (http_head_next(h, bytes, &cursor, &f)) {
		if (f.name_len == 0 || f.value < f.name ||
		    f.value + f.value_len > bytes + h->length)
			abort();
		for (size_t i = 0; i < f.value_len; i++)
			if (f.value[i] == '\r' || f.value[i] == '\n' ||
			    f.value[i] == '\0')
				abort();
		n++;
	}
	if (n != h->fields_n || http_head_find(h, bytes, "host", NULL) > 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head whole, cut;
	const char *bytes = (const char *)data + 2;
	size_t at, max;

	if (size < 2)
		return 0;
	size -= 2;
	at = size ? data[0] % size : 0;
	max = data[1] < 128 ? 65536 : data[1];

	http_head_init(&whole, max, 16);
	http_head_parse(&whole, bytes, size);
	http_head_init(&cut, max, 16);
	http_head_parse(&cut, bytes, at);
	http_head_parse(&cut, bytes, size);
	if (cut.verdict != whole.verdict || cut.error != whole.error ||
	    cut.length != whole.length || cut.fields_n != whole.fields_n)
		abort();
	if (whole.verdict == HTTP_HEAD_OK)
		read_fields(&whole, bytes);
	else if ((whole.verdict == HTTP_HEAD_MORE) != (whole.error == NULL))
		abort();
	return 0;
}
