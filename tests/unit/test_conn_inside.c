/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_inside.c - requests inside of a tunnel, judged and sent
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/support/inspected.h"
#include "tests/unit/certs.h"

#define ORIGIN "127.0.0.1:ORIGIN"
#define HOST   "Host: " ORIGIN "\r\n"
#define OPEN   "allow " ORIGIN "\ninspect " ORIGIN "\n"

#define SOME                                                                   \
	"allow GET https://" ORIGIN "/both\n"                                  \
	"allow GET https://" ORIGIN "/open/**\n"                               \
	"allow POST https://" ORIGIN "/form\n"                                 \
	"deny https://" ORIGIN "/open/closed/**\n"

/* The proxy has not connected to the origin but for the tunnel, and has said
 * nothing on that. */
static void expect_nothing_asked(struct inspected *i, int origin)
{
	char byte;
	ssize_t n;

	fixture_turn_for(&i->f, 10);
	n = recv(origin, &byte, 1, 0);
	assert_true(n == 0 || (n < 0 && errno == EAGAIN));
	assert_int_equal(accept4(i->f.origin, NULL, NULL, SOCK_CLOEXEC), -1);
}

/* A refusal that the client can read to its end. Return: it goes on. */
static bool expect_refusal(struct inspected *i, const char *status,
			   const char *reason)
{
	const char *head = tls_end_head(&i->client), *length;
	bool close = strstr(head, "\r\nConnection: close\r\n") != NULL;
	char want[100];
	size_t n;

	(void)snprintf(want, sizeof(want), "HTTP/1.1 %s ", status);
	assert_has(head, want);
	(void)snprintf(want, sizeof(want), "\r\nX-Netleash-Reason: %s\r\n",
		       reason);
	assert_has(head, want);
	if (close) {
		(void)tls_end_answer(&i->client);
		return false;
	}
	length = strstr(head, "\r\nContent-Length: ");
	assert_non_null(length);
	for (n = strtoul(length + 18, NULL, 10); n > 0; n--) {
		unsigned char byte;

		assert_int_equal(mbedtls_ssl_read(&i->client.ssl, &byte, 1), 1);
	}
	return true;
}

/* Who has something to read first: the client, or the origin? */
static bool is_answered(struct inspected *i)
{
	for (int n = 0; n < 20000; n++) {
		struct pollfd fds[2] = {
			{ .fd = i->client.fd, .events = POLLIN },
			{ .fd = i->origin.fd >= 0 ? i->origin.fd : i->f.origin,
			  .events = POLLIN },
		};

		if (poll(fds, 2, 0) > 0)
			return fds[0].revents != 0;
		fixture_turn(&i->f);
		(void)usleep(100);
	}
	fail_msg("neither an answer nor a request");
	return false;
}

/* --- policy */

/* @reason: of a refusal; NULL: the origin is asked for just that. */
static const struct {
	const char *line, *reason;
} judged[] = {
	{ "GET /open/a", NULL },
	{ "GET /open/a/b/c?q=1", NULL },
	{ "GET /open/a?x=/../../other", NULL },
	{ "GET /open/a%20b", NULL },
	{ "GET /%6fpen/a", NULL },
	{ "POST /form", NULL },
	{ "GET /both", NULL },
	{ "GET /", "path" },
	{ "GET /other", "path" },
	{ "GET /open", "path" },
	{ "GET /openly/a", "path" },
	{ "GET /OPEN/a", "path" },
	{ "GET /form", "path" },
	{ "POST /open/a", "path" },
	{ "POST /both", "path" }, /* there is one that it may */
	{ "OPTIONS /both", "method" },
	{ "TRACE /both", "method" },
	{ "BREW /both", "method" },
	{ "get /both", "method" },
	/* However it is written */
	{ "GET /open/../other", "path" },
	{ "GET /open/%2e%2e/other", "path" },
	{ "GET /open/%2E./other", "path" },
	{ "GET /open/.%2e/other", "path" },
	{ "GET /open/a/../../other", "path" },
	{ "GET /open/b/../a", "path" },
	{ "GET /../open/a", "path" },
	{ "GET /open/./../other", "path" },
	{ "GET /open/%2e%2e%2fother", "path" },
	{ "GET /open/..%2fother", "path" },
	{ "GET /open/..%5cother", "path" },
	{ "GET /open%2fa", "path" },
	{ "GET /open/%", "path" },
	{ "GET /open/%zz", "path" },
	{ "GET /open/%00", "path" },
	{ "GET /open/closed/a", "denied" },
	{ "GET /open/%63losed/a", "denied" },
	{ "GET /open/./closed/a", "path" },
	{ "GET /open/b/../closed/a", "path" },
	{ "GET /open//closed/a", "path" },
	{ "GET //open/closed/a", "path" },
	{ "GET /open/closed%2fa", "path" },
};

