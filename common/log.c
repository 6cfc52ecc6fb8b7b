/* SPDX-License-Identifier: MIT */
/*
 * common/log.c - the operator's log: what netleash itself has to say
 *
 * In:         a format and its arguments, some of them a peer's bytes
 * Out:        one line, in one write(2), so that lines of several processes
 *             and threads on one descriptor do not mix
 * Invariants: errno is kept; a line is at most LINE_MAX_BYTES long with its
 *             newline; nothing is allocated, nothing is locked
 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/macros.h"
#include "common/utf8.h"

#define LINE_MAX_BYTES 4096

static const char prefix[] = "netleash: ";
static const char cut_mark[] = " [line cut]";

static atomic_int max_level = LOG_LEVEL_NOTICE;
static atomic_int sink = STDERR_FILENO;

void log_set_level(enum log_level level)
{
	atomic_store(&max_level, (int)level);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load(&max_level);
}

void log_set_fd(int fd)
{
	atomic_store(&sink, fd);
}

struct line {
	char s[LINE_MAX_BYTES];
	size_t len;
};

/* Room is always kept for the mark and the newline. */
static bool line_add(struct line *l, const char *bytes, size_t n)
{
	if (n > sizeof(l->s) - sizeof(cut_mark) - l->len)
		return false;
	memcpy(l->s + l->len, bytes, n);
	l->len += n;
	return true;
}

/* Return: false if not all of it fitted. */
static bool line_add_safe(struct line *l, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n;) {
		uint32_t cp = 0;
		size_t len = utf8_decode(s + i, n - i, &cp);

		if (len > 0 && !utf8_is_unsafe(cp)) {
			if (!line_add(l, s + i, len))
				return false;
			i += len;
			continue;
		}
		for (size_t end = i + (len > 0 ? len : 1); i < end; i++) {
			unsigned char c = (unsigned char)s[i];
			char code[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

			if (!line_add(l, code, sizeof(code)))
				return false;
		}
	}
	return true;
}

static void write_line(const struct line *l)
{
	ssize_t n;

	/*
	 * Not more than one write: a second one could land in the middle of
	 * another's line, and a log that is full must not hold us up.
	 */
	do {
		n = write(atomic_load(&sink), l->s, l->len);
	} while (n < 0 && errno == EINTR);
}

/* @dropped counts the lines since the last one that was written. */
struct call_site {
	_Atomic(const char *) fmt;
	_Atomic(uint32_t) second;
	atomic_uint count, dropped;
};

/*
 * May one more line of @fmt be written? Two formats that share a slot take it
 * from each other, and threads may pass a line or two beyond the burst: this
 * bounds noise and needs no exact account.
 */
static bool admit(const char *fmt, unsigned *ret_dropped)
{
	static struct call_site sites[64];
	struct call_site *site =
		&sites[((uintptr_t)fmt / 8) % ARRAY_SIZE(sites)];
	uint32_t now = (uint32_t)(clock_us() / 1000000u);

	if (atomic_load(&site->fmt) != fmt ||
	    atomic_load(&site->second) != now) {
		*ret_dropped = atomic_exchange(&site->dropped, 0);
		atomic_store(&site->fmt, fmt);
		atomic_store(&site->second, now);
		atomic_store(&site->count, 1);
		return true;
	}
	if (atomic_fetch_add(&site->count, 1) < LOG_BURST)
		return true;
	atomic_fetch_add(&site->dropped, 1);
	return false;
}

static void write_text(const char *text, size_t n)
{
	struct line l = { .len = 0 };

	(void)line_add(&l, prefix, sizeof(prefix) - 1);
	if (!line_add_safe(&l, text, n)) {
		memcpy(l.s + l.len, cut_mark, sizeof(cut_mark) - 1);
		l.len += sizeof(cut_mark) - 1;
	}
	l.s[l.len++] = '\n';
	write_line(&l);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	int keep = errno, n;
	char text[LINE_MAX_BYTES];
	unsigned dropped = 0;
	va_list args;

	if (!log_enabled(level) ||
	    (level != LOG_LEVEL_ERROR && !admit(fmt, &dropped)))
		return;
	if (dropped > 0) {
		n = snprintf(text, sizeof(text),
			     "%u lines like the next one were dropped",
			     dropped);
		if (n > 0)
			write_text(text, (size_t)n);
	}

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0) /* a text that printf(3) cannot make still leaves a trace */
		n = snprintf(text, sizeof(text), "%s", fmt);
	/* The longest text is longer than the line, and so is cut there. */
	if (n >= (int)sizeof(text))
		n = (int)sizeof(text) - 1;
	write_text(text, n < 0 ? 0 : (size_t)n);
	errno = keep;
}
