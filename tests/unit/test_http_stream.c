/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_http_stream.c - much of a body, and peers that do not read
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/macros.h"
#include "proxy/proxy.h"
#include "tests/support/proxy_fixture.h"

#define ALLOW_ORIGIN "allow 127.0.0.1:ORIGIN\n"
#define URL	     "http://127.0.0.1:ORIGIN"
#define HOST	     "Host: 127.0.0.1:ORIGIN\r\n"
#define GET(path)    "GET " URL path " HTTP/1.1\r\n" HOST "\r\n"
#define POST	     "POST " URL "/ HTTP/1.1\r\n" HOST
#define OK_HI	     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

#define MUCH  (4u << 20)
#define CHUNK 5000u

#define PATIENCE_MS 10000u /* for the next bytes */

static int ask(struct fixture *f, const char *request, int *ret_origin)
{
	int client = fixture_connect(f);

	fixture_ask(f, client, request);
	*ret_origin = fixture_accept(f);
	fixture_head(f, *ret_origin);
	return client;
}

/* Sends as much of @b as the kernel takes. Return: false if it is gone. */
static bool push(int fd, const struct strbuf *b, size_t *at)
{
	ssize_t n = send(fd, b->s + *at, b->len - *at, MSG_NOSIGNAL);

	if (n > 0)
		*at += (size_t)n;
	return n >= 0 || errno == EAGAIN;
}

/* MUCH bytes that differ, in chunks with extensions or as they are. */
static void make_body(struct strbuf *plain, struct strbuf *sent,
		      struct strbuf *want, bool chunked)
{
	uint32_t x = 1;

	while (plain->len < MUCH) {
		x = x * 1664525u + 1013904223u;
		strbuf_addc(plain, (char)(x >> 24));
	}
	for (size_t at = 0; chunked && at < MUCH; at += CHUNK) {
		size_t n = MUCH - at < CHUNK ? MUCH - at : CHUNK;

		strbuf_addf(sent, at % 3 ? "%zx\r\n" : "%zx;a=b\r\n", n);
		strbuf_addf(want, "%zx\r\n", n);
		strbuf_add(sent, plain->s + at, n);
		strbuf_add(want, plain->s + at, n);
		strbuf_adds(sent, "\r\n");
		strbuf_adds(want, "\r\n");
	}
	if (!chunked) {
		strbuf_add(sent, plain->s, plain->len);
		strbuf_add(want, plain->s, plain->len);
		return;
	}
	strbuf_adds(sent, "0\r\nX-Sum: 1\r\n\r\n");
	strbuf_adds(want, "0\r\nX-Sum: 1\r\n\r\n");
}

/* All of @sent goes into @from, and @want comes out of @to. */
static void stream(struct fixture *f, int from, int to,
		   const struct strbuf *sent, const struct strbuf *want)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	struct strbuf got = STRBUF_INIT;
	size_t at = 0;
	char bytes[65536];

	while (got.len < want->len && clock_ms() < deadline) {
		ssize_t n;

		assert_true(push(from, sent, &at));
		fixture_turn(f);
		n = recv(to, bytes, sizeof(bytes), 0);
		assert_true(n > 0 || (n < 0 && errno == EAGAIN));
		if (n < 0) {
			(void)usleep(50); /* it may be another thread's turn */
			continue;
		}
		strbuf_add(&got, bytes, (size_t)n);
		deadline = clock_ms() + PATIENCE_MS;
	}
	assert_int_equal(got.len, want->len);
	assert_memory_equal(got.s, want->s, want->len);
	strbuf_fini(&got);
}

static void much_arrives_whole_each_way(void **state)
{
	for (int chunked = 0; chunked < 2; chunked++) {
		struct strbuf plain = STRBUF_INIT, sent = STRBUF_INIT;
		struct strbuf want = STRBUF_INIT;
		struct fixture f;
		int client, origin;
		char head[200], request[300];

		make_body(&plain, &sent, &want, chunked);
		(void)snprintf(head, sizeof(head),
			       chunked ? "Transfer-Encoding: chunked\r\n\r\n"
				       : "Content-Length: %u\r\n\r\n",
			       MUCH);
		fixture_begin(&f, ALLOW_ORIGIN);
		(void)snprintf(request, sizeof(request), POST "%s", head);
		client = ask(&f, request, &origin);
		stream(&f, client, origin, &sent, &want);
		fixture_say(origin, "HTTP/1.1 200 OK\r\n");
		fixture_say(origin, head);
		fixture_head(&f, client);
		stream(&f, origin, client, &sent, &want);
		fixture_log(&f, 1);
		assert_has(f.text.s,
			   "\"bytes_in\":4194304,\"bytes_out\":4194304,");
		/* And both connections are as good as new. */
		fixture_ask(&f, client, GET("/next"));
		assert_has(fixture_head(&f, origin), "GET /next ");
		close(client);
		close(origin);
		strbuf_fini(&plain);
		strbuf_fini(&sent);
		strbuf_fini(&want);
		fixture_end(&f);
	}
	(void)state;
}

