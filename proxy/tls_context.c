/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_context.c - whom TLS trusts, and what all of its streams share
 *
 * Invariants: a client's configuration always verifies; there is none without
 *             a single CA. A file of CAs is taken whole or not at all, but for
 *             the system's, where one entry that mbedTLS cannot read must not
 *             cost all others
 */
#include "proxy/tls_context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/ca_store.h"
#include "proxy/mbedtls_compat.h"
#include "proxy/mbedtls_session.h"
#include "proxy/tls_pump.h"
#include "proxy/tls_server.h"
#include "proxy/tls_sessions.h"

struct tls_context {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_x509_crt cas;
	mbedtls_ssl_config client, server;
	mbedtls_ssl_ticket_context tickets;
	struct tls_sessions *sessions;
	struct tls_pump *pumps;
	unsigned char buffer[TLS_BUFFER_SIZE + 1];
};

/* Of a ticket's key, and so of a session that is taken up again. */
#define TICKET_SECONDS 3600

/* For our own P-256 leaves; the quickest of mbedTLS first. */
static const int suites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	0,
};

static const char *alpn[] = { "http/1.1", NULL };

static int fail(char ret_error[TLS_ERROR_MAX], const char *what,
		const char *path)
{
	(void)snprintf(ret_error, TLS_ERROR_MAX, "%.150s: %.100s", path, what);
	return -EINVAL;
}

/* The first store that is there; none is no error. */
static int load_system(struct tls_context *ctx)
{
	const char *path;

	for (size_t i = 0; (path = ca_store_path(i)); i++) {
		int r = mbedtls_x509_crt_parse_file(&ctx->cas, path);

		if (r == MBEDTLS_ERR_X509_ALLOC_FAILED)
			return -ENOMEM;
		if (r >= 0)
			return 0;
	}
	return 0;
}

static int load_file(struct tls_context *ctx, const char *path, char *ret_error)
{
	int r;

	if (access(path, R_OK) < 0)
		return fail(ret_error, strerror(errno), path);
	r = mbedtls_x509_crt_parse_file(&ctx->cas, path);
	if (r == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return -ENOMEM;
	if (r > 0)
		return fail(ret_error, "a certificate in it cannot be read",
			    path);
	if (r < 0)
		return fail(ret_error, "there is no certificate in it (PEM)",
			    path);
	return 0;
}

static int load(struct tls_context *ctx, char *const *cas, size_t cas_n,
		char *ret_error)
{
	int r = load_system(ctx);

	for (size_t i = 0; i < cas_n && r == 0; i++)
		r = load_file(ctx, cas[i], ret_error);
	if (r == 0 && ctx->cas.raw.p == NULL)
		return fail(ret_error,
			    "it is not here, and nothing else is trusted: "
			    "install ca-certificates, or write verify-ca",
			    ca_store_path(0));
	return r;
}

static int configure(struct tls_context *ctx, char *ret_error)
{
	static const unsigned char custom[] = "netleash";

	if (!compat_tls_init() ||
	    mbedtls_ctr_drbg_seed(&ctx->rng, mbedtls_entropy_func,
				  &ctx->entropy, custom,
				  sizeof(custom) - 1) != 0) {
		(void)snprintf(ret_error, TLS_ERROR_MAX,
			       "there are no random numbers here");
		return -EINVAL;
	}
	if (mbedtls_ssl_config_defaults(&ctx->client, MBEDTLS_SSL_IS_CLIENT,
					MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return -ENOMEM;
	ctx->sessions = tls_sessions_new(TLS_SESSIONS_MAX);
	if (!ctx->sessions)
		return -ENOMEM;
	compat_tls_set_min_1_2(&ctx->client);
	compat_tls_set_curves(&ctx->client);
	compat_tls_want_tickets(&ctx->client);
	mbedtls_ssl_conf_authmode(&ctx->client, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(&ctx->client, &ctx->cas, NULL);
	mbedtls_ssl_conf_rng(&ctx->client, mbedtls_ctr_drbg_random, &ctx->rng);
	return mbedtls_ssl_conf_alpn_protocols(&ctx->client, alpn) == 0
		       ? 0
		       : -ENOMEM;
}

int tls_context_new(char *const *cas, size_t cas_n, struct tls_context **ret,
		    char ret_error[TLS_ERROR_MAX])
{
	struct tls_context *ctx = calloc(1, sizeof(*ctx));
	int r;

	if (!ctx)
		return -ENOMEM;
	mbedtls_entropy_init(&ctx->entropy);
	mbedtls_ctr_drbg_init(&ctx->rng);
	mbedtls_x509_crt_init(&ctx->cas);
	mbedtls_ssl_config_init(&ctx->client);
	mbedtls_ssl_config_init(&ctx->server);
	mbedtls_ssl_ticket_init(&ctx->tickets);
	r = configure(ctx, ret_error);
	if (r == 0)
		r = load(ctx, cas, cas_n, ret_error);
	if (r < 0) {
		tls_context_free(ctx);
		return r;
	}
	*ret = ctx;
	return 0;
}

int tls_context_serve(struct tls_context *ctx)
{
	mbedtls_ssl_config *conf = &ctx->server;

	if (mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_SERVER,
					MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
	    mbedtls_ssl_conf_alpn_protocols(conf, alpn) != 0 ||
	    mbedtls_ssl_ticket_setup(&ctx->tickets, mbedtls_ctr_drbg_random,
				     &ctx->rng, MBEDTLS_CIPHER_AES_256_GCM,
				     TICKET_SECONDS) != 0)
		return -ENOMEM;
	compat_tls_set_min_1_2(conf);
	compat_tls_set_max_1_2(conf);
	compat_tls_set_curves(conf);
	mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_rng(conf, mbedtls_ctr_drbg_random, &ctx->rng);
	mbedtls_ssl_conf_ciphersuites(conf, suites);
	mbedtls_ssl_conf_session_tickets_cb(conf, mbedtls_ssl_ticket_write,
					    mbedtls_ssl_ticket_parse,
					    &ctx->tickets);
	tls_server_configure(conf);
	return 0;
}

void tls_context_free(struct tls_context *ctx)
{
	if (!ctx)
		return;
	while (ctx->pumps)
		tls_pump_free(ctx->pumps);
	tls_sessions_free(ctx->sessions);
	mbedtls_ssl_config_free(&ctx->server);
	mbedtls_ssl_ticket_free(&ctx->tickets);
	mbedtls_ssl_config_free(&ctx->client);
	mbedtls_x509_crt_free(&ctx->cas);
	mbedtls_ctr_drbg_free(&ctx->rng);
	mbedtls_entropy_free(&ctx->entropy);
	free(ctx);
}

const struct mbedtls_ssl_config *
tls_context_client(const struct tls_context *ctx)
{
	return &ctx->client;
}

struct tls_sessions *tls_context_sessions(struct tls_context *ctx)
{
	return ctx->sessions;
}

const struct mbedtls_ssl_config *
tls_context_server(const struct tls_context *ctx)
{
	return &ctx->server;
}

unsigned char *tls_context_buffer(struct tls_context *ctx)
{
	return ctx->buffer;
}

struct tls_pump **tls_context_pumps(struct tls_context *ctx)
{
	return &ctx->pumps;
}
