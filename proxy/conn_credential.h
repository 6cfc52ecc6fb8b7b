/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_credential.h - what a command never has, put into its requests
 */
#ifndef NETLEASH_PROXY_CONN_CREDENTIAL_H
#define NETLEASH_PROXY_CONN_CREDENTIAL_H

#include <stdbool.h>

struct scope;
struct strbuf;
struct target;

/*
 * Into @head, a request's to the host of @t that is inside of an inspected
 * tunnel: only there is the host known by its certificate.
 */
void conn_credential_put(const struct scope *s, const struct target *t,
			 struct strbuf *head);

/* Takes all that @s has out of an answer's head, or lines of its trailer. */
void conn_credential_hide(const struct scope *s, struct strbuf *lines,
			  bool trailer);

#endif
