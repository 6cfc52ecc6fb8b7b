/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_response.c - one HTTP/1 response head, cut into spans
 *
 * In:         an origin's bytes, as far as they have come
 * Out:        struct http_response: status, phrase, fields, or what is wrong
 * States:     in the status line, byte by byte; then http_head.c's
 * Invariants: every byte is looked at once; no bare CR or LF; the size limit
 *             counts the whole head
 * References: RFC 9112 section 4, RFC 9110 section 15
 *
 * http_head.c reads a request line first. It is given one of ours, as long as
 * the shortest status line; from there on it sees the origin's bytes, shifted
 * so that the fields begin where that line ended. It never looks back.
 */
#include "proxy/http_response.h"

#include <assert.h>
#include <string.h>

static const char stand_in[] = "A / HTTP/1.1\r\n";
#define STAND_IN_LEN (sizeof(stand_in) - 1)

/* "HTTP/1.1 200" and then a blank with the phrase, or the line's end. */
static const char form[] = "HTTP/1.d ddd";
#define FORM_LEN (sizeof(form) - 1)

_Static_assert(FORM_LEN + 2 == STAND_IN_LEN,
	       "the shortest status line is as long as the stand-in");

static void fail(struct http_response *r, enum http_head_verdict verdict,
		 const char *error)
{
	r->verdict = verdict;
	r->error = error;
}

static void step_form(struct http_response *r, unsigned char c)
{
	size_t i = r->pos;

	if (form[i] != 'd') {
		if (c != (unsigned char)form[i])
			fail(r, HTTP_HEAD_MALFORMED,
			     "the status line is not one of HTTP/1.0 or "
			     "HTTP/1.1");
	} else if (c < '0' || c > '9') {
		fail(r, HTTP_HEAD_MALFORMED,
		     "the status line has no number where one must be");
	} else if (form[i + 1] == ' ') {
		if (c > '1')
			fail(r, HTTP_HEAD_MALFORMED,
			     "the version is not HTTP/1.0 or HTTP/1.1");
		r->minor_version = c == '1';
	} else {
		r->status = r->status * 10 + (c - '0');
		if (i == FORM_LEN - 1 && (r->status < 100 || r->status > 599))
			fail(r, HTTP_HEAD_MALFORMED,
			     "the status is not from 100 to 599");
	}
}

/* The fields: http_head.c goes on behind its stand-in. */
static void begin_fields(struct http_response *r)
{
	r->line_done = true;
	r->shift = r->pos + 1 - STAND_IN_LEN;
	http_head_init(&r->head, r->size_max - r->shift, r->fields_max);
	(void)http_head_parse(&r->head, stand_in, STAND_IN_LEN);
}

static void step_phrase(struct http_response *r, const char *bytes,
			unsigned char c)
{
	bool after_cr = bytes[r->pos - 1] == '\r';

	if (c == '\n' && after_cr) {
		if (r->pos > FORM_LEN + 1)
			r->phrase = (struct http_span){ FORM_LEN + 1,
							r->pos - FORM_LEN - 2 };
		begin_fields(r);
	} else if (after_cr || c == '\n') {
		fail(r, HTTP_HEAD_MALFORMED,
		     "the status line ends in a bare CR or LF");
	} else if (r->pos == FORM_LEN && c != ' ' && c != '\r') {
		fail(r, HTTP_HEAD_MALFORMED,
		     "the status has more than three digits");
	} else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f) {
		fail(r, HTTP_HEAD_MALFORMED,
		     "the status line has a control byte");
	}
}

void http_response_init(struct http_response *r, size_t size_max,
			size_t fields_max)
{
	memset(r, 0, sizeof(*r));
	r->size_max = size_max;
	r->fields_max = fields_max;
	r->verdict = HTTP_HEAD_MORE;
}

enum http_head_verdict http_response_parse(struct http_response *r,
					   const char *bytes, size_t n)
{
	size_t end = n < r->size_max ? n : r->size_max;

	while (r->verdict == HTTP_HEAD_MORE && !r->line_done && r->pos < end) {
		unsigned char c = (unsigned char)bytes[r->pos];

		if (r->pos < FORM_LEN)
			step_form(r, c);
		else
			step_phrase(r, bytes, c);
		r->pos++;
	}
	if (r->verdict != HTTP_HEAD_MORE)
		return r->verdict;
	if (!r->line_done) {
		if (r->pos == r->size_max)
			fail(r, HTTP_HEAD_TOO_LARGE, "it has too many bytes");
		return r->verdict;
	}
	r->verdict = http_head_parse(&r->head, http_response_bytes(r, bytes),
				     n - r->shift);
	r->error = r->head.error;
	r->length = r->head.length + r->shift;
	return r->verdict;
}

const char *http_response_bytes(const struct http_response *r,
				const char *bytes)
{
	assert(r->line_done);
	return bytes + r->shift;
}
