/* SPDX-License-Identifier: MIT */
/*
 * sandbox/connect_words.c - which proxy, and what it answered
 *
 * References: RFC 9112 sections 2 and 4, RFC 9110 sections 9.3.6 and 15.2
 */
#include "sandbox/connect_words.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "common/parse.h"

const char *connect_proxy_find(const char *const *env)
{
	static const char *const names[] = {
		"HTTPS_PROXY", "https_proxy", "ALL_PROXY",
		"all_proxy",   "HTTP_PROXY",  "http_proxy",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i]);

		for (const char *const *e = env; *e; e++)
			if (strncmp(*e, names[i], n) == 0 && (*e)[n] == '=' &&
			    (*e)[n + 1] != '\0')
				return *e + n + 1;
	}
	return NULL;
}

static int wrong(char *error, const char *why)
{
	(void)snprintf(error, CONNECT_ERROR_MAX, "%s", why);
	return -EINVAL;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT of @n bytes. */
static int parse_authority(const char *s, size_t n, struct connect_proxy *ret,
			   char *error)
{
	const char *colon = memrchr(s, ':', n), *end = s + n;
	size_t host_n = n;
	uint32_t port = 80;

	if (n > 0 && s[0] == '[') {
		const char *close = memchr(s, ']', n);

		if (!close || (close + 1 < end && close[1] != ':'))
			return wrong(error, "has a bracket that is not closed");
		colon = close + 1 < end ? close + 1 : NULL;
		s++;
		host_n = (size_t)(close - s);
	} else if (colon) {
		host_n = (size_t)(colon - s);
		if (memchr(s, ':', host_n))
			return wrong(error, "has an IPv6 address without "
					    "brackets");
	}
	if (colon &&
	    (parse_u32(colon + 1, (size_t)(end - colon - 1), &port) < 0 ||
	     port == 0 || port > UINT16_MAX))
		return wrong(error, "has no port from 1 to 65535");
	if (host_n == 0)
		return wrong(error, "has no host");
	if (host_n >= sizeof(ret->host))
		return wrong(error, "has a host that is too long");
	memcpy(ret->host, s, host_n);
	ret->host[host_n] = '\0';
	(void)snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)port);
	return 0;
}

int connect_proxy_parse(const char *url, struct connect_proxy *ret,
			char error[CONNECT_ERROR_MAX])
{
	const char *scheme = strstr(url, "://");
	size_t n;

	if (scheme && (scheme - url != 4 || strncasecmp(url, "http", 4) != 0))
		return wrong(error, "is not of the scheme http");
	if (scheme)
		url = scheme + 3;
	n = strcspn(url, "/?#");
	if (memchr(url, '@', n))
		return wrong(error, "has user information, which is not "
				    "supported");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)url[i] <= ' ' || url[i] == 0x7f)
			return wrong(error, "has a blank or a control byte");
	return parse_authority(url, n, ret, error);
}

/*
 * The end of the head that begins at @s: behind its empty line. Some write
 * lines that end in LF alone. Return: NULL if it is not there yet.
 */
static const char *head_end(const char *s, const char *end)
{
	while (s < end) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));

		if (!lf)
			return NULL;
		s = lf + 1;
		if (end - s >= 1 && s[0] == '\n')
			return s + 1;
		if (end - s >= 2 && s[0] == '\r' && s[1] == '\n')
			return s + 2;
	}
	return NULL;
}

/* "HTTP/1.x NNN" and, behind a blank, a phrase. */
static bool parse_status(const char *line, size_t n, struct connect_answer *ret)
{
	static const char version[] = "HTTP/1.";
	const size_t at = sizeof(version) - 1 + 2;
	uint32_t status;

	if (n < at + 3 || memcmp(line, version, sizeof(version) - 1) != 0 ||
	    line[at - 1] != ' ' || parse_u32(line + at, 3, &status) < 0 ||
	    status < 100 || (n > at + 3 && line[at + 3] != ' '))
		return false;
	ret->status = status;
	ret->phrase = line + (n > at + 4 ? at + 4 : n);
	ret->phrase_n = n > at + 4 ? n - at - 4 : 0;
	return true;
}

static bool has_own_field(const char *s, const char *end)
{
	static const char name[] = "X-Netleash-Reason:";
	const size_t n = sizeof(name) - 1;

	while (s < end) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));

		if (!lf)
			break;
		s = lf + 1;
		if ((size_t)(end - s) > n && strncasecmp(s, name, n) == 0)
			return true;
	}
	return false;
}

/* Could @s, of which @n bytes are there, be the beginning of an answer? */
static bool may_be_http(const char *s, size_t n)
{
	static const char start[] = "HTTP/1.";

	return memcmp(s, start, n < 7 ? n : 7) == 0;
}

enum connect_verdict connect_answer_parse(const char *bytes, size_t n,
					  struct connect_answer *ret)
{
	const char *s = bytes, *end = bytes + n, *next;

	do {
		size_t line_n;

		if (!may_be_http(s, (size_t)(end - s)))
			return CONNECT_WRONG;
		next = head_end(s, end);
		if (!next)
			return CONNECT_MORE;
		line_n = (size_t)((const char *)memchr(s, '\n',
						       (size_t)(end - s)) -
				  s);
		if (line_n > 0 && s[line_n - 1] == '\r')
			line_n--;
		if (!parse_status(s, line_n, ret))
			return CONNECT_WRONG;
		ret->own = has_own_field(s, next);
		ret->head_n = (size_t)(next - bytes);
		s = next;
	} while (ret->status < 200 && ret->status != 101);
	return ret->status >= 200 && ret->status < 300 ? CONNECT_OPEN
						       : CONNECT_REFUSED;
}
