/* SPDX-License-Identifier: MIT */
/*
 * proxy/socks5.c - the SOCKS5 greeting and request, and their answers
 *
 * In:         the bytes of a message, as far as they have come
 * Out:        a verdict, a target, the message's length; bytes to answer
 * Steps:      greeting (version, methods) -> its answer -> request (version,
 *             command, address, port) -> its answer -> the tunnel
 * Invariants: a byte that is wrong is refused when it has come, without
 *             waiting for the rest; no length is believed beyond @n
 * References: RFC 1928 sections 3 to 6
 */
#include "proxy/socks5.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	VERSION = 5,
	METHOD_UNACCEPTABLE = 0xff,
	COMMAND_CONNECT = 1,
	TYPE_IPV4 = 1,
	TYPE_NAME = 3,
	TYPE_IPV6 = 4,
	REPLY_FAILURE = 1,
	REPLY_BAD_COMMAND = 7,
	REPLY_BAD_ADDRESS_TYPE = 8,
	REPLY_LAST = REPLY_BAD_ADDRESS_TYPE,
};

/* Version, command, reserved byte, address type. */
#define REQUEST_START 4
#define PORT_SIZE     2

static unsigned byte_at(const char *bytes, size_t i)
{
	return (unsigned char)bytes[i];
}

enum socks5_verdict socks5_greeting_parse(const char *bytes, size_t n,
					  enum socks5_method method,
					  size_t *ret_length)
{
	size_t length;

	if (n > 0 && byte_at(bytes, 0) != VERSION)
		return SOCKS5_MALFORMED;
	if (n < 2)
		return SOCKS5_MORE;
	length = 2 + byte_at(bytes, 1);
	if (n < length)
		return SOCKS5_MORE;
	*ret_length = length;
	for (size_t i = 2; i < length; i++)
		if (byte_at(bytes, i) == (unsigned)method)
			return SOCKS5_OK;
	return SOCKS5_NO_METHOD;
}

static enum socks5_verdict malformed(char *detail, const char *what)
{
	(void)snprintf(detail, TARGET_DETAIL_MAX, "%s", what);
	return SOCKS5_MALFORMED;
}

/* The fixed part, each byte as soon as it is there. */
static enum socks5_verdict check_start(const char *bytes, size_t n,
				       char *detail)
{
	unsigned type;

	if (n > 0 && byte_at(bytes, 0) != VERSION)
		return malformed(detail, "the request's version is not 5");
	if (n > 1 && byte_at(bytes, 1) != COMMAND_CONNECT)
		return SOCKS5_BAD_COMMAND;
	if (n > 2 && byte_at(bytes, 2) != 0)
		return malformed(detail, "the reserved byte is not zero");
	if (n < REQUEST_START)
		return SOCKS5_MORE;
	type = byte_at(bytes, 3);
	if (type != TYPE_IPV4 && type != TYPE_NAME && type != TYPE_IPV6)
		return SOCKS5_BAD_ADDRESS_TYPE;
	return SOCKS5_OK;
}

static void set_addr(struct target *t, const char *bytes, bool ipv6)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	char text[ADDR_TEXT_MAX];

	/* By way of a socket address: an IPv4-mapped one becomes IPv4. */
	if (ipv6) {
		memcpy(&in6.sin6_addr, bytes, sizeof(in6.sin6_addr));
		(void)addr_from_sockaddr((const struct sockaddr *)&in6,
					 &t->addr, NULL);
	} else {
		memcpy(&in.sin_addr, bytes, sizeof(in.sin_addr));
		(void)addr_from_sockaddr((const struct sockaddr *)&in, &t->addr,
					 NULL);
	}
	t->is_addr = true;
	(void)snprintf(t->host, sizeof(t->host), "%s",
		       addr_format(&t->addr, text));
}

enum socks5_verdict socks5_request_parse(const char *bytes, size_t n,
					 struct target *ret, size_t *ret_length,
					 char ret_detail[TARGET_DETAIL_MAX])
{
	enum socks5_verdict v;
	size_t at = REQUEST_START, len;
	unsigned type;

	ret_detail[0] = '\0';
	v = check_start(bytes, n, ret_detail);
	if (v != SOCKS5_OK)
		return v;
	type = byte_at(bytes, 3);
	len = type == TYPE_IPV4 ? 4 : 16;
	if (type == TYPE_NAME) {
		if (n == at)
			return SOCKS5_MORE;
		len = byte_at(bytes, at++);
	}
	if (n < at + len + PORT_SIZE)
		return SOCKS5_MORE;

	if (type == TYPE_NAME) {
		if (target_parse_host(bytes + at, len, false, ret,
				      ret_detail) != TARGET_OK)
			return SOCKS5_MALFORMED;
	} else {
		*ret = (struct target){ .scheme = SCHEME_NONE, .path = "" };
		set_addr(ret, bytes + at, type == TYPE_IPV6);
	}
	at += len;
	ret->port =
		(uint16_t)(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
	if (ret->port == 0)
		return malformed(ret_detail, "the port is zero");
	*ret_length = at + PORT_SIZE;
	return SOCKS5_OK;
}

unsigned char socks5_verdict_reply(enum socks5_verdict v)
{
	assert(v != SOCKS5_MORE && v != SOCKS5_OK);
	switch (v) {
	case SOCKS5_BAD_COMMAND:
		return REPLY_BAD_COMMAND;
	case SOCKS5_BAD_ADDRESS_TYPE:
		return REPLY_BAD_ADDRESS_TYPE;
	case SOCKS5_MALFORMED:
	case SOCKS5_NO_METHOD:
		return REPLY_FAILURE;
	case SOCKS5_MORE:
	case SOCKS5_OK:
		break;
	}
	return REPLY_FAILURE;
}

void socks5_method_render(enum socks5_verdict v, enum socks5_method method,
			  struct strbuf *out)
{
	assert(v != SOCKS5_MORE);
	strbuf_addc(out, VERSION);
	strbuf_addc(out,
		    (char)(v == SOCKS5_OK ? (int)method : METHOD_UNACCEPTABLE));
}

void socks5_reply_render(unsigned char code, const struct addr *bound,
			 uint16_t port, struct strbuf *out)
{
	static const struct addr none = { .family = AF_INET };
	bool ipv6;

	if (!bound) {
		bound = &none;
		port = 0;
	}
	ipv6 = bound->family == AF_INET6;
	strbuf_addc(out, VERSION);
	strbuf_addc(out, (char)(code <= REPLY_LAST ? code : REPLY_FAILURE));
	strbuf_addc(out, 0);
	strbuf_addc(out, ipv6 ? TYPE_IPV6 : TYPE_IPV4);
	strbuf_add(out, (const char *)bound->bytes, ipv6 ? 16 : 4);
	strbuf_addc(out, (char)(port >> 8));
	strbuf_addc(out, (char)(port & 0xff));
}
