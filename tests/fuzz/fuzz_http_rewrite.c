/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_http_rewrite.c - a head that goes on is read in one way
 *
 * The first byte chooses request or response, and what to do with it. What is
 * written must be a head of the same framing, and writing it once more must
 * change nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/http_rewrite.h"
#include "proxy/http_syntax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT ((size_t)1 << 20)

static void expect_same(const struct http_framing *a,
			const struct http_framing *b)
{
	if (a->body != b->body || a->announced != b->announced ||
	    a->length != b->length || b->minor_version != 1 ||
	    a->expect_continue != b->expect_continue || a->head != b->head)
		abort();
}

static void expect_no_hop_by_hop(const struct http_head *h, const char *bytes,
				 bool response)
{
	size_t cursor = 0;
	struct http_field f;

	while (http_head_next(h, bytes, &cursor, &f)) {
		if (response && http_is_netleash_field(f.name, f.name_len))
			abort();
		if (!http_is_hop_by_hop(f.name, f.name_len))
			continue;
		if (!http_is_word(f.name, f.name_len, "Connection") &&
		    !http_is_word(f.name, f.name_len, "Upgrade") &&
		    !http_is_word(f.name, f.name_len, "Transfer-Encoding"))
			abort();
	}
}

static void request(const char *bytes, size_t n, unsigned how_bits)
{
	struct strbuf out = STRBUF_INIT, again = STRBUF_INIT;
	struct http_rewrite_request how = { .close = how_bits & 4 };
	struct http_framing fr, next;
	struct http_head h, h2;
	struct target t;

	http_head_init(&h, LIMIT, 64);
	if (http_head_parse(&h, bytes, n) != HTTP_HEAD_OK ||
	    http_framing_request(&h, bytes, &fr) ||
	    target_parse_url(bytes + h.target.at, h.target.len, &t, NULL) !=
		    TARGET_OK ||
	    http_framing_check_host(&h, bytes, &t))
		return;
	/* It counts down, and ends: not the same head again. */
	if (http_head_find(&h, bytes, "Max-Forwards", NULL) > 0)
		how_bits |= 32;
	how.target = &t;
	how.framing = &fr;
	how.upgrade = fr.upgrade && how_bits & 8;
	http_rewrite_request(&h, bytes, &how, &out);

	http_head_init(&h2, LIMIT, 70);
	if (http_head_parse(&h2, out.s, out.len) != HTTP_HEAD_OK ||
	    h2.length != out.len || http_framing_check_host(&h2, out.s, &t))
		abort();
	if (how_bits & 32)
		goto out;
	if (http_framing_request(&h2, out.s, &next))
		abort();
	expect_same(&fr, &next);
	if (next.upgrade != how.upgrade || next.keep_alive == how.close)
		if (!how.upgrade)
			abort();
	expect_no_hop_by_hop(&h2, out.s, false);

	how.framing = &next;
	http_rewrite_request(&h2, out.s, &how, &again);
	if (again.len != out.len || memcmp(again.s, out.s, out.len) != 0)
		abort();
out:
	strbuf_fini(&out);
	strbuf_fini(&again);
}

static void response(const char *bytes, size_t n, unsigned how_bits)
{
	struct http_framing asked = { .head = how_bits & 2,
				      .upgrade = how_bits & 4,
				      .connect = how_bits & 8 };
	struct strbuf out = STRBUF_INIT;
	struct http_rewrite_response how = { 0 };
	struct http_framing fr, next;
	struct http_response r, r2;

	http_response_init(&r, LIMIT, 64);
	if (http_response_parse(&r, bytes, n) != HTTP_HEAD_OK ||
	    http_framing_response(&r, bytes, &asked, &fr))
		return;
	how.framing = &fr;
	how.bare = how_bits & 16;
	how.close = how.bare || fr.body == HTTP_FRAMING_UNTIL_CLOSE;
	http_rewrite_response(&r, bytes, &how, &out);

	http_response_init(&r2, LIMIT, 70);
	if (http_response_parse(&r2, out.s, out.len) != HTTP_HEAD_OK ||
	    r2.length != out.len || r2.status != r.status ||
	    http_framing_response(&r2, out.s, &asked, &next))
		abort();
	expect_no_hop_by_hop(&r2.head, http_response_bytes(&r2, out.s), true);
	if (!how.bare && !asked.connect &&
	    (fr.body != next.body || fr.length != next.length ||
	     fr.announced != next.announced || fr.upgrade != next.upgrade))
		abort();
	strbuf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;

	if (size < 1)
		return 0;
	if (data[0] & 1)
		response(bytes, size - 1, data[0]);
	else
		request(bytes, size - 1, data[0]);
	return 0;
}
