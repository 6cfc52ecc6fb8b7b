/* SPDX-License-Identifier: MIT */
/*
 * proxy/upstream_priv.h - what upstream.c and upstream_link.c share
 */
#ifndef NETLEASH_PROXY_UPSTREAM_PRIV_H
#define NETLEASH_PROXY_UPSTREAM_PRIV_H

#include <stdint.h>

#include "common/rule.h"
#include "common/target.h"
#include "proxy/upstream.h"

struct tls_context;

/**
 * struct upstream - the parent, as the conf names it
 * @parent: host and port
 * @tls:    NULL: it is spoken to in clear
 * @direct: what does without it
 */
struct upstream {
	struct event_base *base;
	struct resolver *resolver;
	struct target parent;
	char name[TARGET_TEXT_MAX];
	struct tls_context *tls;
	char *authorization;
	struct rule *direct;
	size_t direct_n;
	uint32_t dial_time, head_size, header_count;
};

#endif
