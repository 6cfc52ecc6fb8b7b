/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_forward.c - one request to an origin, and its answer back
 *
 * In:         two connected, non-blocking sockets, a head that is rewritten
 * Out:        one done callback, see http_forward.h
 * States:     the request is on its way until @request_done; the answer is in
 *             its head until @head_done, then in its body until @answer_done.
 *             Both go on at the same time. It is over when both are done and
 *             written, or with the first thing that cannot go on (@ended)
 * Invariants: interest follows state (update_interest is its only writer); a
 *             side is read only while nothing waits for the other, so that at
 *             most one read's worth, and a head, is ever held; only settle()
 *             ends it, as the last thing in a callback
 * References: RFC 9112 sections 6 to 9; RFC 9110 sections 10.1.1 and 15.2
 */
#include "proxy/http_forward.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "proxy/http_forward_priv.h"

#define READ_MAX 65536u

/* What follows a chunked request is in the same read: not too much of it. */
#define READ_CHUNKED_MAX 16384u

/* Of requests that a client sends before it has the answer to this one. */
#define EXTRA_MAX 16384u

static bool is_transient(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

/* The first reason stands. */
void forward_end(struct forward *f, enum forward_end how, const char *error)
{
	if (f->has_ended)
		return;
	f->has_ended = true;
	f->result.end = how;
	f->result.error = error;
}

static bool is_empty(const struct side *s)
{
	return s->out_at == s->out.len;
}

static void on_deaf(struct side *s)
{
	struct forward *f = s->forward;

	s->deaf = true;
	strbuf_fini(&s->out);
	s->out_at = 0;
	/* An origin that reads no more may have answered all the same. */
	if (s == &f->client)
		forward_end(f, FORWARD_CLIENT_GONE, NULL);
}

/* Return: how many bytes the kernel took. */
static size_t give(struct side *to, const char *bytes, size_t n)
{
	ssize_t sent = send(to->fd, bytes, n, MSG_NOSIGNAL);

	if (sent < 0) {
		if (!is_transient(errno))
			on_deaf(to);
		return 0;
	}
	to->forward->active_ms = clock_ms();
	return (size_t)sent;
}

static void flush(struct side *to)
{
	if (is_empty(to))
		return;
	to->out_at +=
		give(to, to->out.s + to->out_at, to->out.len - to->out_at);
	if (is_empty(to)) {
		strbuf_fini(&to->out);
		to->out_at = 0;
	}
}

/* Behind what waits already, or else at once. */
void forward_emit(struct side *to, const char *bytes, size_t n)
{
	size_t sent = 0;

	if (n == 0 || to->deaf)
		return;
	if (is_empty(to))
		sent = give(to, bytes, n);
	if (to->deaf || sent == n)
		return;
	strbuf_add(&to->out, bytes + sent, n - sent);
	if (strbuf_failed(&to->out))
		forward_end(to->forward, FORWARD_NO_MEMORY, NULL);
}

void forward_keep(struct forward *f, struct strbuf *buffer, const char *bytes,
		  size_t n)
{
	if (n == 0)
		return;
	strbuf_add(buffer, bytes, n);
	if (strbuf_failed(buffer))
		forward_end(f, FORWARD_NO_MEMORY, NULL);
}

/* Whole lines of the answer's trailer, as the head's owner wants them. */
static void emit_trailer(struct forward *f, const char *bytes, size_t n)
{
	struct strbuf lines = STRBUF_INIT;

	strbuf_add(&lines, bytes, n);
	f->opts.edit(&lines, true, f->opts.edit_arg);
	if (strbuf_failed(&lines))
		forward_end(f, FORWARD_NO_MEMORY, NULL);
	else
		forward_emit(&f->client, lines.s, lines.len);
	strbuf_fini(&lines);
}

/*
 * Gives @n bytes to @body and what it passes on to @to. Return: the verdict;
 * *@ret_taken of the bytes are done with.
 */
static enum http_body_verdict pass(struct http_body *body, struct side *to,
				   const char *bytes, size_t n,
				   size_t *ret_taken)
{
	struct forward *f = to->forward;
	const bool edits = body == &f->answer_body && f->opts.edit;
	struct http_body_part part;
	enum http_body_verdict v;
	size_t at = 0;

	do {
		v = http_body_parse(body, bytes + at, n - at, &part);
		if (part.trailer && edits)
			emit_trailer(f, part.out, part.out_len);
		else
			forward_emit(to, part.out, part.out_len);
		at += part.taken;
	} while (v == HTTP_BODY_AGAIN);
	*ret_taken = at;
	return v;
}

/* The same with the bytes that were left over the last time before them. */
enum http_body_verdict forward_pass(struct forward *f, struct http_body *body,
				    struct strbuf *carry, struct side *to,
				    const char *bytes, size_t n,
				    struct strbuf *rest)
{
	struct strbuf joined = STRBUF_INIT;
	enum http_body_verdict v;
	size_t taken;

	if (carry->len > 0) {
		joined = *carry;
		*carry = (struct strbuf)STRBUF_INIT;
		forward_keep(f, &joined, bytes, n);
		bytes = joined.s;
		n = joined.len;
	}
	v = pass(body, to, bytes, n, &taken);
	if (v == HTTP_BODY_MORE)
		forward_keep(f, carry, bytes + taken, n - taken);
	else if (v == HTTP_BODY_END)
		forward_keep(f, rest, bytes + taken, n - taken);
	strbuf_fini(&joined);
	return v;
}

/* The client's bytes: the request's body, then what is not ours. */
static void on_request_bytes(struct forward *f, const char *bytes, size_t n)
{
	if (f->request_done) {
		forward_keep(f, &f->extra, bytes, n);
		return;
	}
	switch (forward_pass(f, &f->request_body, &f->request_carry, &f->origin,
			     bytes, n, &f->extra)) {
	case HTTP_BODY_END:
		f->request_done = true;
		break;
	case HTTP_BODY_BAD:
		forward_end(f, FORWARD_BAD_BODY, f->request_body.error);
		break;
	case HTTP_BODY_MORE:
	case HTTP_BODY_AGAIN:
		break;
	}
}

static void on_client_eof(struct forward *f)
{
	f->client.eof = true;
	if (!f->request_done && !f->no_body)
		forward_end(f, FORWARD_BAD_BODY, "the body was cut short");
}

/* Whatever the client would still send is not wanted any more. */
static bool request_is_over(const struct forward *f)
{
	return (f->request_done && is_empty(&f->origin)) || f->no_body ||
	       f->origin.deaf || f->origin.eof;
}

static bool is_over(const struct forward *f)
{
	return f->answer_done && is_empty(&f->client) &&
	       (f->upgraded || request_is_over(f));
}

static void silence(struct forward *f)
{
	event_del(&f->client.readable);
	event_del(&f->client.writable);
	event_del(&f->origin.readable);
	event_del(&f->origin.writable);
}

static void free_forward(struct forward *f)
{
	struct strbuf *all[] = { &f->client.out,    &f->origin.out,
				 &f->request_carry, &f->answer_carry,
				 &f->head,	    &f->extra };

	silence(f);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		strbuf_fini(all[i]);
	free(f);
}

static void finish(struct forward *f)
{
	struct forward_result *r = &f->result;

	/* In the middle of an answer there is no room for another. */
	if (forward_has_answered(f) &&
	    (r->end == FORWARD_FAILED || r->end == FORWARD_STALE ||
	     r->end == FORWARD_BAD_BODY)) {
		r->client_fault = r->end == FORWARD_BAD_BODY;
		r->end = FORWARD_CUT;
	}
	r->client_eof = f->client.eof;
	r->body_done = f->request_done;
	r->in = f->answer_body.passed;
	r->out = f->request_body.passed;
	r->extra = &f->extra;
	r->keep_client = r->end == FORWARD_DONE && !f->close;
	r->keep_origin = r->end == FORWARD_DONE && f->answer.keep_alive &&
			 f->request_done && is_empty(&f->origin) &&
			 !f->origin.eof && !f->origin.deaf && !f->surplus;
	/*
	 * A socket that is closed has no events any more: its number may be
	 * another thread's by then. What is kept is watched by others first,
	 * so that the kernel does not hear of the change.
	 */
	if (!r->keep_client || !r->keep_origin)
		silence(f);
	f->done(r, f->arg);
	free_forward(f);
}

static void set_event(struct forward *f, struct event *ev, bool *is,
		      bool wanted)
{
	if (*is == wanted)
		return;
	*is = wanted;
	if ((wanted ? event_add(ev, NULL) : event_del(ev)) < 0) {
		forward_end(f, FORWARD_NO_MEMORY, NULL);
		event_active(&f->origin.writable, EV_WRITE, 0);
	}
}

/* How much of the client's bytes we would take now. */
static size_t room_for_request(const struct forward *f)
{
	const struct http_framing *request = &f->opts.request;
	uint64_t left;

	if (f->client.eof || f->no_body)
		return 0;
	if (f->request_done)
		return f->extra.len < EXTRA_MAX ? EXTRA_MAX - f->extra.len : 0;
	if (!is_empty(&f->origin))
		return 0;
	if (request->body != HTTP_FRAMING_LENGTH)
		return READ_CHUNKED_MAX;
	left = request->length - f->request_body.passed;
	return left < READ_MAX ? (size_t)left : READ_MAX;
}

static bool wants_answer(const struct forward *f)
{
	return !f->origin.eof && is_empty(&f->client) && !f->surplus &&
	       !f->upgraded && (!f->answer_done || !f->request_done);
}

static void update_reading(struct forward *f)
{
	set_event(f, &f->client.readable, &f->client.reading,
		  room_for_request(f) > 0);
	set_event(f, &f->origin.readable, &f->origin.reading, wants_answer(f));
}

static void update_interest(struct forward *f)
{
	update_reading(f);
	set_event(f, &f->client.writable, &f->client.writing,
		  !is_empty(&f->client));
	set_event(f, &f->origin.writable, &f->origin.writing,
		  !is_empty(&f->origin));
}

/* After anything happened; @f may be gone when it returns. */
static void settle(struct forward *f)
{
	flush(&f->client);
	if (!f->has_ended && is_over(f))
		forward_end(f, f->upgraded ? FORWARD_UPGRADED : FORWARD_DONE,
			    NULL);
	if (f->has_ended)
		finish(f);
	else
		update_interest(f);
}

static void on_client_readable(evutil_socket_t fd, short what, void *arg)
{
	struct forward *f = arg;
	char bytes[READ_MAX];
	ssize_t n = recv(fd, bytes, room_for_request(f), 0);

	(void)what;
	if (n < 0 && is_transient(errno))
		return;
	f->active_ms = clock_ms();
	if (n > 0)
		on_request_bytes(f, bytes, (size_t)n);
	else if (n == 0)
		on_client_eof(f);
	else
		forward_end(f, FORWARD_CLIENT_GONE, NULL);
	settle(f);
}

static void on_origin_readable(evutil_socket_t fd, short what, void *arg)
{
	struct forward *f = arg;
	char bytes[READ_MAX];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	(void)what;
	if (n < 0 && is_transient(errno))
		return;
	f->active_ms = clock_ms();
	if (n <= 0)
		http_answer_eof(f, n == 0);
	else
		http_answer_bytes(f, bytes, (size_t)n);
	settle(f);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct side *s = arg;

	(void)fd;
	(void)what;
	flush(s);
	settle(s->forward);
}

static void side_init(struct forward *f, struct side *s, int fd,
		      event_callback_fn on_readable)
{
	s->forward = f;
	s->fd = fd;
	(void)event_assign(&s->readable, f->opts.base, fd, EV_READ | EV_PERSIST,
			   on_readable, f);
	(void)event_assign(&s->writable, f->opts.base, fd,
			   EV_WRITE | EV_PERSIST, on_writable, s);
}

int forward_start(const struct forward_opts *opts, forward_done_fn *done,
		  void *arg, struct forward **ret)
{
	struct forward *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->opts = *opts;
	f->done = done;
	f->arg = arg;
	f->active_ms = clock_ms();
	side_init(f, &f->client, opts->client_fd, on_client_readable);
	side_init(f, &f->origin, opts->origin_fd, on_origin_readable);
	http_answer_begin(f);
	http_body_init(&f->request_body, &opts->request, false);
	/* With the head waiting, nothing is sent from in here. */
	forward_keep(f, &f->origin.out, opts->head->s, opts->head->len);
	if (opts->rest_n > 0) /* without any it may be NULL */
		on_request_bytes(f, opts->rest, opts->rest_n);
	else
		on_request_bytes(f, "", 0);
	if (opts->client_eof)
		on_client_eof(f);
	/* The head goes out in the next turn, mostly whole; and what is over
	 * already ends then. */
	update_reading(f);
	event_active(&f->origin.writable, EV_WRITE, 0);
	*ret = f;
	return 0;
}

void forward_cancel(struct forward *f)
{
	if (f)
		free_forward(f);
}

void forward_counts(const struct forward *f, uint64_t *ret_in,
		    uint64_t *ret_out)
{
	*ret_in = f->answer_body.passed;
	*ret_out = f->request_body.passed;
}

bool forward_has_answered(const struct forward *f)
{
	/* What waits is the rest of an interim one. */
	return f->head_done || !is_empty(&f->client);
}

uint64_t forward_active_ms(const struct forward *f)
{
	return f->active_ms;
}
