/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_target.c - any bytes as an authority, a URL, a host
 *
 * What is accepted is printable, bounded, and parses again to the same host
 * and port by whichever way; what is refused says why in printable ASCII.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct target *a, const struct target *b)
{
	return strcmp(a->host, b->host) == 0 && a->port == b->port &&
	       a->is_addr == b->is_addr;
}

static void check(enum target_err err, const struct target *t,
		  const char *detail, size_t size)
{
	char text[TARGET_TEXT_MAX];
	struct target again;

	if (err != TARGET_OK) {
		require(detail[0] != '\0');
		for (const char *c = detail; *c; c++)
			require(*c >= 0x20 && *c < 0x7f);
		return;
	}
	require(detail[0] == '\0' && t->path_len <= size);
	require(t->path_len == 0 || t->path[0] == '/' || t->path[0] == '?');
	for (const char *c = t->host; *c; c++)
		require(*c > 0x20 && *c < 0x7f && !strchr("@/\\[]%#?", *c));
	target_format(t, text);
	require(target_parse_any(text, strlen(text), &again, NULL) ==
		TARGET_OK);
	require(same(t, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	char detail[TARGET_DETAIL_MAX];
	struct target t, other;
	enum target_err err;

	err = target_parse_authority(s, size, &t, detail);
	check(err, &t, detail, size);
	if (err == TARGET_OK) {
		require(target_parse_any(s, size, &other, NULL) == TARGET_OK);
		require(same(&t, &other));
	}
	err = target_parse_url(s, size, &t, detail);
	check(err, &t, detail, size);
	if (err == TARGET_OK) {
		require(target_parse_any(s, size, &other, NULL) == TARGET_OK);
		require(same(&t, &other) && t.path_len == other.path_len);
		require(t.scheme != SCHEME_NONE && t.port != 0);
	}
	err = target_parse_any(s, size, &t, detail);
	check(err, &t, detail, size);
	err = target_parse_host(s, size, true, &t, detail);
	check(err, &t, detail, size);
	if (err == TARGET_OK) {
		require(t.port == 0);
		require(target_parse_host(s, size, false, &other, NULL) ==
			TARGET_OK);
		require(same(&t, &other));
	}
	return 0;
}
