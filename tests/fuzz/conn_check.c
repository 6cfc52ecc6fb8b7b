/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_check.c - what must be true when it is all over
 *
 * Steps: the log -> each client's requests and answers against its lines, in
 *        order -> each origin's bytes against the lines and the tunnels
 *
 * Where the proxy may refuse more than strict_http.c does, a refusal ends the
 * story of that client; never the other way around.
 */
#include "tests/fuzz/conn_check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "proxy/access_log.h"
#include "tests/fuzz/conn_auth.h"
#include "tests/fuzz/conn_lines.h"
#include "tests/fuzz/conn_policy.h"
#include "tests/fuzz/conn_world.h"
#include "tests/support/strict_http.h"

/* A client's side of the story. */
struct story {
	struct end *end;
	size_t said, got; /* as far as it has been understood */
	bool open;	  /* another request may follow */
	bool silent;	  /* a request of it may have no whole answer */
	bool is_tunnel;
	struct strict_span tunnel; /* what it said in one */
};

static struct line lines[LINES_MAX];
static size_t lines_n;
static struct story stories[WORLD_CLIENTS];

static bool is_one_of(const struct strbuf *text, const char *const *words)
{
	for (; *words; words++)
		if (line_says(text, *words))
			return true;
	return false;
}

static bool is_head_refused(const struct line *l)
{
	static const char *const words[] = { "malformed", "head-too-large",
					     "head-timeout", NULL };

	return is_one_of(&l->reason, words);
}

static bool span_is(const struct strict_span *s, const char *text)
{
	return text && s->n == strlen(text) && memcmp(s->s, text, s->n) == 0;
}

static bool contains(const struct strbuf *all, const char *part, size_t n)
{
	return n == 0 || (all->s && memmem(all->s, all->len, part, n));
}

/* --- a client's story */

/* What comes back in it starts at s->got. */
static void begin_tunnel(const struct world *w, struct story *s)
{
	const struct end *e = s->end;
	const char *rest = e->got.s + s->got;
	size_t n = e->got.len - s->got;
	bool found = n == 0;

	s->open = false;
	s->is_tunnel = true;
	s->tunnel = (struct strict_span){ e->sent.s + s->said,
					  e->sent.len - s->said };
	for (int i = 0; i < WORLD_ORIGINS && !found; i++)
		found = contains(&w->origins[i].sent, rest, n);
	if (!found)
		world_wrong("a tunnel brings what no origin said");
	s->got = e->got.len;
}

static bool is_established(const struct line *l)
{
	return l->status == 101 ||
	       (l->status == 200 && line_says(&l->protocol, "connect"));
}

/* The answer did not come, or not all of it. */
static void miss_answer(const struct world *w, struct story *s,
			const struct line *l)
{
	if (!s->end->spoilt)
		world_wrong("an answer ends too early, and looks whole");
	s->silent = true;
	if (is_established(l)) {
		s->got = s->end->got.len;
		begin_tunnel(w, s);
	}
}

/* The answer that a line tells of; @request is what was asked. */
static void check_answer(struct world *w, struct story *s, const struct line *l,
			 const struct strict_message *request)
{
	const char *method = l->method.s ? l->method.s : "";
	const struct end *e = s->end;
	struct strict_message m;
	enum strict_verdict v;

	if (l->status == 0) {
		s->open = false;
		s->silent = true;
		return;
	}
	do {
		v = strict_response(e->got.s + s->got, e->got.len - s->got,
				    e->ended && !e->spoilt, method, &m, NULL);
		if (v == STRICT_BAD)
			world_wrong("an answer is none: %s", m.why);
		if (v == STRICT_MORE) {
			miss_answer(w, s, l);
			return;
		}
		s->got += m.n;
	} while (m.status < 200 && m.status != 101);
	if (m.status != l->status)
		world_wrong("answered %u, and the log says %u", m.status,
			    l->status);
	if (is_established(l))
		begin_tunnel(w, s);
	else if (m.close || m.body == STRICT_TO_THE_END || !request)
		s->open = false;
}

/* A line has the beginning of a method. */
static bool is_method(struct strict_span said, const char *shown)
{
	if (said.n > ACCESS_METHOD_MAX)
		said.n = ACCESS_METHOD_MAX;
	return span_is(&said, shown);
}

static void check_same(const struct line *l, const struct strict_message *m)
{
	const char *path = l->path.s;
	struct strict_span target = m->target;
	const char *host, *slash, *query;

	if (l->method.s && !is_method(m->method, l->method.s))
		world_wrong("the log has %s, the client said another method",
			    l->method.s);
	if (!path || line_says(&l->protocol, "connect"))
		return;
	/* "scheme://host/path?query" */
	query = memchr(target.s, '?', target.n);
	if (query)
		target.n = (size_t)(query - target.s);
	host = memmem(target.s, target.n, "://", 3);
	if (!host)
		world_wrong("the log has a path that the client did not say");
	host += 3;
	slash = memchr(host, '/', target.n - (size_t)(host - target.s));
	if (!slash)
		return;
	if (strncmp(slash, path, strlen(path)) != 0)
		world_wrong("the log has the path %s, the client another",
			    path);
}