static void methods_and_paths_are_judged(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, SOME, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, "GET /open/ HTTP/1.1\r\n" HOST "\r\n");
	inspected_serve(&i, "GET /open/ HTTP/1.1\r\n");
	for (size_t n = 0; n < ARRAY_SIZE(judged); n++) {
		char text[300];

		(void)snprintf(text, sizeof(text),
			       "%s HTTP/1.1\r\n" HOST "\r\n", judged[n].line);
		inspected_ask(&i, text);
		if (is_answered(&i) != (judged[n].reason != NULL))
			fail_msg("%s", judged[n].line);
		*strstr(text, "Host") = '\0';
		if (!judged[n].reason)
			inspected_serve(&i, text);
		else
			assert_true(
				expect_refusal(&i, "403", judged[n].reason));
	}
	inspected_over(&i.client);
	assert_has(fixture_log(&i.f, ARRAY_SIZE(judged) + 2),
		   "\"path\":\"/open/a/b/c\",");
	inspected_end(&i);
}

static void limited_mode_reads_and_no_more(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, "mode limited\n" OPEN, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, "GET /a HTTP/1.1\r\n" HOST "\r\n");
	inspected_serve(&i, "GET /a HTTP/1.1\r\n");
	inspected_ask(&i, "DELETE /a HTTP/1.1\r\n" HOST "\r\n");
	assert_true(expect_refusal(&i, "403", "method"));
	/* Behind an upgrade nobody would see methods. */
	inspected_ask(&i, "GET /a HTTP/1.1\r\n" HOST
			  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			  "Sec-WebSocket-Version: 13\r\n"
			  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			  "\r\n");
	inspected_serve(&i, "GET /a HTTP/1.1\r\n");
	assert_lacks(i.origin.text.s, "Upgrade");
	/* What has a body ends the connection. */
	inspected_ask(&i, "POST /a HTTP/1.1\r\n" HOST
			  "Content-Length: 2\r\n\r\nhi");
	assert_false(expect_refusal(&i, "403", "method"));
	inspected_end(&i);
}

/* --- whom it is for */

/* @want: a part of what the origin is asked; NULL: it is malformed. */
static const struct {
	const char *head, *want;
} targets[] = {
	{ "GET /a HTTP/1.1\r\n" HOST, "GET /a HTTP/1.1\r\n" HOST },
	{ "GET https://" ORIGIN "/a HTTP/1.1\r\n" HOST,
	  "GET /a HTTP/1.1\r\n" HOST },
	{ "GET HTTPS://" ORIGIN "/a HTTP/1.1\r\n" HOST,
	  "GET /a HTTP/1.1\r\n" HOST },
	{ "GET https://" ORIGIN " HTTP/1.1\r\n" HOST,
	  "GET / HTTP/1.1\r\n" HOST },
	{ "GET https://" ORIGIN "?q HTTP/1.1\r\n" HOST,
	  "GET /?q HTTP/1.1\r\n" HOST },
	{ "GET //a HTTP/1.1\r\n" HOST, "GET //a HTTP/1.1\r\n" HOST },
	/* Another host, by one way or the other */
	{ "GET /a HTTP/1.1\r\nHost: b.example\r\n", NULL },
	{ "GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\n", NULL },
	{ "GET /a HTTP/1.1\r\nHost: 127.0.0.1:443\r\n", NULL },
	{ "GET /a HTTP/1.1\r\nHost: localhost:ORIGIN\r\n", NULL },
	{ "GET /a HTTP/1.1\r\nHost:\r\n", NULL },
	{ "GET /a HTTP/1.1\r\n", NULL },
	{ "GET /a HTTP/1.1\r\n" HOST HOST, NULL },
	{ "GET /a HTTP/1.1\r\n" HOST "Host: b.example\r\n", NULL },
	{ "GET https://b.example/a HTTP/1.1\r\n" HOST, NULL },
	{ "GET https://b.example/a HTTP/1.1\r\nHost: b.example\r\n", NULL },
	{ "GET https://localhost:ORIGIN/a HTTP/1.1\r\n"
	  "Host: localhost:ORIGIN\r\n",
	  NULL },
	{ "GET https://127.0.0.1/a HTTP/1.1\r\nHost: 127.0.0.1\r\n", NULL },
	{ "GET https://127.0.0.1:1/a HTTP/1.1\r\nHost: 127.0.0.1:1\r\n", NULL },
	{ "GET https://u:p@" ORIGIN "/a HTTP/1.1\r\n" HOST, NULL },
	{ "GET https://127.1:ORIGIN/a HTTP/1.1\r\n" HOST, NULL },
	/* No form for here */
	{ "GET http://" ORIGIN "/a HTTP/1.1\r\n" HOST, NULL },
	{ "GET wss://" ORIGIN "/a HTTP/1.1\r\n" HOST, NULL },
	{ "GET ftp://" ORIGIN "/a HTTP/1.1\r\n" HOST, NULL },
	{ "GET https:/a HTTP/1.1\r\n" HOST, NULL },
	{ "GET https:// HTTP/1.1\r\n" HOST, NULL },
	{ "GET a HTTP/1.1\r\n" HOST, NULL },
	{ "GET ?a HTTP/1.1\r\n" HOST, NULL },
	{ "GET " ORIGIN " HTTP/1.1\r\n" HOST, NULL },
	{ "GET \\a HTTP/1.1\r\n" HOST, NULL },
	{ "OPTIONS * HTTP/1.1\r\n" HOST, NULL },
	{ "GET /a#b HTTP/1.1\r\n" HOST, NULL },
	{ "CONNECT " ORIGIN " HTTP/1.1\r\n" HOST, NULL },
	{ "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n", NULL },
	{ "CONNECT /a HTTP/1.1\r\n" HOST, NULL },
	/* Another protocol */
	{ "PRI * HTTP/2.0\r\n", NULL },
	{ "GET /a HTTP/2.0\r\n" HOST, NULL },
	{ "GET /a\r\n", NULL },
	{ "\x16\x03\x01", NULL },
};

