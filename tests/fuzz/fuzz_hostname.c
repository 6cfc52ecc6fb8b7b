/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_hostname.c - a pattern, a newline, and a name
 *
 * A normal name stays itself; an exact pattern matches its own name only; the
 * A-label that is suggested is a name that would be accepted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/hostname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_pattern(const struct host_pattern *p, const char *name)
{
	bool matches = host_pattern_match(p, name);

	if (p->kind == PATTERN_ANY)
		require(matches);
	if (p->kind == PATTERN_EXACT)
		require(matches == (strcmp(p->name, name) == 0));
	if (p->kind == PATTERN_AND_BELOW && strcmp(p->name, name) == 0)
		require(matches);
	if (p->kind == PATTERN_BELOW && strlen(name) <= strlen(p->name))
		require(!matches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	const char *newline = size > 0 ? memchr(s, '\n', size) : NULL;
	size_t pattern_n = newline ? (size_t)(newline - s) : size;
	char name[HOSTNAME_BUFFER], again[HOSTNAME_BUFFER];
	char hint[HOSTNAME_BUFFER];
	struct host_pattern p, hinted;
	enum hostname_err err;

	if (hostname_a_label(s, pattern_n, name))
		require(hostname_normalise(name, strlen(name), again) ==
			HOSTNAME_OK);
	err = host_pattern_parse(s, pattern_n, &p, hint);
	if (err != HOSTNAME_OK && hint[0] != '\0')
		require(host_pattern_parse(hint, strlen(hint), &hinted, NULL) ==
			HOSTNAME_OK);
	if (!newline || hostname_normalise(newline + 1, size - pattern_n - 1,
					   name) != HOSTNAME_OK)
		return 0;
	require(strlen(name) > 0 && strlen(name) <= HOSTNAME_MAX);
	require(hostname_normalise(name, strlen(name), again) == HOSTNAME_OK);
	require(strcmp(name, again) == 0);
	if (err == HOSTNAME_OK)
		check_pattern(&p, name);
	return 0;
}
