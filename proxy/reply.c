/* SPDX-License-Identifier: MIT */
/*
 * proxy/reply.c - what netleash itself answers, as bytes
 *
 * References: RFC 9110 sections 9.3.6 and 15, RFC 9112 section 6.3: a 2xx to
 * CONNECT has no body and no length, everything else of ours has both.
 */
#include "proxy/reply.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"

/* RFC 9110 11.7.1, RFC 7617 2 */
#define CHALLENGE "Proxy-Authenticate: Basic realm=\"netleash\"\r\n"

static void add_line(struct strbuf *out, const char *label, const char *text)
{
	strbuf_adds(out, label);
	strbuf_add_escaped(out, text, strlen(text));
	strbuf_addc(out, '\n');
}

static void add_target(struct strbuf *out, const struct reply *r)
{
	bool brackets = strchr(r->host, ':') != NULL;

	strbuf_adds(out, brackets ? "Target: [" : "Target: ");
	strbuf_add_escaped(out, r->host, strlen(r->host));
	strbuf_addf(out, brackets ? "]:%u\n" : ":%u\n", r->port);
}

static void render_text(const struct reply *r, struct strbuf *out)
{
	strbuf_addf(out, "netleash: %s\n", reason_sentence(r->reason));
	if (r->detail)
		add_line(out, "", r->detail);
	if (r->host)
		add_target(out, r);
	strbuf_addf(out, "Reason: %s\n", reason_name(r->reason));
	if (r->rule)
		add_line(out, "Rule: ", r->rule);
	if (r->allow_with && *r->allow_with)
		add_line(out, "This line in the conf would allow it:\n",
			 r->allow_with);
}

static void render_json(const struct reply *r, struct strbuf *out)
{
	struct strbuf message = STRBUF_INIT;
	struct json j;

	strbuf_adds(&message, reason_sentence(r->reason));
	if (r->detail) {
		strbuf_addc(&message, ' ');
		strbuf_adds(&message, r->detail);
	}
	json_init(&j, out);
	json_object_open(&j, NULL);
	json_string(&j, "decision",
		    reason_is_policy(r->reason) ? "deny" : "error");
	json_string(&j, "reason", reason_name(r->reason));
	json_string_or_null(&j, "host", r->host);
	if (r->host)
		json_uint(&j, "port", r->port);
	else
		json_null(&j, "port");
	json_string_or_null(&j, "message", message.s);
	json_string_or_null(&j, "rule", r->rule);
	json_string_or_null(&j, "allow_with",
			    r->allow_with && *r->allow_with ? r->allow_with
							    : NULL);
	json_object_close(&j);
	strbuf_addc(out, '\n');
	if (strbuf_failed(&message))
		out->failed = true;
	strbuf_fini(&message);
}

void reply_render(const struct reply *r, struct strbuf *out)
{
	struct strbuf body = STRBUF_INIT;

	if (r->json)
		render_json(r, &body);
	else
		render_text(r, &body);
	strbuf_addf(out,
		    "HTTP/1.1 %u %s\r\n"
		    "X-Netleash-Reason: %s\r\n"
		    "Content-Type: %s\r\n"
		    "%s"
		    "X-Content-Type-Options: nosniff\r\n"
		    "Cache-Control: no-store\r\n"
		    "Content-Length: %zu\r\n"
		    "%s"
		    "\r\n",
		    reason_http_status(r->reason), reason_phrase(r->reason),
		    reason_name(r->reason),
		    r->json ? "application/json" : "text/plain; charset=utf-8",
		    r->reason == REASON_AUTH ? CHALLENGE : "", body.len,
		    r->keep ? "" : "Connection: close\r\n");
	if (!r->head_only && body.len > 0)
		strbuf_add(out, body.s, body.len);
	if (strbuf_failed(&body))
		out->failed = true;
	strbuf_fini(&body);
}

void reply_render_established(struct strbuf *out)
{
	strbuf_adds(out, "HTTP/1.1 200 Connection established\r\n\r\n");
}

bool reply_accepts_json(const char *value, size_t n)
{
	static const char type[] = "application/json";
	size_t len = sizeof(type) - 1;

	for (size_t i = 0; n >= len && i <= n - len; i++)
		if (strncasecmp(value + i, type, len) == 0)
			return true;
	return false;
}
