/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_rewrite.c - what the next hop gets to read
 *
 * Heads as they come, and heads as they go on, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "common/macros.h"
#include "proxy/http_rewrite.h"

#define SIZE_LIMIT 8192

/* What to do with the head beside the plain thing. */
enum {
	ABSOLUTE = 1,
	UPGRADE = 2,
	CLOSE = 4,
	EXTRA = 8,
	BARE = 16,
	TO_HEAD = 32, /* the response is to a HEAD */
};

struct sample {
	const char *in, *out;
	unsigned how;
};

static void check_request(const struct sample *c, size_t number)
{
	struct strbuf out = STRBUF_INIT;
	char detail[TARGET_DETAIL_MAX];
	struct http_rewrite_request how = {
		.absolute = c->how & ABSOLUTE,
		.upgrade = c->how & UPGRADE,
		.close = c->how & CLOSE,
		.extra = c->how & EXTRA ? "X-More: yes\r\n" : NULL,
	};
	struct http_framing fr;
	struct http_head h;
	struct target t;
	const char *error;

	http_head_init(&h, SIZE_LIMIT, 64);
	assert_int_equal(http_head_parse(&h, c->in, strlen(c->in)),
			 HTTP_HEAD_OK);
	assert_int_equal(
		target_parse_url(c->in + h.target.at, h.target.len, &t, detail),
		TARGET_OK);
	error = http_framing_request(&h, c->in, &fr);
	if (!error)
		error = http_framing_check_host(&h, c->in, &t);
	if (error)
		fail_msg("request %zu: %s", number, error);
	how.target = &t;
	how.framing = &fr;
	http_rewrite_request(&h, c->in, &how, &out);
	assert_false(strbuf_failed(&out));
	if (strcmp(out.s, c->out) != 0)
		fail_msg("request %zu became %s", number, out.s);
	strbuf_fini(&out);
}

static void check_requests(const struct sample *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_request(&c[i], i);
}

