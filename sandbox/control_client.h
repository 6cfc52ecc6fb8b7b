/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_client.h - ask a daemon over its control socket
 */
#ifndef NETLEASH_SANDBOX_CONTROL_CLIENT_H
#define NETLEASH_SANDBOX_CONTROL_CLIENT_H

#include <stddef.h>

#define CONTROL_CLIENT_ERROR_MAX 300

/* What comes of a body, in pieces. Return: 0 to go on, -errno to stop. */
typedef int control_body_fn(void *arg, const char *bytes, size_t n);

/*
 * One request on the socket at @path; @body may be NULL. Return: the status of
 * the answer, whose body went to @fn; or -errno with a sentence.
 */
int control_ask(const char *path, const char *method, const char *target,
		const char *body, control_body_fn *fn, void *arg,
		char error[CONTROL_CLIENT_ERROR_MAX]);

#endif