static void skip_empty_line(struct story *s)
{
	const struct strbuf *b = &s->end->sent;

	if (b->len - s->said >= 2 && memcmp(b->s + s->said, "\r\n", 2) == 0)
		s->said += 2;
}

static void check_http_line(struct world *w, struct story *s, struct line *l)
{
	const struct strbuf *sent = &s->end->sent;
	struct strict_message m;
	enum strict_verdict v;

	skip_empty_line(s);
	v = strict_request(sent->s + s->said, sent->len - s->said, &m,
			   &l->body);
	if (!m.head_done && !is_head_refused(l))
		world_wrong("a request is taken that is none: %s",
			    m.why ? m.why : "its head is not whole");
	if (m.head_done)
		check_same(l, &m);
	if (m.head_done && conn_policy_asks(w->conf))
		conn_auth_check_request(l, sent->s + s->said, &m);
	if (v == STRICT_OK)
		s->said += m.n;
	check_answer(w, s, l, m.head_done ? &m : NULL);
	if (v != STRICT_OK || is_head_refused(l))
		s->open = false;
}

/* The length of all that is said before a tunnel, or 0. */
static size_t socks_request_length(const struct strbuf *b, bool asks)
{
	size_t at = conn_auth_socks_length(b, asks), n;

	if (at == 0 || b->len < at + 5 || memcmp(b->s + at, "\5\1\0", 3) != 0)
		return 0;
	switch (b->s[at + 3]) {
	case 1:
		n = 4;
		break;
	case 3:
		n = 1 + (size_t)(unsigned char)b->s[at + 4];
		break;
	case 4:
		n = 16;
		break;
	default:
		return 0;
	}
	n += at + 4 + 2;
	return b->len < n ? 0 : n;
}

static void check_socks_line(struct world *w, struct story *s,
			     const struct line *l)
{
	const bool asks = conn_policy_asks(w->conf);
	const size_t length = asks ? 14 : 12; /* of all answers */
	const struct end *e = s->end;

	bool allowed = line_says(&l->decision, "allow") ||
		       line_says(&l->reason, "sni");
	bool opened = e->got.len >= length && e->got.s[length - 9] == 0;

	s->open = false;
	s->silent = true;
	if (asks)
		conn_auth_check_socks(l, &e->sent);
	if (!opened && e->got.len > length)
		world_wrong("more than a refusal is answered");
	if (opened && !allowed)
		world_wrong("a tunnel was opened, and the log says %s",
			    l->decision.s);
	if (!opened && !(allowed && e->spoilt))
		return;
	s->said = socks_request_length(&e->sent, asks);
	if (opened && s->said == 0)
		world_wrong("a request is taken that is none");
	s->got = opened ? length : e->got.len;
	begin_tunnel(w, s);
}

/* Only empty lines, or the beginning of one. */
static bool is_empty_line(const char *s, size_t n)
{
	return n == 0 || (n == 1 && *s == '\r') ||
	       (n == 2 && memcmp(s, "\r\n", 2) == 0);
}

static void check_end_of(struct story *s)
{
	const struct end *e = s->end;

	if (s->got < e->got.len && !s->silent)
		world_wrong("an answer without a line");
	if (s->open && e->ended && !e->spoilt && s->said < e->whole &&
	    !is_empty_line(e->sent.s + s->said, e->whole - s->said))
		world_wrong("a request without a line");
}

static void check_client(struct world *w, int i)
{
	struct story *s = &stories[i];

	*s = (struct story){ .end = &w->clients[i], .open = true };
	if (!s->end->used)
		return;
	for (size_t j = 0; j < lines_n; j++) {
		struct line *l = &lines[j];

		if (l->port != s->end->port)
			continue;
		l->uses = 0;
		if (!s->open)
			world_wrong("a line after the last one: %s %s",
				    l->protocol.s, l->reason.s);
		if (line_says(&l->protocol, "socks5"))
			check_socks_line(w, s, l);
		else
			check_http_line(w, s, l);
	}
	check_end_of(s);
}

/* --- an origin's story */

static bool is_said_in_a_tunnel(const char *bytes, size_t n)
{
	for (int i = 0; i < WORLD_CLIENTS; i++) {
		const struct story *s = &stories[i];

		if (s->is_tunnel && n <= s->tunnel.n &&
		    memcmp(bytes, s->tunnel.s, n) == 0)
			return true;
	}
	return false;
}

