/* SPDX-License-Identifier: MIT */
/*
 * sandbox/serve.c - `netleash proxy`: the proxy alone
 */
#include "sandbox/serve.h"

#include <stddef.h>

#include "common/log.h"
#include "proxy/policy.h"
#include "sandbox/rulebook.h"
#include "sandbox/server.h"

/* Its clients are programs that trust no CA of ours. */
static int prepare(struct server *s)
{
	if (policy_conf_wants_inspection(rulebook_conf(s->rules)))
		log_warn("the conf asks for a look into tunnels, which a run "
			 "and the daemon take, and this proxy does not: what "
			 "only that could judge is refused, and no credential "
			 "is used");
	return 0;
}

int serve_main(int argc, char **argv)
{
	static const struct server_kind proxy = { .verb = "proxy",
						  .prepare = prepare };

	return server_main(&proxy, NULL, argc, argv);
}
