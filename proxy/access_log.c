/* SPDX-License-Identifier: MIT */
/*
 * proxy/access_log.c - one JSON line for each request
 *
 * In:         struct access_entry from conn.c, when a request ends
 * Out:        lines on a descriptor that somebody else may be slow to read
 * Invariants: nothing here blocks the loop; a line is whole or is not there
 *             at all, save when a disk runs full in the middle of one: then
 *             the next line starts on a line of its own
 *
 * A pipe or a terminal is opened anew through /proc, because O_NONBLOCK
 * belongs to the open file description, which we may share with whoever
 * started us and who would be surprised. Where that is not to be had, poll(2)
 * tells whether a write will block: a pipe that is writable takes PIPE_BUF
 * bytes at once.
 *
 * References: open(2), pipe(7), RFC 3339 section 5.6, RFC 8259
 */
#include "proxy/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"

/* How a line gets out. */
enum sink {
	SINK_NONE,
	SINK_WRITE,  /* a regular file, or our own non-blocking description */
	SINK_SEND,   /* a socket */
	SINK_POLLED, /* a description that others share */
};

struct access_log {
	int fd;
	bool fd_is_ours;
	enum sink sink;
	bool torn; /* the last line broke off: begin with a newline */
	uint64_t dropped, dropped_told;
	struct strbuf line;
};

static void add_time(struct json *j, struct timespec now)
{
	char text[40];
	struct tm tm;
	size_t n;

	if (!gmtime_r(&now.tv_sec, &tm)) {
		json_null(j, "time");
		return;
	}
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text + n, sizeof(text) - n, ".%03uZ",
		       (unsigned)(now.tv_nsec / 1000000) % 1000);
	json_string(j, "time", text);
}

static const char *decision(enum reason r)
{
	/* A tunnel that fell silent was allowed all the same. */
	if (r == REASON_ALLOWED || r == REASON_IDLE)
		return "allow";
	return reason_is_policy(r) ? "deny" : "error";
}

static const char *null_if_empty(const char *s)
{
	return s && *s ? s : NULL;
}

void access_entry_render(const struct access_entry *e, struct timespec now,
			 struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	add_time(&j, now);
	json_string_or_null(&j, "run", null_if_empty(e->run));
	json_string_or_null(&j, "protocol", e->protocol);
	json_string_or_null(&j, "client", e->client);
	json_string_or_null(&j, "target", e->target);
	json_string_or_null(&j, "address", e->address);
	json_string(&j, "decision", decision(e->reason));
	json_string_or_null(&j, "rule", null_if_empty(e->rule));
	json_string(&j, "reason", reason_name(e->reason));
	json_uint(&j, "bytes_in", e->bytes_in);
	json_uint(&j, "bytes_out", e->bytes_out);
	json_uint(&j, "ms", e->ms);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

static void render_dropped(const char *run, uint64_t n, struct timespec now,
			   struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	add_time(&j, now);
	json_string_or_null(&j, "run", null_if_empty(run));
	json_uint(&j, "dropped", n);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

/* Finds out how to write to @fd without ever waiting. */
static int open_sink(struct access_log *l, int fd)
{
	char path[40];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	l->fd = fd;
	if (S_ISREG(st.st_mode)) {
		l->sink = SINK_WRITE;
		return 0;
	}
	if (S_ISSOCK(st.st_mode)) {
		l->sink = SINK_SEND;
		return 0;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path,
		  O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	l->sink = fd < 0 ? SINK_POLLED : SINK_WRITE;
	if (fd >= 0) {
		l->fd = fd;
		l->fd_is_ours = true;
	}
	return 0;
}

int access_log_new(int fd, struct access_log **ret)
{
	struct access_log *l = calloc(1, sizeof(*l));
	struct tm tm;
	time_t zero = 0;
	int r;

	if (!l)
		return -ENOMEM;
	l->fd = -1;
	/* glibc reads the time zone's file at the first use: now, not later,
	 * when we may not open files any more. */
	(void)gmtime_r(&zero, &tm);
	if (fd >= 0) {
		r = open_sink(l, fd);
		if (r < 0)
			goto out;
	}
	*ret = l;
	l = NULL;
	r = 0;
out:
	access_log_free(l);
	return r;
}

void access_log_free(struct access_log *l)
{
	if (!l)
		return;
	if (l->fd_is_ours)
		close(l->fd);
	strbuf_fini(&l->line);
	free(l);
}

static ssize_t put(struct access_log *l, const char *bytes, size_t n)
{
	struct pollfd pfd = { .fd = l->fd, .events = POLLOUT };

	switch (l->sink) {
	case SINK_SEND:
		return send(l->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case SINK_POLLED:
		if (n > PIPE_BUF || poll(&pfd, 1, 0) != 1 ||
		    !(pfd.revents & POLLOUT)) {
			errno = EAGAIN;
			return -1;
		}
		return write(l->fd, bytes, n);
	case SINK_WRITE:
		return write(l->fd, bytes, n);
	case SINK_NONE:
		break;
	}
	return (ssize_t)n;
}

/* Writes the line at hand. Return: 0, or -errno and the line is lost. */
static int put_line(struct access_log *l)
{
	const char *s = l->line.s;
	ssize_t n;

	if (strbuf_failed(&l->line))
		return -ENOMEM;
	/* What broke off is ended; an error here shows in the next write. */
	if (l->torn && put(l, "\n", 1) == 1)
		l->torn = false;
	n = put(l, s, l->line.len);
	if (n < 0)
		return -errno;
	if ((size_t)n == l->line.len)
		return 0;
	l->torn = true;
	return -ENOSPC;
}

void access_log_write(struct access_log *l, const struct access_entry *e)
{
	struct timespec now;
	int r = 0;

	if (l->sink == SINK_NONE)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (l->dropped > l->dropped_told) {
		strbuf_reset(&l->line);
		render_dropped(e->run, l->dropped - l->dropped_told, now,
			       &l->line);
		r = put_line(l);
		if (r == 0)
			l->dropped_told = l->dropped;
	}
	if (r == 0) {
		strbuf_reset(&l->line);
		access_entry_render(e, now, &l->line);
		r = put_line(l);
	}
	if (r < 0) {
		/* Once for each time that lines begin to be lost. */
		if (l->dropped == l->dropped_told)
			log_warn("access log: lines are being dropped: %s",
				 strerror(-r));
		l->dropped++;
	}
}

uint64_t access_log_dropped(const struct access_log *l)
{
	return l->dropped;
}
