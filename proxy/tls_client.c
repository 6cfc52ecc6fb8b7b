/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_client.c - from a connected socket to a verified TLS session
 *
 * In:         a connected socket from dial.c, and whom it should lead to
 * Out:        one done callback: a descriptor of tls_pump.c, or what is wrong
 * Steps:      handshake, in which mbedTLS verifies chain, validity and name,
 *             or takes up a session in which it did -> for an address, its own
 *             check -> pump
 * Invariants: the name is always set, or the address checked here: without a
 *             name mbedTLS verifies none
 * References: RFC 6066 section 3: no address is sent as a server name;
 *             RFC 5280 section 4.2.1.6: an iPAddress is its bytes
 */
#include "proxy/tls_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/addr.h"
#include "common/macros.h"
#include "proxy/tls_context.h"
#include "proxy/tls_pump.h"
#include "proxy/tls_sessions.h"
#include "proxy/tls_stream.h"

/* GeneralName's iPAddress: context-specific, primitive, 7. */
#define SAN_TAG_ADDRESS (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)

struct tls_client {
	struct event_base *base;
	struct tls_context *ctx;
	struct tls_stream *stream;
	struct event readable, writable, deadline;
	struct addr addr;
	bool is_addr;
	tls_client_done_fn *done;
	void *arg;
};

/* In the order in which they say most. */
static const struct {
	uint32_t flag;
	const char *text;
} faults[] = {
	{ MBEDTLS_X509_BADCERT_EXPIRED, "has a certificate that has expired" },
	{ MBEDTLS_X509_BADCERT_FUTURE,
	  "has a certificate that is not valid yet" },
	{ MBEDTLS_X509_BADCERT_CN_MISMATCH,
	  "has a certificate for another name" },
	{ MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
		  MBEDTLS_X509_BADCERT_BAD_KEY,
	  "has a certificate with a key or signature that is too weak" },
	{ MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
		  MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
	  "has a certificate that is not for servers" },
	{ MBEDTLS_X509_BADCERT_NOT_TRUSTED,
	  "has a certificate that nobody trusted here has signed (self-signed, "
	  "or of a private authority: then name that with verify-ca)" },
};

static const char *fault_of(uint32_t flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (flags & faults[i].flag)
			return faults[i].text;
	return "has a certificate that cannot be verified";
}

static void describe(const struct tls_client *c, int r, char ret[TLS_ERROR_MAX])
{
	const char *text;

	switch (r) {
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
	case COMPAT_TLS_BAD_CERTIFICATE: /* for a wrong use of the key */
		text = fault_of(mbedtls_ssl_get_verify_result(&c->stream->ssl));
		break;
	case MBEDTLS_ERR_SSL_CONN_EOF:
	case MBEDTLS_ERR_NET_CONN_RESET:
	case MBEDTLS_ERR_NET_SEND_FAILED:
		text = "ended the connection in the TLS handshake";
		break;
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
		text = "does not speak TLS";
		break;
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
	case COMPAT_TLS_BAD_VERSION:
		text = compat_tls_has_1_3()
			       ? "refused the TLS handshake"
			       : "refused the TLS handshake (this build of "
				 "netleash speaks TLS 1.2 and nothing newer)";
		break;
	default:
		(void)snprintf(ret, TLS_ERROR_MAX,
			       "failed in the TLS handshake (mbedTLS -0x%04x)",
			       (unsigned)-r);
		return;
	}
	(void)snprintf(ret, TLS_ERROR_MAX, "%s", text);
}

static bool has_address(const mbedtls_x509_crt *crt, const struct addr *a)
{
	size_t n = a->family == AF_INET ? 4 : 16;
	const mbedtls_x509_sequence *san;

	if (!crt)
		return false;
	for (san = &crt->subject_alt_names; san; san = san->next)
		if (san->buf.tag == SAN_TAG_ADDRESS && san->buf.len == n &&
		    memcmp(san->buf.p, a->bytes, n) == 0)
			return true;
	return false;
}

static void client_free(struct tls_client *c)
{
	event_del(&c->readable);
	event_del(&c->writable);
	event_del(&c->deadline);
	tls_stream_free(c->stream);
	free(c);
}

