/* SPDX-License-Identifier: MIT */
/*
 * common/target.c - what a client asks for: host and port, or a URL
 *
 * In:         bytes from the wire or from a user, of any length
 * Out:        a target whose host is a normal name or a canonical address, or
 *             an error and a sentence part that says what to write instead
 * Steps:      scheme, then the authority up to '/', '?' or '#', then host and
 *             port of it; each step sees only its own part
 * Invariants: whatever another parser could read as another host is refused,
 *             never repaired: two readings of one target are the way around
 *             every allow list
 */
#include "common/target.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "common/parse.h"

#define QUAD_ADVICE "write four numbers from 0 to 255, as in 192.0.2.1"

/* What is being parsed, and where the sentence goes. */
struct parser {
	struct target *t;
	char *detail;
};

static enum target_err PRINTF_LIKE(3, 4)
	fail(const struct parser *p, enum target_err err, const char *fmt, ...)
{
	va_list args;

	if (p->detail) {
		va_start(args, fmt);
		(void)vsnprintf(p->detail, TARGET_DETAIL_MAX, fmt, args);
		va_end(args);
	}
	return err;
}

/* Bytes that no part of a target has, and that end or hide it elsewhere. */
static enum target_err check_bytes(const struct parser *p, const char *s,
				   size_t n, bool backslash_is_bad)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\\' && backslash_is_bad)
			return fail(p, TARGET_BAD_BYTE,
				    "it has a backslash: write '/'");
		if (c <= 0x20 || c == 0x7f)
			return fail(p, TARGET_BAD_BYTE,
				    "it has a blank or control byte (0x%02x): "
				    "leave it out",
				    (unsigned)c);
	}
	return TARGET_OK;
}

static void set_addr(struct target *t, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	t->is_addr = true;
	t->addr = *a;
	(void)snprintf(t->host, sizeof(t->host), "%s", addr_format(a, text));
}

/* The address that old C libraries read out of @s, for the message. */
static enum target_err fail_not_quad(const struct parser *p, const char *s,
				     size_t n)
{
	char text[32], quad[ADDR_TEXT_MAX];
	struct in_addr in;

	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n < sizeof(text)) {
		memcpy(text, s, n);
		text[n] = '\0';
		if (inet_aton(text, &in) &&
		    inet_ntop(AF_INET, &in, quad, sizeof(quad)))
			return fail(p, TARGET_NOT_QUAD,
				    "the host is not a dotted quad: write %s",
				    quad);
	}
	return fail(p, TARGET_NOT_QUAD,
		    "the host ends in a number but is not a dotted "
		    "quad: " QUAD_ADVICE);
}

static enum target_err fail_name(const struct parser *p, const char *s,
				 size_t n, enum hostname_err err)
{
	char ascii[HOSTNAME_BUFFER];

	switch (err) {
	case HOSTNAME_NUMERIC:
		return fail_not_quad(p, s, n);
	case HOSTNAME_EMPTY:
		return fail(p, TARGET_EMPTY,
			    "the host is empty: write a name or an address");
	case HOSTNAME_NOT_ASCII:
		if (hostname_a_label(s, n, ascii))
			return fail(p, TARGET_BAD_HOST,
				    "the host is not ASCII: write %s", ascii);
		return fail(p, TARGET_BAD_HOST,
			    "the host is not ASCII: write its A-label "
			    "(xn--...)");
	case HOSTNAME_OK:
	case HOSTNAME_TOO_LONG:
	case HOSTNAME_LABEL_EMPTY:
	case HOSTNAME_LABEL_TOO_LONG:
	case HOSTNAME_BAD_BYTE:
		break;
	}
	return fail(p, TARGET_BAD_HOST,
		    "the host %s: write letters, digits, '-' and '_' in labels "
		    "of 1 to 63, with dots between",
		    hostname_strerror(err));
}

/* A name or a dotted quad. */
static enum target_err parse_name(const struct parser *p, const char *s,
				  size_t n)
{
	enum hostname_err err;
	struct addr a;

	if (addr_parse(s, n, &a) == ADDR_OK) {
		set_addr(p->t, &a);
		return TARGET_OK;
	}
	err = hostname_normalise(s, n, p->t->host);
	return err == HOSTNAME_OK ? TARGET_OK : fail_name(p, s, n, err);
}

