/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy_priv.h - the facade, inside out
 *
 * For proxy.c and proxy_scope.c only, which run in the thread that owns the
 * proxy: what they do in a loop they ask of it with loop_call().
 */
#ifndef NETLEASH_PROXY_PROXY_PRIV_H
#define NETLEASH_PROXY_PROXY_PRIV_H

#include <stdbool.h>
#include <sys/queue.h>

#include "proxy/loop.h"

/**
 * struct proxy
 * @loops: all.n of them; the first is turned by proxy_run(), the others have
 *         threads
 * @settle_ms: when to stop, settled or not
 * @next:  where the next scope goes that lives on one loop
 * @full:  loops that a drain waits for
 */
struct proxy {
	struct loops all;
	struct loop *loops;
	unsigned next, full;
	LIST_HEAD(, proxy_scope) scopes;
	bool stopped;
	uint64_t settle_ms;
	void (*drained)(void *arg);
	void *drained_arg;
	struct job *drain_jobs;
};

/* proxy_scope.c: frees it at once. */
void proxy_scope_free(struct proxy_scope *s);

/* The same: scope_set_signer() with p->all.signer, for each that there is. */
void proxy_scope_set_signers(struct proxy *p);

#endif
