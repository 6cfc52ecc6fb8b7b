/* SPDX-License-Identifier: MIT */
/*
 * tests/support/strict_http.h - HTTP/1.1 read once more, by other code
 *
 * For tests that compare: what the proxy lets pass must be a message to this
 * reader too, and end in the same place. It shares nothing with proxy/, reads
 * whole messages from memory, one byte after the other, and knows no mercy: a
 * message has one framing or it is bad. RFC 9112 sections 2 to 7.
 */
#ifndef NETLEASH_TESTS_SUPPORT_STRICT_HTTP_H
#define NETLEASH_TESTS_SUPPORT_STRICT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"

enum strict_verdict {
	STRICT_OK,   /* a whole message */
	STRICT_MORE, /* the bytes end before the message does */
	STRICT_BAD,  /* not a message */
};

enum strict_body {
	STRICT_NONE,
	STRICT_LENGTH,
	STRICT_CHUNKED,
	STRICT_TO_THE_END, /* of the connection */
};

struct strict_span {
	const char *s;
	size_t n;
};

/**
 * struct strict_message - spans of the bytes it was read from
 * @why:       of BAD, a few words
 * @method, @target: of a request
 * @status:    of a response
 * @head_done: the head is whole, and the fields below it are set
 * @head_n:    its bytes
 * @body:      how the message is framed
 * @close:     Connection has "close"
 * @host:      the Host field; .s is NULL without one
 * @n:         of OK: the bytes of all of it
 */
struct strict_message {
	const char *why;
	struct strict_span method, target;
	unsigned status, minor;
	bool head_done;
	size_t head_n;
	enum strict_body body;
	uint64_t length;
	bool has_length, has_coding, close;
	struct strict_span host;
	size_t n;
};

/*
 * Reads the request at the start of the @n bytes. Its body, as far as it has
 * come, without chunks' sizes, is appended to @body unless that is NULL.
 */
enum strict_verdict strict_request(const char *bytes, size_t n,
				   struct strict_message *ret,
				   struct strbuf *body);

/*
 * Likewise a response, to a request of @method ("" if it is not known). @ended
 * tells that the connection ended behind the bytes in good order.
 */
enum strict_verdict strict_response(const char *bytes, size_t n, bool ended,
				    const char *method,
				    struct strict_message *ret,
				    struct strbuf *body);

/* The next field of a head that is done; *@cursor begins as 0. */
bool strict_field(const char *bytes, const struct strict_message *m,
		  size_t *cursor, struct strict_span *ret_name,
		  struct strict_span *ret_value);

/* True if the span is @text, in any case. */
bool strict_is(const struct strict_span *s, const char *text);

#endif
