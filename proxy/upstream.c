/* SPDX-License-Identifier: MIT */
/*
 * proxy/upstream.c - the parent proxy as the conf names it
 *
 * Invariants: nothing of the conf is kept: a reload may free it; the
 *             credentials leave here as one header line, in no other form
 * References: RFC 7617 section 2; RFC 4648 section 4; RFC 6761 section 6.3
 */
#include "proxy/upstream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/conf.h"
#include "common/strbuf.h"
#include "proxy/tls_context.h"
#include "proxy/upstream_priv.h"

/* Bytes of a parent's reason phrase that are repeated. */
#define PHRASE_MAX 80

/* Return: 0 or -ENOMEM. */
static int set_authorization(struct upstream *u, const struct conf_upstream *up)
{
	struct strbuf plain = STRBUF_INIT, line = STRBUF_INIT;

	if (!up->user)
		return 0;
	strbuf_adds(&plain, up->user);
	strbuf_addc(&plain, ':');
	strbuf_adds(&plain, up->password);
	strbuf_adds(&line, "Proxy-Authorization: Basic ");
	if (!strbuf_failed(&plain))
		base64_add(&line, plain.s, plain.len);
	strbuf_adds(&line, "\r\n");
	if (!strbuf_failed(&plain)) {
		explicit_bzero(plain.s, plain.len);
		u->authorization = strbuf_take(&line);
	}
	strbuf_fini(&plain);
	strbuf_fini(&line);
	return u->authorization ? 0 : -ENOMEM;
}

/* Rules cannot be copied, but parsed again. Return: 0 or -ENOMEM. */
static int copy_direct(struct upstream *u, const struct conf_upstream *up)
{
	char error[RULE_ERROR_MAX];

	if (up->direct_n == 0)
		return 0;
	u->direct = calloc(up->direct_n, sizeof(*u->direct));
	if (!u->direct)
		return -ENOMEM;
	for (size_t i = 0; i < up->direct_n; i++) {
		const char *text = up->direct[i].text;
		int r = rule_parse(RULE_DENY, 0, text, strlen(text),
				   &u->direct[u->direct_n], error);

		if (r < 0)
			return r;
		u->direct_n++;
	}
	return 0;
}

static int open_tls(struct upstream *u, const struct conf *cf, char *ret_error)
{
	char error[TLS_ERROR_MAX] = "";
	int r;

	r = tls_context_new(cf->verify_cas, cf->verify_cas_n, &u->tls, error);
	if (r == -EINVAL)
		(void)snprintf(ret_error, UPSTREAM_DETAIL_MAX,
			       "upstream https: %s", error);
	return r;
}

int upstream_new(struct event_base *base, struct resolver *resolver,
		 const struct conf *cf, struct upstream **ret,
		 char ret_error[UPSTREAM_DETAIL_MAX])
{
	const struct conf_upstream *up = &cf->upstream;
	struct upstream *u;
	int r;

	*ret = NULL;
	if (!up->host)
		return 0;
	u = calloc(1, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->base = base;
	u->resolver = resolver;
	u->dial_time = cf->limits.dial_time;
	u->head_size = cf->limits.head_size;
	u->header_count = cf->limits.header_count;
	u->parent.is_addr = up->is_addr;
	u->parent.addr = up->addr;
	u->parent.port = up->port;
	(void)snprintf(u->parent.host, sizeof(u->parent.host), "%s", up->host);
	(void)target_format(&u->parent, u->name);
	r = set_authorization(u, up);
	if (r == 0)
		r = copy_direct(u, up);
	if (r == 0 && up->tls)
		r = open_tls(u, cf, ret_error);
	if (r < 0) {
		upstream_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void upstream_free(struct upstream *u)
{
	if (!u)
		return;
	tls_context_free(u->tls);
	if (u->authorization)
		explicit_bzero(u->authorization, strlen(u->authorization));
	free(u->authorization);
	for (size_t i = 0; i < u->direct_n; i++)
		rule_fini(&u->direct[i]);
	free(u->direct);
	free(u);
}

static bool is_loopback(const struct target *t)
{
	static const char name[] = "localhost";
	size_t n = strlen(t->host), name_n = sizeof(name) - 1;

	if (t->is_addr)
		return addr_is_loopback(&t->addr);
	return n >= name_n && strcmp(t->host + n - name_n, name) == 0 &&
	       (n == name_n || t->host[n - name_n - 1] == '.');
}

bool upstream_takes(const struct upstream *u, const struct target *t)
{
	if (!u || is_loopback(t))
		return false;
	for (size_t i = 0; i < u->direct_n; i++)
		if (rule_matches_host(&u->direct[i], t) &&
		    rule_matches_port(&u->direct[i], t->port))
			return false;
	return true;
}

const char *upstream_name(const struct upstream *u)
{
	return u->name;
}

const char *upstream_authorization(const struct upstream *u)
{
	return u->authorization;
}

unsigned upstream_fds(const struct upstream *u)
{
	/* With TLS: the parent's socket and the two ends of the pair. */
	return u && u->tls ? 3 : 1;
}

void upstream_describe_status(const struct upstream *u, const char *method,
			      unsigned status, const char *phrase,
			      size_t phrase_n, char ret[UPSTREAM_DETAIL_MAX])
{
	struct strbuf shown = STRBUF_INIT;
	const char *hint = "";

	if (status == 407)
		hint = u->authorization
			       ? ": it does not accept the user name and "
				 "password of the upstream line"
			       : ": it wants a user name and a password: "
				 "upstream http://USER:PASSWORD@HOST:PORT";
	strbuf_add_escaped(&shown, phrase,
			   phrase_n < PHRASE_MAX ? phrase_n : PHRASE_MAX);
	(void)snprintf(ret, UPSTREAM_DETAIL_MAX,
		       "The parent proxy %s answered %u%s%.*s to %s%s.",
		       u->name, status, shown.len > 0 ? " " : "", PHRASE_MAX,
		       shown.s ? shown.s : "", method, hint);
	strbuf_fini(&shown);
}
