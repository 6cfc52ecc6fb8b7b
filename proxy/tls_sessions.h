/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_sessions.h - TLS sessions that are taken up again
 *
 * In:         sessions of clients whose other end has proved who it is
 * Out:        the same, offered to that host at that port: a handshake without
 *             certificates, two hundred times as quick
 * Invariants: bounded, the one not used for longest goes first; a session
 *             counts for an hour from the moment when certificates were
 *             verified, and not beyond the end of the host's, however often it
 *             is taken up; where an offer failed there is none for an hour:
 *             mbedTLS offers with a session no other version than that one's
 *             (3.6), and some of a name's servers may speak only an older one
 *
 * For proxy/tls_*.c only. One loop's.
 *
 * References: RFC 5077, RFC 8446 section 4.6.1
 */
#ifndef NETLEASH_PROXY_TLS_SESSIONS_H
#define NETLEASH_PROXY_TLS_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

struct tls_sessions;
struct tls_stream;

#define TLS_SESSIONS_MAX     128u
#define TLS_SESSIONS_SECONDS 3600

/* @max at least 1. Return: NULL without memory. */
struct tls_sessions *tls_sessions_new(size_t max);

/* No stream that has begun with it is left. NULL is fine. */
void tls_sessions_free(struct tls_sessions *ts);

/*
 * Before the handshake: offers what there is for @host, a normal name, and
 * @port. Without memory there is an ordinary handshake.
 */
void tls_sessions_begin(struct tls_sessions *ts, struct tls_stream *s,
			const char *host, uint16_t port);

/*
 * What became of it; of streams that have not begun they know nothing. A
 * ticket is one that mbedTLS has told of (compat_tls_is_ticket()).
 */
void tls_sessions_on_established(struct tls_stream *s);
void tls_sessions_on_ticket(struct tls_stream *s);
void tls_sessions_on_failed(struct tls_stream *s);

/* How many are kept, and how many handshakes took one up. */
size_t tls_sessions_count(const struct tls_sessions *ts);
uint64_t tls_sessions_resumed(const struct tls_sessions *ts);

#endif