/* An IPv6 address without its brackets. */
static enum target_err parse_ipv6(const struct parser *p, const char *s,
				  size_t n)
{
	enum addr_err err;
	struct addr a;

	if (n > 0 && memchr(s, '%', n))
		return fail(p, TARGET_ZONE,
			    "the address has a zone: leave '%%' and what "
			    "follows it out");
	err = n > 0 && memchr(s, ':', n) ? addr_parse(s, n, &a)
					 : ADDR_MALFORMED;
	if (err != ADDR_OK)
		return fail(p, TARGET_BAD_BRACKETS,
			    "no IPv6 address stands in the brackets: write it "
			    "as in [2001:db8::1]");
	set_addr(p->t, &a);
	return TARGET_OK;
}

static enum target_err parse_port_text(const struct parser *p, const char *s,
				       size_t n)
{
	if (n == 0)
		return fail(p, TARGET_BAD_PORT,
			    "the port is empty: write one after the colon, or "
			    "no colon");
	if (parse_port(s, n, &p->t->port) < 0)
		return fail(p, TARGET_BAD_PORT,
			    "the port is not a number from 1 to 65535 without "
			    "leading zeros");
	return TARGET_OK;
}

static enum target_err parse_bracketed(const struct parser *p, const char *s,
				       size_t n)
{
	const char *end = memchr(s, ']', n);
	enum target_err err;
	size_t after;

	if (!end)
		return fail(p, TARGET_BAD_BRACKETS,
			    "'[' is not closed: write the address as in "
			    "[2001:db8::1]");
	err = parse_ipv6(p, s + 1, (size_t)(end - s) - 1);
	if (err != TARGET_OK)
		return err;
	after = n - (size_t)(end - s) - 1;
	if (after == 0)
		return TARGET_OK;
	if (end[1] != ':')
		return fail(p, TARGET_BAD_BRACKETS,
			    "after ']' stands something else than a port: "
			    "write [address]:port");
	return parse_port_text(p, end + 2, after - 1);
}

/* More than one colon and no brackets: at best an IPv6 address. */
static enum target_err parse_colons(const struct parser *p, const char *s,
				    size_t n, bool bare_ipv6)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	switch (addr_parse(s, n, &a)) {
	case ADDR_OK:
		if (!bare_ipv6)
			return fail(p, TARGET_BAD_BRACKETS,
				    "an IPv6 address needs brackets here: "
				    "write [%s]",
				    addr_format(&a, text));
		set_addr(p->t, &a);
		return TARGET_OK;
	case ADDR_ZONE:
		return parse_ipv6(p, s, n);
	case ADDR_MALFORMED:
	case ADDR_NOT_QUAD:
	case ADDR_BAD_PREFIX:
	case ADDR_HOST_BITS:
		break;
	}
	return fail(p, TARGET_BAD_HOST,
		    "it has more than one colon: write host:port, and an IPv6 "
		    "address in brackets");
}

/* host, host:port, [v6], [v6]:port; a bare v6 only with @bare_ipv6. */
static enum target_err parse_host_port(const struct parser *p, const char *s,
				       size_t n, bool bare_ipv6)
{
	enum target_err err;
	const char *colon;

	if (n == 0)
		return fail(p, TARGET_EMPTY,
			    "the host is empty: write a name or an address");
	err = check_bytes(p, s, n, true);
	if (err != TARGET_OK)
		return err;
	if (memchr(s, '@', n))
		return fail(
			p, TARGET_USERINFO,
			"it has user information: leave '@' and what stands "
			"before it out");
	if (s[0] == '[')
		return parse_bracketed(p, s, n);
	if (memchr(s, '[', n) || memchr(s, ']', n))
		return fail(p, TARGET_BAD_BRACKETS,
			    "brackets stand around an IPv6 address only, as in "
			    "[2001:db8::1]");

	colon = memchr(s, ':', n);
	if (!colon)
		return parse_name(p, s, n);
	if (memchr(colon + 1, ':', n - (size_t)(colon - s) - 1))
		return parse_colons(p, s, n, bare_ipv6);
	err = parse_name(p, s, (size_t)(colon - s));
	if (err != TARGET_OK)
		return err;
	return parse_port_text(p, colon + 1, n - (size_t)(colon - s) - 1);
}

/* Empties what is filled, so that an error leaves nothing of an older one. */
static struct parser start(struct target *t, char *detail)
{
	*t = (struct target){ .scheme = SCHEME_NONE, .path = "" };
	if (detail)
		detail[0] = '\0';
	return (struct parser){ t, detail };
}

enum target_err target_parse_authority(const char *s, size_t n,
				       struct target *ret,
				       char ret_detail[TARGET_DETAIL_MAX])
{
	struct parser p = start(ret, ret_detail);
	enum target_err err;

	err = parse_host_port(&p, s, n, false);
	if (err == TARGET_OK && ret->port == 0)
		return fail(&p, TARGET_NO_PORT,
			    "the port is missing: write host:port");
	return err;
}

