/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_framing.c - where a message ends, and what its head asks of us
 *
 * In:         heads that http_head.c has let pass
 * Out:        struct http_framing, or the first thing that is wrong
 * Steps:      Connection -> Content-Length and Transfer-Encoding -> what the
 *             method or the status makes of them -> Upgrade, Expect
 * Invariants: a body is never guessed; what is not understood is an error;
 *             each field is looked at a few times, however many there are
 * References: RFC 9112 sections 3.2, 6 and 9.3; RFC 9110 sections 7.6, 7.8,
 *             8.6, 9.3 and 10.1.1
 */
#include "proxy/http_framing.h"

#include <string.h>

#include "common/parse.h"
#include "proxy/http_syntax.h"

/* 2^63-1 has as many; more digits would be leading zeros. */
#define LENGTH_DIGITS_MAX 19

/*
 * What Connection may not take away: it would change what the message means,
 * or where it ends, for one side only (RFC 9110 7.6.1).
 */
static const char *const end_to_end[] = { "Host",
					  "Content-Length",
					  "Transfer-Encoding",
					  "Content-Type",
					  "Content-Encoding",
					  "Content-Range",
					  "Authorization",
					  "Cookie",
					  "Set-Cookie",
					  "WWW-Authenticate",
					  "Cache-Control",
					  "Expect",
					  "Location",
					  "Trailer",
					  "Range",
					  NULL };

static const char *check_connection(const struct http_head *h,
				    const char *bytes)
{
	struct http_options o;

	if (!http_options_find(h, bytes, &o))
		return "Connection has too many options";
	for (size_t i = 0; i < o.n; i++) {
		if (!http_is_token(o.v[i].s, o.v[i].n))
			return "an option of Connection is not a token";
		if (http_is_one_of(o.v[i].s, o.v[i].n, end_to_end) ||
		    http_is_netleash_field(o.v[i].s, o.v[i].n))
			return "Connection names a field that is for the other "
			       "end";
	}
	return NULL;
}

static const char *parse_length(const struct http_field *f, uint64_t *ret)
{
	uint64_t value = 0;

	if (f->value_len == 0 || f->value_len > LENGTH_DIGITS_MAX)
		return "Content-Length has no digits, or too many";
	for (size_t i = 0; i < f->value_len; i++) {
		unsigned char c = (unsigned char)f->value[i];

		if (c < '0' || c > '9')
			return "Content-Length is not a number";
		value = value * 10 + (c - '0');
	}
	/* Nineteen digits fit into 64 bits without a carry. */
	if (value > INT64_MAX)
		return "Content-Length is too large";
	*ret = value;
	return NULL;
}

/*
 * Programs behind gateways see '-' and '_' in a name as the same: to them
 * "Content_Length" is a second length.
 */
static bool looks_like(const struct http_field *f, const char *before,
		       const char *after)
{
	size_t n = strlen(before);

	return f->name_len == n + 1 + strlen(after) && f->name[n] == '_' &&
	       http_is_word(f->name, n, before) &&
	       http_is_word(f->name + n + 1, f->name_len - n - 1, after);
}

/* What the fields say of a body; NONE where they say nothing. */
static const char *read_fields(const struct http_head *h, const char *bytes,
			       struct http_framing *fr)
{
	size_t lengths = 0, codings = 0, cursor = 0;
	struct http_field f, coding = { 0 }, length = { 0 };

	while (http_head_next(h, bytes, &cursor, &f)) {
		if (looks_like(&f, "Content", "Length") ||
		    looks_like(&f, "Transfer", "Encoding"))
			return "a field's name has '_' in the place of '-', "
			       "and would frame the body";
		if (http_is_word(f.name, f.name_len, "Content-Length")) {
			length = f;
			lengths++;
		} else if (http_is_word(f.name, f.name_len,
					"Transfer-Encoding")) {
			coding = f;
			codings++;
		}
	}
	if (lengths > 0 && codings > 0)
		return "there are both Content-Length and Transfer-Encoding";
	if (lengths > 1)
		return "there is more than one Content-Length";
	if (codings > 1)
		return "there is more than one Transfer-Encoding";
	if (lengths == 1) {
		fr->announced = HTTP_FRAMING_LENGTH;
		return parse_length(&length, &fr->length);
	}
	if (codings == 1) {
		if (!http_is_word(coding.value, coding.value_len, "chunked"))
			return "Transfer-Encoding is not \"chunked\"";
		if (fr->minor_version == 0)
			return "HTTP/1.0 has no Transfer-Encoding";
		fr->announced = HTTP_FRAMING_CHUNKED;
	}
	return NULL;
}

/* Both sides of a WebSocket handshake say the same two things. */
static bool names_websocket(const struct http_head *h, const char *bytes)
{
	return http_list_has(h, bytes, "Connection", "Upgrade") &&
	       http_list_has(h, bytes, "Upgrade", "websocket");
}

static const char *check_expect(const struct http_head *h, const char *bytes,
				struct http_framing *fr)
{
	struct http_field f;
	size_t n = http_head_find(h, bytes, "Expect", &f);

	if (n == 0)
		return NULL;
	if (n > 1 || !http_is_word(f.value, f.value_len, "100-continue"))
		return "Expect is not \"100-continue\"";
	/* In HTTP/1.0, and without a body, it means nothing. */
	fr->expect_continue =
		fr->minor_version == 1 && fr->body != HTTP_FRAMING_NONE &&
		!(fr->body == HTTP_FRAMING_LENGTH && fr->length == 0);
	return NULL;
}

