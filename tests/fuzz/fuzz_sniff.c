/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_sniff.c - the first byte decides, whatever follows
 */
#include <stdint.h>
#include <stdlib.h>

#include "proxy/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;

	if ((sniff_check(bytes, size) == SNIFF_MORE) != (size == 0))
		abort();
	if (size > 0 && sniff_check(bytes, 1) != sniff_check(bytes, size))
		abort();
	return 0;
}
