/* SPDX-License-Identifier: MIT */
/*
 * tests/support/strict_http.c - HTTP/1.1 read once more, by other code
 *
 * Recursive descent over a cursor. A step that meets the end of the bytes sets
 * MORE, one that meets a wrong byte BAD; both stick, and every step after that
 * does nothing.
 */
#include "tests/support/strict_http.h"

#include <string.h>
#include <strings.h>

struct reader {
	const char *bytes;
	size_t n, at;
	enum strict_verdict verdict;
	const char *why;
};

static bool going(const struct reader *r)
{
	return r->verdict == STRICT_OK;
}

static void fail(struct reader *r, const char *why)
{
	if (!going(r))
		return;
	r->verdict = STRICT_BAD;
	r->why = why;
}

/* The byte at the cursor, or -1 where the bytes end. */
static int peek(struct reader *r)
{
	if (!going(r))
		return -1;
	if (r->at < r->n)
		return (unsigned char)r->bytes[r->at];
	r->verdict = STRICT_MORE;
	return -1;
}

static void expect(struct reader *r, const char *text)
{
	for (; *text && going(r); text++) {
		int c = peek(r);

		if (c >= 0 && c != (unsigned char)*text)
			fail(r, "another byte stands there");
		else
			r->at++;
	}
}

static bool is_token(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') ||
	       (c > ' ' && c < 0x7f && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_visible(int c)
{
	return c > ' ' && c < 0x7f;
}

static bool is_text(int c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* As many bytes of a kind as there are. */
static struct strict_span take(struct reader *r, bool (*is_kind)(int),
			       size_t least)
{
	struct strict_span s = { r->bytes + r->at, 0 };
	int c;

	while ((c = peek(r)) >= 0 && is_kind(c)) {
		r->at++;
		s.n++;
	}
	if (going(r) && s.n < least)
		fail(r, "something is missing");
	return s;
}

static struct strict_span trim(struct strict_span s)
{
	while (s.n > 0 && (*s.s == ' ' || *s.s == '\t')) {
		s.s++;
		s.n--;
	}
	while (s.n > 0 && (s.s[s.n - 1] == ' ' || s.s[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool strict_is(const struct strict_span *s, const char *text)
{
	return s->n == strlen(text) && strncasecmp(s->s, text, s->n) == 0;
}

static uint64_t number(struct reader *r, const struct strict_span *s,
		       unsigned base, uint64_t max)
{
	uint64_t value = 0;

	if (s->n == 0)
		fail(r, "a number without digits");
	for (size_t i = 0; i < s->n && going(r); i++) {
		int c = (unsigned char)s->s[i] | (base == 16 ? 0x20 : 0);
		unsigned digit = is_digit(c) ? (unsigned)c - '0'
				 : (c >= 'a' && c <= 'f')
					 ? (unsigned)c - 'a' + 10
					 : base;

		if (digit >= base)
			fail(r, "no digit in a number");
		else if (value > (max - digit) / base)
			fail(r, "too large a number");
		else
			value = value * base + digit;
	}
	return value;
}

/* True if the comma-separated list has @word. */
static bool lists(struct strict_span list, const char *word)
{
	while (list.n > 0) {
		const char *comma = memchr(list.s, ',', list.n);
		size_t n = comma ? (size_t)(comma - list.s) : list.n;
		struct strict_span one =
			trim((struct strict_span){ list.s, n });

		if (strict_is(&one, word))
			return true;
		n += comma != NULL;
		list.s += n;
		list.n -= n;
	}
	return false;
}

static void field_means(struct reader *r, struct strict_message *m,
			const struct strict_span *name,
			const struct strict_span *value)
{
	if (strict_is(name, "Host")) {
		if (m->host.s)
			fail(r, "two Host fields");
		m->host = *value;
	} else if (strict_is(name, "Content-Length")) {
		if (m->has_length)
			fail(r, "two lengths");
		m->has_length = true;
		m->length = number(r, value, 10, INT64_MAX);
	} else if (strict_is(name, "Transfer-Encoding")) {
		if (m->has_coding || !strict_is(value, "chunked"))
			fail(r, "codings other than one \"chunked\"");
		m->has_coding = true;
	} else if (strict_is(name, "Connection") && lists(*value, "close")) {
		m->close = true;
	}
}

/* Name, colon, value, CRLF. @m is NULL in a trailer. */
static void read_field(struct reader *r, struct strict_message *m)
{
	struct strict_span name = take(r, is_token, 1), value;

	expect(r, ":");
	value = trim(take(r, is_text, 0));
	expect(r, "\r\n");
	if (going(r) && m)
		field_means(r, m, &name, &value);
}

static void read_fields(struct reader *r, struct strict_message *m)
{
	while (peek(r) >= 0 && r->bytes[r->at] != '\r')
		read_field(r, m);
	expect(r, "\r\n");
}

static void read_version(struct reader *r, struct strict_message *m)
{
	int c;

	expect(r, "HTTP/1.");
	c = peek(r);
	if (c >= 0 && c != '0' && c != '1')
		fail(r, "another version");
	m->minor = c == '1';
	r->at++;
}

static void take_bytes(struct reader *r, uint64_t n, struct strbuf *body)
{
	size_t there = r->n - r->at;

	if (!going(r))
		return;
	if (n < there)
		there = (size_t)n;
	if (body)
		strbuf_add(body, r->bytes + r->at, there);
	r->at += there;
	if (there < n)
		r->verdict = STRICT_MORE;
}

static bool is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void read_chunks(struct reader *r, struct strbuf *body)
{
	uint64_t n;

	do {
		struct strict_span size = take(r, is_hex, 1);

		n = number(r, &size, 16, INT64_MAX);
		(void)take(r, is_text, 0); /* an extension */
		expect(r, "\r\n");
		if (going(r) && n > 0) {
			take_bytes(r, n, body);
			expect(r, "\r\n");
		}
	} while (going(r) && n > 0);
	read_fields(r, NULL);
}

static void read_body(struct reader *r, const struct strict_message *m,
		      bool ended, struct strbuf *body)
{
	switch (m->body) {
	case STRICT_NONE:
		break;
	case STRICT_LENGTH:
		take_bytes(r, m->length, body);
		break;
	case STRICT_CHUNKED:
		read_chunks(r, body);
		break;
	case STRICT_TO_THE_END:
		take_bytes(r, r->n - r->at, body);
		if (!ended)
			r->verdict = STRICT_MORE;
		break;
	}
}

/* What the fields say, before method and status have their say. */
static void end_head(struct reader *r, struct strict_message *m)
{
	if (m->has_length && m->has_coding)
		fail(r, "two framings");
	if (m->has_coding && m->minor == 0)
		fail(r, "a coding in HTTP/1.0");
	m->body = m->has_coding	  ? STRICT_CHUNKED
		  : m->has_length ? STRICT_LENGTH
				  : STRICT_NONE;
	m->head_done = going(r);
	m->head_n = r->at;
}

static enum strict_verdict end_message(struct reader *r,
				       struct strict_message *m)
{
	m->why = r->why;
	m->n = r->at;
	return r->verdict;
}

enum strict_verdict strict_request(const char *bytes, size_t n,
				   struct strict_message *ret,
				   struct strbuf *body)
{
	struct reader r = { .bytes = bytes, .n = n };

	memset(ret, 0, sizeof(*ret));
	ret->method = take(&r, is_token, 1);
	expect(&r, " ");
	ret->target = take(&r, is_visible, 1);
	expect(&r, " ");
	read_version(&r, ret);
	expect(&r, "\r\n");
	read_fields(&r, ret);
	if (going(&r))
		end_head(&r, ret);
	if (going(&r) && strict_is(&ret->method, "CONNECT"))
		ret->body = STRICT_NONE;
	read_body(&r, ret, false, body);
	return end_message(&r, ret);
}

enum strict_verdict strict_response(const char *bytes, size_t n, bool ended,
				    const char *method,
				    struct strict_message *ret,
				    struct strbuf *body)
{
	struct reader r = { .bytes = bytes, .n = n };
	struct strict_span status;
	unsigned s;

	memset(ret, 0, sizeof(*ret));
	read_version(&r, ret);
	expect(&r, " ");
	status = take(&r, is_digit, 3);
	s = ret->status = (unsigned)number(&r, &status, 10, 999);
	if (status.n != 3 || s < 100)
		fail(&r, "the status is no three digits");
	expect(&r, " ");
	(void)take(&r, is_text, 0);
	expect(&r, "\r\n");
	read_fields(&r, ret);
	if (going(&r))
		end_head(&r, ret);
	if (s < 200 || s == 204 || s == 304 || strcmp(method, "HEAD") == 0 ||
	    (strcmp(method, "CONNECT") == 0 && s / 100 == 2))
		ret->body = STRICT_NONE;
	else if (ret->body == STRICT_NONE)
		ret->body = STRICT_TO_THE_END;
	if (going(&r))
		read_body(&r, ret, ended, body);
	return end_message(&r, ret);
}

bool strict_field(const char *bytes, const struct strict_message *m,
		  size_t *cursor, struct strict_span *ret_name,
		  struct strict_span *ret_value)
{
	struct reader r = { .bytes = bytes, .n = m->head_n };

	if (*cursor == 0) /* behind the start line */
		*cursor =
			(size_t)((const char *)memchr(bytes, '\n', m->head_n) -
				 bytes) +
			1;
	r.at = *cursor;
	if (r.at + 2 >= m->head_n)
		return false;
	*ret_name = take(&r, is_token, 1);
	expect(&r, ":");
	*ret_value = trim(take(&r, is_text, 0));
	expect(&r, "\r\n");
	*cursor = r.at;
	return going(&r);
}
