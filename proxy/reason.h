/* SPDX-License-Identifier: MIT */
/*
 * proxy/reason.h - why a request ended as it did, and how each reason looks
 *
 * One enum for every outcome; one table (reason.c) maps it to the HTTP status,
 * the SOCKS5 reply, the word for logs and headers, the reason phrase, and the
 * sentence for people. The words are an interface: they never change.
 */
#ifndef NETLEASH_PROXY_REASON_H
#define NETLEASH_PROXY_REASON_H

#include <stdbool.h>

enum reason {
	REASON_ALLOWED,
	/* policy: 403, SOCKS 2 */
	REASON_NOT_ALLOWED,
	REASON_DENIED,
	REASON_PRIVATE_ADDRESS,
	REASON_METHOD,
	REASON_PATH,
	REASON_PORT,
	REASON_INSPECTION_REQUIRED,
	REASON_SNI, /* resets the tunnel */
	/* the client's doing */
	REASON_MALFORMED,      /* 400 */
	REASON_AUTH,	       /* 407 */
	REASON_HEAD_TIMEOUT,   /* 408 */
	REASON_HEAD_TOO_LARGE, /* 431 */
	/* the network's */
	REASON_DNS_FAILURE,	/* 502 */
	REASON_DNS_TIMEOUT,	/* 504 */
	REASON_CONNECT_REFUSED, /* 502; unreachable and reset too */
	REASON_CONNECT_TIMEOUT, /* 504 */
	REASON_UPSTREAM,	/* 502 */
	/* ours */
	REASON_LIMIT,	    /* 503 */
	REASON_IDLE,	    /* a tunnel that was silent too long; log only */
	REASON_INTERNAL,    /* 500: memory */
	REASON_UNSUPPORTED, /* 501: a feature that this build does not have */
	REASON_TLS, /* the client's TLS in an inspected tunnel; log only */
	REASON_COUNT
};

/* "not-allowed": X-Netleash-Reason, JSON, logs. */
const char *reason_name(enum reason r);
unsigned reason_http_status(enum reason r);

/* HTTP reason phrase that says it in words: many clients show only that. */
const char *reason_phrase(enum reason r);
unsigned char reason_socks_reply(enum reason r);

/* A whole sentence: "No allow rule matches this host." */
const char *reason_sentence(enum reason r);

/* True for a refusal by policy (the 403 group and sni). */
bool reason_is_policy(enum reason r);

/* True where policy had it so, and the network or a limit did not. */
bool reason_is_failure(enum reason r);

#endif
