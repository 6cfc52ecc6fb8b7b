/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_log.c - a request is over
 */
#include "proxy/conn_log.h"

#include "common/clock.h"
#include "proxy/access_log.h"
#include "proxy/conn_http.h"
#include "proxy/conn_inspect.h"
#include "proxy/conn_priv.h"
#include "proxy/conn_upstream.h"
#include "proxy/stats.h"

static const char *rule_place(struct conn *c, struct strbuf *out)
{
	if (c->decision.rule)
		policy_place(c->rules->policy, &c->decision, out);
	return out->s;
}

void conn_log_end(struct conn *c)
{
	char client[ADDR_PORT_TEXT_MAX], target[TARGET_TEXT_MAX];
	char address[ADDR_TEXT_MAX];
	struct strbuf rule = STRBUF_INIT;
	struct access_entry e = {
		.who = &c->scope->who,
		.protocol = c->protocol,
		.client = addr_format_port(&c->client, c->client_port, client),
		.user = c->user,
		.method = conn_http_method(c),
		.reason = c->reason,
		.status = c->status,
		.bytes_in = c->counts.in,
		.bytes_out = c->counts.out,
		.ms = clock_ms() - c->started_ms,
	};

	if (c->logged)
		return;
	c->logged = true;
	/* It came and went without a byte: a probe of the port, no request. */
	if (!c->protocol && c->reason == REASON_MALFORMED)
		return;
	stats_count_end(&c->scope->stats, c->reason, c->counts.in,
			c->counts.out);
	if (c->has_target)
		e.target = target_format(&c->request.target, target);
	if (c->has_target && c->plain) {
		e.path = c->request.target.path;
		e.path_len = c->request.target.path_len;
	}
	if (c->has_address)
		e.address = addr_format(&c->address, address);
	e.inspected = c->inspect != NULL;
	e.detail = conn_inspect_detail(c);
	conn_upstream_log(c, &e);
	e.rule = rule_place(c, &rule);
	access_log_write(c->loop->log, &e);
	strbuf_fini(&rule);
}
