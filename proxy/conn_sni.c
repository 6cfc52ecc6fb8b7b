/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_sni.c - does a tunnel's first message go where policy allows?
 *
 * In:         the client's first bytes in a tunnel (CONNECT, SOCKS5)
 * Out:        pass or refuse, as `tunnel-check` says; the summary's entry
 * Invariants: the server name is judged as a CONNECT to it on this port would
 *             be; it is never looked up; bytes that do not begin a handshake
 *             are passed on with the first byte that shows it
 * References: RFC 6066 section 3; RFC 8446 section 4.1.2
 */
#include "proxy/conn_sni.h"

#include <string.h>
#include <strings.h>

#include "common/conf.h"
#include "proxy/blocked.h"
#include "proxy/client_hello.h"
#include "proxy/conn_priv.h"

#define HTTPS_PORT 443

/* The summary names the server, and the rule that would allow it. */
static void remember(struct conn *c, const struct request *rq,
		     struct decision d)
{
	struct strbuf allow_with = STRBUF_INIT, rule = STRBUF_INIT;
	char target[TARGET_TEXT_MAX];

	if (!c->loop->blocked)
		return;
	if (d.reason != REASON_ALLOWED)
		policy_suggest(c->rules->policy, rq, d, NULL, 0, &allow_with);
	if (d.rule)
		policy_place(c->rules->policy, &d, &rule);
	blocked_add(c->loop->blocked, target_format(&rq->target, target),
		    REASON_SNI, allow_with.s, rule.s);
	strbuf_fini(&allow_with);
	strbuf_fini(&rule);
}

/* No handshake that could be judged: it is the tunnel that is remembered. */
static enum tunnel_look refuse(struct conn *c)
{
	c->decision = (struct decision){ .reason = REASON_ALLOWED };
	remember(c, &c->request, c->decision);
	return TUNNEL_LOOK_REFUSE;
}

static enum tunnel_look judge_name(struct conn *c, const char *name, size_t n)
{
	const struct target *t = &c->request.target;
	struct request rq = { .method = METHOD_CONNECT };
	struct decision d;

	if (n == strlen(t->host) && strncasecmp(name, t->host, n) == 0)
		return TUNNEL_LOOK_PASS;
	if (target_parse_host(name, n, false, &rq.target, NULL) != TARGET_OK)
		return refuse(c);
	rq.target.port = t->port;
	d = policy_check_request(c->rules->policy, &rq);
	if (d.reason == REASON_ALLOWED)
		return TUNNEL_LOOK_PASS;
	c->decision = d;
	remember(c, &rq, d);
	return TUNNEL_LOOK_REFUSE;
}

static enum tunnel_look look(const char *bytes, size_t n, void *arg)
{
	struct conn *c = arg;
	char scratch[CLIENT_HELLO_NAME_MAX];
	const char *name;
	size_t len;

	switch (client_hello_parse(bytes, n, scratch, &name, &len)) {
	case CLIENT_HELLO_MORE:
		return TUNNEL_LOOK_MORE;
	case CLIENT_HELLO_NOT_TLS:
		if (c->rules->conf->tunnel_check == CONF_TUNNEL_CHECK_TLS &&
		    c->request.target.port == HTTPS_PORT)
			return refuse(c);
		return TUNNEL_LOOK_PASS;
	case CLIENT_HELLO_FOUND:
		return name ? judge_name(c, name, len) : TUNNEL_LOOK_PASS;
	case CLIENT_HELLO_MALFORMED:
	case CLIENT_HELLO_TOO_LARGE:
		break;
	}
	return refuse(c);
}

tunnel_look_fn *conn_sni_look(const struct conn *c)
{
	/* Of plain HTTP it is a WebSocket, with a head that was judged. */
	if (c->plain || c->rules->conf->tunnel_check == CONF_TUNNEL_CHECK_OFF)
		return NULL;
	return look;
}