static void check_fields(const char *bytes, const struct strict_message *m,
			 bool parent)
{
	static const char *const hops[] = {
		"Proxy-Authorization", "Proxy-Connection", "Keep-Alive", "TE",
		"Proxy-Authenticate",
	};
	struct strict_span name, value;
	size_t cursor = 0;

	while (strict_field(bytes, m, &cursor, &name, &value)) {
		for (size_t i = parent ? 1 : 0; i < ARRAY_SIZE(hops); i++)
			if (strict_is(&name, hops[i]))
				world_wrong("%s goes on to the origin",
					    hops[i]);
		if (strict_is(&name, "Connection") &&
		    !strict_is(&value, "close") &&
		    !strict_is(&value, "Upgrade"))
			world_wrong("Connection has more than is ours");
	}
	if (m->minor != 1 || !m->host.s)
		world_wrong("no request of ours: no Host, or HTTP/1.0");
}

/* "host" or "host:port" against a line's "host:port". */
static bool is_host(const struct strict_span *host, const struct strbuf *target)
{
	char text[400];

	if (!target->s || host->n > 300)
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)host->n, host->s);
	if (strcmp(text, target->s) == 0)
		return true;
	(void)snprintf(text, sizeof(text), "%.*s:80", (int)host->n, host->s);
	return strcmp(text, target->s) == 0;
}

static bool is_path(struct strict_span target, const struct strbuf *path)
{
	const char *query, *slash;
	size_t n = path->s ? strlen(path->s) : 0;

	if (target.n > 7 && strncasecmp(target.s, "http://", 7) == 0) {
		slash = memchr(target.s + 7, '/', target.n - 7);
		n = n ? n : 1;
		if (!slash)
			return n <= 1;
		target.n -= (size_t)(slash - target.s);
		target.s = slash;
	}
	query = memchr(target.s, '?', target.n);
	if (query)
		target.n = (size_t)(query - target.s);
	if (n == 0 || strcmp(path->s, "/") == 0)
		return target.n == 1; /* "/" or "*" */
	return n <= target.n && memcmp(target.s, path->s, n) == 0;
}

static bool is_safe(const struct strbuf *method)
{
	static const char *const words[] = { "GET", "HEAD", "OPTIONS", "TRACE",
					     NULL };

	return is_one_of(method, words);
}

/* The line of a request that an origin got. */
static void find_line(const struct strict_message *m, const struct strbuf *body)
{
	struct line *again = NULL;

	for (size_t i = 0; i < lines_n; i++) {
		struct line *l = &lines[i];

		if (!line_says(&l->protocol, "http") ||
		    line_says(&l->decision, "deny") ||
		    !is_method(m->method, l->method.s) ||
		    !is_host(&m->host, &l->target) ||
		    !is_path(m->target, &l->path) || body->len > l->body.len ||
		    (body->len > 0 &&
		     memcmp(body->s, l->body.s, body->len) != 0))
			continue;
		if (l->uses == 0) {
			l->uses++;
			return;
		}
		if (l->uses == 1 && is_safe(&l->method))
			again = l;
	}
	if (!again)
		world_wrong("an origin gets a request that no client made");
	again->uses++; /* the kept connection had just ended */
}

static void check_origin(const struct end *e)
{
	bool parent = strcmp(e->address, WORLD_PARENT) == 0;
	struct strict_message m;
	enum strict_verdict v;
	size_t at = 0;

	while (at < e->got.len) {
		struct strbuf body = STRBUF_INIT;
		const char *bytes = e->got.s + at;

		if (is_said_in_a_tunnel(bytes, e->got.len - at))
			return;
		v = strict_request(bytes, e->got.len - at, &m, &body);
		if (v == STRICT_BAD)
			world_wrong("an origin gets what is no request: %s",
				    m.why);
		if (m.head_done && parent)
			conn_auth_check_parent(bytes, &m);
		if (m.head_done && !strict_is(&m.method, "CONNECT")) {
			check_fields(bytes, &m, parent);
			find_line(&m, &body);
		} else if (m.head_done && !parent) {
			world_wrong("an origin gets a CONNECT");
		}
		strbuf_fini(&body);
		if (v == STRICT_MORE)
			return;
		at += m.n;
	}
}

static void check_lines(const struct world *w)
{
	for (size_t i = 0; i < lines_n; i++) {
		const struct line *l = &lines[i];

		if (line_says(&l->reason, "internal"))
			world_wrong("there is an error of its own");
		if (line_says(&l->reason, "limit") &&
		    conn_policy_is_roomy(w->conf))
			world_wrong("a share of a limit was not given back");
		if (line_says(&l->reason, "sni") && l->bytes_out > 0)
			world_wrong("a refused hello went out");
	}
}

void conn_check(struct world *w)
{
	lines_n = lines_read(&w->log, lines);
	check_lines(w);
	for (int i = 0; i < WORLD_CLIENTS; i++)
		check_client(w, i);
	for (int i = 0; i < WORLD_ORIGINS; i++)
		check_origin(&w->origins[i]);
	lines_fini(lines, lines_n);
}