static void a_request_is_for_the_tunnels_host(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(targets); n++) {
		struct inspected i;
		int origin;

		inspected_begin(&i,
				OPEN "allow b.example 127.0.0.1:443\n"
				     "allow localhost:ORIGIN\n",
				NULL, 0);
		inspected_open(&i);
		inspected_ask(&i, targets[n].head);
		inspected_ask(&i, "\r\n");
		if (targets[n].want) {
			inspected_serve(&i, targets[n].want);
			inspected_end(&i);
			continue;
		}
		origin = fixture_accept(&i.f);
		if (!is_answered(&i))
			fail_msg("%s", targets[n].head);
		(void)expect_refusal(&i, "400", "malformed");
		expect_nothing_asked(&i, origin);
		close(origin);
		inspected_end(&i);
	}
}

/* --- one after the other */

static void refusals_do_not_end_a_kept_connection(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, SOME, NULL, 0);
	inspected_open(&i);
	for (int n = 0; n < 3; n++) {
		inspected_ask(&i, "GET /open/a HTTP/1.1\r\n" HOST "\r\n");
		inspected_serve(&i, "GET /open/a HTTP/1.1\r\n");
		inspected_ask(&i, "GET /other HTTP/1.1\r\n" HOST "\r\n");
		assert_true(expect_refusal(&i, "403", "path"));
	}
	inspected_over(&i.client);
	assert_has(fixture_log(&i.f, 7), "\"reason\":\"path\"");
	inspected_end(&i);
}

static void requests_that_come_at_once_are_answered_in_order(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, SOME, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, "GET /open/1 HTTP/1.1\r\n" HOST "\r\n"
			  "GET /other HTTP/1.1\r\n" HOST "\r\n"
			  "GET /open/2 HTTP/1.1\r\n" HOST "\r\n"
			  "GET /open/3 HTTP/1.1\r\n" HOST "Conne");
	inspected_serve(&i, "GET /open/1 HTTP/1.1\r\n");
	assert_true(expect_refusal(&i, "403", "path"));
	inspected_serve(&i, "GET /open/2 HTTP/1.1\r\n");
	inspected_ask(&i, "ction: close\r\n\r\n");
	inspected_serve(&i, "GET /open/3 HTTP/1.1\r\n");
	assert_int_equal(tls_end_of(&i.client), 0);
	inspected_end(&i);
}

static void heads_may_come_byte_by_byte(void **state)
{
	struct inspected i;
	char *text;

	(void)state;
	inspected_begin(&i, OPEN, NULL, 0);
	inspected_open(&i);
	text = fixture_fill(&i.f, "GET /a HTTP/1.1\r\n" HOST "\r\n");
	for (const char *c = text; *c; c++) {
		tls_end_send(&i.client, c, 1);
		fixture_turn(&i.f);
	}
	free(text);
	inspected_serve(&i, "GET /a HTTP/1.1\r\n");
	inspected_end(&i);
}

