/* SPDX-License-Identifier: MIT */
/*
 * proxy/client_hello.h - the server name in the first bytes of a tunnel
 *
 * Pure. Nothing is kept between calls: each call walks the hello from the
 * tunnel's first byte, a step a field, not a byte. The verdict is the same
 * however the bytes were cut into segments, and however the hello was cut
 * into TLS records.
 *
 * When the verdict falls: NOT_TLS at the first byte that no TLS server takes
 * for the beginning of a hello, which is the first byte for nearly all other
 * protocols, and the sixth at the latest. Otherwise at the hello's end, not
 * at the server name: a second name behind the first must be seen, and no
 * client waits for an answer in the middle of its hello.
 *
 * With encrypted client hello the outer name is the name: it is the one that
 * decides where the bytes go.
 */
#ifndef NETLEASH_PROXY_CLIENT_HELLO_H
#define NETLEASH_PROXY_CLIENT_HELLO_H

#include <stddef.h>

enum client_hello_verdict {
	CLIENT_HELLO_MORE,
	CLIENT_HELLO_NOT_TLS,
	CLIENT_HELLO_FOUND, /* a hello, with or without a server name */
	CLIENT_HELLO_MALFORMED,
	CLIENT_HELLO_TOO_LARGE,
};

/* A hello with its record headers is within this many bytes. */
#define CLIENT_HELLO_MAX 16384

/* The longest server name that is let through, for hostname_normalise(). */
#define CLIENT_HELLO_NAME_MAX 255

/*
 * @bytes are the tunnel's from the first, @n of them. With CLIENT_HELLO_FOUND
 * *@ret_name is the server name as it was sent, *@ret_len bytes and not
 * terminated, in @bytes, or in @scratch where records cut it; NULL if the
 * hello has none. What bytes a name may have is for the caller to check.
 */
enum client_hello_verdict
client_hello_parse(const char *bytes, size_t n,
		   char scratch[CLIENT_HELLO_NAME_MAX], const char **ret_name,
		   size_t *ret_len);

#endif