static const struct {
	const char *name;
	enum scheme scheme;
	uint16_t port;
} schemes[] = {
	{ "http", SCHEME_HTTP, 80 },
	{ "https", SCHEME_HTTPS, 443 },
	{ "ws", SCHEME_WS, 80 },
	{ "wss", SCHEME_WSS, 443 },
};

/* Where "://" stands, or NULL. Before it only a scheme may be. */
static const char *scheme_end(const char *s, size_t n)
{
	for (size_t i = 0; i + 3 <= n; i++) {
		if (memcmp(s + i, "://", 3) == 0)
			return s + i;
		if (memchr("/?#@[]", s[i], 6))
			return NULL;
	}
	return NULL;
}

static enum target_err parse_scheme(const struct parser *p, const char *s,
				    size_t n, uint16_t *ret_port)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (n != strlen(schemes[i].name) ||
		    strncasecmp(s, schemes[i].name, n) != 0)
			continue;
		p->t->scheme = schemes[i].scheme;
		*ret_port = schemes[i].port;
		return TARGET_OK;
	}
	return fail(p, TARGET_BAD_SCHEME,
		    "the scheme is not one of http, https, ws and wss");
}

/* @fragment tells whether one may stand at the end, to be cut off. */
static enum target_err parse_url(const struct parser *p, const char *s,
				 size_t n, bool fragment)
{
	const char *colon = scheme_end(s, n), *hash, *query;
	enum target_err err;
	uint16_t default_port = 0;
	size_t scheme_n, host_n = 0;

	scheme_n = colon ? (size_t)(colon - s) : 0;
	err = parse_scheme(p, s, scheme_n, &default_port);
	if (err != TARGET_OK)
		return err;
	s += scheme_n + 3;
	n -= scheme_n + 3;

	hash = n > 0 ? memchr(s, '#', n) : NULL;
	if (hash && !fragment)
		return fail(p, TARGET_BAD_BYTE,
			    "it has a fragment: leave '#' and what follows it "
			    "out");
	if (hash)
		n = (size_t)(hash - s);

	while (host_n < n && s[host_n] != '/' && s[host_n] != '?')
		host_n++;
	err = parse_host_port(p, s, host_n, false);
	if (err != TARGET_OK)
		return err;
	if (p->t->port == 0)
		p->t->port = default_port;

	s += host_n;
	n -= host_n;
	/* In a query a backslash is data; before it, some read it as '/'. */
	query = n > 0 ? memchr(s, '?', n) : NULL;
	err = check_bytes(p, s, query ? (size_t)(query - s) : n, true);
	if (err == TARGET_OK && query)
		err = check_bytes(p, query, n - (size_t)(query - s), false);
	p->t->path = n > 0 ? s : "";
	p->t->path_len = n;
	return err;
}

enum target_err target_parse_url(const char *s, size_t n, struct target *ret,
				 char ret_detail[TARGET_DETAIL_MAX])
{
	struct parser p = start(ret, ret_detail);

	if (n == 0)
		return fail(&p, TARGET_EMPTY,
			    "it is empty: write http://host/path");
	return parse_url(&p, s, n, false);
}

enum target_err target_parse_any(const char *s, size_t n, struct target *ret,
				 char ret_detail[TARGET_DETAIL_MAX])
{
	struct parser p = start(ret, ret_detail);

	if (scheme_end(s, n))
		return parse_url(&p, s, n, true);
	if (n > 0 && memchr(s, '/', n))
		return fail(&p, TARGET_BAD_HOST,
			    "it has a '/' but no scheme: write host, host:port "
			    "or https://host/path");
	return parse_host_port(&p, s, n, true);
}

enum target_err target_parse_host(const char *s, size_t n, bool brackets,
				  struct target *ret,
				  char ret_detail[TARGET_DETAIL_MAX])
{
	struct parser p = start(ret, ret_detail);
	enum target_err err;

	err = parse_host_port(&p, s, n, !brackets);
	if (err == TARGET_OK && ret->port != 0)
		return fail(&p, TARGET_BAD_HOST,
			    "it has a port where only a host may stand: leave "
			    "it out");
	return err;
}

const char *target_format(const struct target *t, char buf[TARGET_TEXT_MAX])
{
	bool brackets = t->is_addr && t->addr.family == AF_INET6;

	if (t->port == 0)
		(void)snprintf(buf, TARGET_TEXT_MAX, "%s", t->host);
	else
		(void)snprintf(buf, TARGET_TEXT_MAX,
			       brackets ? "[%s]:%u" : "%s:%u", t->host,
			       (unsigned)t->port);
	return buf;
}
