/* SPDX-License-Identifier: MIT */
/*
 * sandbox/serve.c - `netleash proxy`: the proxy alone
 */
#include "sandbox/serve.h"

#include <stddef.h>

#include "sandbox/server.h"

int serve_main(int argc, char **argv)
{
	static const struct server_kind proxy = { .verb = "proxy" };

	return server_main(&proxy, NULL, argc, argv);
}
