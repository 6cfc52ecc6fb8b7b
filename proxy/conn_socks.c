/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_socks.c - a SOCKS5 client, from its greeting to a verdict
 *
 * In:         the bytes that conn.c has read
 * Out:        conn_judge() with a target, or a refusal in SOCKS5's words
 * Steps:      greeting -> its answer -> request -> policy, as for CONNECT
 * Invariants: clients that send the request, and even what is to go through
 *             the tunnel, without waiting for our answers are served alike:
 *             c->in is taken message by message, and what is left is early
 *             data
 * References: RFC 1928
 */
#include "proxy/conn_priv.h"
#include "proxy/conn_request.h"

#include "proxy/conn_answer.h"
#include "proxy/socks5.h"

/* Return: true if the request may come. */
static bool on_greeting(struct conn *c)
{
	enum socks5_verdict v;
	size_t length;

	v = socks5_greeting_parse(c->in, c->in_n, &length);
	if (v == SOCKS5_MORE) {
		if (c->client_eof)
			conn_close(c);
		return false;
	}
	socks5_method_render(v, &c->out);
	if (v != SOCKS5_OK) {
		conn_answer(c, REASON_UNSUPPORTED);
		return false;
	}
	c->greeted = true;
	conn_take_input(c, length);
	conn_send(c);
	return c->state == CONN_SOCKS;
}

static void on_request(struct conn *c)
{
	char detail[TARGET_DETAIL_MAX];
	enum socks5_verdict v;
	size_t length;

	v = socks5_request_parse(c->in, c->in_n, &c->request.target, &length,
				 detail);
	switch (v) {
	case SOCKS5_MORE:
		if (c->client_eof)
			conn_refuse(c, REASON_MALFORMED, NULL, NULL, 0);
		break;
	case SOCKS5_OK:
		c->has_target = true;
		policy_set_method(&c->request, "CONNECT", 7);
		conn_take_input(c, length);
		conn_judge(c);
		break;
	case SOCKS5_BAD_COMMAND:
	case SOCKS5_BAD_ADDRESS_TYPE:
	case SOCKS5_MALFORMED:
	case SOCKS5_NO_METHOD:
		socks5_reply_render(socks5_verdict_reply(v), NULL, 0, &c->out);
		conn_answer(c, v == SOCKS5_BAD_COMMAND ? REASON_UNSUPPORTED
						       : REASON_MALFORMED);
		break;
	}
}

void conn_socks_bytes(struct conn *c)
{
	if (c->greeted || on_greeting(c))
		on_request(c);
}