static void bodies_go_through_in_both_directions(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, OPEN, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, "POST /a HTTP/1.1\r\n" HOST
			  "Transfer-Encoding: chunked\r\n\r\n"
			  "5;x=y\r\nhello\r\n0\r\n\r\n");
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), CERT_GOOD, NULL), 0);
	assert_has(tls_end_head(&i.origin), "Transfer-Encoding: chunked\r\n");
	tls_end_expect(&i.origin, "5\r\nhello\r\n0\r\n\r\n");
	tls_end_say(&i.origin, "HTTP/1.1 200 OK\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n"
			       "2\r\nhi\r\n0\r\n\r\n");
	(void)tls_end_head(&i.client);
	tls_end_expect(&i.client, "2\r\nhi\r\n0\r\n\r\n");
	/* With leave to send it, which comes before the answer. */
	inspected_ask(&i, "PUT /b HTTP/1.1\r\n" HOST
			  "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
	assert_has(tls_end_head(&i.origin), "Expect: 100-continue\r\n");
	tls_end_say(&i.origin, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_has(tls_end_head(&i.client), "HTTP/1.1 100 ");
	tls_end_say(&i.client, "body");
	tls_end_expect(&i.origin, "body");
	tls_end_say(&i.origin,
		    "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n");
	assert_has(tls_end_head(&i.client), "HTTP/1.1 201 ");
	inspected_end(&i);
}

static void much_goes_through_whole(void **state)
{
	enum {
		SIZE = 600000
	};
	static char bytes[SIZE], got[SIZE];
	struct inspected i;
	size_t n = 0;

	(void)state;
	for (size_t k = 0; k < SIZE; k++)
		bytes[k] = (char)(k * 31 + k / 251);
	inspected_begin(&i, OPEN, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, "GET /a HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), CERT_GOOD, NULL), 0);
	(void)tls_end_head(&i.origin);
	tls_end_say(&i.origin, "HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n"
			       "\r\n");
	(void)tls_end_head(&i.client);
	for (size_t sent = 0; sent < SIZE || n < SIZE;) {
		unsigned char some[5000];
		int r = sent < SIZE ? mbedtls_ssl_write(
					      &i.origin.ssl,
					      (unsigned char *)bytes + sent,
					      SIZE - sent > 16384 ? 16384
								  : SIZE - sent)
				    : 0;

		sent += r > 0 ? (size_t)r : 0;
		r = mbedtls_ssl_read(&i.client.ssl, some, sizeof(some));
		if (r > 0) {
			assert_true(n + (size_t)r <= SIZE);
			memcpy(got + n, some, (size_t)r);
			n += (size_t)r;
		}
		fixture_turn(&i.f);
	}
	assert_memory_equal(bytes, got, SIZE);
	inspected_end(&i);
}

static void http_1_0_has_one_request(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, OPEN, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, "GET /a HTTP/1.0\r\n\r\n");
	inspected_serve(&i, "GET /a HTTP/1.1\r\n" HOST);
	assert_int_equal(tls_end_of(&i.client), 0);
	inspected_end(&i);
}

static void a_websocket_is_a_tunnel_inside(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, SOME, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, "GET /open/ws HTTP/1.1\r\n" HOST
			  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			  "Sec-WebSocket-Version: 13\r\n"
			  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			  "\r\nearly");
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), CERT_GOOD, NULL), 0);
	assert_has(tls_end_head(&i.origin), "GET /open/ws HTTP/1.1\r\n");
	assert_has(i.origin.text.s, "Upgrade: websocket\r\n");
	tls_end_say(&i.origin,
		    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket"
		    "\r\nConnection: Upgrade\r\n\r\nfirst");
	assert_has(tls_end_head(&i.client), "HTTP/1.1 101 ");
	tls_end_expect(&i.client, "first");
	tls_end_expect(&i.origin, "early");
	tls_end_say(&i.client, "GET /other HTTP/1.1\r\n\r\n");
	tls_end_expect(&i.origin, "GET /other HTTP/1.1\r\n\r\n");
	tls_end_shut(&i.client);
	assert_int_equal(tls_end_of(&i.origin), 0);
	tls_end_say(&i.origin, "last");
	tls_end_shut(&i.origin);
	assert_string_equal(tls_end_answer(&i.client), "last");
	assert_has(fixture_log(&i.f, 2), "\"path\":\"/open/ws\"");
	inspected_end(&i);
}

/* --- smuggling */

#define SECOND "GET /second HTTP/1.1\r\n" HOST "\r\n"

