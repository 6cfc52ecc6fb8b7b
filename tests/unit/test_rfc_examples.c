/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_rfc_examples.c - the RFCs' own examples, through the proxy
 *
 * Each is written for a proxy where the RFC writes it for an origin, and names
 * our origin instead of the RFC's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "common/log.h"
#include "common/macros.h"
#include "tests/support/proxy_fixture.h"

#define AT	   "127.0.0.1:ORIGIN"
#define URL	   "http://" AT
#define HOST	   "Host: " AT "\r\n"
#define ALLOW_ALL  "allow " AT "\n"
#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"

/**
 * struct example - one request and its answer
 * @request: the client's; @head and then @body are what the origin gets
 * @answer:  the origin's; @passed is what the client gets
 */
struct example {
	const char *section;
	const char *request, *head, *body;
	const char *answer, *passed;
};

static const struct example examples[] = {
	{ "RFC 9110 3.9",
	  "GET " URL "/hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\n" HOST
	  "Accept-Language: en, mi\r\n\r\n",
	  "GET /hello.txt HTTP/1.1\r\n" HOST "User-Agent: curl/7.64.1\r\n"
	  "Accept-Language: en, mi\r\n\r\n",
	  "",
	  "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\n"
	  "Server: Apache\r\n"
	  "Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT\r\n"
	  "ETag: \"34aa387-d-1568eb00\"\r\nAccept-Ranges: bytes\r\n"
	  "Content-Length: 51\r\nVary: Accept-Encoding\r\n"
	  "Content-Type: text/plain\r\n\r\n"
	  "Hello World! My content includes a trailing CRLF.\r\n",
	  "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\n"
	  "Server: Apache\r\n"
	  "Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT\r\n"
	  "ETag: \"34aa387-d-1568eb00\"\r\nAccept-Ranges: bytes\r\n"
	  "Vary: Accept-Encoding\r\nContent-Type: text/plain\r\n"
	  "Content-Length: 51\r\n\r\n"
	  "Hello World! My content includes a trailing CRLF.\r\n" },
	{ "RFC 9112 3.2.1, a query",
	  "GET " URL "/where?q=now HTTP/1.1\r\n" HOST "\r\n",
	  "GET /where?q=now HTTP/1.1\r\n" HOST "\r\n", "", NO_CONTENT,
	  NO_CONTENT },
	{ "RFC 9112 3.2.2, an absolute form",
	  "GET " URL "/pub/WWW/TheProject.html HTTP/1.1\r\n" HOST "\r\n",
	  "GET /pub/WWW/TheProject.html HTTP/1.1\r\n" HOST "\r\n", "",
	  NO_CONTENT, NO_CONTENT },
	{ "RFC 9112 3.2.4, the server itself",
	  "OPTIONS " URL " HTTP/1.1\r\n" HOST "\r\n",
	  "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "", NO_CONTENT, NO_CONTENT },
	{ "RFC 9112 7.1.2, trailers behind chunks",
	  "POST " URL "/ HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
	  "Trailer: Digest\r\n\r\n"
	  "4;name=value\r\nWiki\r\n5\r\npedia\r\n0\r\n"
	  "Digest: of-it\r\n\r\n",
	  "POST / HTTP/1.1\r\n" HOST "Trailer: Digest\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n",
	  "4\r\nWiki\r\n5\r\npedia\r\n0\r\n"
	  "Digest: of-it\r\n\r\n",
	  NO_CONTENT, NO_CONTENT },
	{ "RFC 9110 15.4.2, a redirection is the client's to follow",
	  "GET " URL "/old HTTP/1.1\r\n" HOST "\r\n",
	  "GET /old HTTP/1.1\r\n" HOST "\r\n", "",
	  "HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\n"
	  "Location: http://www.example.org/index.asp\r\n\r\n",
	  "HTTP/1.1 301 Moved Permanently\r\n"
	  "Location: http://www.example.org/index.asp\r\n"
	  "Content-Length: 0\r\n\r\n" },
};

static void examples_pass_as_the_rfcs_say(void **state)
{
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ALL);
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		const struct example *e = &examples[i];
		int client = fixture_connect(&f), origin;
		char *want;

		print_message("%s\n", e->section);
		fixture_ask(&f, client, e->request);
		origin = fixture_accept(&f);
		want = fixture_fill(&f, e->head);
		assert_string_equal(fixture_head(&f, origin), want);
		free(want);
		fixture_expect(&f, origin, e->body);
		fixture_say(origin, e->answer);
		fixture_expect(&f, client, e->passed);
		close(client);
		close(origin);
	}
	fixture_end(&f);
}