static void a_request_goes_on_in_origin_form(void **state)
{
	static const struct sample cases[] = {
		{ "GET http://www.example.org/pub/WWW/TheProject.html?a=b "
		  "HTTP/1.1\r\nHost: www.example.org\r\nAccept: */*\r\n\r\n",
		  "GET /pub/WWW/TheProject.html?a=b HTTP/1.1\r\n"
		  "Host: www.example.org\r\nAccept: */*\r\n\r\n",
		  0 },
		{ "GET http://EXAMPLE.com HTTP/1.1\r\nHost: example.com.:80\r\n"
		  "\r\n",
		  "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 0 },
		{ "GET http://example.com?q HTTP/1.0\r\n\r\n",
		  "GET /?q HTTP/1.1\r\nHost: example.com\r\n"
		  "Connection: close\r\n\r\n",
		  CLOSE },
		{ "DELETE http://[2001:db8::1]:8080/x HTTP/1.1\r\n"
		  "Host: [2001:db8::1]:8080\r\n\r\n",
		  "DELETE /x HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n", 0 },
		{ "GET http://192.0.2.1:443/ HTTP/1.1\r\n"
		  "Host: 192.0.2.1:443\r\n\r\n",
		  "GET / HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n", 0 },
		{ "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
		  "GET / HTTP/1.1\r\nHost: a\r\nX-More: yes\r\n\r\n", EXTRA },
		/* RFC 9112 3.2.4 */
		{ "OPTIONS http://www.example.org:8001 HTTP/1.1\r\n"
		  "Host: www.example.org:8001\r\n\r\n",
		  "OPTIONS * HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n",
		  0 },
		{ "OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
		  "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
		{ "OPTIONS http://a?q HTTP/1.1\r\nHost: a\r\n"
		  "Max-Forwards: 10\r\n\r\n",
		  "OPTIONS /?q HTTP/1.1\r\nHost: a\r\nMax-Forwards: 9\r\n\r\n",
		  0 },
		{ "GET http://a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
		  "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", 0 },
	};

	(void)state;
	check_requests(cases, ARRAY_SIZE(cases));
}

static void a_parent_proxy_gets_the_absolute_form(void **state)
{
	static const struct sample cases[] = {
		{ "GET http://A/b?c HTTP/1.1\r\nHost: a\r\n"
		  "Proxy-Authorization: Basic eA==\r\n\r\n",
		  "GET http://a/b?c HTTP/1.1\r\nHost: a\r\nX-More: yes\r\n\r\n",
		  ABSOLUTE | EXTRA },
		{ "GET http://a:81?c HTTP/1.1\r\nHost: a:81\r\n\r\n",
		  "GET http://a:81/?c HTTP/1.1\r\nHost: a:81\r\n\r\n",
		  ABSOLUTE },
		{ "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
		  "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", ABSOLUTE },
	};

	(void)state;
	check_requests(cases, ARRAY_SIZE(cases));
}

static void fields_of_one_connection_go_no_further(void **state)
{
	static const struct sample cases[] = {
		{ "GET http://a/ HTTP/1.1\r\nConnection: keep-alive, X-One\r\n"
		  "X-One: 1\r\nx-two: 2\r\nKeep-Alive: timeout=5\r\n"
		  "Proxy-Connection: keep-alive\r\nTE: trailers\r\n"
		  "X-Two: 3\r\nHost: a\r\nconnection: X-TWO\r\n"
		  "Upgrade: h2c\r\nHTTP2-Settings: x\r\n"
		  "Proxy-Authenticate: x\r\nAuthorization: kept\r\n\r\n",
		  "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: kept\r\n\r\n",
		  0 },
		{ "GET http://a/ HTTP/1.1\r\nHost: a\r\n"
		  "Proxy-Authorization: Basic eA==\r\n"
		  "Expect: 100-continue\r\nTrailer: X\r\nCookie:  a=b \r\n"
		  "Empty:\r\n\r\n",
		  "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nEmpty: \r\n"
		  "Connection: close\r\n\r\n",
		  CLOSE },
	};

	(void)state;
	check_requests(cases, ARRAY_SIZE(cases));
}

static void the_framing_is_written_anew(void **state)
{
	static const struct sample cases[] = {
		{ "POST http://a/ HTTP/1.1\r\ncontent-length: 007\r\n"
		  "Host: a\r\nExpect: 100-continue\r\n\r\n",
		  "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		  "Content-Length: 7\r\n\r\n",
		  0 },
		{ "POST http://a/ HTTP/1.1\r\nTRANSFER-encoding:CHUNKED\r\n"
		  "Host: a\r\nTrailer: X\r\n\r\n",
		  "POST / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n",
		  0 },
		{ "POST http://a/ HTTP/1.1\r\nContent-Length: 0\r\nHost: a\r\n"
		  "\r\n",
		  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		  0 },
	};

	(void)state;
	check_requests(cases, ARRAY_SIZE(cases));
}

static void websocket_passes_only_when_told_to(void **state)
{
#define HANDSHAKE                                                              \
	"GET ws://a/chat HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket, h2c\r\n"   \
	"Connection: keep-alive, Upgrade\r\n"                                  \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	static const struct sample cases[] = {
		{ HANDSHAKE,
		  "GET /chat HTTP/1.1\r\nHost: a\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		  "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		  UPGRADE },
		{ HANDSHAKE,
		  "GET /chat HTTP/1.1\r\nHost: a\r\n"
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		  0 },
	};

	(void)state;
	check_requests(cases, ARRAY_SIZE(cases));
}

/* What we worked, without what a busy machine made us wait. */
static uint64_t cpu_us(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

/* Each field of a head once, however many there are. */
static void many_fields_cost_what_they_are_and_not_their_square(void **state)
{
	const size_t few = 500, many = 16000;
	uint64_t began[2], took[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;
		struct target t = { .scheme = SCHEME_HTTP,
				    .host = "a",
				    .port = 80,
				    .path = "" };
		struct http_framing fr;
		const struct http_rewrite_request how = { .target = &t,
							  .framing = &fr };
		struct http_head h;

		strbuf_adds(&in, "GET http://a/ HTTP/1.1\r\nHost: a\r\n"
				 "Connection: b\r\n");
		for (size_t n = i == 0 ? few : many; n > 0; n--)
			strbuf_adds(&in, "c:\r\n");
		strbuf_adds(&in, "\r\n");
		http_head_init(&h, in.len, many + 2);
		assert_int_equal(http_head_parse(&h, in.s, in.len),
				 HTTP_HEAD_OK);
		assert_null(http_framing_request(&h, in.s, &fr));
		began[i] = cpu_us();
		/* As many fields in all. */
		for (size_t n = i == 0 ? many / few : 1; n > 0; n--)
			http_rewrite_request(&h, in.s, &how, &out);
		took[i] = cpu_us() - began[i];
		strbuf_fini(&in);
		strbuf_fini(&out);
	}
	/* It was 32 times as much. */
	assert_true(took[1] < 8 * took[0] + 2000);
}

static void responses_lose_what_is_not_the_clients(void **state)
{
	static const struct sample cases[] = {
		{ "HTTP/1.0 200 All right\r\nConnection: keep-alive, X-Hop\r\n"
		  "X-Hop: 1\r\nKeep-Alive: max=3\r\nContent-Length: 05\r\n"
		  "X-Netleash-Reason: denied\r\nx-netleash-: x\r\n"
		  "X-Netleas: kept\r\nProxy-Authenticate: Basic\r\n"
		  "Upgrade: h2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
		  "HTTP/1.1 200 All right\r\nX-Netleas: kept\r\n"
		  "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 5\r\n\r\n",
		  0 },
		{ "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n"
		  "\r\n",
		  "HTTP/1.1 200 \r\nTrailer: X\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n",
		  0 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		  "Trailer: X\r\n\r\n",
		  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
		  BARE | CLOSE },
		{ "HTTP/1.1 200 OK\r\n\r\n",
		  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", CLOSE },
		{ "HTTP/1.1 304 x\r\nContent-Length: 9\r\nETag: \"e\"\r\n\r\n",
		  "HTTP/1.1 304 x\r\nETag: \"e\"\r\nContent-Length: 9\r\n\r\n",
		  0 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
		  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", TO_HEAD },
		{ "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
		  TO_HEAD },
		{ "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
		  "HTTP/1.1 204 No\r\n\r\n", 0 },
		{ "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
		  "Connection: close\r\n\r\n",
		  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", CLOSE },
		{ "HTTP/1.1 101 x\r\nupgrade: WebSocket\r\n"
		  "connection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
		  "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: x\r\n"
		  "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		  UPGRADE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct sample *c = &cases[i];
		struct http_framing fr, request = {
			.head = c->how & TO_HEAD,
			.upgrade = c->how & UPGRADE,
		};
		struct http_rewrite_response how = {
			.framing = &fr,
			.bare = c->how & BARE,
			.close = c->how & CLOSE,
		};
		struct strbuf out = STRBUF_INIT;
		struct http_response r;
		const char *error;

		http_response_init(&r, SIZE_LIMIT, 64);
		assert_int_equal(http_response_parse(&r, c->in, strlen(c->in)),
				 HTTP_HEAD_OK);
		error = http_framing_response(&r, c->in, &request, &fr);
		if (error)
			fail_msg("response %zu: %s", i, error);
		http_rewrite_response(&r, c->in, &how, &out);
		if (strcmp(out.s, c->out) != 0)
			fail_msg("response %zu became %s", i, out.s);
		strbuf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_goes_on_in_origin_form),
		cmocka_unit_test(a_parent_proxy_gets_the_absolute_form),
		cmocka_unit_test(fields_of_one_connection_go_no_further),
		cmocka_unit_test(the_framing_is_written_anew),
		cmocka_unit_test(websocket_passes_only_when_told_to),
		cmocka_unit_test(
			many_fields_cost_what_they_are_and_not_their_square),
		cmocka_unit_test(responses_lose_what_is_not_the_clients),
	};

	return cmocka_run_group_tests_name("http_rewrite", tests, NULL, NULL);
}
