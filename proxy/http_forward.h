/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_forward.h - one request to an origin, and its answer back
 *
 * In:   both sockets, a request head as the origin is to see it, and the
 *       client's bytes behind the head
 * Out:  one done callback: how it ended, what the connections may still be
 *       used for, and the client's bytes that were not this request's
 *
 * Bodies are streamed both ways at once: a side is read only while nothing
 * waits for the other. What the origin's head says is passed on rewritten;
 * what cannot be passed on never reaches the client as something whole.
 */
#ifndef NETLEASH_PROXY_HTTP_FORWARD_H
#define NETLEASH_PROXY_HTTP_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "proxy/http_framing.h"

struct event_base;
struct forward;

enum forward_end {
	/* The answer is with the client, whole. */
	FORWARD_DONE,
	/* 101: the head is with the client; a tunnel is to follow. */
	FORWARD_UPGRADED,
	/* The origin ended or broke the rules before any answer: 502. */
	FORWARD_FAILED,
	/* As FORWARD_FAILED, without a byte, on a connection that has
	 * carried an answer before: it may just have been closed. */
	FORWARD_STALE,
	/* The answer began and did not end: the client must see a reset. */
	FORWARD_CUT,
	/* The client is gone, or broke off or mangled its body. */
	FORWARD_CLIENT_GONE,
	FORWARD_BAD_BODY,
	FORWARD_NO_MEMORY,
};

/**
 * struct forward_result - what is left when it is over
 * @error:       FAILED, BAD_BODY: what was wrong, a sentence part; or NULL
 * @status:      of the final answer; 0 before there is one
 * @client_fault: CUT: it was the client's doing
 * @keep_client: the client's connection may carry another request
 * @keep_origin: the origin's connection may
 * @client_eof:  the client has half-closed
 * @body_done:   the request's body was read to its end
 * @in, @out:    bytes of bodies to the client and to the origin
 * @extra:       the client's bytes behind this request; the callee takes it
 */
struct forward_result {
	enum forward_end end;
	const char *error;
	unsigned status;
	bool client_fault, keep_client, keep_origin, client_eof, body_done;
	uint64_t in, out;
	struct strbuf *extra;
};

/* It is freed when this returns; the sockets are the caller's, to be closed at
 * once where one of them is not kept. */
typedef void forward_done_fn(const struct forward_result *result, void *arg);

/**
 * struct forward_opts - what to do; copied
 * @client_fd, @origin_fd: borrowed until the end
 * @request:    how the request is framed
 * @head:       the request's head, rewritten; copied
 * @rest, @rest_n: what the client sent behind the head; copied
 * @client_eof: and that was all
 * @close:      the client's connection is not to be kept
 * @parent:     the origin is a parent proxy: its 407 is none for the client,
 *              but FORWARD_FAILED with that status
 * @reused:     the origin's connection has carried an answer before
 * @edit:       may change each head for the client, once it is rendered, and
 *              the lines of a trailer, some at a time; or NULL
 * @head_size, @header_count: limits for the answer's head
 */
struct forward_opts {
	struct event_base *base;
	int client_fd, origin_fd;
	struct http_framing request;
	const struct strbuf *head;
	const char *rest;
	size_t rest_n;
	bool client_eof, close, reused, parent;
	void (*edit)(struct strbuf *lines, bool trailer, void *arg);
	void *edit_arg;
	uint32_t head_size, header_count;
};

/* Never calls @done from inside. Return: 0, or -ENOMEM. */
int forward_start(const struct forward_opts *opts, forward_done_fn *done,
		  void *arg, struct forward **ret);

/* Stop and free; @done will not run. NULL is fine. */
void forward_cancel(struct forward *f);

/* Body bytes so far, into @ret_in and @ret_out. */
void forward_counts(const struct forward *f, uint64_t *ret_in,
		    uint64_t *ret_out);

/* True where the client may have a part of an answer, and no other can follow.
 */
bool forward_has_answered(const struct forward *f);

/* When a byte was last moved, in clock_ms() time. */
uint64_t forward_active_ms(const struct forward *f);

#endif
