/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_client.c - ask a daemon over its control socket
 *
 * In HTTP/1.0, so that an answer is what comes until the end: no chunks, and a
 * log that goes on for as long as somebody reads.
 */
#include "sandbox/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/scope.h"
#include "common/strbuf.h"

#define HEAD_MAX 8192

static int fail(char *error, int r, const char *path)
{
	const char *what = strerror(-r);

	if (r == -ENOENT || r == -ECONNREFUSED)
		what = "no netleash daemon is running; 'sudo netleash "
		       "daemon' starts one";
	else if (r == -EACCES)
		what = "this is for root and the group netleash";
	(void)snprintf(error, CONTROL_CLIENT_ERROR_MAX, "%s: %s", path, what);
	return r;
}

static int connect_to(const char *path, int *ret)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

static int send_request(int fd, const char *method, const char *target,
			const char *body)
{
	struct strbuf text = STRBUF_INIT;
	int r;

	strbuf_addf(&text, "%s %s HTTP/1.0\r\nHost: localhost\r\n", method,
		    target);
	if (body)
		strbuf_addf(&text,
			    "Content-Type: application/json\r\n"
			    "Content-Length: %zu\r\n",
			    strlen(body));
	strbuf_addf(&text, "\r\n%s", body ? body : "");
	r = strbuf_failed(&text) ? -ENOMEM : fd_write_all(fd, text.s, text.len);
	strbuf_fini(&text);
	return r;
}

/* "HTTP/1.1 200 OK" */
static int parse_status(const char *head)
{
	unsigned minor;
	int status;

	if (sscanf(head, "HTTP/1.%u %3d", &minor, &status) != 2 || status < 100)
		return -EPROTO;
	return status;
}

/* Return: the status, once @head holds a whole head, whose body begins at
 * *@ret_body; or -errno. */
static int read_head(int fd, char head[HEAD_MAX + 1], size_t *ret_n,
		     size_t *ret_body)
{
	size_t n = 0;

	for (;;) {
		ssize_t got = read(fd, head + n, HEAD_MAX - n);
		char *end;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EPROTO;
		n += (size_t)got;
		head[n] = '\0';
		end = strstr(head, "\r\n\r\n");
		if (!end)
			continue;
		*ret_n = n;
		*ret_body = (size_t)(end - head) + 4;
		return parse_status(head);
	}
}

static int read_body(int fd, control_body_fn *fn, void *arg)
{
	char bytes[16384];
	ssize_t n;
	int r = 0;

	do {
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			r = fn(arg, bytes, (size_t)n);
	} while ((n > 0 && r == 0) || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : r;
}

int control_ask(const char *path, const char *method, const char *target,
		const char *body, control_body_fn *fn, void *arg,
		char error[CONTROL_CLIENT_ERROR_MAX])
{
	AUTOCLOSE int fd = -1;
	char head[HEAD_MAX + 1];
	size_t n = 0, at = 0;
	int r, status;

	r = connect_to(path, &fd);
	if (r == 0)
		r = send_request(fd, method, target, body);
	if (r < 0)
		return fail(error, r, path);
	status = read_head(fd, head, &n, &at);
	if (status < 0)
		return fail(error, status, path);
	r = n > at ? fn(arg, head + at, n - at) : 0;
	if (r == 0)
		r = read_body(fd, fn, arg);
	return r < 0 ? fail(error, r, path) : status;
}
