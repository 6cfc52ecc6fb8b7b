/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_head.h - one HTTP/1 request head, cut into spans
 *
 * In:         bytes as they come, in any cuts
 * Out:        method, target, version and fields as offsets, or what is wrong
 * Invariants: pure, no allocation, linear in the bytes; the verdict is the
 *             same however the bytes were cut; nothing that two parsers could
 *             read in two ways is accepted
 *
 * Stricter than RFC 9112 allows where leniency is what request smuggling
 * feeds on: single spaces in the request line, CRLF and nothing else ends a
 * line, no continued lines, no space around a field's name, no control byte
 * anywhere, one Host, HTTP/1.0 and 1.1 only. One empty line before the request
 * line is let pass (RFC 9112 2.2).
 *
 * How a body is framed, and whether Host is needed, is the caller's to judge.
 */
#ifndef NETLEASH_PROXY_HTTP_HEAD_H
#define NETLEASH_PROXY_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

enum http_head_verdict {
	HTTP_HEAD_MORE,	     /* nothing wrong yet, and not the end */
	HTTP_HEAD_OK,	     /* @length bytes were the head */
	HTTP_HEAD_MALFORMED, /* @error says why */
	HTTP_HEAD_TOO_LARGE, /* too many bytes or fields; @error says which */
};

/* Offsets into the bytes that were parsed: these may be moved meanwhile. */
struct http_span {
	size_t at, len;
};

/**
 * struct http_head - a head, and the parser's place in it
 * @method, @target: valid once the request line was whole, and with an error
 *           for a target that is not ASCII (so that a message can be made)
 * @minor_version: 0 or 1 of HTTP/1.x
 * @fields_n: how many fields
 * @length:  bytes of the head with its last empty line; what follows is not
 *           the head's
 * @error:   a sentence part, static; NULL without an error
 *
 * The rest is the parser's own.
 */
struct http_head {
	struct http_span method, target;
	unsigned minor_version;
	size_t fields_n;
	size_t length;
	const char *error;

	size_t size_max, fields_max;
	size_t pos, mark, fields_at;
	unsigned state;
	bool host_seen, target_not_ascii;
	enum http_head_verdict verdict;
};

/* Starts a head of at most @size_max bytes and @fields_max fields. */
void http_head_init(struct http_head *h, size_t size_max, size_t fields_max);

/*
 * Goes on where the last call stopped. @bytes is the head from its first
 * byte, @n how much of it is there: never less than at the last call. Once the
 * verdict is another than HTTP_HEAD_MORE it does not change any more.
 */
enum http_head_verdict http_head_parse(struct http_head *h, const char *bytes,
				       size_t n);

/**
 * struct http_field - one field; blanks around the value are cut off
 * @name, @value: borrowed from the bytes, not terminated
 */
struct http_field {
	const char *name, *value;
	size_t name_len, value_len;
};

/*
 * The fields of a head that is OK, in order. *@cursor starts as 0. Return:
 * false after the last.
 */
bool http_head_next(const struct http_head *h, const char *bytes,
		    size_t *cursor, struct http_field *ret);

/*
 * Looks up fields by @name, in any case. Return: how many there are; the
 * first is in @ret if there is one (@ret may be NULL).
 */
size_t http_head_find(const struct http_head *h, const char *bytes,
		      const char *name, struct http_field *ret);

/* True if the span's bytes are @text. */
bool http_span_is(const struct http_span *span, const char *bytes,
		  const char *text);

#endif
