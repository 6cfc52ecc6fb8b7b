/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_priv.h - the connection, inside out
 *
 * For proxy.c, scope.c, listener.c and the conn*.c files only; the start of
 * proxy.c says which does what.
 */
#ifndef NETLEASH_PROXY_CONN_PRIV_H
#define NETLEASH_PROXY_CONN_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/addr.h"
#include "common/strbuf.h"
#include "proxy/http_head.h"
#include "proxy/loop.h"
#include "proxy/policy.h"
#include "proxy/reason.h"
#include "proxy/ruleset.h"
#include "proxy/scope.h"
#include "proxy/tunnel.h"

enum conn_state {
	CONN_SNIFF,   /* waiting for the first bytes */
	CONN_HEAD,    /* HTTP, the head is not whole */
	CONN_SOCKS,   /* SOCKS5, the greeting or the request is not whole */
	CONN_RESOLVE, /* name allowed, waiting for addresses */
	CONN_DIAL,    /* addresses allowed, connecting */
	CONN_REPLY,   /* verdict known, telling the client */
	CONN_TLS,     /* a tunnel that is looked into: TLS with the client */
	CONN_FORWARD, /* an origin has the request, or we its answer */
	CONN_IDLE,    /* answered; waiting for the next request */
	CONN_LAST,    /* over and logged; the last bytes are on their way */
	CONN_CLOSED,  /* nothing can call back; waiting for the reaper */
	CONN_STATES
};

/**
 * struct conn - one client and what it asked for
 * @in:      what the client sent and nobody has taken yet: the head, then
 *           early data
 * @out:     our answer, sent up to @out_at
 * @rules:   what judges its request: the scope's when it began
 * @socks, @greeted, @asking: it speaks SOCKS5; its greeting was answered; and
 *           asked for a password, which has not come yet
 * @admitted, @refusals, @user: see conn_auth.c; @user: "" for none
 * @plain:   the request is one of plain HTTP, and in @http
 * @keep:    after a refusal the connection goes on
 * @http:    what plain HTTP needs; NULL before the first such request
 * @status:  of HTTP, that the client was answered with; 0 before that
 * @request, @decision: once @has_target
 * @over_limit: accepted only to be told that there are too many
 * @counted: its share of `limit tunnels-per-target`
 * @logged:  its line is in the access log
 * @broken:  the loop could not register it: to be closed
 * @is_flow: the sockets, its line and its place are a flow's
 * @reason:  REASON_MALFORMED until there is a verdict: whoever goes away
 *           before it has sent no whole request
 */
struct conn {
	TAILQ_ENTRY(conn) link;
	struct loop *loop;
	struct scope *scope;
	uint64_t id;
	enum conn_state state;
	int client_fd, remote_fd;
	struct event readable, writable, deadline;
	bool reading, writing;
	struct addr client;
	uint16_t client_port;
	uint64_t started_ms;

	char *in;
	size_t in_n, in_size;
	struct strbuf out;
	size_t out_at;
	struct http_head head;
	bool client_eof, over_limit, json, head_only, logged, broken, is_flow;
	bool socks, greeted, asking, plain, keep, admitted;
	uint8_t refusals;
	char user[AUTH_NAME_MAX + 1];

	const char *protocol;
	struct ruleset *rules;
	bool has_target;
	struct request request;
	struct decision decision;
	struct target_count *counted;
	struct resolve *resolve;
	struct dial *dial;
	struct conn_upstream *upstream; /* see conn_upstream.c */
	struct closer *closer;
	struct conn_http *http;
	struct conn_inspect *inspect; /* NULL: no tunnel that is looked into */
	struct addr address;
	bool has_address;
	enum reason reason;
	unsigned status;
	struct tunnel_counts counts;
};

/* conn.c: takes @fd, in failure too; the connection is one of @scope's. */
void conn_accept(struct scope *scope, int fd, const struct addr *client,
		 uint16_t client_port, bool over_limit);

/* The only writer of c->state; deadline and interest follow it. */
void conn_set_state(struct conn *c, enum conn_state next);

/* The state's time limit begins anew with @ms. */
void conn_set_deadline(struct conn *c, uint64_t ms);

/* Closes c->remote_fd, if it is open, and gives back its share of limits. */
void conn_drop_remote(struct conn *c);

/* The request is answered: the connection waits for the next. */
void conn_next(struct conn *c);

/* The client's socket is the callee's; and another one the connection's. */
int conn_give_client(struct conn *c);
void conn_adopt_client(struct conn *c, int fd);

/* conn_request.c: one more connection may be made; else it is refused. */
bool conn_may_dial(struct conn *c);

/* Throws away the first @n bytes of c->in. */
void conn_take_input(struct conn *c, size_t n);

/* Call when c->in, c->out or c->client_eof has changed. */
void conn_update_interest(struct conn *c);

/*
 * Ends it from any state, with c->reason. Silent at once, freed by the
 * reaper: the caller may still look at @c.
 */
void conn_close(struct conn *c);

/* The same, and both peers see a reset. */
void conn_abort(struct conn *c);
void conn_reap(struct loop *lp); /* frees what conn_close() has ended */

/* conn_socks.c: c->in has grown, or the client has said all. */
void conn_socks_bytes(struct conn *c);

#endif
