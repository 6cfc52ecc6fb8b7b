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
 * References: open(2), pipe(7), syslog(3), unix(7), RFC 3339 section 5.6,
 * RFC 3164 section 4.1, RFC 8259
 */
#include "proxy/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "proxy/log_tap.h"

/* "2026-11-28T07:10:57.", with room for a year of many digits. */
#define TIME_TEXT_MAX 40

/* How a line gets out. */
enum sink {
	SINK_NONE,
	SINK_WRITE,  /* a regular file, or a description that does not block */
	SINK_SEND,   /* a socket */
	SINK_SYSLOG, /* a datagram socket of syslog's */
	SINK_POLLED, /* a description that others share */
};

struct access_log {
	int fd;
	bool fd_is_ours;
	enum sink sink;
	struct access_torn *torn, own_torn;
	bool quiet; /* no message when lines are lost: it would go there too */
	struct sockaddr_un peer; /* syslog's */
	socklen_t peer_len;
	uint64_t dropped, dropped_told;
	struct strbuf line;
	struct log_tap tap;
};

/* Of a second once: most lines share it with the one before. */
static bool format_second(time_t second, char ret[TIME_TEXT_MAX])
{
	static _Thread_local char text[TIME_TEXT_MAX];
	static _Thread_local time_t of;
	struct tm tm;

	if (text[0] == '\0' || second != of) {
		text[0] = '\0';
		if (!gmtime_r(&second, &tm) ||
		    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &tm) ==
			    0)
			return false;
		of = second;
	}
	memcpy(ret, text, sizeof(text));
	return true;
}

