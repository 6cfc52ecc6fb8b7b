/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_request.c - from a whole head to a connected socket, or a refusal
 *
 * In:         a head that http_head.c has cut up
 * Out:        conn_establish() with c->remote_fd set, or conn_refuse()
 * Steps:      target (well-formed?) -> whose? -> limits ->
 *             policy on the request -> resolve -> policy on every address ->
 *             dial exactly those
 * Invariants: a name that policy refuses is never looked up; an address that
 *             policy has not allowed is never dialled; each start ends in one
 *             done callback, or in conn_close()'s cancel
 * References: RFC 9110 section 9.3.6: the target of CONNECT decides, not Host
 */
#include "proxy/conn_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/conn_answer.h"
#include "proxy/conn_auth.h"
#include "proxy/conn_http.h"
#include "proxy/conn_inspect.h"
#include "proxy/conn_priv.h"
#include "proxy/conn_upstream.h"
#include "proxy/dial.h"
#include "proxy/reply.h"
#include "proxy/resolve.h"
#include "proxy/target_count.h"

/* RFC 8305 section 8: the recommended delay between attempts. */
#define DIAL_STAGGER_MS 250

/* Room for a sentence around what the target's parser says. */
#define DETAIL_MAX (TARGET_DETAIL_MAX + 80)

static void on_dialed(int fd, const struct addr *addr, enum reason reason,
		      void *arg)
{
	struct conn *c = arg;

	c->dial = NULL;
	c->loop->dials--;
	if (reason != REASON_ALLOWED) {
		conn_refuse(c, reason,
			    reason == REASON_LIMIT
				    ? "There are no descriptors left."
				    : NULL,
			    NULL, 0);
		return;
	}
	c->remote_fd = fd;
	c->address = *addr;
	c->has_address = true;
	conn_establish(c);
}

bool conn_may_dial(struct conn *c)
{
	if (c->loop->dials < c->loop->dials_max)
		return true;
	conn_refuse(c, REASON_LIMIT,
		    "Too many connections are being made (limit "
		    "pending-dials).",
		    NULL, 0);
	return false;
}

static void start_dial(struct conn *c, const struct addr *addrs, size_t n)
{
	struct loop *lp = c->loop;
	struct dial_opts opts = { .stagger_ms = DIAL_STAGGER_MS,
				  .deadline_ms = c->scope->limits->dial_time };

	if (!conn_may_dial(c))
		return;
	if (dial_start(lp->base, addrs, n, c->request.target.port, &opts,
		       on_dialed, c, &c->dial) < 0) {
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
		return;
	}
	lp->dials++;
	conn_set_state(c, CONN_DIAL);
}

/* Each address by itself: what is allowed is dialled, the rest is dropped. */
static void on_resolved(const struct addr *addrs, size_t n, enum reason reason,
			void *arg)
{
	struct addr good[RESOLVE_ADDRS_MAX], bad[RESOLVE_ADDRS_MAX];
	size_t good_n = 0, bad_n = 0;
	struct conn *c = arg;
	struct decision refused = { .reason = REASON_DNS_FAILURE };

	c->resolve = NULL;
	if (reason != REASON_ALLOWED) {
		conn_refuse(c, reason,
			    reason == REASON_LIMIT
				    ? "Too many names are being looked up "
				      "(limit pending-lookups)."
				    : NULL,
			    NULL, 0);
		return;
	}
	for (size_t i = 0; i < n && i < RESOLVE_ADDRS_MAX; i++) {
		struct decision d = policy_check_address(
			c->rules->policy, &c->request, &addrs[i]);

		if (d.reason == REASON_ALLOWED) {
			good[good_n++] = addrs[i];
			continue;
		}
		if (bad_n == 0 ||
		    policy_worst(refused.reason, d.reason) != refused.reason)
			refused = d;
		bad[bad_n++] = addrs[i];
	}
	if (good_n > 0) {
		start_dial(c, good, good_n);
		return;
	}
	if (bad_n > 0)
		c->decision = refused;
	conn_refuse(c, refused.reason, NULL, bad, bad_n);
}

static void start_resolve(struct conn *c)
{
	if (resolve_start(c->loop->resolver, c->request.target.host,
			  on_resolved, c, &c->resolve) < 0)
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
	else
		conn_set_state(c, CONN_RESOLVE);
}

/* Takes the target's share; it is given back with the far connection. */
static bool within_limits(struct conn *c)
{
	struct loop *lp = c->loop;
	const struct target *t = &c->request.target;
	int r;

	r = target_count_take(lp->all->targets, c->scope->who.run, t->host,
			      t->port, c->scope->limits->tunnels_per_target,
			      &c->counted);
	if (r == 0)
		return true;
	if (r == -EDQUOT)
		conn_refuse(c, REASON_LIMIT,
			    "There are too many tunnels to this target (limit "
			    "tunnels-per-target).",
			    NULL, 0);
	else
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
	return false;
}

/* May it be looked into, if it is to be? If not it is refused. */
static bool may_inspect(struct conn *c)
{
	int r;

	if (!c->decision.inspect || conn_inspect_is_inside(c))
		return true;
	if (c->scope->distrusted || !c->scope->inspects) {
		c->decision.inspect = false;
		c->decision.reason = REASON_INSPECTION_REQUIRED;
		conn_refuse(c, REASON_INSPECTION_REQUIRED,
			    "This command was started when nothing was to be "
			    "looked into: start it again.",
			    NULL, 0);
		return false;
	}
	r = conn_inspect_reserve(c);
	if (r < 0)
		conn_refuse(c, r == -EDQUOT ? REASON_LIMIT : REASON_INTERNAL,
			    r == -EDQUOT ? CONN_INSPECT_FULL : NULL, NULL, 0);
	return r == 0;
}

