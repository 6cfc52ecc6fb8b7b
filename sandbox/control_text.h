/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_text.h - a JSON document as lines for people
 *
 * "NAME: VALUE" for each member, objects and arrays one step further in. Pure;
 * any bytes may be given, and nothing that comes out moves a cursor.
 */
#ifndef NETLEASH_SANDBOX_CONTROL_TEXT_H
#define NETLEASH_SANDBOX_CONTROL_TEXT_H

#include <stddef.h>

#include "common/strbuf.h"

/* Return: 0, or -EINVAL: it is no JSON, or nested too deep; @out has what was
 * understood so far. */
int control_text(const char *json, size_t n, struct strbuf *out);

#endif
