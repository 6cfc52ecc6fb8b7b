/* SPDX-License-Identifier: MIT */
/*
 * sandbox/java_store.h - a trust store that Java can read
 *
 * Java looks at no PEM file and at none of the variables that name one.
 */
#ifndef NETLEASH_SANDBOX_JAVA_STORE_H
#define NETLEASH_SANDBOX_JAVA_STORE_H

#include <stddef.h>

struct strbuf;

/* What such stores have: nothing in them is secret. */
#define JAVA_STORE_PASSWORD "changeit"

/*
 * Appends a JKS key store to @out, which is empty, that trusts the certificates
 * in @n bytes of PEM at @pem; what is no whole one is passed over. See
 * strbuf_failed() for want of memory. Pure.
 */
void java_store_render(const char *pem, size_t n, struct strbuf *out);

/*
 * The value of JAVA_TOOL_OPTIONS that makes Java read the store at @path, after
 * what the caller has there, which is @before or NULL. Malloc'ed; NULL: no
 * memory.
 */
char *java_store_options(const char *before, const char *path);

#endif
