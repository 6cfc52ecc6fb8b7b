/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_connect_words.c - any bytes as a proxy's answer, and its URL
 *
 * What was decided about a head stays so, whatever comes after it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/connect_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_spans(const struct connect_answer *a, const char *bytes,
			size_t n)
{
	require(a->head_n > 0 && a->head_n <= n);
	require(a->phrase_n == 0 ||
		(a->phrase >= bytes &&
		 a->phrase + a->phrase_n <= bytes + a->head_n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	char error[CONNECT_ERROR_MAX] = "", *url;
	struct connect_answer a, again;
	struct connect_proxy proxy;
	enum connect_verdict v;

	v = connect_answer_parse(bytes, size, &a);
	if (v == CONNECT_OPEN || v == CONNECT_REFUSED) {
		check_spans(&a, bytes, size);
		require(connect_answer_parse(bytes, a.head_n, &again) == v);
		require(again.head_n == a.head_n && again.own == a.own);
	}
	url = strndup(bytes, size);
	require(url != NULL);
	if (connect_proxy_parse(url, &proxy, error) == 0)
		require(proxy.host[0] != '\0' && proxy.port[0] != '\0');
	else
		require(error[0] != '\0');
	free(url);
	return 0;
}