/* OPTIONS and TRACE say how far they may go (RFC 9110 7.6.2). */
static const char *check_max_forwards(const struct http_head *h,
				      const char *bytes)
{
	struct http_field f;
	uint32_t left;
	size_t n = http_head_find(h, bytes, "Max-Forwards", &f);

	if (n == 0 || (!http_span_is(&h->method, bytes, "OPTIONS") &&
		       !http_span_is(&h->method, bytes, "TRACE")))
		return NULL;
	if (n > 1 || parse_u32(f.value, f.value_len, &left) < 0)
		return "Max-Forwards is not a number";
	return left > 0 ? NULL : "Max-Forwards ends at this proxy";
}

const char *http_framing_request(const struct http_head *h, const char *bytes,
				 struct http_framing *ret)
{
	struct http_framing fr = { .minor_version = h->minor_version };
	const char *error;

	fr.head = http_span_is(&h->method, bytes, "HEAD");
	fr.connect = http_span_is(&h->method, bytes, "CONNECT");
	error = check_connection(h, bytes);
	if (!error)
		error = read_fields(h, bytes, &fr);
	if (error)
		return error;
	if ((fr.connect || http_span_is(&h->method, bytes, "TRACE")) &&
	    (fr.announced == HTTP_FRAMING_CHUNKED || fr.length > 0))
		return "a request of this method has no body";
	fr.body = fr.announced;
	error = check_expect(h, bytes, &fr);
	if (!error)
		error = check_max_forwards(h, bytes);
	if (error)
		return error;

	/* A proxy keeps no connection of HTTP/1.0 (RFC 9112 9.3). */
	fr.keep_alive = fr.minor_version == 1 &&
			!http_list_has(h, bytes, "Connection", "close");
	fr.upgrade = fr.minor_version == 1 &&
		     http_span_is(&h->method, bytes, "GET") &&
		     fr.body == HTTP_FRAMING_NONE && names_websocket(h, bytes);
	*ret = fr;
	return NULL;
}

/* After 1xx and 204 there is no body, and nothing may announce one. */
static const char *forget_body(struct http_framing *fr)
{
	if (fr->announced == HTTP_FRAMING_CHUNKED || fr->length > 0)
		return "a response without a body announces one";
	fr->announced = HTTP_FRAMING_NONE;
	return NULL;
}

static bool may_be_kept(const struct http_head *h, const char *bytes,
			const struct http_framing *fr)
{
	if (fr->body == HTTP_FRAMING_UNTIL_CLOSE ||
	    http_list_has(h, bytes, "Connection", "close"))
		return false;
	return fr->minor_version == 1 ||
	       http_list_has(h, bytes, "Connection", "keep-alive");
}

const char *http_framing_response(const struct http_response *r,
				  const char *bytes,
				  const struct http_framing *request,
				  struct http_framing *ret)
{
	struct http_framing fr = { .minor_version = r->minor_version };
	const struct http_head *h = &r->head;
	const char *error;

	bytes = http_response_bytes(r, bytes);
	if (request->connect && r->status / 100 == 2) {
		*ret = fr;
		return NULL;
	}
	error = check_connection(h, bytes);
	if (!error)
		error = read_fields(h, bytes, &fr);
	if (!error && (r->status < 200 || r->status == 204))
		error = forget_body(&fr);
	if (error)
		return error;

	if (r->status == 101) {
		if (!request->upgrade || !names_websocket(h, bytes))
			return "it switches to a protocol that was not asked "
			       "for";
		fr.upgrade = true;
	}
	fr.interim = r->status < 200 && r->status != 101;
	if (r->status < 200 || r->status == 204 || r->status == 304 ||
	    request->head)
		fr.body = HTTP_FRAMING_NONE;
	else if (fr.announced == HTTP_FRAMING_NONE)
		fr.body = fr.announced = HTTP_FRAMING_UNTIL_CLOSE;
	else
		fr.body = fr.announced;
	fr.keep_alive = may_be_kept(h, bytes, &fr);
	*ret = fr;
	return NULL;
}

uint16_t http_framing_default_port(enum scheme scheme)
{
	switch (scheme) {
	case SCHEME_HTTP:
	case SCHEME_WS:
		return 80;
	case SCHEME_HTTPS:
	case SCHEME_WSS:
		return 443;
	case SCHEME_NONE:
		break;
	}
	return 0;
}

const char *http_framing_check_host(const struct http_head *h,
				    const char *bytes, const struct target *t)
{
	struct http_field f;
	enum target_err err;
	struct target host;
	size_t n = http_head_find(h, bytes, "Host", &f);

	if (n == 0 && h->minor_version == 0)
		return NULL;
	if (n != 1)
		return "there is no Host field, or more than one";
	err = target_parse_authority(f.value, f.value_len, &host, NULL);
	if (err == TARGET_NO_PORT) {
		err = target_parse_host(f.value, f.value_len, true, &host,
					NULL);
		host.port = http_framing_default_port(t->scheme);
	}
	if (err != TARGET_OK)
		return "the Host field is not a host and a port";
	if (host.port != t->port || strcmp(host.host, t->host) != 0)
		return "the Host field names another host than the target";
	return NULL;
}