static const char *const smuggled[] = {
	"POST /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: "
	"chunked\r\n\r\n0\r\n\r\n" SECOND,
	"POST /a HTTP/1.1\r\n" HOST
	"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" SECOND,
	"POST /a HTTP/1.1\r\n" HOST "Content-Length: 5, 6\r\n\r\nhello" SECOND,
	"POST /a HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello" SECOND,
	"POST /a HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello" SECOND,
	"POST /a HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello" SECOND,
	"POST /a HTTP/1.1\r\n" HOST
	"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SECOND,
	"POST /a HTTP/1.1\r\n" HOST
	"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SECOND,
	"POST /a HTTP/1.1\r\n" HOST
	"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
	"0\r\n\r\n" SECOND,
	"POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding:\x0b"
	"chunked\r\n\r\n0\r\n\r\n" SECOND,
	"POST /a HTTP/1.0\r\n" HOST
	"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND,
	"GET /a HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n" SECOND,
	"GET /a HTTP/1.1\r\n" HOST "X: a\r\n\tContent-Length: 5\r\n\r\n" SECOND,
	"GET /a HTTP/1.1\r\n X: a\r\n" HOST "\r\n" SECOND,
	"GET /a HTTP/1.1\n" HOST "\r\n" SECOND,
	"GET /a HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n" SECOND,
	"GET /a HTTP/1.1\r\n" HOST "X: a\rY: b\r\n\r\n" SECOND,
	"GET /a HTTP/1.1\r\n" HOST "X\r\n\r\n" SECOND,
	"GET /a HTTP/1.1\r\n" HOST ": a\r\n\r\n" SECOND,
	"GET /a HTTP/1.1\r\n" HOST "X y: a\r\n\r\n" SECOND,
	"GET  /a HTTP/1.1\r\n" HOST "\r\n" SECOND,
	"GET /a  HTTP/1.1\r\n" HOST "\r\n" SECOND,
	"GET /a b HTTP/1.1\r\n" HOST "\r\n" SECOND,
	"GET /a\tHTTP/1.1\r\n" HOST "\r\n" SECOND,
	"GET /a HTTP/1.1 \r\n" HOST "\r\n" SECOND,
};

static void what_can_be_read_in_two_ways_is_not_passed_on(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(smuggled); n++) {
		struct inspected i;
		int origin;

		inspected_begin(&i, OPEN, NULL, 0);
		inspected_open(&i);
		origin = fixture_accept(&i.f);
		inspected_ask(&i, smuggled[n]);
		if (expect_refusal(&i, "400", "malformed"))
			fail_msg("%s goes on", smuggled[n]);
		expect_nothing_asked(&i, origin);
		close(origin);
		inspected_end(&i);
	}
}

/* The head is good, its body is not: the origin never sees its end. */
static void a_body_that_is_wrong_ends_both_connections(void **state)
{
	static const char *const bodies[] = {
		"5\r\nhelloX\r\n0\r\n\r\n" SECOND,
		"5\nhello\r\n0\r\n\r\n" SECOND,
		"-1\r\n" SECOND,
		"10000000000000000\r\n" SECOND,
		"0\r\nContent-Length 5\r\n\r\n" SECOND,
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(bodies); n++) {
		struct inspected i;

		inspected_begin(&i, OPEN, NULL, 0);
		inspected_open(&i);
		inspected_ask(&i, "POST /a HTTP/1.1\r\n" HOST
				  "Transfer-Encoding: chunked\r\n\r\n");
		assert_int_equal(inspected_origin(&i, fixture_accept(&i.f),
						  CERT_GOOD, NULL),
				 0);
		(void)tls_end_head(&i.origin);
		inspected_ask(&i, bodies[n]);
		assert_false(expect_refusal(&i, "400", "malformed"));
		(void)tls_end_of(&i.origin);
		inspected_end(&i);
	}
}

/* Answers that a client could read in two ways. */
static void an_answer_that_is_wrong_is_not_passed_on(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		"Content-Length: 3\r\n\r\nhi!",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
		"HTTP/1.1 200 OK\nX: a\n\n",
		"SSH-2.0-x\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\n\r\n",
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(answers); n++) {
		struct inspected i;

		inspected_begin(&i, OPEN, NULL, 0);
		inspected_open(&i);
		inspected_ask(&i, "GET /a HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(inspected_origin(&i, fixture_accept(&i.f),
						  CERT_GOOD, NULL),
				 0);
		(void)tls_end_head(&i.origin);
		tls_end_say(&i.origin, answers[n]);
		(void)expect_refusal(&i, "502", "upstream");
		inspected_end(&i);
	}
}

/* --- credentials */

#define SECRET "s3cr3t-t0k3n-abc"
#define PLACE  "PLACEHOLDER12345"

#define CREDENTIALS                                                            \
	"allow " ORIGIN " localhost:ORIGIN\nprivate 127.0.0.0/8\n"             \
	"inspect localhost:ORIGIN\n"                                           \
	"credential both {\n"                                                  \
	"from env TOKEN\n"                                                     \
	"for https://" ORIGIN "/api\n"                                         \
	"header Authorization \"Bearer {}\"\n"                                 \
	"placeholder TOKEN\n"                                                  \
	"}\n"                                                                  \
	"credential hidden {\n"                                                \
	"from env OTHER\n"                                                     \
	"for https://" ORIGIN "/key\n"                                         \
	"header X-Key \"{}\"\n"                                                \
	"}\n"

