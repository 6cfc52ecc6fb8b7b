/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_server.c - from a client's socket to a TLS session with it
 *
 * In:         a client's socket, and whom it shall take us for
 * Out:        one done callback: a descriptor of tls_pump.c, or what is wrong
 * Invariants: the certificate is set before the handshake begins, so that
 *             clients without SNI get it, too; a leaf is held as long as the
 *             handshake may use it
 */
#include "proxy/tls_server.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/hostname.h"
#include "proxy/leaf.h"
#include "proxy/mbedtls_alert.h"
#include "proxy/tls_context.h"
#include "proxy/tls_pump.h"
#include "proxy/tls_stream.h"

/**
 * struct tls_server
 * @is_addr:   @host is the text of an address, which no SNI can be
 * @wrong_name: SNI has asked for something else
 */
struct tls_server {
	struct event_base *base;
	struct tls_context *ctx;
	struct tls_stream *stream;
	struct leaf *leaf;
	struct event readable, writable, deadline;
	char host[HOSTNAME_BUFFER];
	bool is_addr, wrong_name;
	tls_server_done_fn *done;
	void *arg;
};

/*
 * The session at hand, for the callback that mbedTLS calls from inside of
 * mbedtls_ssl_handshake() and tells nothing of ours (2.28): each thread is in
 * one at a time.
 */
static _Thread_local struct tls_server *current;

/* Return: 0, or anything else and the client gets unrecognized_name. */
static int on_name(void *arg, mbedtls_ssl_context *ssl,
		   const unsigned char *name, size_t n)
{
	struct tls_server *s = current;

	(void)arg;
	(void)ssl;
	/* A trailing dot is no part of a server name, but some send it. */
	if (n > 0 && name[n - 1] == '.')
		n--;
	s->wrong_name = s->is_addr || n != strlen(s->host) ||
			strncasecmp((const char *)name, s->host, n) != 0;
	return s->wrong_name ? -1 : 0;
}

void tls_server_configure(struct mbedtls_ssl_config *conf)
{
	mbedtls_ssl_conf_sni(conf, on_name, NULL);
}

static const char *of_alert(int description)
{
	switch (description) {
	case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
	case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
	case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
	case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
	case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
		return "does not trust netleash's certificate (it pins the "
		       "host's own, or does not read the store or the "
		       "variables that name the CA)";
	case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
		return "takes netleash's certificate for expired: its clock is "
		       "wrong";
	default:
		return "refused the TLS handshake";
	}
}

/* By what we have answered a message that was no good. */
static const char *of_sent_alert(int description)
{
	switch (description) {
	case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
		return "offers HTTP/2 alone, or other protocols than HTTP/1.1 "
		       "(ALPN), which is what is spoken here";
	case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
		return "offers no cipher or curve that is spoken here: TLS 1.2 "
		       "(not 1.3 alone) with ECDSA and P-256";
	default:
		return "sent what cannot be understood in the TLS handshake";
	}
}

static const char *describe(const struct tls_server *s, int r)
{
	int alert;

	if (s->wrong_name)
		return "asks for another name (SNI) than the tunnel's";
	/* mbedTLS has no error of its own for it, but only for a bad hello. */
	if (s->stream->first >= 0 &&
	    s->stream->first != MBEDTLS_SSL_MSG_HANDSHAKE)
		return "does not speak TLS, and this host's tunnels are "
		       "inspected";
	switch (r) {
	case MBEDTLS_ERR_SSL_CONN_EOF:
	case MBEDTLS_ERR_NET_CONN_RESET:
	case MBEDTLS_ERR_NET_SEND_FAILED:
		alert = tls_stream_take_alert(s->stream);
		if (alert >= 0)
			return of_alert(alert);
		return "ended the connection in the TLS handshake (it may not "
		       "trust netleash's certificate)";
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
	case MBEDTLS_ERR_SSL_INVALID_MAC:
		return "sent a broken record in the TLS handshake";
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		return of_alert(compat_tls_alert(&s->stream->ssl));
	case COMPAT_TLS_BAD_VERSION:
		return "speaks nothing as new as TLS 1.2, or nothing as old";
	default:
		return of_sent_alert(compat_tls_sent_alert(&s->stream->ssl));
	}
}

