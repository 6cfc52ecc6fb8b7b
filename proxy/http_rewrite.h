/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_rewrite.h - a head for the next hop, made from the one that came
 *
 * Pure. The start line, Host, the framing and Connection are written anew
 * from what was understood; every other field goes on as it came, less its
 * outer blanks, unless it belongs to one connection only: the hop-by-hop
 * fields, and those that Connection names. So the next hop can read a message
 * in one way only, and in the same way as the policy did.
 *
 * The output is at most the head that came, the target, @extra, and a few
 * hundred bytes. See strbuf_failed() for want of memory.
 */
#ifndef NETLEASH_PROXY_HTTP_REWRITE_H
#define NETLEASH_PROXY_HTTP_REWRITE_H

#include <stdbool.h>

#include "common/strbuf.h"
#include "common/target.h"
#include "proxy/http_framing.h"
#include "proxy/http_head.h"
#include "proxy/http_response.h"

/**
 * struct http_rewrite_request - what to ask of the next hop; all borrowed
 * @target:  with scheme, port and path
 * @framing: of the request
 * @absolute: the next hop is a proxy: the target in absolute form
 * @upgrade: pass the WebSocket upgrade on, which @framing says it asks for
 * @close:   tell the next hop that nothing follows on this connection
 * @extra:   whole lines to add, each with its CRLF, or NULL
 */
struct http_rewrite_request {
	const struct target *target;
	const struct http_framing *framing;
	bool absolute, upgrade, close;
	const char *extra;
};

/* @h and @bytes have got through http_framing_request(). */
void http_rewrite_request(const struct http_head *h, const char *bytes,
			  const struct http_rewrite_request *how,
			  struct strbuf *out);

/**
 * struct http_rewrite_response - how to answer the client
 * @framing: of the response
 * @bare:    the client knows HTTP/1.0 only: no chunks (see http_body.h); then
 *           @close must be set
 * @close:   tell the client that nothing follows on this connection; must be
 *           set for a body that ends with the connection
 * @extra:   as above
 */
struct http_rewrite_response {
	const struct http_framing *framing;
	bool bare, close;
	const char *extra;
};

/*
 * @r and @bytes have got through http_framing_response(). An interim response
 * is written as one; not for a client of HTTP/1.0, which must never get one
 * (RFC 9110 15.2).
 */
void http_rewrite_response(const struct http_response *r, const char *bytes,
			   const struct http_rewrite_response *how,
			   struct strbuf *out);

#endif
