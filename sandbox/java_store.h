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

/* What makes a JVM trust the store at @path, a literal. */
#define JAVA_STORE_OPTIONS(path)                                               \
	"-Djavax.net.ssl.trustStore=" path                                     \
	" -Djavax.net.ssl.trustStoreType=JKS"                                  \
	" -Djavax.net.ssl.trustStorePassword=" JAVA_STORE_PASSWORD

/*
 * Appends a JKS key store to @out, which is empty, that trusts the certificates
 * in @n bytes of PEM at @pem; what is no whole one is passed over. See
 * strbuf_failed() for want of memory. Pure.
 */
void java_store_render(const char *pem, size_t n, struct strbuf *out);

#endif
