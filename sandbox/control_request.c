/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_request.c - one request on the control socket
 */
#include "sandbox/control_request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "common/parse.h"

enum {
	BAD_REQUEST = 400,
	TOO_LARGE = 413,
	HEAD_TOO_LARGE = 431,
	NOT_IMPLEMENTED = 501,
	WRONG_VERSION = 505
};

/* RFC 9110 5.6.2 */
static bool is_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("!#$%&'*+-.^_`|~", c))))
			return false;
	}
	return n > 0;
}

static bool is_visible(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return n > 0;
}

static bool is(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

static enum control_method find_method(const char *s, size_t n)
{
	static const char *const names[] = { "GET", "POST", "PUT" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (is(s, n, names[i]))
			return (enum control_method)i;
	return CONTROL_OTHER;
}

/* Nobody looks at it, but it has to be one. */
static bool is_authority(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_token(&s[i], 1) && s[i] != ':')
			return false;
	return n > 0;
}

/* "/path?query", or "http://any/path?query". Return: 0 or a status. */
static int parse_target(const char *s, size_t n, struct control_request *ret)
{
	static const char scheme[] = "http://";
	const char *query, *slash;

	if (!is_visible(s, n))
		return BAD_REQUEST;
	if (n >= sizeof(scheme) && strncmp(s, scheme, strlen(scheme)) == 0) {
		slash = memchr(s + strlen(scheme), '/', n - strlen(scheme));
		if (!slash ||
		    !is_authority(s + strlen(scheme),
				  (size_t)(slash - s) - strlen(scheme)))
			return BAD_REQUEST;
		n -= (size_t)(slash - s);
		s = slash;
	}
	if (*s != '/')
		return BAD_REQUEST;
	query = memchr(s, '?', n);
	if (query)
		n = (size_t)(query - s);
	if (n < sizeof(ret->path)) {
		memcpy(ret->path, s, n);
		ret->path[n] = '\0';
	}
	return 0;
}

/* "METHOD target HTTP/1.x". Return: 0 or a status. */
static int parse_line(const char *s, size_t n, struct control_request *ret)
{
	const char *end = s + n, *target, *version;

	target = memchr(s, ' ', n);
	if (!target || !is_token(s, (size_t)(target - s)))
		return BAD_REQUEST;
	ret->method = find_method(s, (size_t)(target - s));
	target++;
	version = memchr(target, ' ', (size_t)(end - target));
	if (!version)
		return BAD_REQUEST;
	n = (size_t)(end - version) - 1;
	if (!is(version + 1, n, "HTTP/1.1") && !is(version + 1, n, "HTTP/1.0"))
		return n >= 5 && strncmp(version + 1, "HTTP/", 5) == 0
			       ? WRONG_VERSION
			       : BAD_REQUEST;
	return parse_target(target, (size_t)(version - target), ret);
}

/* What the fields say of the body. @n UINT32_MAX: nothing. */
struct framing {
	uint32_t n;
};

static int parse_length(const char *s, size_t n, struct framing *ret)
{
	uint32_t length;

	if (ret->n != UINT32_MAX || n == 0)
		return BAD_REQUEST;
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return BAD_REQUEST;
	if (n > 9 || parse_u32(s, n, &length) < 0)
		return n > 9 ? TOO_LARGE : BAD_REQUEST;
	ret->n = length;
	return length > CONTROL_BODY_MAX ? TOO_LARGE : 0;
}

static int parse_field(const char *s, size_t n, struct framing *framing)
{
	const char *colon = memchr(s, ':', n), *end = s + n;
	size_t name_n;

	if (!colon || !is_token(s, (size_t)(colon - s)))
		return BAD_REQUEST;
	name_n = (size_t)(colon - s);
	for (colon++; colon < end && (*colon == ' ' || *colon == '\t');)
		colon++;
	while (end > colon && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	for (const char *c = colon; c < end; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return BAD_REQUEST;
	if (name_n == 14 && strncasecmp(s, "Content-Length", 14) == 0)
		return parse_length(colon, (size_t)(end - colon), framing);
	if (name_n == 17 && strncasecmp(s, "Transfer-Encoding", 17) == 0)
		return NOT_IMPLEMENTED;
	return 0;
}

/* Lines up to the empty one, which is there. */
static int parse_head(const char *s, size_t n, struct control_request *ret,
		      struct framing *framing)
{
	bool first = true;
	int r = 0;

	while (r == 0 && n > 0) {
		const char *end = memmem(s, n, "\r\n", 2);
		size_t line = (size_t)(end - s);

		r = first ? parse_line(s, line, ret)
			  : parse_field(s, line, framing);
		first = false;
		s += line + 2;
		n -= line + 2;
	}
	return r;
}

int control_request_parse(const char *bytes, size_t n,
			  struct control_request *ret)
{
	struct control_request rq = { .method = CONTROL_OTHER };
	struct framing framing = { UINT32_MAX };
	const char *end = memmem(bytes, n, "\r\n\r\n", 4);
	size_t head;
	int r;

	if (!end)
		return n < CONTROL_HEAD_MAX ? -EAGAIN : HEAD_TOO_LARGE;
	head = (size_t)(end - bytes) + 4;
	if (head > CONTROL_HEAD_MAX)
		return HEAD_TOO_LARGE;
	r = parse_head(bytes, head - 2, &rq, &framing);
	if (r != 0)
		return r;
	rq.body = bytes + head;
	rq.body_n = framing.n == UINT32_MAX ? 0 : framing.n;
	if (n - head < rq.body_n)
		return -EAGAIN;
	*ret = rq;
	return 0;
}
