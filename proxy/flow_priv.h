/* SPDX-License-Identifier: MIT */
/*
 * proxy/flow_priv.h - a flow, inside out
 *
 * For flow.c and flow_sni.c only.
 */
#ifndef NETLEASH_PROXY_FLOW_PRIV_H
#define NETLEASH_PROXY_FLOW_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/addr.h"
#include "proxy/flow.h"
#include "proxy/policy.h"
#include "proxy/tunnel.h"

/**
 * struct flow - one of @tunnel and @closer is there
 * @decision: its reason is why the flow ended
 * @text: "host:port", then method, path and user, if any, each with a NUL
 */
struct flow {
	TAILQ_ENTRY(flow) link;
	struct flows *flows;
	struct tunnel *tunnel;
	struct closer *closer;
	struct ruleset *rules;
	struct decision decision;
	struct target_count *counted;
	const char *protocol;
	uint64_t started_ms;
	int client_fd, remote_fd;
	struct addr client, address;
	uint16_t client_port, status, upstream_status;
	uint16_t method_at, path_at, user_at; /* in @text; 0: none */
	bool has_address : 1, upstream : 1, idle : 1, logged : 1;
	char text[];
};

/*
 * flow_sni.c: a tunnel_look_fn for a struct flow with rules. A tunnel that it
 * refuses is in the summary, and f->decision says which rule refused.
 */
enum tunnel_look flow_sni_look(const char *bytes, size_t n, void *arg);

/* flow.c: whose it is. */
struct scope *flow_scope(const struct flow *f);

#endif
