/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_response.h - one HTTP/1 response head, cut into spans
 *
 * Pure. The status line is read here, as strictly as http_head.h reads the
 * request line; the fields are read by http_head.h itself, so that there is
 * one reading of fields only. The verdict is the same however the bytes were
 * cut.
 */
#ifndef NETLEASH_PROXY_HTTP_RESPONSE_H
#define NETLEASH_PROXY_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/http_head.h"

/**
 * struct http_response - a head, and the parser's place in it
 * @head:    the fields: goes with http_response_bytes(), not with the bytes
 *           themselves. Its method and target mean nothing
 * @status:  100 to 599
 * @minor_version: 0 or 1 of HTTP/1.x
 * @phrase:  the reason phrase; may be empty
 * @length:  bytes of the head with its last empty line
 * @error:   a sentence part, static; NULL without an error
 *
 * The rest is the parser's own.
 */
struct http_response {
	struct http_head head;
	unsigned status;
	unsigned minor_version;
	struct http_span phrase;
	size_t length;
	const char *error;

	size_t size_max, fields_max, pos, shift;
	bool line_done;
	enum http_head_verdict verdict;
};

/* Starts a head of at most @size_max bytes and @fields_max fields. */
void http_response_init(struct http_response *r, size_t size_max,
			size_t fields_max);

/* As http_head_parse(). */
enum http_head_verdict http_response_parse(struct http_response *r,
					   const char *bytes, size_t n);

/* What to give to http_head_next() and its like, with @r->head. */
const char *http_response_bytes(const struct http_response *r,
				const char *bytes);

#endif
