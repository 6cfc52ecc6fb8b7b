/* SPDX-License-Identifier: MIT */
/*
 * common/macros.h - the few macros that every room uses
 */
#ifndef NETLEASH_COMMON_MACROS_H
#define NETLEASH_COMMON_MACROS_H

#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The compiler checks the arguments of a printf-like function of ours. */
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

#endif
