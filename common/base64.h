/* SPDX-License-Identifier: MIT */
/*
 * common/base64.h - bytes as base64 (RFC 4648 section 4), and back
 */
#ifndef NETLEASH_COMMON_BASE64_H
#define NETLEASH_COMMON_BASE64_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/* The digit of @value, 0 to 63. */
char base64_digit(unsigned value);

/* Return: 0 to 63, or -1 for what is no digit of base64. */
int base64_value(char digit);

/* Appends @n bytes, with padding. */
void base64_add(struct strbuf *out, const char *bytes, size_t n);

/*
 * Appends what @s stands for. Return: false, and @out is as it was, for any
 * text that base64_add() does not make.
 */
bool base64_decode(const char *s, size_t n, struct strbuf *out);

#endif
