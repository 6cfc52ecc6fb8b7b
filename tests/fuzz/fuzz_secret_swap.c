/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_secret_swap.c - values change, and those of requests back
 *
 * The input is text to look for, text to put in its place, and a head, parted
 * by NULs; the second is also a field's name where it is a token.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/http_syntax.h"
#include "proxy/secret_field.h"
#include "proxy/secret_swap.h"
#include "proxy/secret_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 256

static void expect(bool holds)
{
	if (!holds)
		abort();
}

/* Up to a NUL, without control bytes, as secrets are. */
static size_t take_text(const uint8_t **data, size_t *size, char ret[TEXT_MAX])
{
	size_t n = 0;

	while (*size > 0 && **data) {
		if (n + 1 < TEXT_MAX && **data >= 0x20 && **data != 0x7f)
			ret[n++] = (char)**data;
		(*data)++;
		(*size)--;
	}
	if (*size > 0) {
		(*data)++;
		(*size)--;
	}
	ret[n] = '\0';
	return n;
}

static size_t line_at(const struct strbuf *b, size_t at)
{
	const char *end = memchr(b->s + at, '\n', b->len - at);

	return end ? (size_t)(end - b->s) + 1 - at : b->len - at;
}

/* Without the value; all of it where there is none. */
static size_t name_at(const struct strbuf *b, size_t at, size_t n)
{
	const char *colon = at > 0 ? memchr(b->s + at, ':', n) : NULL;

	return colon ? (size_t)(colon - b->s) + 1 - at : n;
}

/* The same lines by number, and the same up to their values. */
static void expect_same_names(const struct strbuf *a, const struct strbuf *b)
{
	size_t i = 0, k = 0;

	while (i < a->len && k < b->len) {
		size_t n = line_at(a, i), m = line_at(b, k);
		size_t name = name_at(a, i, n);

		expect(name == name_at(b, k, m) &&
		       memcmp(a->s + i, b->s + k, name) == 0);
		i += n;
		k += m;
	}
	expect(i == a->len && k == b->len);
}

/* A byte that is nowhere: what it replaces can be found again. */
static bool find_mark(const struct strbuf *head, const char *from,
		      char ret_mark[2])
{
	for (int c = 0x21; c < 0x7f; c++)
		if (!strchr(from, c) &&
		    (head->len == 0 || !memchr(head->s, c, head->len))) {
			ret_mark[0] = (char)c;
			ret_mark[1] = '\0';
			return true;
		}
	return false;
}

/* What netleash itself says of the message is not to be swapped. */
static bool is_its_own(const char *line, size_t name)
{
	static const char *const own[] = { "Host",	 "Content-Length",
					   "Connection", "Transfer-Encoding",
					   "Upgrade",	 "Max-Forwards" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (name == strlen(own[i]) + 1 && line[name - 1] == ':' &&
		    http_is_word(line, name - 1, own[i]))
			return true;
	return false;
}

/* In a request some fields are swapped, and all of each of these. */
static void expect_carriers_alone(const struct strbuf *was,
				  const struct strbuf *is, const char *from)
{
	size_t i = 0, k = 0;

	while (i < was->len && k < is->len) {
		const char *line = is->s + k;
		size_t n = line_at(was, i), m = line_at(is, k);
		size_t name = name_at(is, k, m);

		if (name > 0 && line[name - 1] == ':' &&
		    secret_field_carries(line, name - 1))
			expect(!memmem(line + name, m - name, from,
				       strlen(from)));
		else
			expect(n == m && memcmp(was->s + i, line, n) == 0);
		i += n;
		k += m;
	}
}

/* Base64 is another text when it comes back: its bytes have changed. */
static bool has_basic(const struct strbuf *head)
{
	for (size_t i = 0; i + 5 <= head->len; i++)
		if (http_is_word(head->s + i, 5, "basic"))
			return true;
	return false;
}

static void expect_there_and_back(const struct strbuf *head, const char *from)
{
	struct strbuf b = STRBUF_INIT;
	char mark[2];

	if (!find_mark(head, from, mark) || has_basic(head))
		return;
	strbuf_add(&b, head->s, head->len);
	secret_swap(&b, from, mark);
	expect_same_names(head, &b);
	expect_carriers_alone(head, &b, from);
	secret_swap(&b, mark, from);
	expect(b.len == head->len &&
	       (b.len == 0 || memcmp(b.s, head->s, b.len) == 0));
	strbuf_fini(&b);
}

/* Of an answer nothing is left of it in any value. */
static void expect_hidden(const struct strbuf *head, const char *from)
{
	struct strbuf b = STRBUF_INIT;
	char mark[2];

	/* What is put into base64 may be it by chance. */
	if (!find_mark(head, from, mark) ||
	    strlen(from) >= SECRET_TEXT_BASE64_MIN)
		return;
	strbuf_add(&b, head->s, head->len);
	secret_swap_answer(&b, from, mark);
	for (size_t at = 0, n; at < b.len; at += n) {
		size_t name;

		n = line_at(&b, at);
		name = name_at(&b, at, n);
		expect(at == 0 || is_its_own(b.s + at, name) ||
		       !memmem(b.s + at + name, n - name, from, strlen(from)));
	}
	strbuf_fini(&b);
}

/* Each field of that name is the one that was set, before an empty line. */
static void expect_field(const struct strbuf *head, const char *name,
			 const char *secret)
{
	struct strbuf b = STRBUF_INIT, want = STRBUF_INIT;
	size_t empties = 0, found = 0;

	if (head->len == 0 || head->s[0] == '\r' || head->s[0] == '\n')
		return; /* no start line */
	strbuf_add(&b, head->s, head->len);
	secret_set_field(&b, name, "x {} y", secret);
	strbuf_addf(&want, "%s: x %s y\r\n", name, secret);
	for (size_t at = 0, n; at < b.len; at += n) {
		size_t k = name_at(&b, at, n = line_at(&b, at));

		empties += b.s[at] == '\r' || b.s[at] == '\n';
		if (at == 0 || k != strlen(name) + 1 ||
		    b.s[at + k - 1] != ':' ||
		    !http_is_word(b.s + at, k - 1, name))
			continue;
		expect(n == want.len && memcmp(b.s + at, want.s, n) == 0);
		found++;
	}
	expect(found == empties);
	strbuf_fini(&b);
	strbuf_fini(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char from[TEXT_MAX], to[TEXT_MAX];
	struct strbuf head = STRBUF_INIT, b = STRBUF_INIT;
	size_t from_n = take_text(&data, &size, from);
	size_t to_n = take_text(&data, &size, to);

	if (from_n == 0)
		return 0;
	strbuf_add(&head, (const char *)data, size);
	expect_there_and_back(&head, from);
	expect_hidden(&head, from);
	if (http_is_token(to, to_n))
		expect_field(&head, to, from);
	strbuf_add(&b, head.s, head.len);
	secret_swap(&b, from, to);
	expect_same_names(&head, &b);
	secret_swap_answer(&b, from, to);
	secret_swap_trailer(&b, from, to);
	strbuf_fini(&b);
	strbuf_fini(&head);
	return 0;
}
