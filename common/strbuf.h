/* SPDX-License-Identifier: MIT */
/*
 * common/strbuf.h - a growing, always terminated text buffer
 *
 * An allocation that fails makes the buffer "failed": later appends do
 * nothing, and strbuf_failed() tells once, at the end. Embedded object:
 * start from STRBUF_INIT, end with strbuf_fini().
 */
#ifndef NETLEASH_COMMON_STRBUF_H
#define NETLEASH_COMMON_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/macros.h"

/**
 * struct strbuf
 * @s:      the text, NUL-terminated; NULL while empty; owned by the buffer
 * @len:    bytes in @s without the NUL
 */
struct strbuf {
	char *s;
	size_t len;
	size_t size;
	bool failed;
};

#define STRBUF_INIT                                                            \
	{                                                                      \
		NULL, 0, 0, false                                              \
	}

void strbuf_add(struct strbuf *b, const char *bytes, size_t n);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Appends @n bytes; control and non-ASCII bytes become \xNN, '\' doubles. */
void strbuf_add_escaped(struct strbuf *b, const char *bytes, size_t n);

/* Empties it and keeps its memory. */
void strbuf_reset(struct strbuf *b);

/* Hands the text to the caller, who frees it. NULL if failed. Leaves empty. */
char *strbuf_take(struct strbuf *b);

/* True if an allocation failed since the buffer was made or reset. */
bool strbuf_failed(const struct strbuf *b);
void strbuf_fini(struct strbuf *b);

#endif
