/* SPDX-License-Identifier: MIT */
/*
 * proxy/sniff.h - which protocol a client speaks, by its first byte
 *
 * Pure. One listening port serves them all: SOCKS5 begins with its version
 * (RFC 1928 3), which no HTTP method can begin with. Whatever else comes is
 * for the strict HTTP head parser to refuse in words.
 */
#ifndef NETLEASH_PROXY_SNIFF_H
#define NETLEASH_PROXY_SNIFF_H

#include <stddef.h>

enum sniff {
	SNIFF_MORE, /* no byte yet */
	SNIFF_HTTP,
	SNIFF_SOCKS5,
};

enum sniff sniff_check(const char *bytes, size_t n);

#endif