static const struct proxy_secret secrets[] = {
	{ .name = "both", .text = SECRET, .placeholder = PLACE },
	{ .name = "hidden", .text = "k3y-k3y-k3y", .placeholder = NULL },
};

static void begin_with_secrets(struct inspected *i)
{
	inspected_begin(i, CREDENTIALS, secrets, ARRAY_SIZE(secrets));
}

/* How often @part is in @text. */
static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* Nothing of them is in what a client of ours or the operator can see. */
static void expect_unlogged(struct inspected *i, size_t lines)
{
	inspected_over(&i->client);
	assert_lacks(fixture_log(&i->f, lines), SECRET);
	assert_lacks(i->f.text.s, secrets[1].text);
}

static void a_secret_goes_to_its_host_and_path(void **state)
{
	struct inspected i;
	const char *head;

	(void)state;
	begin_with_secrets(&i);
	inspected_open(&i);
	inspected_ask(&i,
		      "GET /api/" PLACE "?" PLACE " HTTP/1.1\r\n" HOST
		      "Authorization: Basic dTpw\r\n"
		      "AUTHORIZATION: " PLACE "\r\n"
		      "Cookie: a=" PLACE "; b=" PLACE "\r\n"
		      "X-" PLACE ": x\r\nX-Key: mine\r\n"
		      "User-Agent: " PLACE "\r\nX-Shown: " PLACE "\r\n\r\n");
	inspected_serve(&i, "GET /api/" PLACE "?" PLACE " HTTP/1.1\r\n");
	head = i.origin.text.s;
	assert_has(head, "\r\nAuthorization: Bearer " SECRET "\r\n");
	assert_int_equal(count(head, "uthorization:"), 1);
	assert_lacks(head, "AUTHORIZATION");
	assert_lacks(head, "Basic");
	assert_has(head, "\r\nCookie: a=" SECRET "; b=" SECRET "\r\n");
	assert_has(head, "\r\nX-" PLACE ": x\r\n");
	assert_has(head, "\r\nX-Key: mine\r\n");
	/* What a server may show is not swapped. */
	assert_has(head, "\r\nUser-Agent: " PLACE "\r\n");
	assert_has(head, "\r\nX-Shown: " PLACE "\r\n");
	inspected_ask(&i, "GET /key HTTP/1.1\r\n" HOST "x-key: mine\r\n\r\n");
	inspected_serve(&i, "GET /key HTTP/1.1\r\n");
	head = i.origin.text.s;
	assert_has(head, "\r\nX-Key: k3y-k3y-k3y\r\n");
	assert_lacks(head, "mine");
	assert_lacks(head, SECRET);
	expect_unlogged(&i, 3);
	inspected_end(&i);
}

static void other_paths_get_none(void **state)
{
	static const char *const paths[] = {
		"/",	       "/apix",		"/API/a",
		"/other?/api", "/api/../other", "/other/../api/a",
		"/api%2fa",    "/api/%2e%2e/a", "//api/a",
	};
	struct inspected i;

	(void)state;
	begin_with_secrets(&i);
	inspected_open(&i);
	for (size_t n = 0; n < ARRAY_SIZE(paths); n++) {
		char text[300];

		(void)snprintf(text, sizeof(text),
			       "GET %s HTTP/1.1\r\n" HOST
			       "Authorization: mine\r\nX-Token: " PLACE
			       "\r\n\r\n",
			       paths[n]);
		inspected_ask(&i, text);
		inspected_serve(&i, "\r\nX-Token: " PLACE "\r\n");
		assert_has(i.origin.text.s, "\r\nAuthorization: mine\r\n");
		assert_lacks(i.origin.text.s, SECRET);
	}
	inspected_end(&i);
}

/* Another name for the same machine, and the same one in the clear. */
static void other_hosts_get_none(void **state)
{
	static const char request[] =
		"GET http://" ORIGIN "/api HTTP/1.1\r\n" HOST "X-Token: " PLACE
		"\r\n\r\n";
	struct inspected i;
	int client, origin;

	(void)state;
	begin_with_secrets(&i);
	inspected_client(&i, inspected_connect(&i, "localhost:ORIGIN"),
			 "localhost");
	inspected_ask(&i, "GET /api HTTP/1.1\r\nHost: localhost:ORIGIN\r\n"
			  "X-Token: " PLACE "\r\n\r\n");
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), NULL, "localhost"),
		0);
	inspected_serve(&i, "\r\nX-Token: " PLACE "\r\n");
	assert_lacks(i.origin.text.s, "Authorization");
	client = fixture_connect(&i.f);
	fixture_ask(&i.f, client, request);
	origin = fixture_accept(&i.f);
	assert_has(fixture_head(&i.f, origin), "\r\nX-Token: " PLACE "\r\n");
	assert_lacks(i.f.text.s, "Authorization");
	close(client);
	close(origin);
	inspected_end(&i);
}

