/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_http_body.c - a body never crashes the parser, and comes to
 * the same end however it is cut
 *
 * The first byte chooses the framing, the second the cuts. What a chunked
 * body has passed on must be a chunked body with the same content.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/strbuf.h"
#include "proxy/http_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	enum http_body_verdict verdict;
	struct http_body b;
	struct strbuf out;
	size_t taken;
};

static void feed(struct outcome *o, const char *bytes, size_t n)
{
	struct http_body_part part;

	do {
		o->verdict = http_body_parse(&o->b, bytes + o->taken,
					     n - o->taken, &part);
		if (part.taken > n - o->taken || part.out_len > part.taken)
			abort();
		strbuf_add(&o->out, part.out, part.out_len);
		o->taken += part.taken;
	} while (o->verdict == HTTP_BODY_AGAIN);
	if ((o->verdict == HTTP_BODY_BAD) != (o->b.error != NULL))
		abort();
	if (o->verdict == HTTP_BODY_MORE && n - o->taken >= HTTP_BODY_LINE_MAX)
		abort();
}

static void run(const struct http_framing *f, bool bare, const char *bytes,
		size_t n, size_t step, struct outcome *o)
{
	*o = (struct outcome){ .out = STRBUF_INIT };
	http_body_init(&o->b, f, bare);
	for (size_t at = 0; at < n; at += step)
		feed(o, bytes, at);
	feed(o, bytes, n);
}

static void expect_same(const struct outcome *a, const struct outcome *b)
{
	if (a->verdict != b->verdict || a->b.error != b->b.error ||
	    a->taken != b->taken || a->b.passed != b->b.passed ||
	    a->out.len != b->out.len ||
	    (a->out.len > 0 && memcmp(a->out.s, b->out.s, a->out.len) != 0))
		abort();
}

/* The next hop reads what was passed on to just the same end. */
static void expect_understood(const struct http_framing *f,
			      const struct outcome *o)
{
	struct outcome next;

	if (o->verdict != HTTP_BODY_END || o->out.len == 0)
		return;
	run(f, false, o->out.s, o->out.len, o->out.len, &next);
	if (next.verdict != HTTP_BODY_END || next.taken != o->out.len ||
	    next.b.passed != o->b.passed || next.out.len != o->out.len)
		abort();
	strbuf_fini(&next.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum http_framing_kind kinds[] = {
		HTTP_FRAMING_CHUNKED, HTTP_FRAMING_CHUNKED, HTTP_FRAMING_LENGTH,
		HTTP_FRAMING_UNTIL_CLOSE
	};
	const char *bytes = (const char *)data + 2;
	struct http_framing f;
	struct outcome whole, cut;
	bool bare;

	if (size < 2)
		return 0;
	size -= 2;
	f = (struct http_framing){ .body = kinds[data[0] % 4],
				   .length = data[0] };
	bare = data[0] % 4 == 1;
	run(&f, bare, bytes, size, size + 1, &whole);
	run(&f, bare, bytes, size, (size_t)data[1] % 32 + 1, &cut);
	expect_same(&whole, &cut);
	if (data[0] % 4 == 0)
		expect_understood(&f, &whole);
	strbuf_fini(&whole.out);
	strbuf_fini(&cut.out);
	return 0;
}