void conn_judge(struct conn *c)
{
	const struct policy *p;
	const char *detail = NULL;

	if (c->over_limit) {
		c->keep = false;
		conn_refuse(c, REASON_LIMIT,
			    "There are too many connections (limit "
			    "connections, connections-per-run).",
			    NULL, 0);
		return;
	}
	/* The rules of now, not those of when it connected. */
	ruleset_unref(c->rules);
	c->rules = ruleset_ref(c->scope->rules);
	p = c->rules->policy;
	c->decision = policy_check_request(p, &c->request);
	if (c->decision.reason != REASON_ALLOWED) {
		if (!policy_has_allow(p))
			detail = "There is no allow line at all, so that "
				 "everything is refused.";
		conn_refuse(c, c->decision.reason, detail, NULL, 0);
		return;
	}
	if (!conn_inspect_is_inside(c) &&
	    (c->request.target.scheme == SCHEME_HTTPS ||
	     c->request.target.scheme == SCHEME_WSS)) {
		conn_refuse(c, REASON_UNSUPPORTED,
			    "An https URL is reached through CONNECT.", NULL,
			    0);
		return;
	}
	/* Only a tunnel is left: if it is refused, so is its connection. */
	if (!may_inspect(c))
		return;
	if (c->plain && conn_http_can_reuse(c)) {
		conn_http_forward(c);
		return;
	}
	if (conn_inspect_has_raw(c)) {
		conn_inspect_connect(c);
		return;
	}
	conn_drop_remote(c);
	if (!within_limits(c))
		return;
	if (conn_upstream_takes(c))
		conn_upstream_start(c);
	else if (c->request.target.is_addr)
		start_dial(c, &c->request.target.addr, 1);
	else
		start_resolve(c);
}

void conn_refuse_target(struct conn *c, const char *what)
{
	char detail[DETAIL_MAX];

	(void)snprintf(detail, sizeof(detail), "The target is wrong: %s.",
		       what);
	conn_refuse(c, REASON_MALFORMED, detail, NULL, 0);
}

/*
 * A CONNECT has no body (RFC 9110 9.3.6): bytes that some would take for one
 * and others for the tunnel's are refused. "Content-Length: 0", which WinINet
 * sends, claims none.
 */
static bool has_body(const struct conn *c)
{
	struct http_field f;
	size_t n = http_head_find(&c->head, c->in, "Content-Length", &f);

	if (http_head_find(&c->head, c->in, "Transfer-Encoding", NULL) > 0)
		return true;
	return n > 1 || (n == 1 && (f.value_len != 1 || *f.value != '0'));
}

/* What the client prefers to read; c->in still holds the head. */
static void note_preferences(struct conn *c)
{
	struct http_field f;
	size_t cursor = 0;

	while (http_head_next(&c->head, c->in, &cursor, &f))
		if (f.name_len == 6 && strncasecmp(f.name, "accept", 6) == 0 &&
		    reply_accepts_json(f.value, f.value_len))
			c->json = true;
	c->head_only = http_span_is(&c->head.method, c->in, "HEAD");
}

static void begin_connect(struct conn *c)
{
	char detail[TARGET_DETAIL_MAX];
	const char *error;

	c->protocol = "connect";
	policy_set_method(&c->request, "CONNECT", 7);
	if (target_parse_authority(c->in + c->head.target.at,
				   c->head.target.len, &c->request.target,
				   detail) != TARGET_OK) {
		conn_refuse_target(c, detail);
		return;
	}
	c->has_target = true;
	if (has_body(c)) {
		conn_refuse(c, REASON_MALFORMED,
			    "A CONNECT request has no body.", NULL, 0);
		return;
	}
	error = conn_auth_read(c);
	if (error) {
		(void)snprintf(detail, sizeof(detail), "In the head, %s.",
			       error);
		conn_refuse(c, REASON_MALFORMED, detail, NULL, 0);
		return;
	}
	/* What is left is early data: it goes to the far side first. */
	conn_take_input(c, c->head.length);
	if (conn_auth_pass(c))
		conn_judge(c);
}

void conn_request_begin(struct conn *c)
{
	note_preferences(c);
	if (http_span_is(&c->head.method, c->in, "CONNECT")) {
		if (conn_inspect_is_inside(c))
			conn_refuse(c, REASON_MALFORMED,
				    "There is no CONNECT inside of a tunnel "
				    "that is inspected.",
				    NULL, 0);
		else
			begin_connect(c);
		return;
	}
	conn_http_begin(c);
}

void conn_request_malformed(struct conn *c, enum http_head_verdict verdict)
{
	const struct http_head *h = &c->head;
	char detail[DETAIL_MAX], target[TARGET_DETAIL_MAX];
	struct target unused;

	if (verdict == HTTP_HEAD_TOO_LARGE) {
		(void)snprintf(detail, sizeof(detail), "In the head, %s.",
			       h->error);
		conn_refuse(c, REASON_HEAD_TOO_LARGE, detail, NULL, 0);
		return;
	}
	/* A name that is not ASCII: the message can give its A-label. */
	if (h->target.len > 0 && http_span_is(&h->method, c->in, "CONNECT") &&
	    target_parse_authority(c->in + h->target.at, h->target.len, &unused,
				   target) != TARGET_OK) {
		c->protocol = "connect";
		conn_refuse_target(c, target);
		return;
	}
	(void)snprintf(detail, sizeof(detail), "In the head, %s.", h->error);
	conn_refuse(c, REASON_MALFORMED, detail, NULL, 0);
}
