/* SPDX-License-Identifier: MIT */
/*
 * common/strbuf.c - a growing, always terminated text buffer
 *
 * Invariants: where @s is not NULL, @len < @size and @s[@len] is NUL; once
 *             @failed is set the text no longer changes until a reset
 */
#include "common/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 64

/* Makes room for @extra bytes and the NUL. Return: false without memory. */
static bool reserve(struct strbuf *b, size_t extra)
{
	size_t need, size;
	char *s;

	if (b->failed)
		return false;
	if (extra >= SIZE_MAX / 2 - b->len) {
		b->failed = true;
		return false;
	}
	need = b->len + extra + 1;
	if (need <= b->size)
		return true;

	size = b->size < SMALLEST ? SMALLEST : b->size;
	while (size < need)
		size += size / 2;
	s = realloc(b->s, size);
	if (!s) {
		b->failed = true;
		return false;
	}
	b->s = s;
	b->size = size;
	return true;
}

void strbuf_add(struct strbuf *b, const char *bytes, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->s + b->len, bytes, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addc(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

static void PRINTF_LIKE(2, 0)
	add_format(struct strbuf *b, const char *fmt, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, args);
	b->len += (size_t)n;
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_format(b, fmt, args);
	va_end(args);
}

void strbuf_add_escaped(struct strbuf *b, const char *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char code[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

		if (c == '\\')
			strbuf_add(b, "\\\\", 2);
		else if (c < 0x20 || c >= 0x7f)
			strbuf_add(b, code, sizeof(code));
		else
			strbuf_addc(b, (char)c);
	}
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->s)
		b->s[0] = '\0';
}

char *strbuf_take(struct strbuf *b)
{
	char *s = NULL;

	/* An empty buffer has no memory yet, and is no failure. */
	if (!b->failed && reserve(b, 0)) {
		s = b->s;
		s[b->len] = '\0';
		b->s = NULL;
	}
	strbuf_fini(b);
	return s;
}

bool strbuf_failed(const struct strbuf *b)
{
	return b->failed;
}

void strbuf_fini(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf)STRBUF_INIT;
}