/* Pushes into @fd until nothing moves any more. Return: how much went. */
static size_t fill(struct fixture *f, int fd, const struct strbuf *b)
{
	size_t total = 0, last = 1;

	while (total != last) {
		last = total;
		for (int i = 0; i < 50; i++) {
			size_t at = 0;

			assert_true(push(fd, b, &at));
			total += at;
			fixture_turn(f);
		}
		fixture_turn_for(f, 20);
	}
	return total;
}

static void set_small_buffers(int fd)
{
	int size = 4096;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* What goes in before it stalls is the kernel's buffers, and a read of ours. */
#define STALL_MAX (128u << 20)

static void a_peer_that_does_not_read_holds_up_the_other(void **state)
{
	struct strbuf block = STRBUF_INIT;
	struct fixture f;
	int client, origin;
	size_t n;

	(void)state;
	while (block.len < 100000)
		strbuf_addc(&block, 'x');
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &origin);
	set_small_buffers(client);
	fixture_say(origin, "HTTP/1.1 200 OK\r\n\r\n");
	n = fill(&f, origin, &block);
	if (n > STALL_MAX)
		fail_msg("%zu bytes went to a client that does not read", n);
	close(client);
	assert_int_equal(fixture_end_of(&f, origin), -ECONNRESET);
	close(origin);

	client = ask(&f, POST "Content-Length: 1000000000\r\n\r\n", &origin);
	set_small_buffers(origin);
	n = fill(&f, client, &block);
	if (n > STALL_MAX)
		fail_msg("%zu bytes went to an origin that does not read", n);
	/* The others are served meanwhile. */
	close(client);
	client = ask(&f, GET("/other"), &origin);
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	close(client);
	close(origin);
	strbuf_fini(&block);
	fixture_end(&f);
}

static void pipelined_requests_are_not_hoarded(void **state)
{
	struct strbuf block = STRBUF_INIT;
	struct fixture f;
	int client, origin;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, GET("/"), &origin);
	while (block.len < 100000)
		strbuf_adds(&block, "GET http://a.b/ HTTP/1.1\r\n"
				    "Host: a.b\r\n\r\n");
	assert_true(fill(&f, client, &block) <= STALL_MAX);
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	assert_has(fixture_head(&f, client), "HTTP/1.1 403 ");
	close(client);
	close(origin);
	strbuf_fini(&block);
	fixture_end(&f);
}

/* The origin answers and closes while the client is still sending. */
static void an_early_answer_reaches_a_client_that_is_still_sending(void **state)
{
	struct strbuf block = STRBUF_INIT;
	int client, origin;
	struct fixture f;
	size_t sent = 0;

	(void)state;
	while (block.len < 100000)
		strbuf_addc(&block, 'x');
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, POST "Content-Length: 3000000\r\n\r\n", &origin);
	fixture_say(origin, "HTTP/1.1 413 Too much\r\nContent-Length: 2\r\n"
			    "Connection: close\r\n\r\nno");
	fixture_turn_for(&f, 10);
	fixture_reset(&origin);
	for (int i = 0; i < 30; i++) {
		size_t at = 0;

		if (!push(client, &block, &at))
			break;
		sent += at;
		fixture_turn_for(&f, 2);
	}
	assert_true(sent > 0);
	assert_string_equal(fixture_head(&f, client),
			    "HTTP/1.1 413 Too much\r\nContent-Length: 2\r\n"
			    "Connection: close\r\n\r\n");
	fixture_expect(&f, client, "no");
	close(client);
	fixture_log(&f, 1);
	assert_has(f.text.s, "\"reason\":\"allowed\"");
	assert_has(f.text.s, "\"status\":413}");
	strbuf_fini(&block);
	fixture_end(&f);
}

/* An answer that is over does not end a body that is still wanted. */
static void a_body_goes_on_after_its_answer(void **state)
{
	int client, origin;
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	client = ask(&f, POST "Content-Length: 6\r\n\r\nabc", &origin);
	fixture_expect(&f, origin, "abc");
	fixture_say(origin, OK_HI);
	assert_has(fixture_head(&f, client), "Connection: close\r\n");
	fixture_expect(&f, client, "hi");
	fixture_say(client, "def");
	fixture_expect(&f, origin, "def");
	assert_int_equal(fixture_end_of(&f, client), 0);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void
a_hundred_silent_clients_do_not_hold_up_one_that_speaks(void **state)
{
	int silent[100], client, origin;
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN "limit head-time 1s\n");
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		silent[i] = fixture_connect(&f);
		if (i % 2)
			fixture_say(silent[i], "GET http://");
	}
	client = ask(&f, GET("/"), &origin);
	fixture_say(origin, OK_HI);
	fixture_expect(&f, client, OK_HI);
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		assert_has(fixture_head(&f, silent[i]), "HTTP/1.1 408 ");
		close(silent[i]);
	}
	fixture_ask(&f, client, GET("/"));
	fixture_head(&f, origin);
	close(client);
	close(origin);
	fixture_end(&f);
}

