/* SPDX-License-Identifier: MIT */
/*
 * proxy/flow_sni.c - does a tunnel's first message go where policy allows?
 *
 * In:         the client's first bytes in a tunnel (CONNECT, SOCKS5)
 * Out:        pass or refuse, as `tunnel-check` says; the summary's entry
 * Invariants: the server name is judged as a CONNECT to it on this port would
 *             be; it is never looked up; bytes that do not begin a handshake
 *             are passed on with the first byte that shows it
 * References: RFC 6066 section 3; RFC 8446 section 4.1.2
 */
#include <string.h>
#include <strings.h>

#include "common/conf.h"
#include "common/strbuf.h"
#include "proxy/blocked.h"
#include "proxy/client_hello.h"
#include "proxy/flow_priv.h"
#include "proxy/loop.h"
#include "proxy/policy.h"
#include "proxy/ruleset.h"

#define HTTPS_PORT 443

/* The summary names the server, and the rule that would allow it. */
static void remember(struct flow *f, const struct request *rq,
		     struct decision d)
{
	const struct policy *p = f->rules->policy;
	struct strbuf allow_with = STRBUF_INIT, rule = STRBUF_INIT;
	char target[TARGET_TEXT_MAX];

	if (!flow_scope(f)->blocked)
		return;
	if (d.reason != REASON_ALLOWED)
		policy_suggest(p, rq, d, NULL, 0, &allow_with);
	if (d.rule)
		policy_place(p, &d, &rule);
	blocked_add(flow_scope(f)->blocked, target_format(&rq->target, target),
		    REASON_SNI, allow_with.s, rule.s);
	strbuf_fini(&allow_with);
	strbuf_fini(&rule);
}

/* No handshake that could be judged: it is the tunnel that is remembered. */
static enum tunnel_look refuse(struct flow *f, const struct request *rq)
{
	const struct decision none = { .reason = REASON_ALLOWED };

	f->decision = none;
	remember(f, rq, none);
	return TUNNEL_LOOK_REFUSE;
}

static enum tunnel_look judge_name(struct flow *f, const struct request *own,
				   const char *name, size_t n)
{
	const struct target *t = &own->target;
	struct request rq = { .method = METHOD_CONNECT };
	struct decision d;

	if (n == strlen(t->host) && strncasecmp(name, t->host, n) == 0)
		return TUNNEL_LOOK_PASS;
	if (target_parse_host(name, n, false, &rq.target, NULL) != TARGET_OK)
		return refuse(f, own);
	rq.target.port = t->port;
	d = policy_check_request(f->rules->policy, &rq);
	/* This tunnel is not looked into: what must be cannot hide in it. */
	if (d.reason == REASON_ALLOWED && d.inspect)
		d.reason = REASON_INSPECTION_REQUIRED;
	if (d.reason == REASON_ALLOWED)
		return TUNNEL_LOOK_PASS;
	f->decision = d;
	remember(f, &rq, d);
	return TUNNEL_LOOK_REFUSE;
}

enum tunnel_look flow_sni_look(const char *bytes, size_t n, void *arg)
{
	struct flow *f = arg;
	struct request own = { .method = METHOD_CONNECT };
	char scratch[CLIENT_HELLO_NAME_MAX];
	enum client_hello_verdict hello;
	const char *name;
	size_t len;

	hello = client_hello_parse(bytes, n, scratch, &name, &len);
	if (hello == CLIENT_HELLO_MORE)
		return TUNNEL_LOOK_MORE;
	/* It was written by target_format(): it cannot fail. */
	if (target_parse_authority(f->text, strlen(f->text), &own.target,
				   NULL) != TARGET_OK)
		return TUNNEL_LOOK_REFUSE;
	switch (hello) {
	case CLIENT_HELLO_NOT_TLS:
		if (f->rules->conf->tunnel_check == CONF_TUNNEL_CHECK_TLS &&
		    own.target.port == HTTPS_PORT)
			break;
		return TUNNEL_LOOK_PASS;
	case CLIENT_HELLO_FOUND:
		return name ? judge_name(f, &own, name, len) : TUNNEL_LOOK_PASS;
	case CLIENT_HELLO_MORE:
	case CLIENT_HELLO_MALFORMED:
	case CLIENT_HELLO_TOO_LARGE:
		break;
	}
	return refuse(f, &own);
}
