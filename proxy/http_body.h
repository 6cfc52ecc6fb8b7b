/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_body.h - follow a body to its end, and pass it on
 *
 * Pure, no allocation, no copy: what is to be passed on are spans of the
 * caller's bytes. A chunked body goes on chunk by chunk as it came, but for
 * two things: chunk extensions are dropped, and so are trailer fields that
 * would have to be known before the body (framing, routing, conditions,
 * credentials, content: RFC 9110 6.5.1). What follows the end is the next
 * message's.
 *
 * A line is passed on, and counts as taken, when it is whole and right. So
 * at most HTTP_BODY_LINE_MAX bytes are ever left with the caller. The verdict
 * and the bytes passed on are the same however the bytes were cut.
 */
#ifndef NETLEASH_PROXY_HTTP_BODY_H
#define NETLEASH_PROXY_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/http_framing.h"

/* The longest line of a chunk's size or of a trailer, with its CRLF. */
#define HTTP_BODY_LINE_MAX 4096

/* All chunk extensions of a body; all of its trailer. */
#define HTTP_BODY_EXTENSIONS_MAX 16384u
#define HTTP_BODY_TRAILER_MAX	 16384u

enum http_body_verdict {
	HTTP_BODY_MORE,	 /* keep what was not taken, give it with more */
	HTTP_BODY_AGAIN, /* something was dropped: call again with the rest */
	HTTP_BODY_END,	 /* the body is whole */
	HTTP_BODY_BAD,	 /* malformed or cut short; @error says why */
};

/**
 * struct http_body - a body, and the parser's place in it
 * @error:  a sentence part, static; NULL without an error
 * @passed: bytes of content so far: no sizes, no trailer
 *
 * The rest is the parser's own.
 */
struct http_body {
	const char *error;
	uint64_t passed;

	uint64_t left;
	uint32_t extensions, trailer;
	uint8_t state;
	bool bare;
};

/**
 * struct http_body_part - what one call made of its bytes
 * @taken: bytes that are done with
 * @out, @out_len: bytes to pass on, within those taken; @out_len may be 0
 * @trailer: they are whole lines of a trailer, and may be changed as such
 */
struct http_body_part {
	size_t taken;
	const char *out;
	size_t out_len;
	bool trailer;
};

/*
 * Starts a body that is framed as @f says. @bare passes on the content alone,
 * without sizes and trailer: for a client of HTTP/1.0, which knows no chunks.
 */
void http_body_init(struct http_body *b, const struct http_framing *f,
		    bool bare);

/*
 * Goes on with the next @n bytes: the ones that were not taken, and more. Once
 * the verdict is END or BAD it does not change any more and nothing is taken.
 * @ret is filled with every verdict. A body of no bytes is at its END at once,
 * with @n 0.
 */
enum http_body_verdict http_body_parse(struct http_body *b, const char *bytes,
				       size_t n, struct http_body_part *ret);

/*
 * The sender has ended its stream in good order. Return: HTTP_BODY_END if the
 * body is whole, else HTTP_BODY_BAD: what was passed on must not look whole.
 * After a reset no body is whole that had not ended.
 */
enum http_body_verdict http_body_finish(struct http_body *b);

#endif