/* In an answer's fields, of whatever kind it is. */
static void what_is_echoed_is_hidden(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nX-Echo: Bearer " SECRET ", " SECRET "\r\n"
		"X-Other: k3y-k3y-k3y\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 401 Bad token " SECRET " k3y-k3y-k3y\r\n"
		"Content-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /?t=" SECRET "&k3y-k3y-k3y"
		"\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: <" SECRET ">, <k3y-k3y-k3y>"
		"\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nX: " SECRET " k3y-k3y-k3y\r\n\r\n",
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(answers); n++) {
		struct inspected i;

		begin_with_secrets(&i);
		inspected_open(&i);
		inspected_ask(&i, "GET /api HTTP/1.1\r\n" HOST
				  "Upgrade: websocket\r\nConnection: Upgrade"
				  "\r\nSec-WebSocket-Version: 13\r\n"
				  "Sec-WebSocket-Key: "
				  "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
		assert_int_equal(inspected_origin(&i, fixture_accept(&i.f),
						  CERT_GOOD, NULL),
				 0);
		assert_has(tls_end_head(&i.origin), SECRET);
		tls_end_say(&i.origin, answers[n]);
		assert_has(tls_end_head(&i.client), PLACE);
		assert_has(i.client.text.s, "[credential]");
		assert_lacks(i.client.text.s, SECRET);
		assert_lacks(i.client.text.s, "k3y-k3y-k3y");
		inspected_end(&i);
	}
}

/* The secret in the forms that a URL and a header give it. */
static void what_is_echoed_in_another_form_is_hidden(void **state)
{
	/* "me:" and each, in base64 */
	static const char answer[] =
		"HTTP/1.1 302 Found %733cr3t-t0k3n-abc\r\n"
		"Location: /?t=s3cr3t%2Dt0k3n%2dabc&k3y%2Dk3y%2Dk3y\r\n"
		"Set-Cookie: t=s3cr3t%2Dt0k3n%2dabc; Path=/\r\n"
		"X-Echo: Basic bWU6czNjcjN0LXQwazNuLWFiYw==\r\n"
		"X-Other: Basic bWU6azN5LWszeS1rM3k=\r\n"
		"Content-Length: 0\r\n\r\n";
	struct inspected i;
	const char *head;

	(void)state;
	begin_with_secrets(&i);
	inspected_open(&i);
	inspected_ask(&i, "GET /api HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), CERT_GOOD, NULL), 0);
	(void)tls_end_head(&i.origin);
	tls_end_say(&i.origin, answer);
	head = tls_end_head(&i.client);
	assert_has(head, "HTTP/1.1 302 Found " PLACE "\r\n");
	assert_has(head, "\r\nLocation: /?t=" PLACE "&%5Bcredential%5D\r\n");
	assert_has(head, "\r\nSet-Cookie: t=" PLACE "; Path=/\r\n");
	assert_has(head, "\r\nX-Echo: Basic bWU6UExBQ0VIT0xERVIxMjM0NQ==\r\n");
	assert_has(head, "\r\nX-Other: Basic bWU6W2NyZWRlbnRpYWw=\r\n");
	inspected_end(&i);
}

static void a_trailer_does_not_tell_it(void **state)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\n"
		"X-Echo: " SECRET "\r\nX-Other: k3y-k3y-k3y\r\n"
		"X-Form: s3cr3t%2Dt0k3n%2dabc\r\n\r\n";
	static const char want[] =
		"3\r\nabc\r\n0\r\n"
		"X-Echo: " PLACE "\r\nX-Other: [credential]\r\n"
		"X-Form: " PLACE "\r\n\r\n";

	(void)state;
	/* All at once, and byte by byte. */
	for (size_t step = sizeof(answer) - 1; step > 0;
	     step = step > 1 ? 1 : 0) {
		struct inspected i;

		begin_with_secrets(&i);
		inspected_open(&i);
		inspected_ask(&i, "GET /api HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(inspected_origin(&i, fixture_accept(&i.f),
						  CERT_GOOD, NULL),
				 0);
		(void)tls_end_head(&i.origin);
		for (size_t at = 0; at < sizeof(answer) - 1; at += step)
			tls_end_send(&i.origin, answer + at, step);
		(void)tls_end_head(&i.client);
		tls_end_expect(&i.client, want);
		/* The next answer on that connection is told from it. */
		inspected_ask(&i, "GET /api HTTP/1.1\r\n" HOST "\r\n");
		inspected_serve(&i, "GET /api HTTP/1.1\r\n");
		inspected_end(&i);
	}
}

