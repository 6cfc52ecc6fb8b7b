/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_body.c - follow a body to its end, and pass it on
 *
 * In:         the bytes behind a head, in any cuts
 * Out:        spans to pass on; the place where the body ends
 * States:     SIZE -> (SIZE_END -> CONTENT -> CONTENT_END -> SIZE)* ->
 *             TRAILER -> DONE for chunks; CONTENT -> DONE for a length;
 *             ENDLESS, until the stream ends; FAILED from all
 * Invariants: one span a call: it grows while what is to be passed on lies
 *             together, so that a body without extensions is one span a
 *             read; fields of a trailer are one of their own; no line is acted
 *             on before its CRLF
 * References: RFC 9112 sections 6.3, 7.1 and 8; RFC 9110 section 6.5
 */
#include "proxy/http_body.h"

#include "common/parse.h"
#include "proxy/http_syntax.h"

enum state {
	IN_SIZE,	/* a chunk's size and its extensions, with the CRLF */
	IN_SIZE_END,	/* that CRLF once more, when it is to be passed on */
	IN_CONTENT,	/* @left bytes of a chunk */
	IN_CONTENT_END, /* the CRLF behind a chunk's bytes */
	IN_TRAILER,
	IN_LENGTH, /* @left bytes of a body that has a length */
	IN_ENDLESS,
	DONE,
	FAILED,
};

/* What one line of a chunked body turned out to be. */
enum line {
	LINE_MORE,
	LINE_WHOLE,
	LINE_BAD,
};

#define SIZE_DIGITS_MAX 16

/*
 * Fields that come too late in a trailer (RFC 9110 6.5.1): whoever merges
 * them into the head would change how the message is framed, routed,
 * authenticated or understood.
 */
static const char *const not_in_trailer[] = { "Content-Length",
					      "Host",
					      "Trailer",
					      "Authorization",
					      "Cookie",
					      "Set-Cookie",
					      "WWW-Authenticate",
					      "Cache-Control",
					      "Expect",
					      "Max-Forwards",
					      "Pragma",
					      "Range",
					      "Accept-Ranges",
					      "If-Match",
					      "If-None-Match",
					      "If-Modified-Since",
					      "If-Unmodified-Since",
					      "If-Range",
					      "Age",
					      "Date",
					      "Expires",
					      "Location",
					      "Retry-After",
					      "Vary",
					      "Warning",
					      "Via",
					      "Forwarded",
					      "X-Forwarded-For",
					      NULL };

static void fail(struct http_body *b, const char *error)
{
	b->state = FAILED;
	b->error = error;
}

/*
 * Takes @len bytes, passed on or dropped. Return: false, with nothing taken,
 * if these do not follow what this call has already to pass on.
 */
static bool take(struct http_body_part *p, const char *bytes, size_t len,
		 bool pass)
{
	if (pass && p->out_len > 0 && p->out + p->out_len != bytes + p->taken)
		return false;
	if (pass && p->out_len == 0)
		p->out = bytes + p->taken;
	if (pass)
		p->out_len += len;
	p->taken += len;
	return true;
}

/*
 * Finds the line's end in the @n bytes that there are. @ret_len is its length
 * with the CRLF.
 */
static enum line find_line(struct http_body *b, const char *s, size_t n,
			   size_t *ret_len)
{
	size_t end = n < HTTP_BODY_LINE_MAX ? n : HTTP_BODY_LINE_MAX;

	for (size_t i = 0; i < end; i++) {
		unsigned char c = (unsigned char)s[i];
		bool after_cr = i > 0 && s[i - 1] == '\r';

		if (c == '\n' && after_cr) {
			*ret_len = i + 1;
			return LINE_WHOLE;
		}
		if (after_cr || c == '\n') {
			fail(b, "a line of a chunked body ends in a bare CR "
				"or LF");
			return LINE_BAD;
		}
		if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f) {
			fail(b, "a line of a chunked body has a control byte");
			return LINE_BAD;
		}
	}
	if (end == HTTP_BODY_LINE_MAX) {
		fail(b, "a line of a chunked body is too long");
		return LINE_BAD;
	}
	return LINE_MORE;
}

static size_t skip_blanks(const char *s, size_t n, size_t i)
{
	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	return i;
}

