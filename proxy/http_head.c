/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_head.c - one HTTP/1 request head, cut into spans
 *
 * In:         bytes from conn.c, as far as they have come
 * Out:        struct http_head: offsets, or an error and its sentence
 * States:     one a kind of place in the head; each byte makes one step, so
 *             that where the bytes were cut cannot matter
 * Invariants: every byte is looked at once; @mark is where the token that is
 *             being read began; a failed parser stays failed
 * References: RFC 9112 sections 2.2, 3 and 5; RFC 9110 sections 5.1, 5.5, 5.6
 */
#include "proxy/http_head.h"

#include <string.h>
#include <strings.h>

#include "proxy/http_syntax.h"

enum state {
	AT_START,    /* the one empty line that may come first, or the method */
	AT_BLANK_LF, /* the LF of that empty line */
	AT_REQUEST,  /* the method's first byte */
	IN_METHOD,
	IN_TARGET,
	IN_VERSION,
	AT_LINE_LF, /* the LF that ends the request line or a field */
	AT_FIELD,   /* a field's first byte, or the CR of the last line */
	IN_NAME,
	IN_VALUE,
	AT_END_LF,
};

static const char version_prefix[] = "HTTP/1.";
#define VERSION_PREFIX_LEN (sizeof(version_prefix) - 1)

static void fail(struct http_head *h, enum http_head_verdict verdict,
		 const char *error)
{
	h->verdict = verdict;
	h->error = error;
}

static void malformed(struct http_head *h, const char *error)
{
	fail(h, HTTP_HEAD_MALFORMED, error);
}

/* The span from the mark to the byte at hand, without it. */
static struct http_span span_to_here(const struct http_head *h)
{
	return (struct http_span){ h->mark, h->pos - h->mark };
}

static void step_method(struct http_head *h, unsigned char c)
{
	if (c == ' ' && h->pos > h->mark) {
		h->method = span_to_here(h);
		h->mark = h->pos + 1;
		h->state = IN_TARGET;
	} else if (!http_is_token_byte(c)) {
		malformed(h, "the method is not a token");
	}
}

static void begin_method(struct http_head *h, unsigned char c)
{
	h->mark = h->pos;
	h->state = IN_METHOD;
	step_method(h, c);
}

static void step_target(struct http_head *h, unsigned char c)
{
	if (c >= 0x80) {
		h->target_not_ascii = true;
	} else if (c == ' ' && h->pos > h->mark) {
		h->target = span_to_here(h);
		h->mark = h->pos + 1;
		h->state = IN_VERSION;
		if (h->target_not_ascii)
			malformed(h, "the target has a byte that is not ASCII");
	} else if (c <= ' ' || c == 0x7f) {
		malformed(h, "the target is empty, ends the line, or has a "
			     "blank or a control byte");
	}
}

static void step_version(struct http_head *h, unsigned char c)
{
	size_t i = h->pos - h->mark;

	if (i < VERSION_PREFIX_LEN) {
		if (c != (unsigned char)version_prefix[i])
			malformed(h, "the version is not HTTP/1.0 or HTTP/1.1");
	} else if (i == VERSION_PREFIX_LEN) {
		if (c != '0' && c != '1')
			malformed(h, "the version is not HTTP/1.0 or HTTP/1.1");
		h->minor_version = c == '1';
	} else if (c == '\r') {
		h->state = AT_LINE_LF;
	} else {
		malformed(h, c == '\n' ? "a line ends in a bare LF"
				       : "the request line goes on after the "
					 "version");
	}
}

static void step_name(struct http_head *h, const char *bytes, unsigned char c)
{
	struct http_span name;

	if (http_is_token_byte(c))
		return;
	name = span_to_here(h);
	if (c != ':') {
		malformed(h, c == ' ' || c == '\t'
				     ? "a field has a blank before its colon"
				     : "a field's name is not a token");
		return;
	}
	if (name.len == 0) {
		malformed(h, "a field has no name");
		return;
	}
	if (name.len == 4 && strncasecmp(bytes + name.at, "host", 4) == 0) {
		if (h->host_seen)
			malformed(h, "there is more than one Host field");
		h->host_seen = true;
	}
	h->state = IN_VALUE;
}

static void step_value(struct http_head *h, unsigned char c)
{
	if (c == '\r')
		h->state = AT_LINE_LF;
	else if (c == '\n')
		malformed(h, "a line ends in a bare LF");
	else if ((c < ' ' && c != '\t') || c == 0x7f)
		malformed(h, "a field's value has a control byte");
}

