/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_stream.h - one TLS session on one non-blocking socket
 *
 * For proxy/tls_*.c only: who drives it, tls_client.c through the handshake
 * and tls_pump.c after it, calls mbedTLS on @ssl and waits on @fd for what
 * that wants.
 */
#ifndef NETLEASH_PROXY_TLS_STREAM_H
#define NETLEASH_PROXY_TLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/mbedtls_compat.h"
#include "proxy/pace.h"
#include "proxy/tls_owner.h"

struct tls_resume;

/**
 * struct tls_stream
 * @resume: proxy/tls_sessions.h; NULL where nothing is taken up again
 * @early: bytes that were read from @fd before; the session's first ones
 * @first: the first byte of the other side; -1: none came yet
 * @reads: how often the socket may still be read before the next turn
 * @turn: of whoever drives it: @drive
 */
struct tls_stream {
	struct tls_resume *resume;
	mbedtls_ssl_context ssl;
	int fd;
	unsigned char *early;
	size_t early_at, early_n;
	int first;
	unsigned reads;
	struct tls_owner owner;
	struct pace_item turn;
	pace_fn *drive;
	void *drive_arg;
};

/* Takes @fd, but not where it fails. @owner, copied, hears that it is gone in
 * failure, too; NULL: nobody. Return: NULL without memory. */
struct tls_stream *tls_stream_new(const struct mbedtls_ssl_config *conf, int fd,
				  const struct tls_owner *owner);

/* Who drives it from now on. */
void tls_stream_set_driver(struct tls_stream *s, pace_fn *drive, void *arg);

/*
 * There is something to be done: has @drive called in its owner's turn, or at
 * once where it has none. @s may be gone when it returns.
 */
void tls_stream_ready(struct tls_stream *s);

/* The same, but never at once. Return: false where it has no owner. */
bool tls_stream_ready_later(struct tls_stream *s);

/* To be read before anything else; copied. Return: 0 or -ENOMEM. */
int tls_stream_set_early(struct tls_stream *s, const void *bytes, size_t n);

/*
 * Before each turn's first call of mbedTLS. Of records that bring nothing, such
 * as warnings, it reads the next one by itself, for as long as any come: so
 * there are some for each turn, and then it hears that there is no more. Who
 * waits for the socket by level-triggered events loses nothing by it.
 */
void tls_stream_turn(struct tls_stream *s);

/* Closes the socket, if it is still there. NULL is fine. */
void tls_stream_free(struct tls_stream *s);

/*
 * What the other side said last, where it is gone in the middle of a handshake
 * and mbedTLS noticed that before it read so far: the description of a fatal
 * alert in plain text. Reads from the socket. Return: -1 for none.
 */
int tls_stream_take_alert(const struct tls_stream *s);

/* Closing will reset the connection. */
void tls_stream_set_reset(const struct tls_stream *s);

#endif