/* Whatever is under way, and whatever was to come next. */
static void it_can_be_freed_after_any_number_of_turns(void **state)
{
	(void)state;
	for (int turns = 0; turns < 25; turns++) {
		struct fixture f;
		int client;

		fixture_begin(&f, ALLOW_ORIGIN);
		client = fixture_connect(&f);
		fixture_ask(&f, client,
			    "GET http://a.b/ HTTP/1.1\r\nHost: a.b\r\n\r\n"
			    "GET http://a.b/ HTTP/1.1\r\nHost: a.b\r\n\r\n" GET(
				    "/1") GET("/2"));
		for (int i = 0; i < turns; i++) {
			int origin;

			assert_true(event_base_loop(f.base,
						    EVLOOP_ONCE |
							    EVLOOP_NONBLOCK) >=
				    0);
			origin = accept4(f.origin, NULL, NULL, SOCK_CLOEXEC);
			if (origin < 0)
				continue;
			fixture_say(origin, OK_HI);
			close(origin);
		}
		fixture_end(&f);
		close(client);
	}
}

/* RFC 9112 6.1: what has no body must not announce chunks to it either. */
static void a_client_of_http_1_0_is_told_of_no_chunks(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, ALLOW_ORIGIN);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		int origin, client = ask(&f, "HEAD " URL "/ HTTP/1.0\r\n\r\n",
					 &origin);

		fixture_say(origin, answers[i]);
		assert_lacks(fixture_answer(&f, client), "chunked");
		assert_has(f.text.s, "Connection: close\r\n\r\n");
		close(client);
		close(origin);
	}
	fixture_end(&f);
}

/* Part of one is with it: nothing else may follow but the end. */
static void who_does_not_read_an_interim_answer_gets_no_other(void **state)
{
	struct strbuf hint = STRBUF_INIT, got = STRBUF_INIT;
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	int client, origin, size = 4096;
	char bytes[65536];
	struct fixture f;
	size_t at = 0;
	ssize_t n;

	(void)state;
	strbuf_adds(&hint, "HTTP/1.1 103 Early Hints\r\nLink: ");
	while (hint.len < 1000000)
		strbuf_addc(&hint, 'x');
	strbuf_adds(&hint, "\r\n\r\n");
	fixture_begin(&f,
		      ALLOW_ORIGIN "limit head-size 1m\nlimit idle-time 1s\n");
	client = fixture_connect(&f);
	assert_int_equal(
		setsockopt(client, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
		0);
	fixture_ask(&f, client, GET("/"));
	origin = fixture_accept(&f);
	fixture_head(&f, origin);
	/* More than the kernel takes for it; and then nothing is moved, until
	 * it is ended for that. */
	while (push(origin, &hint, &at)) {
		at = at == hint.len ? 0 : at;
		fixture_turn(&f);
		assert_true(clock_ms() < deadline);
	}
	fixture_log(&f, 1);
	assert_has(f.text.s, "\"reason\":\"idle\"");
	for (;;) {
		n = recv(client, bytes, sizeof(bytes), 0);
		if (n < 0 && errno == EAGAIN)
			fixture_turn(&f);
		else if (n > 0)
			strbuf_add(&got, bytes, (size_t)n);
		else
			break;
	}
	assert_null(strstr(got.s, "HTTP/1.1 504"));
	strbuf_fini(&hint);
	strbuf_fini(&got);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void a_drain_lets_the_request_at_hand_end_and_no_more(void **state)
{
	int client, origin, kept, kept_origin;
	struct fixture f;

	(void)state;
	fixture_begin_unnamed(&f, ALLOW_ORIGIN);
	kept = ask(&f, GET("/"), &kept_origin);
	fixture_say(kept_origin, OK_HI);
	fixture_expect(&f, kept, OK_HI);
	client = ask(&f, GET("/1") GET("/2"), &origin);
	proxy_drain(f.proxy, NULL, NULL);
	assert_int_equal(fixture_end_of(&f, kept), 0);
	fixture_say(origin, OK_HI);
	assert_has(fixture_answer(&f, client), "\r\n\r\nhi");
	fixture_log(&f, 2);
	close(client);
	close(origin);
	close(kept);
	close(kept_origin);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(much_arrives_whole_each_way),
		cmocka_unit_test(a_peer_that_does_not_read_holds_up_the_other),
		cmocka_unit_test(pipelined_requests_are_not_hoarded),
		cmocka_unit_test(
			an_early_answer_reaches_a_client_that_is_still_sending),
		cmocka_unit_test(a_body_goes_on_after_its_answer),
		cmocka_unit_test(it_can_be_freed_after_any_number_of_turns),
		cmocka_unit_test(a_client_of_http_1_0_is_told_of_no_chunks),
		cmocka_unit_test(
			who_does_not_read_an_interim_answer_gets_no_other),
		cmocka_unit_test(
			a_drain_lets_the_request_at_hand_end_and_no_more),
		cmocka_unit_test(
			a_hundred_silent_clients_do_not_hold_up_one_that_speaks),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("http_stream", tests, NULL, NULL);
}