/* RFC 9110 10.1.1: nothing of the body is sent before the origin wants it. */
static void an_expectation_is_the_origins_to_answer(void **state)
{
	struct fixture f;
	int client, origin;
	char *want;

	(void)state;
	fixture_begin(&f, ALLOW_ALL);
	client = fixture_connect(&f);
	fixture_ask(&f, client,
		    "PUT " URL "/somewhere/fun HTTP/1.1\r\n" HOST
		    "Content-Type: video/h264\r\n"
		    "Content-Length: 1234567890987\r\n"
		    "Expect: 100-continue\r\n\r\n");
	origin = fixture_accept(&f);
	want = fixture_fill(&f, "PUT /somewhere/fun HTTP/1.1\r\n" HOST
				"Content-Type: video/h264\r\n"
				"Expect: 100-continue\r\n"
				"Content-Length: 1234567890987\r\n\r\n");
	assert_string_equal(fixture_head(&f, origin), want);
	free(want);
	fixture_say(origin, "HTTP/1.1 100 Continue\r\n\r\n");
	fixture_expect(&f, client, "HTTP/1.1 100 Continue\r\n\r\n");
	fixture_say(client, "first bytes of it");
	fixture_expect(&f, origin, "first bytes of it");
	close(client);
	close(origin);
	fixture_end(&f);
}

/* RFC 6455 1.2 and 1.3. */
static void a_websocket_handshake_ends_in_a_tunnel(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ALL);
	client = fixture_connect(&f);
	fixture_ask(&f, client,
		    "GET " URL "/chat HTTP/1.1\r\n" HOST
		    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		    "Origin: http://example.com\r\n"
		    "Sec-WebSocket-Protocol: chat, superchat\r\n"
		    "Sec-WebSocket-Version: 13\r\n\r\n");
	origin = fixture_accept(&f);
	fixture_head(&f, origin);
	assert_has(f.text.s, "GET /chat HTTP/1.1\r\n");
	assert_has(f.text.s, "Upgrade: websocket\r\n");
	assert_has(f.text.s, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
	fixture_say(origin, "HTTP/1.1 101 Switching Protocols\r\n"
			    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			    "Sec-WebSocket-Accept: "
			    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
			    "Sec-WebSocket-Protocol: chat\r\n\r\n");
	fixture_head(&f, client);
	assert_has(f.text.s, "HTTP/1.1 101 Switching Protocols\r\n");
	assert_has(f.text.s,
		   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
	/* RFC 6455 5.7: a masked and an unmasked text message, "Hello" */
	fixture_say(client, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
	fixture_expect(&f, origin,
		       "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
	fixture_say(origin, "\x81\x05\x48\x65\x6c\x6c\x6f");
	fixture_expect(&f, client, "\x81\x05\x48\x65\x6c\x6c\x6f");
	close(client);
	close(origin);
	fixture_end(&f);
}

/* RFC 9110 9.3.6, with its credentials, which are nobody's behind us. */
static void a_tunnel_is_opened_by_its_target(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ALL);
	client = fixture_connect(&f);
	fixture_ask(&f, client,
		    "CONNECT " AT " HTTP/1.1\r\nHost: server.example.com\r\n"
		    "Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n\r\n");
	origin = fixture_accept(&f);
	fixture_head(&f, client);
	assert_has(f.text.s, "HTTP/1.1 200 ");
	fixture_say(client, "ping");
	fixture_expect(&f, origin, "ping");
	close(client);
	close(origin);
	fixture_log(&f, 1);
	assert_lacks(f.text.s, "aGVsbG86");
	fixture_end(&f);
}

/* What the RFCs name as errors, in their own words' shape. */
static void errors_are_refused(void **state)
{
	static const struct {
		const char *section, *head;
	} cases[] = {
		{ "RFC 9112 6.3: both framings",
		  "POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n" },
		{ "RFC 9112 6.3: another coding is the last",
		  "POST http://a/ HTTP/1.1\r\nHost: a\r\n"
		  "Transfer-Encoding: chunked, gzip\r\n\r\n" },
		{ "RFC 9112 6.3: different lengths",
		  "POST http://a/ HTTP/1.1\r\nHost: a\r\n"
		  "Content-Length: 42, 43\r\n\r\n" },
		{ "RFC 9112 5.1: a blank before the colon",
		  "GET http://a/ HTTP/1.1\r\nHost : a\r\n\r\n" },
		{ "RFC 9112 5.2: a folded line",
		  "GET http://a/ HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\n\r\n" },
		{ "RFC 9112 3.2: no Host", "GET http://a/ HTTP/1.1\r\n\r\n" },
		{ "RFC 9112 3.2: two Hosts",
		  "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" },
		{ "RFC 9112 2.2: a bare CR",
		  "GET http://a/ HTTP/1.1\r\nHost: a\r\nX-A: 1\r2\r\n\r\n" },
		{ "RFC 9112 3: a blank in the target",
		  "GET http://a/b c HTTP/1.1\r\nHost: a\r\n\r\n" },
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow a\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("%s\n", cases[i].section);
		fixture_check_answer(&f, cases[i].head, strlen(cases[i].head),
				     "HTTP/1.1 400 ",
				     "X-Netleash-Reason: malformed\r\n");
	}
	fixture_end(&f);
}

int main(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_pass_as_the_rfcs_say),
		cmocka_unit_test(an_expectation_is_the_origins_to_answer),
		cmocka_unit_test(a_websocket_handshake_ends_in_a_tunnel),
		cmocka_unit_test(a_tunnel_is_opened_by_its_target),
		cmocka_unit_test(errors_are_refused),
	};

	if (sigaction(SIGPIPE, &ignore, NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("rfc_examples", tests, NULL, NULL);
}
