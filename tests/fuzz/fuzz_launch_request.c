/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_launch_request.c - any datagram and any words of a caller
 *
 * What is taken packs to the very same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/launch_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct launch_head head, again = { .version = LAUNCH_VERSION };
	struct launch_words w;
	char *bytes, *packed;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	data += sizeof(head);
	size -= sizeof(head);
	if (launch_head_check(&head) < 0 || head.bytes > size)
		return 0;
	bytes = malloc(head.bytes);
	require(bytes != NULL);
	memcpy(bytes, data, head.bytes);
	if (launch_words_parse(&head, bytes, &w) == 0) {
		require(launch_words_pack(w.args, w.env, &again, &packed) == 0);
		require(again.args_n == head.args_n &&
			again.env_n == head.env_n && again.bytes == head.bytes);
		require(memcmp(packed, bytes, head.bytes) == 0);
		free(packed);
		launch_words_fini(&w);
	}
	free(bytes);
	return 0;
}
