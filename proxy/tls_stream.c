/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_stream.c - one TLS session on one non-blocking socket
 */
#include "proxy/tls_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two for each record; tls_pump.c moves eight in a turn. */
#define READS_MAX 32u

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

static int take_early(struct tls_stream *s, unsigned char *bytes, size_t n)
{
	const size_t left = s->early_n - s->early_at;

	n = n < left ? n : left;
	memcpy(bytes, s->early + s->early_at, n);
	s->early_at += n;
	if (s->early_at == s->early_n) {
		free(s->early);
		s->early = NULL;
	}
	return (int)n;
}

int tls_stream_set_early(struct tls_stream *s, const void *bytes, size_t n)
{
	if (n == 0)
		return 0;
	s->early = malloc(n);
	if (!s->early)
		return -ENOMEM;
	memcpy(s->early, bytes, n);
	s->early_n = n;
	return 0;
}

/* The end of the stream is 0, which mbedTLS makes an error of its own. */
static int on_recv(void *arg, unsigned char *bytes, size_t n)
{
	struct tls_stream *s = arg;
	ssize_t got;

	if (s->early) {
		got = take_early(s, bytes, n);
	} else if (s->reads == 0) {
		return MBEDTLS_ERR_SSL_WANT_READ;
	} else {
		s->reads--;
		got = recv(s->fd, bytes, n, 0);
	}
	if (got > 0 && s->first < 0)
		s->first = bytes[0];
	if (got >= 0)
		return (int)got;
	return is_transient(errno) ? MBEDTLS_ERR_SSL_WANT_READ
				   : MBEDTLS_ERR_NET_CONN_RESET;
}

struct tls_stream *tls_stream_new(const struct mbedtls_ssl_config *conf, int fd,
				  const struct tls_owner *owner)
{
	struct tls_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		if (owner && owner->gone)
			owner->gone(owner->arg);
		return NULL;
	}
	if (owner)
		s->owner = *owner;
	s->fd = s->first = -1;
	mbedtls_ssl_init(&s->ssl);
	if (mbedtls_ssl_setup(&s->ssl, conf) != 0) {
		tls_stream_free(s);
		return NULL;
	}
	s->fd = fd;
	mbedtls_ssl_set_bio(&s->ssl, s, on_send, on_recv, NULL);
	return s;
}

void tls_stream_set_driver(struct tls_stream *s, pace_fn *drive, void *arg)
{
	pace_drop(&s->turn);
	s->drive = drive;
	s->drive_arg = arg;
}

bool tls_stream_ready_later(struct tls_stream *s)
{
	if (s->owner.pace)
		pace_add(s->owner.pace, s->owner.party, &s->turn, s->drive,
			 s->drive_arg);
	return s->owner.pace;
}

void tls_stream_ready(struct tls_stream *s)
{
	if (!tls_stream_ready_later(s))
		s->drive(s->drive_arg);
}

void tls_stream_turn(struct tls_stream *s)
{
	s->reads = READS_MAX;
}

void tls_stream_free(struct tls_stream *s)
{
	struct tls_owner owner;

	if (!s)
		return;
	owner = s->owner;
	pace_drop(&s->turn);
	mbedtls_ssl_free(&s->ssl);
	if (s->fd >= 0)
		close(s->fd);
	free(s->early);
	free(s->resume);
	free(s);
	if (owner.gone)
		owner.gone(owner.arg);
}

int tls_stream_take_alert(const struct tls_stream *s)
{
	/* type, version, length, level, description: RFC 5246 section 6.2.1 */
	unsigned char b[7];

	if (s->early ||
	    recv(s->fd, b, sizeof(b), MSG_DONTWAIT) != (ssize_t)sizeof(b) ||
	    b[0] != MBEDTLS_SSL_MSG_ALERT || b[3] != 0 || b[4] != 2 ||
	    b[5] != MBEDTLS_SSL_ALERT_LEVEL_FATAL)
		return -1;
	return b[6];
}

void tls_stream_set_reset(const struct tls_stream *s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
