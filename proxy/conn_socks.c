/* SPDX-License-Identifier: MIT */
/*
 * proxy/conn_socks.c - a SOCKS5 client, from its greeting to a verdict
 *
 * In:         the bytes that conn.c has read
 * Out:        conn_judge() with a target, or a refusal in SOCKS5's words
 * Steps:      greeting -> its answer -> (name and password -> its answer ->)
 *             request -> policy, as for CONNECT
 * Invariants: clients that send the request, and even what is to go through
 *             the tunnel, without waiting for our answers are served alike:
 *             c->in is taken message by message, and what is left is early
 *             data
 * References: RFC 1928, RFC 1929
 */
#include "proxy/conn_priv.h"
#include "proxy/conn_request.h"

#include "proxy/conn_answer.h"
#include "proxy/conn_auth.h"
#include "proxy/socks5.h"
#include "proxy/socks5_auth.h"

/* Return: true if the next message may come. */
static bool on_greeting(struct conn *c)
{
	const bool asked = conn_auth_is_asked(c);
	const enum socks5_method method =
		asked ? SOCKS5_METHOD_PASSWORD : SOCKS5_METHOD_NONE;
	enum socks5_verdict v;
	size_t length;

	v = socks5_greeting_parse(c->in, c->in_n, method, &length);
	if (v == SOCKS5_MORE) {
		if (c->client_eof)
			conn_close(c);
		return false;
	}
	socks5_method_render(v, method, &c->out);
	if (v != SOCKS5_OK) {
		conn_answer(c, asked ? REASON_AUTH : REASON_UNSUPPORTED);
		return false;
	}
	c->greeted = true;
	c->asking = asked;
	conn_take_input(c, length);
	conn_send(c);
	return c->state == CONN_SOCKS;
}

/* Return: true if the request may come. */
static bool on_password(struct conn *c)
{
	struct auth_given given;
	size_t length;

	switch (socks5_auth_parse(c->in, c->in_n, &given, &length)) {
	case SOCKS5_MORE:
		if (c->client_eof)
			conn_refuse(c, REASON_MALFORMED, NULL, NULL, 0);
		return false;
	case SOCKS5_OK:
		break;
	case SOCKS5_MALFORMED:
	case SOCKS5_NO_METHOD:
	case SOCKS5_BAD_COMMAND:
	case SOCKS5_BAD_ADDRESS_TYPE:
		conn_refuse(c, REASON_MALFORMED, NULL, NULL, 0);
		return false;
	}
	if (!conn_auth_admit(c, &given)) {
		conn_refuse(c, REASON_AUTH, NULL, NULL, 0);
		return false;
	}
	c->asking = false;
	conn_take_input(c, length);
	socks5_auth_reply_render(true, &c->out);
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
		/* A reload may have begun to ask since the greeting. */
		if (!c->user[0] && conn_auth_is_asked(c))
			conn_refuse(c, REASON_AUTH, NULL, NULL, 0);
		else
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
	if ((c->greeted || on_greeting(c)) && (!c->asking || on_password(c)))
		on_request(c);
}
