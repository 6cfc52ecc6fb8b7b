/* SPDX-License-Identifier: MIT */
/*
 * proxy/socks5_auth.h - the message with name and password, and its answer
 *
 * Pure, like proxy/socks5.h, whose verdicts it uses: SOCKS5_MORE, SOCKS5_OK and
 * SOCKS5_MALFORMED. RFC 1929.
 */
#ifndef NETLEASH_PROXY_SOCKS5_AUTH_H
#define NETLEASH_PROXY_SOCKS5_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strbuf.h"
#include "proxy/auth.h"
#include "proxy/socks5.h"

#define SOCKS5_AUTH_MAX 513 /* bytes of the longest */

/*
 * The message from its first byte. With SOCKS5_OK @ret points into @bytes, and
 * *@ret_length is the message's length. The verdict is the same however the
 * bytes were cut.
 */
enum socks5_verdict socks5_auth_parse(const char *bytes, size_t n,
				      struct auth_given *ret,
				      size_t *ret_length);

/* Its answer; after one that is not @good the connection ends. */
void socks5_auth_reply_render(bool good, struct strbuf *out);

#endif
