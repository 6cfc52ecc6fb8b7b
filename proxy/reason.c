/* SPDX-License-Identifier: MIT */
/*
 * proxy/reason.c - the one table of how each outcome looks from outside
 *
 * References: RFC 9110 15 (status codes), RFC 1928 6 (SOCKS5 replies)
 */
#include "proxy/reason.h"

#include <assert.h>

/* RFC 1928 6 */
enum socks_reply {
	SOCKS_SUCCEEDED = 0,
	SOCKS_FAILURE = 1,
	SOCKS_NOT_ALLOWED = 2,
	SOCKS_HOST_UNREACHABLE = 4,
	SOCKS_REFUSED = 5,
	SOCKS_TTL_EXPIRED = 6,
	SOCKS_BAD_COMMAND = 7,
	SOCKS_NO_METHOD = 0xff,
};

struct look {
	const char *name;
	unsigned status;
	enum socks_reply socks;
	const char *phrase;
	const char *sentence;
};

/*
 * A phrase has no CR, LF or quote, and starts with the program's name, so that
 * a client that shows nothing else does not blame the origin.
 */
/* clang-format off */
static const struct look looks[REASON_COUNT] = {
	[REASON_ALLOWED] = { "allowed", 200, SOCKS_SUCCEEDED,
		"Connection established",
		"An allow rule permits it." },
	[REASON_NOT_ALLOWED] = { "not-allowed", 403, SOCKS_NOT_ALLOWED,
		"Blocked by netleash: no allow rule matches this host",
		"No allow rule matches this host." },
	[REASON_DENIED] = { "denied", 403, SOCKS_NOT_ALLOWED,
		"Blocked by netleash: a deny rule matches",
		"A deny rule matches, and deny always wins." },
	[REASON_PRIVATE_ADDRESS] = { "private-address", 403, SOCKS_NOT_ALLOWED,
		"Blocked by netleash: the address is not public",
		"The address is not public, and no private line or literal "
		"rule covers it." },
	[REASON_METHOD] = { "method", 403, SOCKS_NOT_ALLOWED,
		"Blocked by netleash: this method is not allowed",
		"The host is allowed, but not with this method." },
	[REASON_PATH] = { "path", 403, SOCKS_NOT_ALLOWED,
		"Blocked by netleash: this path is not allowed",
		"The host is allowed, but not this path." },
	[REASON_PORT] = { "port", 403, SOCKS_NOT_ALLOWED,
		"Blocked by netleash: this port is not allowed",
		"The host is allowed, but not on this port." },
	[REASON_INSPECTION_REQUIRED] = { "inspection-required", 403,
		SOCKS_NOT_ALLOWED,
		"Blocked by netleash: methods and paths cannot be seen here",
		"Only some methods or paths are allowed, and they cannot be "
		"seen inside a tunnel without inspection." },
	[REASON_SNI] = { "sni", 403, SOCKS_NOT_ALLOWED,
		"Blocked by netleash: the TLS server name is not allowed",
		"The server name in the TLS handshake is not one that the "
		"policy allows on this port." },
	[REASON_MALFORMED] = { "malformed", 400, SOCKS_FAILURE,
		"Malformed request",
		"The request or its target is not well formed." },
	[REASON_AUTH] = { "auth", 407, SOCKS_NO_METHOD,
		"Proxy authentication required",
		"This listener needs a user name and a password." },
	[REASON_HEAD_TIMEOUT] = { "head-timeout", 408, SOCKS_FAILURE,
		"Request head came too slowly",
		"The request head did not arrive in time." },
	[REASON_HEAD_TOO_LARGE] = { "head-too-large", 431, SOCKS_FAILURE,
		"Request head too large",
		"The request head is larger than the limits allow." },
	[REASON_DNS_FAILURE] = { "dns-failure", 502, SOCKS_HOST_UNREACHABLE,
		"netleash: the name cannot be resolved",
		"The name has no address, or DNS could not be asked." },
	[REASON_DNS_TIMEOUT] = { "dns-timeout", 504, SOCKS_HOST_UNREACHABLE,
		"netleash: DNS did not answer in time",
		"DNS did not answer in time." },
	[REASON_CONNECT_REFUSED] = { "connect-refused", 502, SOCKS_REFUSED,
		"netleash: the server refused the connection",
		"No address of the host took the connection: refused, reset "
		"or unreachable." },
	[REASON_CONNECT_TIMEOUT] = { "connect-timeout", 504, SOCKS_TTL_EXPIRED,
		"netleash: the server did not answer in time",
		"No address of the host answered in time." },
	[REASON_UPSTREAM] = { "upstream", 502, SOCKS_FAILURE,
		"netleash: the upstream failed",
		"The parent proxy or the server broke off or answered with "
		"something that cannot be passed on." },
	[REASON_LIMIT] = { "limit", 503, SOCKS_FAILURE,
		"netleash: a limit is reached",
		"A limit of netleash is reached; try again later." },
	[REASON_IDLE] = { "idle", 504, SOCKS_FAILURE,
		"netleash: the connection was idle too long",
		"Nothing moved in either direction for too long." },
	[REASON_INTERNAL] = { "internal", 500, SOCKS_FAILURE,
		"netleash: internal failure",
		"netleash ran out of memory or failed otherwise." },
	[REASON_UNSUPPORTED] = { "unsupported", 501, SOCKS_BAD_COMMAND,
		"netleash: not supported",
		"This build of netleash cannot do that." },
	[REASON_TLS] = { "tls", 400, SOCKS_FAILURE,
		"netleash: no TLS session with the client",
		"The tunnel is inspected, and no TLS session could be made "
		"with the client." },
};
/* clang-format on */

static const struct look *look(enum reason r)
{
	assert((unsigned)r < REASON_COUNT);
	return &looks[r];
}

const char *reason_name(enum reason r)
{
	return look(r)->name;
}

unsigned reason_http_status(enum reason r)
{
	return look(r)->status;
}

const char *reason_phrase(enum reason r)
{
	return look(r)->phrase;
}

unsigned char reason_socks_reply(enum reason r)
{
	return (unsigned char)look(r)->socks;
}

const char *reason_sentence(enum reason r)
{
	return look(r)->sentence;
}

bool reason_is_policy(enum reason r)
{
	return r >= REASON_NOT_ALLOWED && r <= REASON_SNI;
}

bool reason_is_failure(enum reason r)
{
	return r >= REASON_DNS_FAILURE && r <= REASON_LIMIT;
}