static void server_free(struct tls_server *s)
{
	event_del(&s->readable);
	event_del(&s->writable);
	event_del(&s->deadline);
	tls_stream_free(s->stream);
	leaf_unref(s->leaf);
	free(s);
}

/* The one way out. */
static void finish(struct tls_server *s, int fd, const char *error)
{
	tls_server_done_fn *done = s->done;
	void *arg = s->arg;

	server_free(s);
	done(fd, error, arg);
}

static void established(struct tls_server *s)
{
	int fd;

	/* Before the pump has its own for the same socket. */
	event_del(&s->readable);
	event_del(&s->writable);
	fd = tls_pump_start(s->base, s->ctx, s->stream);
	if (fd < 0) {
		finish(s, -1,
		       fd == -ENOMEM ? "cannot be spoken to: no memory"
				     : "cannot be spoken to: no descriptors");
		return;
	}
	s->stream = NULL; /* the pump's now */
	finish(s, fd, NULL);
}

static void step(void *arg)
{
	struct tls_server *s = arg;
	int r;

	tls_stream_turn(s->stream);
	current = s;
	r = mbedtls_ssl_handshake(&s->stream->ssl);
	current = NULL;
	if (r == 0) {
		established(s);
		return;
	}
	if (r == MBEDTLS_ERR_SSL_WANT_WRITE) {
		if (event_add(&s->writable, NULL) == 0)
			return;
		finish(s, -1, "cannot be spoken to: no memory");
		return;
	}
	if (r == MBEDTLS_ERR_SSL_WANT_READ) {
		event_del(&s->writable);
		return;
	}
	finish(s, -1, describe(s, r));
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct tls_server *s = arg;

	(void)fd;
	(void)what;
	tls_stream_ready(s->stream);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, -1, "did not finish the TLS handshake in time");
}

static int prepare(struct tls_server *s, const struct tls_server_opts *opts)
{
	struct timeval tv = {
		.tv_sec = (time_t)(opts->deadline_ms / 1000),
		.tv_usec = (suseconds_t)(opts->deadline_ms % 1000) * 1000,
	};
	int r = leaf_get(opts->leaves, opts->owner ? opts->owner->party : NULL,
			 s->host, opts->addr, time(NULL), &s->leaf);

	if (r < 0)
		return r;
	if (mbedtls_ssl_set_hs_own_cert(&s->stream->ssl, leaf_crt(s->leaf),
					leaf_key(s->leaf)) != 0 ||
	    tls_stream_set_early(s->stream, opts->early, opts->early_n) < 0 ||
	    event_add(&s->deadline, &tv) < 0 ||
	    event_add(&s->readable, NULL) < 0)
		return -ENOMEM;
	/* What came early makes no socket readable. */
	event_active(&s->readable, EV_READ, 0);
	return 0;
}

int tls_server_start(struct event_base *base, struct tls_context *ctx, int fd,
		     const struct tls_server_opts *opts,
		     tls_server_done_fn *done, void *arg,
		     struct tls_server **ret)
{
	struct tls_stream *stream =
		tls_stream_new(tls_context_server(ctx), fd, opts->owner);
	struct tls_server *s = stream ? calloc(1, sizeof(*s)) : NULL;
	int r;

	if (!s) {
		if (!stream)
			close(fd);
		tls_stream_free(stream);
		return -ENOMEM;
	}
	s->stream = stream;
	tls_stream_set_driver(stream, step, s);
	s->base = base;
	s->ctx = ctx;
	s->done = done;
	s->arg = arg;
	s->is_addr = opts->addr != NULL;
	(void)snprintf(s->host, sizeof(s->host), "%s", opts->host);
	(void)event_assign(&s->readable, base, fd, EV_READ | EV_PERSIST,
			   on_ready, s);
	(void)event_assign(&s->writable, base, fd, EV_WRITE | EV_PERSIST,
			   on_ready, s);
	(void)event_assign(&s->deadline, base, -1, 0, on_deadline, s);
	r = prepare(s, opts);
	if (r < 0) {
		server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void tls_server_cancel(struct tls_server *s)
{
	if (s)
		server_free(s);
}
