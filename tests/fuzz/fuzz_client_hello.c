/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_client_hello.c - a hello never crashes the walk, and the
 * verdict never changes with the cuts
 *
 * The first byte chooses how large the records are into which the message of
 * the first record is cut again: the name must be the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answer {
	enum client_hello_verdict verdict;
	const char *name;
	size_t len;
	char scratch[CLIENT_HELLO_NAME_MAX];
};

static void parse(const char *bytes, size_t n, struct answer *ret)
{
	ret->name = NULL;
	ret->len = 0;
	ret->verdict = client_hello_parse(bytes, n, ret->scratch, &ret->name,
					  &ret->len);
	if (ret->verdict != CLIENT_HELLO_FOUND && ret->name)
		abort();
	if (ret->name && (ret->len == 0 || ret->len > CLIENT_HELLO_NAME_MAX))
		abort();
}

static void expect_same(const struct answer *a, const struct answer *b)
{
	if (a->verdict != b->verdict || a->len != b->len ||
	    (a->len > 0 && memcmp(a->name, b->name, a->len) != 0))
		abort();
}

/* The first record in records of @part bytes, when it is a whole hello. */
static void cut_records(const char *bytes, size_t n, size_t part,
			const struct answer *whole)
{
	char cut[CLIENT_HELLO_MAX];
	struct answer a;
	size_t at = 0, len;

	if (n < 5)
		return;
	len = (size_t)(uint8_t)bytes[3] << 8 | (uint8_t)bytes[4];
	if (len > n - 5)
		return;
	for (size_t i = 0; i < len; i += part) {
		size_t k = len - i < part ? len - i : part;

		if (at + 5 + k > sizeof(cut))
			return;
		memcpy(cut + at, bytes, 3);
		cut[at + 3] = (char)(k >> 8);
		cut[at + 4] = (char)(k & 0xff);
		memcpy(cut + at + 5, bytes + 5 + i, k);
		at += 5 + k;
	}
	parse(cut, at, &a);
	expect_same(&a, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	struct answer whole, cut = { .verdict = CLIENT_HELLO_MORE };
	size_t i = 0;

	if (size < 1)
		return 0;
	size--;
	parse(bytes, size, &whole);
	while (cut.verdict == CLIENT_HELLO_MORE && i <= size)
		parse(bytes, i++, &cut);
	expect_same(&whole, &cut);
	if (whole.verdict == CLIENT_HELLO_FOUND)
		cut_records(bytes, i - 1, (size_t)data[0] + 1, &whole);
	return 0;
}
