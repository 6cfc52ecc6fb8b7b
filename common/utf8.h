/* SPDX-License-Identifier: MIT */
/*
 * common/utf8.h - decode and encode UTF-8 (RFC 3629), one code point a call
 */
#ifndef NETLEASH_COMMON_UTF8_H
#define NETLEASH_COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The first code point of @s. Return: how many bytes it takes, 1 to 4, or 0
 * where @s is empty or does not start with a whole, shortest-form one.
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret);

/*
 * True for what must not reach a terminal or a line-based reader as it is: C0
 * and C1 controls, DEL, the line separators, and the marks that reorder text.
 */
bool utf8_is_unsafe(uint32_t cp);

#endif
