/* SPDX-License-Identifier: MIT */
/*
 * proxy/socks5_auth.c - the message with name and password, and its answer
 *
 * In:         the bytes of the message, as far as they have come
 * Out:        a name and a password; bytes to answer
 * Invariants: no length is believed beyond @n; an empty name or password, which
 *             RFC 1929 does not have but clients send, is read: it is nobody's
 * References: RFC 1929 section 2
 */
#include "proxy/socks5_auth.h"

enum {
	VERSION = 1, /* of this message, not of SOCKS */
	STATUS_GOOD = 0,
	STATUS_BAD = 1,
};

enum socks5_verdict socks5_auth_parse(const char *bytes, size_t n,
				      struct auth_given *ret,
				      size_t *ret_length)
{
	size_t name_n, password_n, at = 2;

	if (n > 0 && bytes[0] != VERSION)
		return SOCKS5_MALFORMED;
	if (n < at)
		return SOCKS5_MORE;
	name_n = (unsigned char)bytes[1];
	at += name_n;
	if (n <= at)
		return SOCKS5_MORE;
	password_n = (unsigned char)bytes[at++];
	if (n - at < password_n)
		return SOCKS5_MORE;
	*ret = (struct auth_given){ .name = bytes + 2,
				    .name_n = name_n,
				    .password = bytes + at,
				    .password_n = password_n };
	*ret_length = at + password_n;
	return SOCKS5_OK;
}

void socks5_auth_reply_render(bool good, struct strbuf *out)
{
	strbuf_addc(out, VERSION);
	strbuf_addc(out, good ? STATUS_GOOD : STATUS_BAD);
}
