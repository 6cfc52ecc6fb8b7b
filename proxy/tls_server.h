/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_server.h - from a client's socket to a TLS session with it
 *
 * In:   a socket whose client believes to speak to a host, the host, and what
 *       the client has sent already
 * Out:  a descriptor that carries what goes through the session (tls_pump.h),
 *       or a sentence part that says what is wrong
 *
 * The mirror image of tls_client.h: here we are the host, with a certificate of
 * proxy/leaf.h. Whoever asks for another name (SNI) than the host's is refused,
 * as is who speaks no TLS 1.2, or HTTP/2 only.
 *
 * References: RFC 6066 section 3 (server_name), RFC 7301 (ALPN)
 */
#ifndef NETLEASH_PROXY_TLS_SERVER_H
#define NETLEASH_PROXY_TLS_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct addr;
struct event_base;
struct leaf_cache;
struct mbedtls_ssl_config;
struct tls_context;
struct tls_owner;
struct tls_server;

/* As tls_client_done_fn; @error is a sentence part after "the client". */
typedef void tls_server_done_fn(int fd, const char *error, void *arg);

/**
 * struct tls_server_opts - copied
 * @host: normal name; with @addr it is its text only
 * @addr: not NULL: the certificate is for this address; borrowed for the call
 * @leaves: where its certificate comes from; until it is done or cancelled
 * @early, @early_n: what was read from the socket already
 * @owner: whose work it is, with what becomes of it; copied; or NULL
 * @deadline_ms: for the handshake, > 0
 */
struct tls_server_opts {
	const char *host;
	const struct addr *addr;
	struct leaf_cache *leaves;
	const char *early;
	size_t early_n;
	const struct tls_owner *owner;
	uint32_t deadline_ms;
};

/*
 * Takes @fd, in failure too. @ctx serves (tls_context_serve()). Never calls
 * @done from inside. Return: 0, -ENOMEM, or -EIO without a certificate.
 */
int tls_server_start(struct event_base *base, struct tls_context *ctx, int fd,
		     const struct tls_server_opts *opts,
		     tls_server_done_fn *done, void *arg,
		     struct tls_server **ret);

/* Stop and free; @done will not run. NULL is fine. */
void tls_server_cancel(struct tls_server *s);

/* For tls_context.c: has names (SNI) judged. */
void tls_server_configure(struct mbedtls_ssl_config *conf);

#endif
