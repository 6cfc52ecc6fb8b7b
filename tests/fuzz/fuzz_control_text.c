/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_control_text.c - any bytes as a daemon's answer
 *
 * No byte comes out that could move a terminal's cursor.
 */
#include <stdint.h>
#include <stdlib.h>

#include "sandbox/control_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf out = STRBUF_INIT;

	(void)control_text((const char *)data, size, &out);
	for (size_t i = 0; i < out.len; i++)
		if (((unsigned char)out.s[i] < ' ' && out.s[i] != '\n') ||
		    out.s[i] == 0x7f)
			abort();
	strbuf_fini(&out);
	return 0;
}
