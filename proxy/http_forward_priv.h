/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_forward_priv.h - one exchange with an origin, inside out
 *
 * For http_forward.c, which moves the bytes and ends it, and for
 * http_answer.c, which understands what the origin says, only.
 */
#ifndef NETLEASH_PROXY_HTTP_FORWARD_PRIV_H
#define NETLEASH_PROXY_HTTP_FORWARD_PRIV_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "proxy/http_body.h"
#include "proxy/http_forward.h"
#include "proxy/http_response.h"

/**
 * struct side - one socket, and what is to be written to it
 * @out, @out_at: what could not be written yet
 * @eof:  it has said all
 * @deaf: it takes no more; what is for it is thrown away
 */
struct side {
	struct forward *forward;
	int fd;
	struct event readable, writable;
	bool reading, writing;
	struct strbuf out;
	size_t out_at;
	bool eof, deaf;
};

/**
 * struct forward
 * @carry: bytes of each body that are no whole line yet
 * @head:  the answer's head, as far as it has come
 * @surplus: the origin says more than its answer
 * @no_body: the client will not send the body that it has announced
 */
struct forward {
	struct forward_opts opts;
	struct side client, origin;
	struct http_body request_body, answer_body;
	struct strbuf request_carry, answer_carry, head, extra;
	struct http_response response;
	struct http_framing answer;
	unsigned interim_n;
	bool request_done, head_done, answer_done, upgraded, surplus;
	bool any_answer, continued, no_body, close;
	bool has_ended;
	struct forward_result result;
	uint64_t active_ms;
	forward_done_fn *done;
	void *arg;
};

/* It cannot go on, or is over; the first call stands. settle() acts on it. */
void forward_end(struct forward *f, enum forward_end how, const char *error);

/* Appends to one of its buffers; without memory that is its end. */
void forward_keep(struct forward *f, struct strbuf *buffer, const char *bytes,
		  size_t n);

/* For @to: behind what waits already, or else at once. */
void forward_emit(struct side *to, const char *bytes, size_t n);

/*
 * Gives @n bytes, behind those in @carry, to @body, and what that passes on
 * to @to. Return: the verdict; with END what is behind the body is in @rest.
 */
enum http_body_verdict forward_pass(struct forward *f, struct http_body *body,
				    struct strbuf *carry, struct side *to,
				    const char *bytes, size_t n,
				    struct strbuf *rest);

/* http_answer.c: waits for a head; then whatever the origin says. */
void http_answer_begin(struct forward *f);
void http_answer_bytes(struct forward *f, const char *bytes, size_t n);

/* No more comes from the origin: in good order, or not. */
void http_answer_eof(struct forward *f, bool orderly);

#endif
