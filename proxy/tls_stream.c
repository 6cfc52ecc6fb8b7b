/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_stream.c - one TLS session on one non-blocking socket
 */
#include "proxy/tls_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_transient(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

static int on_send(void *arg, const unsigned char *bytes, size_t n)
{
	const struct tls_stream *s = arg;
	ssize_t sent = send(s->fd, bytes, n, MSG_NOSIGNAL);

	if (sent >= 0)
		return (int)sent;
	return is_transient(errno) ? MBEDTLS_ERR_SSL_WANT_WRITE
				   : MBEDTLS_ERR_NET_SEND_FAILED;
}

/* The end of the stream is 0, which mbedTLS makes an error of its own. */
static int on_recv(void *arg, unsigned char *bytes, size_t n)
{
	const struct tls_stream *s = arg;
	ssize_t got = recv(s->fd, bytes, n, 0);

	if (got >= 0)
		return (int)got;
	return is_transient(errno) ? MBEDTLS_ERR_SSL_WANT_READ
				   : MBEDTLS_ERR_NET_CONN_RESET;
}

struct tls_stream *tls_stream_new(const struct mbedtls_ssl_config *conf, int fd)
{
	struct tls_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fd = -1;
	mbedtls_ssl_init(&s->ssl);
	if (mbedtls_ssl_setup(&s->ssl, conf) != 0) {
		tls_stream_free(s);
		return NULL;
	}
	s->fd = fd;
	mbedtls_ssl_set_bio(&s->ssl, s, on_send, on_recv, NULL);
	return s;
}

void tls_stream_free(struct tls_stream *s)
{
	if (!s)
		return;
	mbedtls_ssl_free(&s->ssl);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

void tls_stream_set_reset(const struct tls_stream *s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
