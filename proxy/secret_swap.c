/* SPDX-License-Identifier: MIT */
/*
 * proxy/secret_swap.c - a credential into the fields of a head, and out again
 */
#include "proxy/secret_swap.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"

/**
 * struct line - one of a head
 * @value: behind the colon; the line's end in the start line
 * @n:     all of it, with its CRLF
 */
struct line {
	const char *s, *value;
	size_t n;
};

/* The line that begins at @at. Return: false past the last. */
static bool next_line(const struct strbuf *head, size_t at, struct line *ret)
{
	const char *s = head->s + at, *end, *colon;
	const size_t left = head->len - at;

	if (left == 0)
		return false;
	end = memchr(s, '\n', left);
	end = end ? end + 1 : s + left;
	colon = at > 0 ? memchr(s, ':', (size_t)(end - s)) : NULL;
	*ret = (struct line){ s, colon ? colon + 1 : end, (size_t)(end - s) };
	return true;
}

static void add_swapped(struct strbuf *out, const char *s, size_t n,
			const char *from, const char *to)
{
	const size_t from_n = strlen(from);
	const char *hit;

	while ((hit = memmem(s, n, from, from_n))) {
		strbuf_add(out, s, (size_t)(hit - s));
		strbuf_adds(out, to);
		n -= (size_t)(hit - s) + from_n;
		s = hit + from_n;
	}
	strbuf_add(out, s, n);
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
 * Fields that netleash writes itself, of what it has understood. A secret may
 * have nothing but digits: were it put into a length, or taken out of one, the
 * two sides would not end the message at the same place.
 */
static bool is_framing(const struct line *l)
{
	static const char *const names[] = {
		"Host",	      "Content-Length", "Transfer-Encoding",
		"Connection", "Upgrade",	"Max-Forwards",
	};

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

static void swap(struct strbuf *head, const char *from, const char *to,
		 bool answer)
{
	struct strbuf out = STRBUF_INIT;
	struct line l;

	if (strbuf_failed(head) || head->len == 0 ||
	    !memmem(head->s, head->len, from, strlen(from)))
		return;
	for (size_t at = 0; next_line(head, at, &l); at += l.n) {
		const char *value = is_framing(&l)	? l.s + l.n
				    : answer && at == 0 ? phrase_of(&l)
							: l.value;
		const size_t name_n = (size_t)(value - l.s);

		strbuf_add(&out, l.s, name_n);
		add_swapped(&out, value, l.n - name_n, from, to);
	}
	replace(head, &out);
}

void secret_swap(struct strbuf *head, const char *from, const char *to)
{
	swap(head, from, to, false);
}

void secret_swap_answer(struct strbuf *head, const char *from, const char *to)
{
	swap(head, from, to, true);
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
	for (size_t at = 0; next_line(head, at, &l); at += l.n) {
		if (is_named(&l, name))
			continue;
		if (is_empty(&l)) {
			strbuf_addf(&out, "%s: ", name);
			add_swapped(&out, value, strlen(value), "{}", secret);
			strbuf_adds(&out, "\r\n");
		}
		strbuf_add(&out, l.s, l.n);
	}
	replace(head, &out);
}
