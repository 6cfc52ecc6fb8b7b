/* SPDX-License-Identifier: MIT */
/*
 * proxy/secret_field.h - which fields of a request carry credentials
 */
#ifndef NETLEASH_PROXY_SECRET_FIELD_H
#define NETLEASH_PROXY_SECRET_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * By its name, of @n bytes, in any case: a server reads whom it talks to from
 * it, and is not likely to show it to anybody, as it does a User-Agent or a
 * Referer.
 */
bool secret_field_carries(const char *name, size_t n);

#endif
