/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_control_request.c - any bytes on the control socket
 *
 * A request lies within what was given; a status is one that can be answered;
 * nothing waits for more than there may be.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/control_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct control_request rq;
	int r;

	if (size > CONTROL_HEAD_MAX + CONTROL_BODY_MAX)
		return 0;
	r = control_request_parse(bytes, size, &rq);
	if (r == -EAGAIN)
		require(size < CONTROL_HEAD_MAX + CONTROL_BODY_MAX);
	else if (r != 0)
		require(r == 400 || r == 413 || r == 431 || r == 501 ||
			r == 505);
	if (r != 0)
		return 0;
	require(strlen(rq.path) < sizeof(rq.path));
	require(rq.body >= bytes && rq.body + rq.body_n <= bytes + size);
	require(rq.body_n <= CONTROL_BODY_MAX);
	return 0;
}
