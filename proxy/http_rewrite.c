/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_rewrite.c - a head for the next hop, made from the one that came
 *
 * In:         a head and its framing, the target that policy has allowed
 * Out:        bytes of a head
 * Steps:      start line -> Host -> the fields that go on -> framing ->
 *             Connection -> the caller's lines -> the empty line
 * Invariants: what framing and routing depend on comes from parsed values,
 *             never from the bytes; nothing gets in that the head's parser
 *             has not let pass
 * References: RFC 9112 sections 3.2 and 6; RFC 9110 sections 6.6.2, 7.6, 7.8
 *             and 10.1
 *
 * No Via is added, though RFC 9110 7.6.3 asks for it: servers answer
 * differently when they see one (nginx, for one, leaves compression out), and
 * the command is to see what it would see without netleash. What Via is for,
 * finding loops, cannot happen here: netleash never dials its own door.
 */
#include "proxy/http_rewrite.h"

#include <assert.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "common/parse.h"
#include "proxy/http_syntax.h"

static void add_field(struct strbuf *out, const struct http_field *f)
{
	strbuf_add(out, f->name, f->name_len);
	strbuf_adds(out, ": ");
	strbuf_add(out, f->value, f->value_len);
	strbuf_adds(out, "\r\n");
}

static void add_span(struct strbuf *out, const char *bytes,
		     const struct http_span *s)
{
	strbuf_add(out, bytes + s->at, s->len);
}

/* The port stands there only where the scheme does not say it. */
static void add_host(struct strbuf *out, const struct target *t)
{
	bool brackets = t->is_addr && t->addr.family == AF_INET6;

	strbuf_addf(out, brackets ? "[%s]" : "%s", t->host);
	if (t->port != http_framing_default_port(t->scheme))
		strbuf_addf(out, ":%u", (unsigned)t->port);
}

static const char *scheme_text(enum scheme s)
{
	switch (s) {
	case SCHEME_HTTPS:
	case SCHEME_WSS:
		return "https://";
	case SCHEME_NONE:
	case SCHEME_HTTP:
	case SCHEME_WS:
		break;
	}
	return "http://";
}

/*
 * OPTIONS without a path asks about the whole server: "*" to the server, no
 * path at all to a proxy (RFC 9112 3.2.4).
 */
static void add_target(struct strbuf *out,
		       const struct http_rewrite_request *how, bool options)
{
	const struct target *t = how->target;

	if (how->absolute) {
		strbuf_adds(out, scheme_text(t->scheme));
		add_host(out, t);
	}
	if (t->path_len == 0 && options) {
		strbuf_adds(out, how->absolute ? "" : "*");
		return;
	}
	if (t->path_len == 0 || t->path[0] == '?')
		strbuf_addc(out, '/');
	strbuf_add(out, t->path, t->path_len);
}

/* Fields that are for one connection, or that are written anew. */
static bool ends_here(const struct http_options *options,
		      const struct http_field *f)
{
	return http_is_hop_by_hop(f->name, f->name_len) ||
	       http_is_word(f->name, f->name_len, "Content-Length") ||
	       http_options_have(options, f->name, f->name_len);
}

static void add_framing(struct strbuf *out, enum http_framing_kind kind,
			uint64_t length)
{
	switch (kind) {
	case HTTP_FRAMING_LENGTH:
		strbuf_addf(out, "Content-Length: %" PRIu64 "\r\n", length);
		break;
	case HTTP_FRAMING_CHUNKED:
		strbuf_adds(out, "Transfer-Encoding: chunked\r\n");
		break;
	case HTTP_FRAMING_NONE:
	case HTTP_FRAMING_UNTIL_CLOSE:
		break;
	}
}

static void add_end(struct strbuf *out, bool upgrade, bool close,
		    const char *extra)
{
	if (upgrade)
		strbuf_adds(out, "Connection: Upgrade\r\n"
				 "Upgrade: websocket\r\n");
	else if (close)
		strbuf_adds(out, "Connection: close\r\n");
	if (extra)
		strbuf_adds(out, extra);
	strbuf_adds(out, "\r\n");
}

/* One hop less; http_framing_request() has refused what is not above zero. */
static void add_max_forwards(struct strbuf *out, const struct http_field *f)
{
	uint32_t left;

	if (parse_u32(f->value, f->value_len, &left) == 0 && left > 0)
		strbuf_addf(out, "Max-Forwards: %" PRIu32 "\r\n", left - 1);
}

void http_rewrite_request(const struct http_head *h, const char *bytes,
			  const struct http_rewrite_request *how,
			  struct strbuf *out)
{
	const struct http_framing *fr = how->framing;
	bool options = http_span_is(&h->method, bytes, "OPTIONS");
	bool counted = options || http_span_is(&h->method, bytes, "TRACE");
	struct http_options connection;
	size_t cursor = 0;
	struct http_field f;

	assert(!how->upgrade || fr->upgrade);
	add_span(out, bytes, &h->method);
	strbuf_addc(out, ' ');
	add_target(out, how, options);
	strbuf_adds(out, " HTTP/1.1\r\nHost: ");
	add_host(out, how->target);
	strbuf_adds(out, "\r\n");

	(void)http_options_find(h, bytes, &connection); /* not too many */
	while (http_head_next(h, bytes, &cursor, &f)) {
		if (ends_here(&connection, &f) ||
		    http_is_word(f.name, f.name_len, "Host"))
			continue;
		/* Whoever expects nothing must not be made to wait. */
		if (!fr->expect_continue &&
		    http_is_word(f.name, f.name_len, "Expect"))
			continue;
		/* Announces fields of a trailer: none without chunks. */
		if (fr->body != HTTP_FRAMING_CHUNKED &&
		    http_is_word(f.name, f.name_len, "Trailer"))
			continue;
		if (counted && http_is_word(f.name, f.name_len, "Max-Forwards"))
			add_max_forwards(out, &f);
		else
			add_field(out, &f);
	}
	add_framing(out, fr->body, fr->length);
	add_end(out, how->upgrade, how->close, how->extra);
}

void http_rewrite_response(const struct http_response *r, const char *bytes,
			   const struct http_rewrite_response *how,
			   struct strbuf *out)
{
	const char *head_bytes = http_response_bytes(r, bytes);
	const struct http_framing *fr = how->framing;
	bool chunks = fr->announced == HTTP_FRAMING_CHUNKED && !how->bare;
	struct http_options connection;
	size_t cursor = 0;
	struct http_field f;

	assert(how->close ||
	       (fr->body != HTTP_FRAMING_UNTIL_CLOSE && !how->bare));
	strbuf_addf(out, "HTTP/1.1 %u ", r->status);
	add_span(out, bytes, &r->phrase);
	strbuf_adds(out, "\r\n");

	(void)http_options_find(&r->head, head_bytes, &connection);
	while (http_head_next(&r->head, head_bytes, &cursor, &f)) {
		if (ends_here(&connection, &f) ||
		    http_is_netleash_field(f.name, f.name_len))
			continue;
		if (!chunks && http_is_word(f.name, f.name_len, "Trailer"))
			continue;
		add_field(out, &f);
	}
	if (chunks || fr->announced != HTTP_FRAMING_CHUNKED)
		add_framing(out, fr->announced, fr->length);
	/* An interim response says nothing about the connection. */
	add_end(out, fr->upgrade, how->close && !fr->interim, how->extra);
}