static size_t skip_token(const char *s, size_t n, size_t i)
{
	while (i < n && http_is_token_byte((unsigned char)s[i]))
		i++;
	return i;
}

/* Return: behind the closing quote; @i, which is the opening one, if none. */
static size_t skip_quoted(const char *s, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n; k++) {
		if (s[k] == '"')
			return k + 1;
		if (s[k] == '\\')
			k++;
	}
	return i;
}

/* chunk-ext, RFC 9112 7.1.1; it begins with its ';'. */
static bool extensions_are_right(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t from;

		i = skip_blanks(s, n, i);
		if (i == n || s[i] != ';')
			return false;
		from = skip_blanks(s, n, i + 1);
		i = skip_token(s, n, from);
		if (i == from)
			return false;
		from = skip_blanks(s, n, i);
		if (from == n || s[from] != '=')
			continue;
		from = skip_blanks(s, n, from + 1);
		i = from < n && s[from] == '"' ? skip_quoted(s, n, from)
					       : skip_token(s, n, from);
		if (i == from)
			return false;
	}
	return true;
}

/* A whole size line of @len bytes, CRLF and all, at what is to be taken. */
static void parse_size_line(struct http_body *b, const char *bytes, size_t len,
			    struct http_body_part *p)
{
	const char *s = bytes + p->taken;
	size_t digits = 0, rest;

	b->left = 0;
	while (digits < len && parse_hex_digit(s[digits]) >= 0) {
		if (digits == SIZE_DIGITS_MAX) {
			fail(b, "a chunk's size has too many digits");
			return;
		}
		b->left = b->left << 4 | (uint64_t)parse_hex_digit(s[digits++]);
	}
	rest = len - digits - 2;
	if (digits == 0 || (rest > 0 && s[digits] != ';')) {
		fail(b, "a chunk's size is not a hexadecimal number");
		return;
	}
	if (b->left > INT64_MAX) {
		fail(b, "a chunk is too large");
		return;
	}
	if (!extensions_are_right(s + digits, rest)) {
		fail(b, "a chunk's extension is not a name and a value");
		return;
	}
	b->extensions += (uint32_t)rest;
	if (b->extensions > HTTP_BODY_EXTENSIONS_MAX) {
		fail(b, "there are too many chunk extensions");
		return;
	}
	b->state = IN_SIZE_END;
	(void)take(p, bytes, digits, !b->bare);
	(void)take(p, bytes, rest, false);
}

static bool is_forbidden(const char *name, size_t n)
{
	return http_is_one_of(name, n, not_in_trailer) ||
	       http_is_hop_by_hop(name, n) || http_is_netleash_field(name, n) ||
	       (n >= 8 && http_is_word(name, 8, "Content-"));
}

/* A whole trailer line, or the empty line that ends the body. */
static void parse_trailer(struct http_body *b, const char *bytes, size_t len,
			  struct http_body_part *p)
{
	const char *s = bytes + p->taken;
	size_t name = skip_token(s, len, 0);

	if (len == 2) {
		b->state = DONE;
		(void)take(p, bytes, len, !b->bare);
		return;
	}
	if (name == 0 || s[name] != ':') {
		fail(b, "a line of the trailer is not a field");
		return;
	}
	b->trailer += (uint32_t)len;
	if (b->trailer > HTTP_BODY_TRAILER_MAX) {
		fail(b, "the trailer is too large");
		return;
	}
	if (b->bare || is_forbidden(s, name)) {
		(void)take(p, bytes, len, false);
		return;
	}
	(void)take(p, bytes, len, true);
	p->trailer = true;
}

/* Room for a line's span to begin: nothing waits before a gap. */
static bool joins(const struct http_body_part *p, const char *bytes)
{
	return p->out_len == 0 || p->out + p->out_len == bytes + p->taken;
}

/* A field of a trailer, which nothing else must be before in its span. */
static bool begins_trailer(const struct http_body *b, size_t len,
			   const struct http_body_part *p)
{
	return b->state == IN_TRAILER && len > 2 && p->out_len > 0 &&
	       !p->trailer;
}

