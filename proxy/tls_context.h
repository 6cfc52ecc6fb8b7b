/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_context.h - whom TLS trusts, and what all of its streams share
 *
 * In:   the system's store of CAs, and files of more
 * Out:  a configuration for clients: TLS 1.2 or later, certificates verified;
 *       and one for servers, who bring their certificates
 *
 * Made before the process is confined: it reads files. One loop's; nothing is
 * locked.
 */
#ifndef NETLEASH_PROXY_TLS_CONTEXT_H
#define NETLEASH_PROXY_TLS_CONTEXT_H

#include <stddef.h>

struct mbedtls_ssl_config;
struct tls_context;
struct tls_pump;
struct tls_sessions;

#define TLS_ERROR_MAX 256

/*
 * Trusts the system's CAs and those in @cas (@cas_n files, PEM). A system
 * without a store is fine where @cas has a CA. Return: 0, -ENOMEM, or -EINVAL
 * with a sentence part in @ret_error.
 */
int tls_context_new(char *const *cas, size_t cas_n, struct tls_context **ret,
		    char ret_error[TLS_ERROR_MAX]);

/* Makes it one for servers as well. Return: 0 or -ENOMEM. */
int tls_context_serve(struct tls_context *ctx);

/* Ends all pumps, with resets. NULL is fine. */
void tls_context_free(struct tls_context *ctx);

/* For proxy/tls_*.c: how clients are configured; borrowed. */
const struct mbedtls_ssl_config *
tls_context_client(const struct tls_context *ctx);

/* For proxy/tls_client.c: sessions that it may take up again. */
struct tls_sessions *tls_context_sessions(struct tls_context *ctx);

/* For proxy/tls_server.c: how servers are configured. */
const struct mbedtls_ssl_config *
tls_context_server(const struct tls_context *ctx);

/* For proxy/tls_pump.c: bytes in use only within one callback. */
#define TLS_BUFFER_SIZE 16384u
unsigned char *tls_context_buffer(struct tls_context *ctx);

/* For proxy/tls_pump.c: the list of pumps that live. */
struct tls_pump **tls_context_pumps(struct tls_context *ctx);

#endif
