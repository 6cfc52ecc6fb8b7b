/* SPDX-License-Identifier: MIT */
/*
 * proxy/dial.h - connect to the first address of a list that answers
 *
 * In:   addresses that policy has already allowed, best first
 * Out:  one connected socket and its address, or the reason there is none
 *
 * Happy Eyeballs as in RFC 8305 section 5: attempts overlap, families
 * alternate, the first to connect wins. Names are resolved in resolve.h.
 */
#ifndef NETLEASH_PROXY_DIAL_H
#define NETLEASH_PROXY_DIAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "proxy/reason.h"

struct dial;
struct event_base;

/**
 * struct dial_opts - how patient to be
 * @stagger_ms:  wait before starting the next attempt (RFC 8305: 250)
 * @deadline_ms: give up on the whole list after this, > 0
 */
struct dial_opts {
	uint32_t stagger_ms;
	uint32_t deadline_ms;
};

/**
 * dial_done_fn - receives the outcome, once
 * @fd:     connected, non-blocking, close-on-exec; the callee now owns it.
 *          -1 on failure
 * @addr:   whom @fd is connected to; NULL on failure; borrowed for this call
 * @reason: REASON_ALLOWED with a valid @fd, else CONNECT_REFUSED,
 *          CONNECT_TIMEOUT, LIMIT (no descriptors) or INTERNAL
 *
 * The dial is freed when this returns; drop any pointer to it.
 */
typedef void dial_done_fn(int fd, const struct addr *addr, enum reason reason,
			  void *arg);

/*
 * @addrs (@n >= 1, copied) on @port. Never calls @done from inside.
 * Return: 0, -EINVAL for an empty list, or -ENOMEM.
 */
int dial_start(struct event_base *base, const struct addr *addrs, size_t n,
	       uint16_t port, const struct dial_opts *opts, dial_done_fn *done,
	       void *arg, struct dial **ret);

/* Stop and free; @done will not run. NULL is fine. */
void dial_cancel(struct dial *d);

#endif