/* The one way out. */
static void finish(struct tls_client *c, int fd, const char *error)
{
	tls_client_done_fn *done = c->done;
	void *arg = c->arg;

	client_free(c);
	done(fd, error, arg);
}

static void established(struct tls_client *c)
{
	int fd;

	if (c->is_addr &&
	    !has_address(mbedtls_ssl_get_peer_cert(&c->stream->ssl),
			 &c->addr)) {
		finish(c, -1, "has a certificate for another address");
		return;
	}
	tls_sessions_on_established(c->stream);
	/* Before the pump has its own for the same socket. */
	event_del(&c->readable);
	event_del(&c->writable);
	fd = tls_pump_start(c->base, c->ctx, c->stream);
	if (fd < 0) {
		finish(c, -1,
		       fd == -ENOMEM ? "cannot be spoken to: no memory"
				     : "cannot be spoken to: no descriptors");
		return;
	}
	c->stream = NULL; /* the pump's now */
	finish(c, fd, NULL);
}

static void step(void *arg)
{
	struct tls_client *c = arg;
	char error[TLS_ERROR_MAX];
	int r;

	tls_stream_turn(c->stream);
	r = mbedtls_ssl_handshake(&c->stream->ssl);
	if (r == 0) {
		established(c);
		return;
	}
	if (r == MBEDTLS_ERR_SSL_WANT_WRITE) {
		if (event_add(&c->writable, NULL) == 0)
			return;
		finish(c, -1, "cannot be spoken to: no memory");
		return;
	}
	if (r == MBEDTLS_ERR_SSL_WANT_READ) {
		event_del(&c->writable);
		return;
	}
	describe(c, r, error);
	tls_sessions_on_failed(c->stream);
	finish(c, -1, error);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct tls_client *c = arg;

	(void)fd;
	(void)what;
	tls_stream_ready(c->stream);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, -1, "did not finish the TLS handshake in time");
}

/* Return: 0 or -ENOMEM. */
static int prepare(struct tls_client *c, const struct tls_client_opts *opts)
{
	struct timeval tv = {
		.tv_sec = (time_t)(opts->deadline_ms / 1000),
		.tv_usec = (suseconds_t)(opts->deadline_ms % 1000) * 1000,
	};

	if (mbedtls_ssl_set_hostname(&c->stream->ssl,
				     c->is_addr ? NULL : opts->host) != 0)
		return -ENOMEM;
	/* An address has no name under which mbedTLS would verify it. */
	if (!c->is_addr && opts->port > 0)
		tls_sessions_begin(tls_context_sessions(c->ctx), c->stream,
				   opts->host, opts->port);
	if (event_add(&c->deadline, &tv) < 0 ||
	    event_add(&c->readable, NULL) < 0 ||
	    event_add(&c->writable, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int tls_client_start(struct event_base *base, struct tls_context *ctx, int fd,
		     const struct tls_client_opts *opts,
		     tls_client_done_fn *done, void *arg,
		     struct tls_client **ret)
{
	struct tls_stream *stream =
		tls_stream_new(tls_context_client(ctx), fd, opts->owner);
	struct tls_client *c = stream ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		if (!stream)
			close(fd);
		tls_stream_free(stream);
		return -ENOMEM;
	}
	c->stream = stream;
	tls_stream_set_driver(stream, step, c);
	c->base = base;
	c->ctx = ctx;
	c->done = done;
	c->arg = arg;
	c->is_addr = opts->addr != NULL;
	if (opts->addr)
		c->addr = *opts->addr;
	(void)event_assign(&c->readable, base, fd, EV_READ | EV_PERSIST,
			   on_ready, c);
	(void)event_assign(&c->writable, base, fd, EV_WRITE | EV_PERSIST,
			   on_ready, c);
	(void)event_assign(&c->deadline, base, -1, 0, on_deadline, c);
	if (prepare(c, opts) < 0) {
		client_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void tls_client_cancel(struct tls_client *c)
{
	if (c)
		client_free(c);
}
