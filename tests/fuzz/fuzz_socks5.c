/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_socks5.c - greeting and request never crash, and never
 * change their mind with the cuts
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/socks5.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_target(const struct target *t, size_t length, size_t n)
{
	if (length > n || length > SOCKS5_REQUEST_MAX || t->port == 0 ||
	    t->host[0] == '\0' || strlen(t->host) > HOSTNAME_MAX)
		abort();
}

static size_t request(const char *bytes, size_t n)
{
	char detail[TARGET_DETAIL_MAX], again[TARGET_DETAIL_MAX];
	enum socks5_verdict whole, v = SOCKS5_MORE;
	size_t length = 0, cut_length = 0;
	struct target t, cut;

	whole = socks5_request_parse(bytes, n, &t, &length, detail);
	for (size_t i = 0; i <= n && v == SOCKS5_MORE; i++)
		v = socks5_request_parse(bytes, i, &cut, &cut_length, again);
	if (v != whole || strcmp(detail, again) != 0)
		abort();
	if (whole != SOCKS5_OK)
		return n;
	if (length != cut_length || strcmp(t.host, cut.host) != 0 ||
	    t.port != cut.port)
		abort();
	check_target(&t, length, n);
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	enum socks5_verdict whole, v = SOCKS5_MORE;
	size_t length = 0, cut_length = 0;

	whole = socks5_greeting_parse(bytes, size, SOCKS5_METHOD_NONE, &length);
	for (size_t i = 0; i <= size && v == SOCKS5_MORE; i++)
		v = socks5_greeting_parse(bytes, i, SOCKS5_METHOD_NONE,
					  &cut_length);
	if (v != whole || length != cut_length || length > size)
		abort();
	if (whole == SOCKS5_OK)
		(void)request(bytes + length, size - length);
	else
		(void)request(bytes, size);
	return 0;
}
