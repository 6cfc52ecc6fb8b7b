/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_auth.c - who a client is, where the conf asks
 *
 * In:         a head, or SOCKS5's message; the users of the conf
 * Out:        c->user; or a refusal with REASON_AUTH
 * Invariants: each request is judged by itself, by the users of now; a listener
 *             beyond loopback whose conf has lost `auth` lets nobody in; one
 *             SHA-256 a request, REFUSALS_MAX refusals in a row a connection
 * References: RFC 9110 section 11.7.2
 */
#include "proxy/conn_auth.h"

#include <string.h>

#include "common/conf.h"
#include "proxy/auth.h"
#include "proxy/conn_answer.h"
#include "proxy/conn_inspect.h"
#include "proxy/conn_priv.h"
#include "proxy/http_syntax.h"

/* A client that was asked needs one; who guesses pays a connection for few. */
#define REFUSALS_MAX 3u

bool conn_auth_is_asked(const struct conn *c)
{
	const struct scope *s = c->scope;

	return s->asks && !conn_inspect_is_inside(c) &&
	       (s->rules->conf->auth.file || s->exposed);
}

bool conn_auth_admit(struct conn *c, const struct auth_given *given)
{
	const struct auth_user *user = NULL;

	if (!conn_auth_is_asked(c))
		return true;
	if (given)
		user = auth_check(&c->scope->rules->conf->auth.users, given);
	memset(c->user, 0, sizeof(c->user));
	if (user)
		memcpy(c->user, user->name, sizeof(c->user) - 1);
	return user;
}

/*
 * A CONNECT has no body, so that it may be asked again on its connection; but
 * what came with it already was for a tunnel, and is no request.
 */
static bool may_ask_again(const struct conn *c)
{
	return c->head.minor_version == 1 && c->in_n == c->head.length &&
	       !http_list_has(&c->head, c->in, "Connection", "close");
}

const char *conn_auth_read(struct conn *c)
{
	struct strbuf text = STRBUF_INIT;
	struct auth_given given;
	struct http_field f;
	size_t n;

	/* One connection too many is told so, and is asked nothing. */
	c->admitted = c->over_limit || !conn_auth_is_asked(c);
	if (c->admitted)
		return NULL;
	n = http_head_find(&c->head, c->in, "Proxy-Authorization", &f);
	if (n > 1)
		return "there is more than one Proxy-Authorization";
	c->admitted = n == 1 &&
		      auth_basic_parse(f.value, f.value_len, &text, &given) &&
		      conn_auth_admit(c, &given);
	auth_basic_fini(&text);
	if (c->admitted)
		c->refusals = 0;
	else if (!c->plain)
		c->keep = may_ask_again(c);
	return NULL;
}

bool conn_auth_pass(struct conn *c)
{
	if (c->admitted)
		return true;
	if (++c->refusals >= REFUSALS_MAX)
		c->keep = false;
	conn_refuse(c, REASON_AUTH, NULL, NULL, 0);
	return false;
}
