/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_credential.c - what a command never has, put into its requests
 *
 * Invariants: which credential goes where is the conf's of now, its secret the
 *             run's from before it began: the two are joined by name
 */
#include "proxy/conn_credential.h"

#include <string.h>

#include "proxy/policy_credential.h"
#include "proxy/ruleset.h"
#include "proxy/scope.h"
#include "proxy/secret_swap.h"

/* Where a credential has no placeholder, and its server sends it back. */
#define HIDDEN "[credential]"

static const struct proxy_secret *find(const struct scope *s, const char *name)
{
	for (size_t i = 0; i < s->secrets_n; i++)
		if (strcmp(s->secrets[i].name, name) == 0)
			return &s->secrets[i];
	return NULL;
}

void conn_credential_put(const struct scope *s, const struct target *t,
			 struct strbuf *head)
{
	struct policy_credential v[CONF_CREDENTIALS_MAX];
	size_t n;

	if (s->secrets_n == 0)
		return;
	n = policy_credentials(s->rules->policy, t, v);
	for (size_t i = 0; i < n; i++) {
		const struct conf_credential *c = v[i].credential;
		const struct proxy_secret *secret = find(s, c->name);

		if (!secret)
			continue;
		if (v[i].header)
			secret_set_field(head, c->header, c->value,
					 secret->text);
		if (secret->placeholder)
			secret_swap(head, secret->placeholder, secret->text);
	}
}

void conn_credential_hide(const struct scope *s, struct strbuf *lines,
			  bool trailer)
{
	for (size_t i = 0; i < s->secrets_n; i++) {
		const struct proxy_secret *v = &s->secrets[i];
		const char *to = v->placeholder ? v->placeholder : HIDDEN;

		if (trailer)
			secret_swap_trailer(lines, v->text, to);
		else
			secret_swap_answer(lines, v->text, to);
	}
}
