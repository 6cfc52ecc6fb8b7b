/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_client.h - from a connected socket to a verified TLS session
 *
 * In:   a socket, and who must be at its other end
 * Out:  a descriptor that carries what goes through the session (tls_pump.h),
 *       or a sentence part that says what is wrong
 *
 * The other end always proves who it is: a certificate for the host's name or
 * address, of a CA that the context trusts, and valid now; or that it is the
 * one that proved this lately (tls_sessions.h).
 */
#ifndef NETLEASH_PROXY_TLS_CLIENT_H
#define NETLEASH_PROXY_TLS_CLIENT_H

#include <stdint.h>

struct addr;
struct event_base;
struct tls_client;
struct tls_context;
struct tls_owner;

/**
 * tls_client_done_fn - receives the outcome, once
 * @fd:    see tls_pump.h; the callee now owns it. -1 on failure
 * @error: on failure, after "HOST": "has a certificate that has expired";
 *         borrowed for this call
 *
 * The client is freed when this returns.
 */
typedef void tls_client_done_fn(int fd, const char *error, void *arg);

/**
 * struct tls_client_opts - copied
 * @host: normal name, sent as the server name; with @addr it is its text only
 * @addr: not NULL: the certificate must be for this address; borrowed for the
 *        call
 * @port: where @host was connected to; sessions are taken up again with that
 *        host at that port alone. 0: none is kept
 * @owner: whose work it is, with what becomes of it; copied; or NULL
 * @deadline_ms: for the handshake, > 0
 */
struct tls_client_opts {
	const char *host;
	uint16_t port;
	const struct addr *addr;
	const struct tls_owner *owner;
	uint32_t deadline_ms;
};

/*
 * Takes @fd, in failure too. Never calls @done from inside. Return: 0 or
 * -ENOMEM.
 */
int tls_client_start(struct event_base *base, struct tls_context *ctx, int fd,
		     const struct tls_client_opts *opts,
		     tls_client_done_fn *done, void *arg,
		     struct tls_client **ret);

/* Stop and free; @done will not run. NULL is fine. */
void tls_client_cancel(struct tls_client *c);

#endif