static enum http_body_verdict step_line(struct http_body *b, const char *bytes,
					size_t n, struct http_body_part *p)
{
	size_t len = 0;

	if (!joins(p, bytes))
		return HTTP_BODY_AGAIN;
	switch (find_line(b, bytes + p->taken, n - p->taken, &len)) {
	case LINE_MORE:
		return HTTP_BODY_MORE;
	case LINE_BAD:
		return HTTP_BODY_BAD;
	case LINE_WHOLE:
		break;
	}
	if (begins_trailer(b, len, p))
		return HTTP_BODY_AGAIN;
	if (b->state == IN_SIZE)
		parse_size_line(b, bytes, len, p);
	else
		parse_trailer(b, bytes, len, p);
	return HTTP_BODY_AGAIN;
}

/* The CRLF behind a chunk's size, which has been seen, or behind its bytes. */
static enum http_body_verdict step_end(struct http_body *b, const char *bytes,
				       size_t n, struct http_body_part *p)
{
	const char *s = bytes + p->taken;
	size_t there = n - p->taken;

	if ((there > 0 && s[0] != '\r') || (there > 1 && s[1] != '\n')) {
		fail(b, "a chunk's bytes do not end where its size says");
		return HTTP_BODY_BAD;
	}
	if (there < 2)
		return HTTP_BODY_MORE;
	if (!take(p, bytes, 2, !b->bare))
		return HTTP_BODY_AGAIN;
	if (b->state == IN_CONTENT_END)
		b->state = IN_SIZE;
	else
		b->state = b->left > 0 ? IN_CONTENT : IN_TRAILER;
	return HTTP_BODY_AGAIN;
}

static enum http_body_verdict step_content(struct http_body *b,
					   const char *bytes, size_t n,
					   struct http_body_part *p)
{
	size_t part = n - p->taken;

	if (b->state != IN_ENDLESS && part > b->left)
		part = (size_t)b->left;
	if (part == 0)
		return HTTP_BODY_MORE;
	if (!take(p, bytes, part, true))
		return HTTP_BODY_AGAIN;
	b->passed += part;
	if (b->state == IN_ENDLESS)
		return HTTP_BODY_AGAIN;
	b->left -= part;
	if (b->left == 0)
		b->state = b->state == IN_LENGTH ? DONE : IN_CONTENT_END;
	return HTTP_BODY_AGAIN;
}

static enum http_body_verdict step(struct http_body *b, const char *bytes,
				   size_t n, struct http_body_part *p)
{
	switch ((enum state)b->state) {
	case IN_SIZE:
	case IN_TRAILER:
		return step_line(b, bytes, n, p);
	case IN_SIZE_END:
	case IN_CONTENT_END:
		return step_end(b, bytes, n, p);
	case IN_CONTENT:
	case IN_LENGTH:
	case IN_ENDLESS:
		return step_content(b, bytes, n, p);
	case DONE:
		return HTTP_BODY_END;
	case FAILED:
		break;
	}
	return HTTP_BODY_BAD;
}

void http_body_init(struct http_body *b, const struct http_framing *f,
		    bool bare)
{
	*b = (struct http_body){ .bare = bare };
	switch (f->body) {
	case HTTP_FRAMING_NONE:
		b->state = DONE;
		break;
	case HTTP_FRAMING_LENGTH:
		b->left = f->length;
		b->state = b->left > 0 ? IN_LENGTH : DONE;
		break;
	case HTTP_FRAMING_CHUNKED:
		b->state = IN_SIZE;
		break;
	case HTTP_FRAMING_UNTIL_CLOSE:
		b->state = IN_ENDLESS;
		break;
	}
}

enum http_body_verdict http_body_parse(struct http_body *b, const char *bytes,
				       size_t n, struct http_body_part *ret)
{
	enum http_body_verdict v;
	size_t before;
	unsigned state;

	*ret = (struct http_body_part){ .out = bytes };
	/* A step that changes nothing waits for the caller. */
	do {
		before = ret->taken;
		state = b->state;
		v = step(b, bytes, n, ret);
	} while (v == HTTP_BODY_AGAIN &&
		 (ret->taken != before || b->state != state));
	return v;
}

enum http_body_verdict http_body_finish(struct http_body *b)
{
	if (b->state == IN_ENDLESS)
		b->state = DONE;
	else if (b->state != DONE && b->state != FAILED)
		fail(b, "the body was cut short");
	return b->state == DONE ? HTTP_BODY_END : HTTP_BODY_BAD;
}
