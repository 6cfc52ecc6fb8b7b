/* SPDX-License-Identifier: MIT */
/*
 * proxy/reply.h - what netleash itself answers, as bytes
 *
 * Pure. Every answer but the 200 carries X-Netleash-Reason, its length,
 * "Connection: close" unless the connection goes on, and a body for people or,
 * where Accept names it, JSON:
 *
 *   {"decision":"deny","reason":"port","host":"example.com","port":8080,
 *    "message":"...","rule":null,"allow_with":"allow example.com:8080"}
 *
 * "decision" is "deny" for a refusal by policy and "error" for anything else.
 * The last line of the text is the line that would allow the request, where
 * there is one. Nothing that a client sent gets in unescaped.
 */
#ifndef NETLEASH_PROXY_REPLY_H
#define NETLEASH_PROXY_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "proxy/reason.h"

/**
 * struct reply - a refusal or an error, for one client; all borrowed
 * @reason:     any but REASON_ALLOWED
 * @host, @port: what was asked for; NULL where that is not known
 * @detail:     one more sentence, or NULL; may hold a client's bytes
 * @rule:       place of the rule that refused ("FILE:LINE"), or NULL
 * @allow_with: the line that would allow it, or NULL or ""
 * @json:       the client prefers JSON
 * @keep:       the connection goes on after this
 * @head_only:  the request was a HEAD: no body follows (RFC 9110 9.3.2)
 */
struct reply {
	enum reason reason;
	const char *host;
	uint16_t port;
	const char *detail;
	const char *rule;
	const char *allow_with;
	bool json;
	bool keep;
	bool head_only;
};

/* The whole answer into @out; see strbuf_failed() for want of memory. */
void reply_render(const struct reply *r, struct strbuf *out);

/* The answer to a CONNECT whose far side is connected. */
void reply_render_established(struct strbuf *out);

/* True if an Accept field's value names application/json, in any case. */
bool reply_accepts_json(const char *value, size_t n);

#endif
