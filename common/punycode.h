/* SPDX-License-Identifier: MIT */
/*
 * common/punycode.h - a label of any script as ASCII (RFC 3492), one way
 *
 * Pure. Only messages use it: no name is ever converted before it is judged.
 */
#ifndef NETLEASH_COMMON_PUNYCODE_H
#define NETLEASH_COMMON_PUNYCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Encodes @n code points, without the "xn--". Return: false if that takes
 * more than @size bytes; else *@ret_len is how many, without a NUL.
 */
bool punycode_encode(const uint32_t *cp, size_t n, char *ret, size_t size,
		     size_t *ret_len);

#endif
