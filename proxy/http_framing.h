/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_framing.h - where a message ends, and what its head asks of us
 *
 * Pure. A head that two readers could frame in two ways is an error, also
 * where RFC 9112 6.3 has a rule which of the two to take: two lengths, even
 * equal ones; a length and a coding; a coding in HTTP/1.0; any coding but
 * "chunked" alone.
 */
#ifndef NETLEASH_PROXY_HTTP_FRAMING_H
#define NETLEASH_PROXY_HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/target.h"
#include "proxy/http_head.h"
#include "proxy/http_response.h"

enum http_framing_kind {
	HTTP_FRAMING_NONE, /* no body */
	HTTP_FRAMING_LENGTH,
	HTTP_FRAMING_CHUNKED,
	HTTP_FRAMING_UNTIL_CLOSE, /* responses only */
};

/**
 * struct http_framing - how a message goes on after its head
 * @body:      what follows the head
 * @announced: what the head says of a body: as @body, but for answers to HEAD
 *             and for 304, which say it of a body that does not follow
 * @length:    with HTTP_FRAMING_LENGTH in @announced; at most 2^63-1
 * @minor_version: 0 or 1 of HTTP/1.x
 * @keep_alive: this side's connection may carry another message after this
 * @upgrade:   request: asks for WebSocket; response: 101 that agrees to it
 * @interim:   response: 1xx but 101: another head follows
 * @expect_continue: request: the client may wait for a 100 before its body
 * @head, @connect: request: this method
 */
struct http_framing {
	enum http_framing_kind body, announced;
	uint64_t length;
	unsigned minor_version;
	bool keep_alive, upgrade, interim, expect_continue, head, connect;
};

/*
 * Both return NULL, or what is wrong as a static sentence part; then @ret
 * means nothing. @bytes go with @h as they do for http_head_next().
 */
const char *http_framing_request(const struct http_head *h, const char *bytes,
				 struct http_framing *ret);

/*
 * @bytes are those that were parsed; @request is what the answer is to. A
 * response that succeeds a CONNECT has no body, whatever its fields say.
 */
const char *http_framing_response(const struct http_response *r,
				  const char *bytes,
				  const struct http_framing *request,
				  struct http_framing *ret);

/* The port that a scheme means where none is written; 0 for SCHEME_NONE. */
uint16_t http_framing_default_port(enum scheme scheme);

/*
 * Does the Host field say what the target says (RFC 9112 3.2)? Not for
 * CONNECT, whose target decides alone. @t has a port. Return: NULL, or what
 * is wrong.
 */
const char *http_framing_check_host(const struct http_head *h,
				    const char *bytes, const struct target *t);

#endif
