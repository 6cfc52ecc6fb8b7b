/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_pump.h - an established TLS session as a plain descriptor
 *
 * Gives out one end of a socket pair that behaves as a TCP socket does to the
 * other end of the session: the session's close_notify is the end of file;
 * shutdown(SHUT_WR) becomes a close_notify; a session that was cut (no
 * close_notify, a reset, a record that is wrong) is ECONNRESET after the last
 * good byte; closing the descriptor without a shutdown, before the end of the
 * other side's bytes, resets the connection.
 */
#ifndef NETLEASH_PROXY_TLS_PUMP_H
#define NETLEASH_PROXY_TLS_PUMP_H

struct event_base;
struct tls_context;
struct tls_pump;
struct tls_stream;

/*
 * Takes @stream, whose handshake is done; not where it fails. The pump lives
 * until the session and the descriptor have ended, or @ctx does. Return: the
 * descriptor (non-blocking, close-on-exec, the caller's), or -errno.
 */
int tls_pump_start(struct event_base *base, struct tls_context *ctx,
		   struct tls_stream *stream);

/* Ends it with resets: for tls_context_free() alone. */
void tls_pump_free(struct tls_pump *p);

#endif
