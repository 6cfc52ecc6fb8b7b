/* SPDX-License-Identifier: MIT */
/*
 * proxy/secret_swap.c - a credential into the fields of a head, and out again
 */
#include "proxy/secret_swap.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "proxy/secret_field.h"
#include "proxy/secret_text.h"

/**
 * struct line - one of a head, or of a trailer
 * @value: behind the colon; the line's end in the start line
 * @n:     all of it, with its CRLF
 */
struct line {
	const char *s, *value;
	size_t n;
};

/* The line that begins at @at. Return: false past the last. */
static bool next_line(const struct strbuf *lines, bool is_head, size_t at,
		      struct line *ret)
{
	const char *s = lines->s + at, *end, *colon = NULL;
	const size_t left = lines->len - at;

	if (left == 0)
		return false;
	end = memchr(s, '\n', left);
	end = end ? end + 1 : s + left;
	if (!is_head || at > 0)
		colon = memchr(s, ':', (size_t)(end - s));
	*ret = (struct line){ s, colon ? colon + 1 : end, (size_t)(end - s) };
	return true;
}

static void replace(struct strbuf *head, struct strbuf *by)
{
	strbuf_fini(head);
	*head = *by;
}

static bool is_named(const struct line *l, const char *name)
{
	const size_t n = strlen(name);

	return (size_t)(l->value - l->s) == n + 1 && l->s[n] == ':' &&
	       strncasecmp(l->s, name, n) == 0;
}

/*
 * Fields of an answer that netleash has written itself, of what it has
 * understood: nothing of the origin's is in them. A secret may have nothing but
 * digits: were it taken out of a length, the two sides would not end the
 * message at the same place.
 */
static bool is_framing(const struct line *l)
{
	static const char *const names[] = { "Content-Length",
					     "Transfer-Encoding", "Connection",
					     "Upgrade" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (is_named(l, names[i]))
			return true;
	return false;
}

/* What of the status line @l the origin has chosen freely, to its end. */
static const char *phrase_of(const struct line *l)
{
	const char *end = l->s + l->n, *at = l->s;

	for (int blanks = 0; blanks < 2 && at < end; at++)
		blanks += *at == ' ';
	return at;
}

/* Does it have a name, and one of those? */
static bool carries(const struct line *l)
{
	return l->value > l->s && l->value[-1] == ':' &&
	       secret_field_carries(l->s, (size_t)(l->value - l->s) - 1);
}

void secret_swap(struct strbuf *head, const char *from, const char *to)
{
	struct strbuf out = STRBUF_INIT;
	struct line l;

	if (strbuf_failed(head) || head->len == 0)
		return;
	for (size_t at = 0; next_line(head, true, at, &l); at += l.n) {
		const size_t name_n = (size_t)(l.value - l.s);

		if (at == 0 || !carries(&l)) {
			strbuf_add(&out, l.s, l.n);
			continue;
		}
		strbuf_add(&out, l.s, name_n);
		if (is_named(&l, "Authorization"))
			secret_text_swap_authorization(&out, l.value,
						       l.n - name_n, from, to);
		else
			secret_text_swap(&out, l.value, l.n - name_n, from, to);
	}
	replace(head, &out);
}

static void hide(struct strbuf *lines, bool is_head, const char *from,
		 const char *to)
{
	struct strbuf out = STRBUF_INIT;
	struct secret_finder f;
	struct line l;

	if (strbuf_failed(lines) || lines->len == 0)
		return;
	secret_finder_init(&f, from, to);
	for (size_t at = 0; next_line(lines, is_head, at, &l); at += l.n) {
		const char *value = is_framing(&l)	 ? l.s + l.n
				    : is_head && at == 0 ? phrase_of(&l)
							 : l.value;
		const size_t name_n = (size_t)(value - l.s);

		strbuf_add(&out, l.s, name_n);
		secret_finder_hide(&f, &out, value, l.n - name_n);
	}
	replace(lines, &out);
}

void secret_swap_answer(struct strbuf *head, const char *from, const char *to)
{
	hide(head, true, from, to);
}

void secret_swap_trailer(struct strbuf *lines, const char *from, const char *to)
{
	hide(lines, false, from, to);
}

static bool is_empty(const struct line *l)
{
	return l->s[0] == '\r' || l->s[0] == '\n';
}

void secret_set_field(struct strbuf *head, const char *name, const char *value,
		      const char *secret)
{
	struct strbuf out = STRBUF_INIT;
	struct line l;

	if (strbuf_failed(head) || head->len == 0)
		return;
	for (size_t at = 0; next_line(head, true, at, &l); at += l.n) {
		if (is_named(&l, name))
			continue;
		if (is_empty(&l)) {
			strbuf_addf(&out, "%s: ", name);
			secret_text_swap(&out, value, strlen(value), "{}",
					 secret);
			strbuf_adds(&out, "\r\n");
		}
		strbuf_add(&out, l.s, l.n);
	}
	replace(head, &out);
}
