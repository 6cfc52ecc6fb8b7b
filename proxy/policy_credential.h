/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_credential.h - which credentials go into a request
 */
#ifndef NETLEASH_PROXY_POLICY_CREDENTIAL_H
#define NETLEASH_PROXY_POLICY_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf_credential.h"

struct policy;
struct target;

/**
 * struct policy_credential - one that goes into a request
 * @index:  its number in the conf, from 0
 * @header: its header is set; of several about one header the first of the
 *          conf's. Where it has a placeholder that is replaced in any case
 */
struct policy_credential {
	const struct conf_credential *credential;
	size_t index;
	bool header;
};

/*
 * Those for a request to @t: https by its scheme, with host, port and path.
 * That the request is allowed is another question, and that the server's
 * certificate is good, too. Return: how many are in @ret, in the conf's order.
 */
size_t policy_credentials(const struct policy *p, const struct target *t,
			  struct policy_credential ret[CONF_CREDENTIALS_MAX]);

#endif
