/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_auth_file.c - any bytes as the file of `auth`
 *
 * Users have good names, each once and in the order of their lines; what is
 * said is said of one line after the other.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/auth_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void on_wrong(void *arg, uint32_t line, uint32_t column, const char *why)
{
	uint32_t *last = arg;

	require(line > *last && column > 0 && why[0] != '\0');
	require(strlen(why) < 200);
	*last = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct auth_users users = { 0 };
	uint32_t last = 0, line = 0;

	require(auth_file_parse((const char *)data, size, &users, on_wrong,
				&last) == 0);
	require(users.n <= AUTH_USERS_MAX);
	for (size_t i = 0; i < users.n; i++) {
		const struct auth_user *u = &users.v[i];
		size_t n = strnlen(u->name, sizeof(u->name));

		require(auth_name_is_good(u->name, n) && u->line > line);
		require(auth_users_find(&users, u->name, n) == u);
		line = u->line;
	}
	auth_users_fini(&users);
	return 0;
}
