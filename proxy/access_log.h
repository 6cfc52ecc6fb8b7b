/* SPDX-License-Identifier: MIT */
/*
 * proxy/access_log.h - one JSON line for each request
 *
 * The keys, in this order; they are an interface and never change:
 *
 *   time       when the request ended: RFC 3339, UTC, milliseconds
 *   run        name of the run; null for none
 *   caller     user whose run it is; this and the next are there only where
 *              they are known
 *   command    name of the command that he runs
 *   protocol   "connect", "http", "socks5", "local-port" (forward_port.h)
 *   client     address and port that the request came from
 *   user       who it is, by the conf's `auth`; only where that is known
 *   method     of HTTP, at most 32 bytes; null where there is none
 *   target     "host:port"; null where none was understood
 *   path       of plain HTTP, without its query, at most 1000 bytes; or null
 *   address    the address that was dialled; null where none was
 *   decision   "allow", "deny" (policy), "error" (anything else)
 *   rule       "FILE:LINE" or "argument" of the rule that decided, or null
 *   reason     a word of proxy/reason.h
 *   upstream   "HOST:PORT" of the parent proxy; this and the next are there
 *              only where the request went to it
 *   upstream_status  what it answered to CONNECT, or 407 to a plain
 *              request; else null
 *   inspected  true, for a tunnel that is looked into and the requests in it;
 *              else not there
 *   detail     of reason tls: what was wrong with the client's handshake; else
 *              not there
 *   bytes_in   received from the far side and sent to the client; of plain
 *              HTTP the body
 *   bytes_out  received from the client and sent to the far side; heads and
 *              answers of netleash's own are in neither
 *   ms         how long it took, from the first byte of the request
 *   status     of HTTP, that the client was answered with; or null
 *
 * A line is written by one write(2) to a descriptor in append mode, and never
 * waited for: what cannot be written at once is dropped and counted, and the
 * next line that can be written comes after {"time":...,"run":...,
 * "dropped":N}.
 */
#ifndef NETLEASH_PROXY_ACCESS_LOG_H
#define NETLEASH_PROXY_ACCESS_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/strbuf.h"
#include "proxy/reason.h"

struct access_log;

/* More of a method, and of a path, is not shown. */
#define ACCESS_METHOD_MAX 32
#define ACCESS_PATH_MAX	  1000

/* Whose requests they are; "" or NULL for what there is none of. */
struct access_who {
	const char *run, *caller, *command;
};

/*
 * One line's facts, as above; the text is borrowed and may be NULL. A @path
 * may have its query; @status 0 is none.
 */
struct access_entry {
	const struct access_who *who;
	const char *protocol;
	const char *client;
	const char *user; /* NULL or "": not known */
	const char *method;
	const char *target;
	const char *path;
	size_t path_len;
	const char *address;
	const char *rule;
	enum reason reason;
	unsigned status;
	const char *upstream; /* NULL: direct */
	unsigned upstream_status;
	bool inspected;
	const char *detail;
	uint64_t bytes_in, bytes_out;
	uint64_t ms;
};

/* The line, with its newline, into @out. */
void access_entry_render(const struct access_entry *e, struct timespec now,
			 struct strbuf *out);

/*
 * @fd is borrowed, and may be a file, a pipe, a terminal or a socket; -1
 * makes a log that keeps nothing. @is_syslog: it is a datagram socket that is
 * connected to the system's log, and each line becomes a message for it.
 * Return: 0, -ENOMEM, or -errno.
 */
int access_log_new(int fd, bool is_syslog, struct access_log **ret);
void access_log_free(struct access_log *l);

/* Writes to @fd from now on, likewise; what was lost before is still told.
 * Return: 0, or -errno and nothing has changed. */
int access_log_set(struct access_log *l, int fd, bool is_syslog);

/**
 * struct access_torn - of one file, by all who write to it
 * @lock: who has it may write
 * @torn: the last line broke off
 */
struct access_torn {
	pthread_mutex_t lock;
	bool torn;
};

#define ACCESS_TORN_INIT                                                       \
	{                                                                      \
		.lock = PTHREAD_MUTEX_INITIALIZER                              \
	}

/*
 * For logs that write to one file, each from a thread of its own: whoever
 * writes after a line that broke off begins on a line of its own. @torn is
 * borrowed.
 */
void access_log_share(struct access_log *l, struct access_torn *torn);

/* As proxy_set_tap() has it, for the lines of @thread. */
void access_log_set_tap(struct access_log *l, int fd, uint32_t thread);

void access_log_write(struct access_log *l, const struct access_entry *e);

/* How many lines were lost since the beginning. */
uint64_t access_log_dropped(const struct access_log *l);

#endif
