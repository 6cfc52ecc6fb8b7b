/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_request.h - one request on the control socket
 *
 * Pure. As much of HTTP/1.1 as that needs, and strict: what is not understood
 * is refused whole. A connection has one request.
 *
 * References: RFC 9112
 */
#ifndef NETLEASH_SANDBOX_CONTROL_REQUEST_H
#define NETLEASH_SANDBOX_CONTROL_REQUEST_H

#include <stddef.h>

#define CONTROL_HEAD_MAX 8192
#define CONTROL_BODY_MAX 4096
#define CONTROL_PATH_MAX 64 /* longer than any that there is */

enum control_method {
	CONTROL_GET,
	CONTROL_POST,
	CONTROL_PUT,
	CONTROL_OTHER
};

/**
 * struct control_request
 * @path: without query; "" for one that is too long to be any of ours
 * @body: into the bytes that were parsed, not terminated
 */
struct control_request {
	enum control_method method;
	char path[CONTROL_PATH_MAX];
	const char *body;
	size_t body_n;
};

/*
 * @bytes are all that came, @n of them. Return: 0 with the request; -EAGAIN:
 * more is needed, and @n has not reached CONTROL_HEAD_MAX + CONTROL_BODY_MAX;
 * else the HTTP status that says what is wrong, 400, 413, 431, 501 or 505.
 */
int control_request_parse(const char *bytes, size_t n,
			  struct control_request *ret);

#endif
