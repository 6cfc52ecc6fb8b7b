/* SPDX-License-Identifier: MIT */
/*
 * tests/support/tls_end.h - one end of a TLS session, for the other end's tests
 *
 * mbedTLS and nothing of netleash's. Nothing here blocks: what waits turns the
 * loops of the test meanwhile, and fails the test after some seconds.
 */
#ifndef NETLEASH_TESTS_SUPPORT_TLS_END_H
#define NETLEASH_TESTS_SUPPORT_TLS_END_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"
#include "proxy/mbedtls_compat.h"

typedef void tls_turn_fn(void *arg);

/**
 * struct tls_end_opts - all borrowed, for the life of the end
 * @server: it is one; with @cert and @key (PEM), or @crt and @crt_key
 * @ca:     PEM of who must have signed for the other end; NULL: it is not asked
 * @name:   of a client: the server name it sends, and verifies where @ca is
 *          there; NULL: none
 * @alpn:   protocols, NULL-terminated; NULL: none are offered
 * @old:    of a client: speaks TLS 1.1 at most
 * @tickets: of a server: it gives them out, and takes them back; NULL: none
 * @turn:   turns the loops once
 */
struct tls_end_opts {
	bool server;
	const char *cert, *key;
	mbedtls_x509_crt *crt;
	mbedtls_pk_context *crt_key;
	const char *ca, *name;
	const char **alpn;
	bool old;
	mbedtls_ssl_ticket_context *tickets;
	tls_turn_fn *turn;
	void *turn_arg;
};

/**
 * struct tls_end
 * @text: what was read last
 */
struct tls_end {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_ssl_config conf;
	mbedtls_ssl_context ssl;
	mbedtls_x509_crt crt, ca;
	mbedtls_pk_context key;
	int fd;
	tls_turn_fn *turn;
	void *turn_arg;
	struct strbuf text;
};

/* Takes @fd, a connected non-blocking socket. */
void tls_end_begin(struct tls_end *e, int fd, const struct tls_end_opts *o);

/* Closes the socket if it is still there. Again does no harm. */
void tls_end_fini(struct tls_end *e);

/* One step. Return: 0, mbedTLS's error, or that of one that wants more. */
int tls_end_step(struct tls_end *e);

/* A client's first flight, and not a look at what comes back. */
void tls_end_say_hello(struct tls_end *e);

/* All of it. Return: 0 or mbedTLS's error. */
int tls_end_shake(struct tls_end *e);

/* The leaf that the other end has shown; borrowed. */
const mbedtls_x509_crt *tls_end_peer(const struct tls_end *e);

void tls_end_send(struct tls_end *e, const char *bytes, size_t n);
void tls_end_say(struct tls_end *e, const char *text);

/* Reads a head and not a byte more; borrowed until the next call. */
const char *tls_end_head(struct tls_end *e);

/* Reads just these bytes. */
void tls_end_expect(struct tls_end *e, const char *text);

/* Reads to the end, which must be close_notify; borrowed as above. */
const char *tls_end_answer(struct tls_end *e);

/* What reading ends with: 0 for close_notify, or mbedTLS's error; what comes
 * before is thrown away. */
int tls_end_of(struct tls_end *e);

/* Says close_notify, and can still read. */
void tls_end_shut(struct tls_end *e);

#endif