static void step_field_start(struct http_head *h, const char *bytes,
			     unsigned char c)
{
	if (h->fields_at == 0)
		h->fields_at = h->pos;
	if (c == '\r') {
		h->state = AT_END_LF;
	} else if (c == ' ' || c == '\t') {
		malformed(h, "a field is continued on a new line");
	} else if (h->fields_n == h->fields_max) {
		fail(h, HTTP_HEAD_TOO_LARGE, "there are too many fields");
	} else {
		h->fields_n++;
		h->mark = h->pos;
		h->state = IN_NAME;
		step_name(h, bytes, c);
	}
}

/* A CR must be followed by its LF, wherever it stands. */
static void step_lf(struct http_head *h, unsigned char c, enum state next)
{
	if (c == '\n')
		h->state = next;
	else
		malformed(h, "a CR stands without its LF");
}

static void step(struct http_head *h, const char *bytes, unsigned char c)
{
	switch ((enum state)h->state) {
	case AT_START:
		if (c == '\r')
			h->state = AT_BLANK_LF;
		else
			begin_method(h, c);
		break;
	case AT_REQUEST:
		begin_method(h, c);
		break;
	case IN_METHOD:
		step_method(h, c);
		break;
	case AT_BLANK_LF:
		step_lf(h, c, AT_REQUEST);
		break;
	case IN_TARGET:
		step_target(h, c);
		break;
	case IN_VERSION:
		step_version(h, c);
		break;
	case AT_LINE_LF:
		step_lf(h, c, AT_FIELD);
		break;
	case AT_FIELD:
		step_field_start(h, bytes, c);
		break;
	case IN_NAME:
		step_name(h, bytes, c);
		break;
	case IN_VALUE:
		step_value(h, c);
		break;
	case AT_END_LF:
		step_lf(h, c, AT_FIELD);
		if (c == '\n') {
			h->length = h->pos + 1;
			h->verdict = HTTP_HEAD_OK;
		}
		break;
	}
}

void http_head_init(struct http_head *h, size_t size_max, size_t fields_max)
{
	memset(h, 0, sizeof(*h));
	h->size_max = size_max;
	h->fields_max = fields_max;
	h->state = AT_START;
	h->verdict = HTTP_HEAD_MORE;
}

enum http_head_verdict http_head_parse(struct http_head *h, const char *bytes,
				       size_t n)
{
	size_t end = n < h->size_max ? n : h->size_max;

	while (h->verdict == HTTP_HEAD_MORE && h->pos < end) {
		step(h, bytes, (unsigned char)bytes[h->pos]);
		h->pos++;
	}
	if (h->verdict == HTTP_HEAD_MORE && h->pos == h->size_max)
		fail(h, HTTP_HEAD_TOO_LARGE, "it has too many bytes");
	return h->verdict;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool http_head_next(const struct http_head *h, const char *bytes,
		    size_t *cursor, struct http_field *ret)
{
	size_t at = *cursor == 0 ? h->fields_at : *cursor;
	size_t end = h->length - 2; /* without the last, empty line */
	const char *line = bytes + at, *colon, *cr;

	if (h->verdict != HTTP_HEAD_OK || at >= end)
		return false;
	/* Both are there: the parser has seen them. */
	colon = memchr(line, ':', end - at);
	cr = memchr(colon, '\r', end - (size_t)(colon - bytes));

	ret->name = line;
	ret->name_len = (size_t)(colon - line);
	ret->value = colon + 1;
	*cursor = (size_t)(cr - bytes) + 2;
	while (ret->value < cr && is_blank(*ret->value))
		ret->value++;
	while (cr > ret->value && is_blank(cr[-1]))
		cr--;
	ret->value_len = (size_t)(cr - ret->value);
	return true;
}

size_t http_head_find(const struct http_head *h, const char *bytes,
		      const char *name, struct http_field *ret)
{
	size_t cursor = 0, found = 0, len = strlen(name);
	struct http_field f;

	while (http_head_next(h, bytes, &cursor, &f)) {
		if (f.name_len != len || strncasecmp(f.name, name, len) != 0)
			continue;
		if (found == 0 && ret)
			*ret = f;
		found++;
	}
	return found;
}

bool http_span_is(const struct http_span *span, const char *bytes,
		  const char *text)
{
	return span->len == strlen(text) &&
	       memcmp(bytes + span->at, text, span->len) == 0;
}
