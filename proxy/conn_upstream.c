/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_upstream.c - a connection whose target is reached by the parent
 *
 * In:         a request that policy has allowed, by name or by literal
 * Out:        c->remote_fd, on which the target answers, or a refusal that
 *             names the parent and says what it did
 * Invariants: takes the place of resolve and dial of conn_request.c, counts
 *             as one of the pending dials, and ends in one done callback or in
 *             conn_upstream_cancel()
 */
#include "proxy/conn_upstream.h"

#include <stdio.h>
#include <stdlib.h>

#include "proxy/access_log.h"
#include "proxy/conn_answer.h"
#include "proxy/conn_http.h"
#include "proxy/conn_priv.h"
#include "proxy/upstream.h"

/**
 * struct conn_upstream - what a connection has to do with the parent
 * @link:   on its way, or NULL
 * @used:   the request at hand went to the parent
 * @status: what that answered for itself; 0 for nothing
 */
struct conn_upstream {
	struct upstream_link *link;
	bool used;
	unsigned status;
};

bool conn_upstream_takes(const struct conn *c)
{
	return upstream_takes(c->loop->upstream, &c->request.target);
}

static void on_linked(const struct upstream_result *result, void *arg)
{
	struct conn *c = arg;

	c->upstream->link = NULL;
	c->upstream->status = result->status;
	c->loop->dials--;
	if (result->addr) {
		c->address = *result->addr;
		c->has_address = true;
	}
	if (result->reason != REASON_ALLOWED) {
		conn_refuse(c, result->reason, result->detail, NULL, 0);
		return;
	}
	c->remote_fd = result->fd;
	conn_establish(c);
}

const char *conn_upstream_authorization(const struct conn *c)
{
	return upstream_authorization(c->loop->upstream);
}

void conn_upstream_note(struct conn *c)
{
	c->upstream->used = true;
	c->upstream->status = 0;
}

void conn_upstream_again(struct conn *c)
{
	if (c->upstream && conn_upstream_takes(c))
		c->upstream->used = true;
}

void conn_upstream_refuse(struct conn *c, unsigned status, const char *error)
{
	static const char phrase[] = "Proxy Authentication Required";
	const struct upstream *u = c->loop->upstream;
	char detail[UPSTREAM_DETAIL_MAX];

	c->upstream->status = status;
	if (status > 0)
		upstream_describe_status(u, "the request", status, phrase,
					 sizeof(phrase) - 1, detail);
	else
		(void)snprintf(detail, sizeof(detail),
			       "The parent proxy %s gave no answer that can be "
			       "passed on: %.160s.",
			       upstream_name(u), error);
	conn_refuse(c, REASON_UPSTREAM, detail, NULL, 0);
}

void conn_upstream_start(struct conn *c)
{
	struct loop *lp = c->loop;

	if (!c->upstream)
		c->upstream = calloc(1, sizeof(*c->upstream));
	if (!c->upstream) {
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
		return;
	}
	conn_upstream_note(c);
	if (!conn_may_dial(c))
		return;
	/* A plain request the parent forwards itself: no tunnel. */
	if (upstream_start(lp->upstream,
			   conn_http_is_to_parent(c) ? NULL
						     : &c->request.target,
			   on_linked, c, &c->upstream->link) < 0) {
		conn_refuse(c, REASON_INTERNAL, NULL, NULL, 0);
		return;
	}
	lp->dials++;
	conn_set_state(c, CONN_DIAL);
}

void conn_upstream_used(const struct conn *c, bool *ret_used,
			unsigned *ret_status)
{
	*ret_used = c->upstream && c->upstream->used;
	*ret_status = *ret_used ? c->upstream->status : 0;
}

void conn_upstream_log(struct conn *c, struct access_entry *e)
{
	if (!c->upstream || !c->upstream->used)
		return;
	e->upstream = upstream_name(c->loop->upstream);
	e->upstream_status = c->upstream->status;
	c->upstream->used = false; /* the next request may be direct */
}

void conn_upstream_cancel(struct conn *c)
{
	if (!c->upstream)
		return;
	if (c->upstream->link)
		c->loop->dials--;
	upstream_cancel(c->upstream->link);
	free(c->upstream);
	c->upstream = NULL;
}
