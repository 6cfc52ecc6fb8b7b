/* SPDX-License-Identifier: MIT */
/*
 * common/target.h - what a client asks for: host and port, or a URL
 *
 * Pure. Step 1 of the policy: a target that is not well formed never gets any
 * further. Everything here is bounded by the buffers it fills.
 *
 * References: RFC 3986 3.2, RFC 9110 4.2, RFC 9112 3.2.
 */
#ifndef NETLEASH_COMMON_TARGET_H
#define NETLEASH_COMMON_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/hostname.h"

enum scheme {
	SCHEME_NONE, /* a tunnel: CONNECT or SOCKS, host and port only */
	SCHEME_HTTP,
	SCHEME_HTTPS,
	SCHEME_WS,
	SCHEME_WSS,
};

/**
 * struct target - one well-formed destination
 * @host:    normal name, or canonical text of @addr without brackets
 * @is_addr: @host is an IP literal and @addr is set
 * @port:    1 to 65535, or 0 if the text had none and no scheme gives it
 * @path:    borrowed from the text that was parsed: from the end of the
 *           authority to the end of the text, with the query, without a
 *           fragment; starts with '/', or with '?' where the path before the
 *           query is empty and means "/"; empty for host:port forms
 */
struct target {
	enum scheme scheme;
	char host[HOSTNAME_BUFFER];
	bool is_addr;
	struct addr addr;
	uint16_t port;
	const char *path;
	size_t path_len;
};

enum target_err {
	TARGET_OK,
	TARGET_EMPTY,
	TARGET_BAD_HOST, /* see @ret_detail */
	TARGET_BAD_PORT, /* empty, zero-padded, not a number, out of range */
	TARGET_NO_PORT,	 /* a port is needed and there is none */
	TARGET_USERINFO, /* user@host */
	TARGET_NOT_QUAD, /* 127.1, 0x7f.1, 2130706433 */
	TARGET_ZONE,	 /* [fe80::1%25eth0] */
	TARGET_BAD_BRACKETS, /* brackets missing, unbalanced, or not IPv6 */
	TARGET_BAD_SCHEME,   /* not http, https, ws, wss */
	TARGET_BAD_BYTE,     /* control byte, blank, NUL */
};

/*
 * What is wrong and what to write instead, as a sentence part with a subject
 * of its own, in printable ASCII: "the host is not a dotted quad: write
 * 127.0.0.1". Empty on success. @ret_detail may be NULL. On an error only
 * @ret_detail means anything.
 */
#define TARGET_DETAIL_MAX 320

/* "host:port" as in CONNECT and SOCKS: the port is required. */
enum target_err target_parse_authority(const char *s, size_t n,
				       struct target *ret,
				       char ret_detail[TARGET_DETAIL_MAX]);

/*
 * An absolute URL of the schemes above; the port defaults to the scheme's.
 * @ret->path points into @s. A fragment is malformed: no client sends one.
 */
enum target_err target_parse_url(const char *s, size_t n, struct target *ret,
				 char ret_detail[TARGET_DETAIL_MAX]);

/*
 * What a user types: host, host:port, address, [v6]:port, bare v6, or URL; a
 * URL's fragment is cut off. Without a port and a scheme, @ret->port is 0.
 */
enum target_err target_parse_any(const char *s, size_t n, struct target *ret,
				 char ret_detail[TARGET_DETAIL_MAX]);

/*
 * A host alone (a SOCKS5 domain name, a Host field's host): a name, a dotted
 * quad, or an IPv6 address, in brackets, which only @brackets requires.
 */
enum target_err target_parse_host(const char *s, size_t n, bool brackets,
				  struct target *ret,
				  char ret_detail[TARGET_DETAIL_MAX]);

/* "host:port" with brackets where needed; of @port 0 the host alone. */
#define TARGET_TEXT_MAX (HOSTNAME_BUFFER + 8)
const char *target_format(const struct target *t, char buf[TARGET_TEXT_MAX]);

#endif