/* RFC 9110 9.3.8: its whole head comes back as the answer's body. */
static void a_trace_gets_no_secret(void **state)
{
	struct inspected i;

	(void)state;
	begin_with_secrets(&i);
	inspected_open(&i);
	inspected_ask(&i, "TRACE /api HTTP/1.1\r\n" HOST "X-Token: " PLACE
			  "\r\n\r\n");
	inspected_serve(&i, "TRACE /api HTTP/1.1\r\n");
	assert_lacks(i.origin.text.s, SECRET);
	assert_has(i.origin.text.s, "X-Token: " PLACE);
	inspected_end(&i);
}

static void bodies_are_left_alone(void **state)
{
	struct inspected i;

	(void)state;
	begin_with_secrets(&i);
	inspected_open(&i);
	inspected_ask(&i, "POST /api HTTP/1.1\r\n" HOST
			  "Content-Length: 16\r\n\r\n" PLACE);
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), CERT_GOOD, NULL), 0);
	assert_has(tls_end_head(&i.origin), SECRET);
	tls_end_expect(&i.origin, PLACE);
	inspected_end(&i);
}

/* A request that is refused, or whose host is another, sends none. */
static void nobody_else_is_told(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, CREDENTIALS "deny POST https://" ORIGIN "/api\n",
			secrets, ARRAY_SIZE(secrets));
	inspected_open(&i);
	inspected_ask(&i, "POST /api HTTP/1.1\r\n" HOST "\r\n");
	assert_true(expect_refusal(&i, "403", "denied"));
	inspected_ask(&i, "GET /api HTTP/1.1\r\n" HOST "X-Token: " PLACE
			  "\r\n\r\n");
	if (inspected_origin(&i, fixture_accept(&i.f), CERT_OTHER, NULL) == 0) {
		unsigned char byte;
		int r;

		while ((r = mbedtls_ssl_read(&i.origin.ssl, &byte, 1)) ==
		       MBEDTLS_ERR_SSL_WANT_READ)
			fixture_turn(&i.f);
		assert_true(r <= 0);
	}
	(void)tls_end_head(&i.client);
	tls_end_shut(&i.client);
	assert_lacks(tls_end_answer(&i.client), SECRET);
	expect_unlogged(&i, 3);
	inspected_end(&i);
}

/* The host has ended the kept connection: it is sent again, with it. */
static void a_request_that_is_repeated_has_it_too(void **state)
{
	struct inspected i;

	(void)state;
	begin_with_secrets(&i);
	inspected_open(&i);
	for (int n = 0; n < 2; n++) {
		inspected_ask(&i, "GET /api HTTP/1.1\r\n" HOST "\r\n");
		inspected_serve(&i, "GET /api HTTP/1.1\r\n");
		assert_int_equal(count(i.origin.text.s, SECRET), 1);
		tls_end_shut(&i.origin);
		inspected_over(&i.origin);
	}
	inspected_end(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_and_paths_are_judged),
		cmocka_unit_test(limited_mode_reads_and_no_more),
		cmocka_unit_test(a_request_is_for_the_tunnels_host),
		cmocka_unit_test(refusals_do_not_end_a_kept_connection),
		cmocka_unit_test(
			requests_that_come_at_once_are_answered_in_order),
		cmocka_unit_test(heads_may_come_byte_by_byte),
		cmocka_unit_test(bodies_go_through_in_both_directions),
		cmocka_unit_test(much_goes_through_whole),
		cmocka_unit_test(http_1_0_has_one_request),
		cmocka_unit_test(a_websocket_is_a_tunnel_inside),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_not_passed_on),
		cmocka_unit_test(a_body_that_is_wrong_ends_both_connections),
		cmocka_unit_test(an_answer_that_is_wrong_is_not_passed_on),
		cmocka_unit_test(a_secret_goes_to_its_host_and_path),
		cmocka_unit_test(other_paths_get_none),
		cmocka_unit_test(other_hosts_get_none),
		cmocka_unit_test(what_is_echoed_is_hidden),
		cmocka_unit_test(what_is_echoed_in_another_form_is_hidden),
		cmocka_unit_test(a_trailer_does_not_tell_it),
		cmocka_unit_test(a_trace_gets_no_secret),
		cmocka_unit_test(bodies_are_left_alone),
		cmocka_unit_test(nobody_else_is_told),
		cmocka_unit_test(a_request_that_is_repeated_has_it_too),
	};

	return cmocka_run_group_tests_name("conn_inside", tests, NULL, NULL);
}