static void add_time(struct json *j, struct timespec now)
{
	unsigned ms = (unsigned)(now.tv_nsec / 1000000) % 1000;
	char text[TIME_TEXT_MAX + 4];
	size_t n;

	if (!format_second(now.tv_sec, text)) {
		json_null(j, "time");
		return;
	}
	n = strlen(text);
	text[n++] = (char)('0' + ms / 100);
	text[n++] = (char)('0' + ms / 10 % 10);
	text[n++] = (char)('0' + ms % 10);
	text[n++] = 'Z';
	json_string_n(j, "time", text, n);
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

/* Queries hold secrets; and a path must not make a line too long to write. */
static void add_path(struct json *j, const struct access_entry *e)
{
	size_t n = e->path_len;
	const char *query;

	if (!e->path) {
		json_null(j, "path");
		return;
	}
	query = memchr(e->path, '?', n);
	if (query)
		n = (size_t)(query - e->path);
	if (n == 0)
		json_string(j, "path", "/");
	else
		json_string_n(j, "path", e->path,
			      n < ACCESS_PATH_MAX ? n : ACCESS_PATH_MAX);
}

/* It is the client's to choose; it must not make a line too long, either. */
static void add_method(struct json *j, const struct access_entry *e)
{
	if (!e->method)
		json_null(j, "method");
	else
		json_string_n(j, "method", e->method,
			      strnlen(e->method, ACCESS_METHOD_MAX));
}

static void add_who(struct json *j, const struct access_who *who)
{
	static const struct access_who nobody;

	if (!who)
		who = &nobody;
	json_string_or_null(j, "run", null_if_empty(who->run));
	if (null_if_empty(who->caller))
		json_string(j, "caller", who->caller);
	if (null_if_empty(who->command))
		json_string(j, "command", who->command);
}

void access_entry_render(const struct access_entry *e, struct timespec now,
			 struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	add_time(&j, now);
	add_who(&j, e->who);
	json_string_or_null(&j, "protocol", e->protocol);
	json_string_or_null(&j, "client", e->client);
	if (null_if_empty(e->user))
		json_string(&j, "user", e->user);
	add_method(&j, e);
	json_string_or_null(&j, "target", e->target);
	add_path(&j, e);
	json_string_or_null(&j, "address", e->address);
	json_string(&j, "decision", decision(e->reason));
	json_string_or_null(&j, "rule", null_if_empty(e->rule));
	json_string(&j, "reason", reason_name(e->reason));
	if (e->upstream) {
		json_string(&j, "upstream", e->upstream);
		if (e->upstream_status > 0)
			json_uint(&j, "upstream_status", e->upstream_status);
		else
			json_null(&j, "upstream_status");
	}
	if (e->inspected)
		json_bool(&j, "inspected", true);
	if (e->detail)
		json_string(&j, "detail", e->detail);
	json_uint(&j, "bytes_in", e->bytes_in);
	json_uint(&j, "bytes_out", e->bytes_out);
	json_uint(&j, "ms", e->ms);
	if (e->status > 0)
		json_uint(&j, "status", e->status);
	else
		json_null(&j, "status");
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

static void render_dropped(const struct access_who *who, uint64_t n,
			   struct timespec now, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	add_time(&j, now);
	add_who(&j, who);
	json_uint(&j, "dropped", n);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

/* Is it what we say our own messages on? Then these would say it twice. */
static bool is_stderr(const struct stat *st)
{
	struct stat own;

	return fstat(STDERR_FILENO, &own) == 0 && own.st_dev == st->st_dev &&
	       own.st_ino == st->st_ino;
}

/* A description of our own, or one that does not block anyway, or neither. */
static void open_pipe(struct access_log *l, int fd)
{
	char path[40];
	int own, flags;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path,
		   O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own >= 0) {
		l->fd = own;
		l->fd_is_ours = true;
		l->sink = SINK_WRITE;
		return;
	}
	flags = fcntl(fd, F_GETFL);
	l->sink = flags >= 0 && (flags & O_NONBLOCK) ? SINK_WRITE : SINK_POLLED;
}

static int open_syslog(struct access_log *l, int fd)
{
	struct tm tm;
	time_t zero = 0;

	l->peer_len = sizeof(l->peer);
	if (getpeername(fd, (struct sockaddr *)&l->peer, &l->peer_len) < 0)
		return -errno;
	(void)localtime_r(&zero, &tm);
	l->sink = SINK_SYSLOG;
	return 0;
}

/* Finds out how to write to @fd without ever waiting. */
static int open_sink(struct access_log *l, int fd, bool is_syslog)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	l->fd = fd;
	l->quiet = is_stderr(&st);
	if (S_ISSOCK(st.st_mode)) {
		l->sink = SINK_SEND;
		return is_syslog ? open_syslog(l, fd) : 0;
	}
	if (is_syslog)
		return -ENOTSOCK;
	if (S_ISREG(st.st_mode))
		l->sink = SINK_WRITE;
	else
		open_pipe(l, fd);
	return 0;
}

int access_log_new(int fd, bool is_syslog, struct access_log **ret)
{
	struct access_log *l = calloc(1, sizeof(*l));
	struct tm tm;
	time_t zero = 0;
	int r;

	if (!l)
		return -ENOMEM;
	l->fd = -1;
	l->own_torn = (struct access_torn)ACCESS_TORN_INIT;
	l->torn = &l->own_torn;
	l->tap = (struct log_tap)LOG_TAP_NONE;
	/* glibc reads the time zone's file at the first use: now, not later,
	 * when we may not open files any more. */
	(void)gmtime_r(&zero, &tm);
	(void)localtime_r(&zero, &tm);
	if (fd >= 0) {
		r = open_sink(l, fd, is_syslog);
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

int access_log_set(struct access_log *l, int fd, bool is_syslog)
{
	struct access_log next = { .fd = -1 };
	int r = fd < 0 ? 0 : open_sink(&next, fd, is_syslog);

	if (r < 0)
		return r;
	if (l->fd_is_ours)
		close(l->fd);
	next.line = l->line;
	next.dropped = l->dropped;
	next.dropped_told = l->dropped_told;
	next.tap = l->tap;
	next.own_torn = (struct access_torn)ACCESS_TORN_INIT;
	next.torn = l->torn;
	*l = next;
	return 0;
}

void access_log_share(struct access_log *l, struct access_torn *torn)
{
	l->torn = torn;
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

/*
 * As syslog(3) writes to a local socket: facility daemon, severity info. The
 * name of the program, not of a host; the time is the zone's. A syslog that
 * was started anew has another socket behind the same name.
 */
static ssize_t put_syslog(struct access_log *l, const char *bytes, size_t n)
{
	char head[80];
	struct iovec parts[2] = { { .iov_base = head },
				  { .iov_base = (char *)(uintptr_t)bytes,
				    .iov_len = n - 1 /* the newline */ } };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };
	time_t now = time(NULL);
	struct tm tm;
	size_t at;
	ssize_t r;

	at = (size_t)snprintf(head, sizeof(head), "<%d>",
			      LOG_DAEMON | LOG_INFO);
	if (localtime_r(&now, &tm))
		at += strftime(head + at, sizeof(head) - at, "%b %e %H:%M:%S ",
			       &tm);
	at += (size_t)snprintf(head + at, sizeof(head) - at,
			       "netleash[%d]: ", (int)getpid());
	parts[0].iov_len = at;
	r = sendmsg(l->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0 && errno != EAGAIN && errno != EMSGSIZE &&
	    connect(l->fd, (struct sockaddr *)&l->peer, l->peer_len) == 0)
		r = sendmsg(l->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return r < 0 ? r : (ssize_t)n;
}

static ssize_t put(struct access_log *l, const char *bytes, size_t n)
{
	struct pollfd pfd = { .fd = l->fd, .events = POLLOUT };

	switch (l->sink) {
	case SINK_SEND:
		return send(l->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case SINK_SYSLOG:
		return put_syslog(l, bytes, n);
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

/* Return: 0, or -errno and what was written broke off, or none of it is there.
 */
static int put_whole(struct access_log *l, const char *bytes, size_t n)
{
	ssize_t r = put(l, bytes, n);

	if (r < 0)
		return -errno;
	if ((size_t)r == n)
		return 0;
	l->torn->torn = true;
	/* All but its newline is a line. */
	return (size_t)r + 1 == n ? 0 : -ENOSPC;
}

/*
 * Writes the line at hand; what broke off before it is ended first. Another
 * thread may only write once it is known whether this one broke off: the file
 * itself is one writer's at a time anyway. Return: 0, or -errno and the line is
 * lost.
 */
static int put_line(struct access_log *l)
{
	int r = 0;

	if (strbuf_failed(&l->line))
		return -ENOMEM;
	(void)pthread_mutex_lock(&l->torn->lock);
	if (l->torn->torn)
		r = put(l, "\n", 1) == 1 ? 0 : -errno;
	if (r == 0) {
		l->torn->torn = false;
		r = put_whole(l, l->line.s, l->line.len);
	}
	(void)pthread_mutex_unlock(&l->torn->lock);
	return r;
}

void access_log_write(struct access_log *l, const struct access_entry *e)
{
	struct timespec now;
	int r = 0;

	if (l->sink == SINK_NONE && l->tap.fd < 0)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (l->dropped > l->dropped_told) {
		strbuf_reset(&l->line);
		render_dropped(e->who, l->dropped - l->dropped_told, now,
			       &l->line);
		r = put_line(l);
		if (r == 0)
			l->dropped_told = l->dropped;
	}
	strbuf_reset(&l->line);
	access_entry_render(e, now, &l->line);
	log_tap_send(&l->tap, l->line.s, l->line.len);
	if (r == 0)
		r = put_line(l);
	if (r < 0) {
		/* Once for each time that lines begin to be lost. */
		if (l->dropped == l->dropped_told && !l->quiet)
			log_warn("access log: lines are being dropped: %s",
				 strerror(-r));
		l->dropped++;
	}
}

void access_log_set_tap(struct access_log *l, int fd, uint32_t thread)
{
	l->tap.fd = fd;
	l->tap.thread = thread;
}

uint64_t access_log_dropped(const struct access_log *l)
{
	return l->dropped;
}
