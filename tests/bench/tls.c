/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/tls.c - TLS of the load generator's clients
 *
 * OpenSSL, whose handshakes are several times quicker than mbedTLS's: the
 * clients have one core for themselves and the origin, and the proxy is to be
 * what is short of time.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls {
	SSL *ssl;
};

/* One origin, so one session is as good as another. */
static SSL_CTX *context;
static SSL_SESSION *session;

struct tls *tls_new(int fd, const char *host, bool resume)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!context) {
		context = SSL_CTX_new(TLS_client_method());
		if (context)
			(void)SSL_CTX_set_session_cache_mode(
				context, SSL_SESS_CACHE_OFF);
	}
	t = t && context ? t : NULL;
	if (t)
		t->ssl = SSL_new(context);
	if (!t || !t->ssl || SSL_set_fd(t->ssl, fd) != 1 ||
	    (resume && session && SSL_set_session(t->ssl, session) != 1))
		bench_die("OpenSSL");
	if (host[strspn(host, "0123456789.")] != '\0')
		/* As the macro of it does, which casts in a way of its own. */
		(void)SSL_ctrl(t->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
			       TLSEXT_NAMETYPE_host_name,
			       (void *)(uintptr_t)host);
	SSL_set_connect_state(t->ssl);
	return t;
}

int tls_shake(struct tls *t)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	if (r == 1)
		return 0;
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return EPOLLIN;
	case SSL_ERROR_WANT_WRITE:
		return EPOLLOUT;
	default:
		return -1;
	}
}

bool tls_was_resumed(const struct tls *t)
{
	return SSL_session_reused(t->ssl) == 1;
}

/* @r: of reading or writing. */
static ssize_t moved(struct tls *t, int r)
{
	int error;

	if (r > 0)
		return r;
	error = SSL_get_error(t->ssl, r);
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
			? EAGAIN
			: EPROTO;
	return -1;
}

ssize_t tls_recv(struct tls *t, void *bytes, size_t n)
{
	ERR_clear_error();
	return moved(t,
		     SSL_read(t->ssl, bytes, n > INT_MAX ? INT_MAX : (int)n));
}

ssize_t tls_send(struct tls *t, const void *bytes, size_t n)
{
	ERR_clear_error();
	return moved(t,
		     SSL_write(t->ssl, bytes, n > INT_MAX ? INT_MAX : (int)n));
}

void tls_end(struct tls *t)
{
	if (!t)
		return;
	if (SSL_is_init_finished(t->ssl)) {
		SSL_SESSION *mine = SSL_get1_session(t->ssl);

		if (mine && SSL_SESSION_is_resumable(mine)) {
			SSL_SESSION_free(session);
			session = mine;
		} else {
			SSL_SESSION_free(mine);
		}
		(void)SSL_shutdown(t->ssl);
	}
	SSL_free(t->ssl);
	free(t);
}
