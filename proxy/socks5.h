/* SPDX-License-Identifier: MIT */
/*
 * proxy/socks5.h - the SOCKS5 greeting and request, and their answers
 *
 * Pure. Both messages are short, so that nothing is kept between calls: each
 * call looks at the message from its first byte. The verdict is the same
 * however the bytes were cut. What follows a message is not touched: after
 * the request it is early data.
 *
 * CONNECT only; no authentication, or that of socks5_auth.h. RFC 1928.
 */
#ifndef NETLEASH_PROXY_SOCKS5_H
#define NETLEASH_PROXY_SOCKS5_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/strbuf.h"
#include "common/target.h"

/* The longest of each, in bytes. */
#define SOCKS5_GREETING_MAX 257
#define SOCKS5_REQUEST_MAX  262

enum socks5_method {
	SOCKS5_METHOD_NONE = 0,
	SOCKS5_METHOD_PASSWORD = 2
};

enum socks5_verdict {
	SOCKS5_MORE,
	SOCKS5_OK,
	SOCKS5_MALFORMED,
	SOCKS5_NO_METHOD,	 /* greeting: not the method that we want */
	SOCKS5_BAD_COMMAND,	 /* request: BIND, UDP ASSOCIATE, unknown */
	SOCKS5_BAD_ADDRESS_TYPE, /* request: not IPv4, IPv6 or a name */
};

/*
 * Which versions and methods the client speaks: @method is wanted. With
 * SOCKS5_OK and SOCKS5_NO_METHOD *@ret_length is the greeting's length.
 */
enum socks5_verdict socks5_greeting_parse(const char *bytes, size_t n,
					  enum socks5_method method,
					  size_t *ret_length);

/*
 * What the client asks for, after the greeting. With SOCKS5_OK @ret is the
 * target, with a port and without a path, and *@ret_length the request's
 * length. A name is judged as the host of an HTTP target is: an address in a
 * name's place is an address. With SOCKS5_MALFORMED @ret_detail is a sentence
 * part as in common/target.h.
 */
enum socks5_verdict socks5_request_parse(const char *bytes, size_t n,
					 struct target *ret, size_t *ret_length,
					 char ret_detail[TARGET_DETAIL_MAX]);

/* The reply code for a request that got @v, which is not MORE, not OK. */
unsigned char socks5_verdict_reply(enum socks5_verdict v);

/* The answer to a greeting that got @v, which is not MORE. */
void socks5_method_render(enum socks5_verdict v, enum socks5_method method,
			  struct strbuf *out);

/*
 * The answer to a request. @code is reason_socks_reply()'s or
 * socks5_verdict_reply()'s; what is no code for a reply (FF) becomes 1.
 * @bound and @port are our end of the connection to the target; NULL says
 * 0.0.0.0:0.
 */
void socks5_reply_render(unsigned char code, const struct addr *bound,
			 uint16_t port, struct strbuf *out);

#endif
