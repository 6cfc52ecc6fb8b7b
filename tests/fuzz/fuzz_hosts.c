/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_hosts.c - any bytes are a hosts file
 *
 * Whatever it says, every word that is a name can be looked up, the addresses
 * of one name are distinct, and a second copy of the text adds none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/hostname.h"
#include "proxy/hosts.h"

#define FOUND_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t find_distinct(const struct hosts *h, const char *name)
{
	struct addr v[FOUND_MAX];
	size_t n = hosts_find(h, name, v, FOUND_MAX);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (addr_equal(&v[i], &v[j]))
				abort();
	return n;
}

static struct hosts *parse(const char *text, size_t n)
{
	struct hosts *h;

	if (hosts_parse(text, n, &h) < 0)
		abort();
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char blanks[] = " \t\r\n\v\f#";
	char *twice = malloc(size * 2 + 1), name[HOSTNAME_BUFFER];
	struct hosts *once_table, *twice_table;

	if (!twice)
		return 0;
	memcpy(twice, data, size);
	twice[size] = '\n';
	memcpy(twice + size + 1, data, size);
	once_table = parse(twice, size);
	twice_table = parse(twice, size * 2 + 1);
	for (size_t at = 0; at < size;) {
		size_t n = 0;

		while (at + n < size && !strchr(blanks, twice[at + n]))
			n++;
		if (hostname_normalise(twice + at, n, name) == HOSTNAME_OK &&
		    find_distinct(once_table, name) !=
			    find_distinct(twice_table, name))
			abort();
		at += n + 1;
	}
	hosts_free(once_table);
	hosts_free(twice_table);
	free(twice);
	return 0;
}
