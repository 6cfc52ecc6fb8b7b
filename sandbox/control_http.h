/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_http.h - connections of the control socket
 *
 * In:         a listening unix socket, whose peers may be hostile to each other
 * Out:        whole requests, one a connection (control_request.h)
 * States:     reading -> (held ->) ending -> gone
 * Invariants: whoever is not root or of the group gets 403 before a byte is
 *             read. There are CONTROL_CONNS_MAX at most, of one user
 *             CONTROL_CONNS_OF_USER; beyond that the oldest that is not held,
 *             of the user with most, makes room. Each state but held ends by a
 *             time-out; of what is held, one user has a share. What waits to
 *             be written is bounded
 */
#ifndef NETLEASH_SANDBOX_CONTROL_HTTP_H
#define NETLEASH_SANDBOX_CONTROL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CONTROL_CONNS_MAX     128
#define CONTROL_CONNS_OF_USER 32 /* root: as many as there are */

struct control_conn;
struct control_http;
struct control_request;
struct event_base;
struct strbuf;

/* A whole request: ends in control_conn_answer() or control_conn_hold(). */
typedef void control_serve_fn(struct control_conn *cc,
			      const struct control_request *rq, void *arg);

/**
 * struct control_http_opts
 * @listen_fd: taken, in failure too
 * @group: who may, beside root; (gid_t)-1: nobody
 */
struct control_http_opts {
	struct event_base *base;
	int listen_fd;
	gid_t group;
	control_serve_fn *serve;
	void *arg;
};

/* Return: 0 or -errno. */
int control_http_new(const struct control_http_opts *opts,
		     struct control_http **ret);

/* Nobody is called any more. NULL is fine. */
void control_http_free(struct control_http *h);

/* The answer, and the connection's end. @allow: of a 405, else NULL. Takes what
 * is in @text. */
void control_conn_answer(struct control_conn *cc, int status, const char *type,
			 const char *allow, struct strbuf *text);

enum control_held {
	CONTROL_WAITER,
	CONTROL_STREAM
};

/*
 * It is answered later; @gone runs if its client goes before. Return: false: so
 * many wait already, all together or of this user.
 */
typedef void control_gone_fn(void *arg);
bool control_conn_hold(struct control_conn *cc, enum control_held held,
		       control_gone_fn *gone, void *arg);

/* Of one that is held: a head, then bytes until the end. Return: false: its
 * client is too far behind, and they are dropped. */
void control_conn_begin(struct control_conn *cc, const char *type);
bool control_conn_send(struct control_conn *cc, const char *bytes, size_t n);
void control_conn_end(struct control_conn *cc);

#endif
