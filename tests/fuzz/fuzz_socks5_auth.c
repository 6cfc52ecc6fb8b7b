/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_socks5_auth.c - name and password, of SOCKS5 and of HTTP
 *
 * SOCKS5's message never changes its mind with the cuts; whatever is read lies
 * inside of what was sent, and is judged.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/auth.h"
#include "proxy/socks5_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void judge(const struct auth_given *given)
{
	static const unsigned char hash[AUTH_HASH_SIZE];
	static struct auth_users users;

	if (users.n == 0)
		require(auth_users_add(&users, "alice", 5, hash, 1) == 0);
	require(!auth_check(&users, given)); /* nothing hashes to that */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	enum socks5_verdict whole, v = SOCKS5_MORE;
	size_t length = 0, cut_length = 0;
	struct strbuf text = STRBUF_INIT;
	struct auth_given given, cut;

	whole = socks5_auth_parse(bytes, size, &given, &length);
	for (size_t i = 0; i <= size && v == SOCKS5_MORE; i++)
		v = socks5_auth_parse(bytes, i, &cut, &cut_length);
	require(v == whole && length == cut_length && length <= size);
	if (whole == SOCKS5_OK) {
		require(length == 3 + given.name_n + given.password_n);
		require(given.name == bytes + 2);
		require(given.password + given.password_n == bytes + length);
		judge(&given);
	}
	if (auth_basic_parse(bytes, size, &text, &given)) {
		require(given.name == text.s &&
			given.name_n + 1 + given.password_n == text.len &&
			!memchr(given.name, ':', given.name_n));
		judge(&given);
	}
	auth_basic_fini(&text);
	return 0;
}
