/* SPDX-License-Identifier: MIT */
/*
 * proxy/http_answer.c - what an origin answers, understood and passed on
 *
 * In:         the origin's bytes, from http_forward.c
 * Out:        heads rewritten and bodies for the client; forward_end() for
 *             what cannot be passed on
 * Steps:      interim heads, each passed on by itself -> the final head -> its
 *             body -> surplus, which spoils the connection
 * Invariants: nothing of a head that is malformed or too large reaches the
 *             client; a body that does not end as its head says is never made
 *             to look whole
 * References: RFC 9112 sections 6 to 9; RFC 9110 sections 10.1.1 and 15.2
 */
#include <string.h>

#include "proxy/http_forward_priv.h"
#include "proxy/http_rewrite.h"

/* Interim answers (1xx) to one request; real ones are one or two. */
#define INTERIM_MAX 32u

static void on_body_bytes(struct forward *f, const char *bytes, size_t n)
{
	struct strbuf rest = STRBUF_INIT;

	if (f->answer_done) {
		f->surplus = f->surplus || n > 0;
		return;
	}
	switch (forward_pass(f, &f->answer_body, &f->answer_carry, &f->client,
			     bytes, n, &rest)) {
	case HTTP_BODY_END:
		f->answer_done = true;
		f->surplus = rest.len > 0;
		break;
	case HTTP_BODY_BAD:
		forward_end(f, FORWARD_CUT, f->answer_body.error);
		break;
	case HTTP_BODY_MORE:
	case HTTP_BODY_AGAIN:
		break;
	}
	strbuf_fini(&rest);
}

/* The head in f->head, rewritten, for the client. */
static void render_head(struct forward *f, const struct http_framing *answer,
			bool bare)
{
	struct http_rewrite_response how = {
		.framing = answer,
		.close = f->close,
		.bare = bare,
	};
	struct strbuf head = STRBUF_INIT;

	http_rewrite_response(&f->response, f->head.s, &how, &head);
	if (f->opts.edit)
		f->opts.edit(&head, false, f->opts.edit_arg);
	if (strbuf_failed(&head))
		forward_end(f, FORWARD_NO_MEMORY, NULL);
	else
		forward_keep(f, &f->client.out, head.s, head.len);
	strbuf_fini(&head);
}

static void on_interim(struct forward *f, const struct http_framing *answer)
{
	if (++f->interim_n > INTERIM_MAX) {
		forward_end(f, FORWARD_FAILED,
			    "there are too many interim answers");
		return;
	}
	f->continued = f->continued || f->response.status == 100;
	/* A client of HTTP/1.0 knows no interim answers (RFC 9110 15.2). */
	if (f->opts.request.minor_version > 0)
		render_head(f, answer, false);
}

static void on_final(struct forward *f, const struct http_framing *answer)
{
	const struct http_framing *request = &f->opts.request;
	bool bare = answer->announced == HTTP_FRAMING_CHUNKED &&
		    request->minor_version == 0;

	f->head_done = true;
	f->result.status = f->response.status;
	f->answer = *answer;
	/*
	 * A final answer in the place of 100: the client need not send the
	 * body, and then nobody could tell its next request from it.
	 */
	if (!f->request_done && request->expect_continue && !f->continued &&
	    f->request_body.passed == 0)
		f->no_body = true;
	f->close = f->opts.close || !request->keep_alive || !f->request_done ||
		   answer->body == HTTP_FRAMING_UNTIL_CLOSE || bare;
	f->upgraded = answer->upgrade;
	render_head(f, answer, bare);
	http_body_init(&f->answer_body, answer, bare);
}

/* It wants credentials of ours, which no client of ours could know. */
static void on_parent_refuses(struct forward *f)
{
	f->result.status = f->response.status;
	forward_end(f, FORWARD_FAILED, "it wants other credentials");
}

/* One head of the answer is whole. Return: its length. */
static size_t on_head(struct forward *f)
{
	struct http_framing answer;
	const char *error;

	error = http_framing_response(&f->response, f->head.s, &f->opts.request,
				      &answer);
	if (error)
		forward_end(f, FORWARD_FAILED, error);
	else if (answer.interim)
		on_interim(f, &answer);
	else if (f->opts.parent && f->response.status == 407)
		on_parent_refuses(f);
	else
		on_final(f, &answer);
	return f->response.length;
}

/* What came in the same read as the last head. */
static void on_behind_head(struct forward *f, const char *bytes, size_t n)
{
	if (f->upgraded) {
		f->answer_done = true;
		forward_emit(&f->client, bytes,
			     n); /* the tunnel's first bytes */
		return;
	}
	on_body_bytes(f, bytes, n);
}

void http_answer_begin(struct forward *f)
{
	http_response_init(&f->response, f->opts.head_size,
			   f->opts.header_count);
}

static void on_head_bytes(struct forward *f, const char *bytes, size_t n)
{
	size_t length;

	forward_keep(f, &f->head, bytes, n);
	while (!f->has_ended && !f->head_done) {
		switch (http_response_parse(&f->response, f->head.s,
					    f->head.len)) {
		case HTTP_HEAD_MORE:
			return;
		case HTTP_HEAD_MALFORMED:
		case HTTP_HEAD_TOO_LARGE:
			forward_end(f, FORWARD_FAILED, f->response.error);
			return;
		case HTTP_HEAD_OK:
			break;
		}
		length = on_head(f);
		if (f->head_done) {
			on_behind_head(f, f->head.s + length,
				       f->head.len - length);
			strbuf_fini(&f->head);
			return;
		}
		f->head.len -= length;
		memmove(f->head.s, f->head.s + length, f->head.len);
		http_answer_begin(f);
	}
}

void http_answer_eof(struct forward *f, bool orderly)
{
	f->origin.eof = true;
	if (!f->head_done)
		forward_end(
			f,
			f->opts.reused && !f->any_answer ? FORWARD_STALE
							 : FORWARD_FAILED,
			"the server ended the connection before its answer");
	else if (f->answer_done)
		return;
	else if (orderly && http_body_finish(&f->answer_body) == HTTP_BODY_END)
		f->answer_done = true;
	else
		forward_end(f, FORWARD_CUT, "the answer was cut short");
}

void http_answer_bytes(struct forward *f, const char *bytes, size_t n)
{
	f->any_answer = f->any_answer || n > 0;
	if (f->head_done)
		on_body_bytes(f, bytes, n);
	else
		on_head_bytes(f, bytes, n);
}
