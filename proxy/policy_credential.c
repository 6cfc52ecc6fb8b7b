/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_credential.c - which credentials go into a request
 */
#include "proxy/policy_credential.h"

#include <strings.h>

#include "common/conf.h"
#include "proxy/policy_priv.h"

static bool is_set(const struct policy_credential *set, size_t n,
		   const char *header)
{
	for (size_t i = 0; i < n; i++)
		if (set[i].header &&
		    strcasecmp(set[i].credential->header, header) == 0)
			return true;
	return false;
}

size_t policy_credentials(const struct policy *p, const struct target *t,
			  struct policy_credential ret[CONF_CREDENTIALS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < p->conf->credentials_n; i++) {
		const struct conf_credential *c = &p->conf->credentials[i];

		if (!conf_credential_covers(c, t))
			continue;
		ret[n] = (struct policy_credential){
			.credential = c,
			.index = i,
			.header = c->header && !is_set(ret, n, c->header),
		};
		n++;
	}
	return n;
}
