/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_upstream.c - ways through a parent proxy, which is scripted
 *
 * The parent is a listening socket on loopback that the test itself accepts
 * from, reads and answers, all in one thread: the loop turns in between.
 */
#include "proxy/upstream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/conf.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "tests/support/loopback.h"
#include "tests/support/proxy_fixture.h"

#define PATIENCE_MS 10000u

struct outcome {
	unsigned calls;
	int fd;
	enum reason reason;
	unsigned status;
	bool has_addr;
	char detail[UPSTREAM_DETAIL_MAX];
};

struct world {
	struct event_base *base;
	struct upstream *u;
	int listener;
	uint16_t port;
	struct strbuf text;
};

/* The parent of @text, in which PORT is the listener's. */
static struct upstream *parent_of(struct world *w, const char *text)
{
	char conf[512], port[8], error[UPSTREAM_DETAIL_MAX] = "";
	const char *at = strstr(text, "PORT");
	struct conf_report report;
	struct upstream *u;
	struct conf *cf;

	(void)snprintf(port, sizeof(port), "%u", w->port);
	(void)snprintf(conf, sizeof(conf), "%.*s%s%s",
		       at ? (int)(at - text) : (int)strlen(text), text,
		       at ? port : "", at ? at + 4 : "");
	if (conf_parse("t.conf", conf, strlen(conf), NULL, &cf, &report) < 0)
		fail_msg("%s: %s", conf, report.errors[0].text);
	conf_report_fini(&report);
	if (upstream_new(w->base, NULL, cf, &u, error) < 0)
		fail_msg("%s: %s", conf, error);
	conf_free(cf); /* nothing of it is kept */
	return u;
}

static struct target target_of(const char *text)
{
	char detail[TARGET_DETAIL_MAX];
	struct target t;

	if (target_parse_authority(text, strlen(text), &t, detail) != TARGET_OK)
		fail_msg("%s: %s", text, detail);
	return t;
}

static void on_done(const struct upstream_result *r, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->fd = r->fd;
	o->reason = r->reason;
	o->status = r->status;
	o->has_addr = r->addr != NULL;
	if (r->detail)
		(void)snprintf(o->detail, sizeof(o->detail), "%s", r->detail);
}

static void turn(struct world *w)
{
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
}

static void turns(struct world *w, int n)
{
	while (n-- > 0)
		turn(w);
}

static void wait_for(struct world *w, const struct outcome *o)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (o->calls == 0) {
		assert_true(clock_ms() < deadline);
		turn(w);
		(void)usleep(50);
	}
	turns(w, 3);
	assert_int_equal(o->calls, 1);
}

static struct upstream_link *begin(struct world *w, const char *target,
				   struct outcome *o)
{
	struct target t = target_of(target);
	struct upstream_link *l;

	memset(o, 0, sizeof(*o));
	o->fd = -1;
	assert_int_equal(upstream_start(w->u, &t, on_done, o, &l), 0);
	assert_int_equal(o->calls, 0);
	return l;
}

static int parent_accept(struct world *w)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	int fd, on = 1;

	while ((fd = accept4(w->listener, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0) {
		assert_true(clock_ms() < deadline);
		turn(w);
	}
	assert_int_equal(
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	return fd;
}

/* The request's head, into w->text. */
static void parent_read(struct world *w, int fd)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	strbuf_reset(&w->text);
	while (!w->text.s || !strstr(w->text.s, "\r\n\r\n")) {
		char bytes[1000];
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n > 0)
			strbuf_add(&w->text, bytes, (size_t)n);
		assert_true(n > 0 || errno == EAGAIN);
		assert_true(clock_ms() < deadline);
		turn(w);
	}
}

static void parent_say(int fd, const char *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* A parent that answers with these bytes and then closes. */
static struct outcome ask(struct world *w, const char *bytes, size_t n)
{
	struct outcome o;
	int fd;

	(void)begin(w, "a.example:443", &o);
	fd = parent_accept(w);
	parent_read(w, fd);
	parent_say(fd, bytes, n);
	turns(w, 2);
	close(fd);
	wait_for(w, &o);
	assert_true(o.has_addr);
	assert_int_equal(o.fd < 0, o.reason != REASON_ALLOWED);
	return o;
}

static const struct {
	const char *conf, *target, *request;
} requests[] = {
	{ "upstream http://127.0.0.1:PORT", "a.example:443",
	  "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n" },
	{ "upstream http://127.0.0.1:PORT", "[2001:DB8::1]:22",
	  "CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n"
	  "\r\n" },
	/* RFC 7617 section 2's own example. */
	{ "upstream \"http://Aladdin:open sesame@127.0.0.1:PORT\"",
	  "192.0.2.1:80",
	  "CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: 192.0.2.1:80\r\n"
	  "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n" },
	{ "upstream http://u:%F0%9F@127.0.0.1:PORT", "a.example:1",
	  "CONNECT a.example:1 HTTP/1.1\r\nHost: a.example:1\r\n"
	  "Proxy-Authorization: Basic dTrwnw==\r\n\r\n" },
	{ "upstream http://:@127.0.0.1:PORT", "a.example:1",
	  "CONNECT a.example:1 HTTP/1.1\r\nHost: a.example:1\r\n"
	  "Proxy-Authorization: Basic Og==\r\n\r\n" },
};

static void the_parent_is_asked_with_connect_and_credentials(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct outcome o;
		int fd;

		upstream_free(w->u);
		w->u = parent_of(w, requests[i].conf);
		(void)begin(w, requests[i].target, &o);
		fd = parent_accept(w);
		parent_read(w, fd);
		assert_string_equal(w->text.s, requests[i].request);
		parent_say(fd, "HTTP/1.1 200 OK\r\n\r\n", 19);
		wait_for(w, &o);
		assert_int_equal(o.reason, REASON_ALLOWED);
		close(o.fd);
		close(fd);
	}
}

static const struct {
	const char *name, *answer, *rest;
	unsigned status;
} successes[] = {
	{ "plain", "HTTP/1.1 200 Connection established\r\n\r\n", "", 200 },
	{ "early bytes", "HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0-early\r\n", 200 },
	{ "old", "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n", "x", 200 },
	{ "no phrase", "HTTP/1.1 200 \r\n\r\n", "", 200 },
	{ "another success", "HTTP/1.1 204 No Content\r\n\r\n", "y", 204 },
	{ "a length means nothing",
	  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "12345678", 200 },
	{ "nor does a coding",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\n12345",
	  200 },
	{ "interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	  "z", 200 },
};

static void a_success_leaves_what_follows_to_be_read(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(successes); i++) {
		struct strbuf all = STRBUF_INIT;
		struct outcome o;
		char got[100];
		ssize_t n;

		strbuf_adds(&all, successes[i].answer);
		strbuf_adds(&all, successes[i].rest);
		o = ask(w, all.s, all.len);
		if (o.fd < 0)
			fail_msg("%s: %s", successes[i].name, o.detail);
		assert_int_equal(o.status, successes[i].status);
		n = recv(o.fd, got, sizeof(got), 0);
		assert_int_equal(n, strlen(successes[i].rest));
		assert_memory_equal(got, successes[i].rest, (size_t)n);
		close(o.fd);
		strbuf_fini(&all);
	}
}

static void an_answer_may_come_byte_by_byte(void **state)
{
	static const char answer[] = "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
				     "HTTP/1.1 200 OK\r\nC: d\r\n\r\nrest";
	struct world *w = *state;
	struct outcome o;
	char got[10];
	int fd;

	(void)begin(w, "a.example:443", &o);
	fd = parent_accept(w);
	parent_read(w, fd);
	for (size_t i = 0; i < sizeof(answer) - 1; i++) {
		/* The head's last byte is what opens the tunnel. */
		assert_int_equal(o.calls, i + 4 < sizeof(answer) - 1 ? 0 : 1);
		parent_say(fd, &answer[i], 1);
		turns(w, 3);
	}
	assert_int_equal(o.reason, REASON_ALLOWED);
	assert_int_equal(recv(o.fd, got, sizeof(got), 0), 4);
	assert_memory_equal(got, "rest", 4);
	close(o.fd);
	close(fd);
}

static void an_answer_that_is_cut_anywhere_opens_nothing(void **state)
{
	static const char answer[] =
		"HTTP/1.1 100 Continue\r\n\r\n"
		"HTTP/1.1 200 OK\r\nVia: 1.1 parent\r\n\r\n";
	struct world *w = *state;

	for (size_t n = 0; n < sizeof(answer) - 1; n++) {
		struct outcome o = ask(w, answer, n);

		assert_int_equal(o.reason, REASON_UPSTREAM);
		assert_non_null(strstr(o.detail, "The parent proxy 127.0.0.1"));
	}
}

static const struct {
	const char *answer, *says;
	unsigned status;
} failures[] = {
	{ "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nbody",
	  "answered 403 Forbidden to CONNECT.", 403 },
	{ "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
	  "wants a user name and a password", 407 },
	{ "HTTP/1.1 502 Bad\x80 \"Gateway\"\r\n\r\n", "502 Bad", 502 },
	{ "HTTP/1.1 503 \r\n\r\n", "answered 503 to CONNECT", 503 },
	{ "HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", "302 Found", 302 },
	{ "HTTP/1.1 101 Switching Protocols\r\n\r\n", "answered 101", 101 },
	{ "HTTP/2 200 OK\r\n\r\n", "cannot be understood", 0 },
	{ "HTTP/1.1 200 OK\nVia: x\n\n", "cannot be understood", 0 },
	{ "HTTP/1.1 20 OK\r\n\r\n", "cannot be understood", 0 },
	{ "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "cannot be understood", 0 },
	{ "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "cannot be understood", 0 },
	{ "SSH-2.0-OpenSSH\r\n", "cannot be understood", 0 },
	{ "\x16\x03\x01\x02\x03", "cannot be understood", 0 },
	{ "\r\n\r\n", "cannot be understood", 0 },
	{ "", "ended the connection before it answered", 0 },
};

static void every_other_answer_is_told(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct outcome o =
			ask(w, failures[i].answer, strlen(failures[i].answer));

		if (o.fd >= 0 || !strstr(o.detail, failures[i].says))
			fail_msg("%s: %s", failures[i].answer, o.detail);
		assert_int_equal(o.reason, REASON_UPSTREAM);
		assert_int_equal(o.status, failures[i].status);
	}
}

static void credentials_that_are_refused_are_not_repeated(void **state)
{
	struct world *w = *state;
	struct outcome o;

	upstream_free(w->u);
	w->u = parent_of(w, "upstream http://me:secret@127.0.0.1:PORT");
	o = ask(w, "HTTP/1.1 407 No\r\n\r\n", 19);
	assert_non_null(strstr(o.detail, "does not accept the user name"));
	assert_null(strstr(o.detail, "secret"));
	assert_null(strstr(o.detail, "me:"));
}

/* @part for ever, until the link ends; at most @max bytes. */
static struct outcome flood(struct world *w, const char *start,
			    const char *part, size_t max)
{
	size_t sent = 0, n = strlen(part);
	struct outcome o;
	int fd;

	(void)begin(w, "a.example:443", &o);
	fd = parent_accept(w);
	parent_read(w, fd);
	parent_say(fd, start, strlen(start));
	while (o.calls == 0) {
		ssize_t r = send(fd, part, n, MSG_NOSIGNAL);

		sent += r > 0 ? (size_t)r : 0;
		assert_true(sent < max);
		turn(w);
	}
	close(fd);
	assert_int_equal(o.fd, -1);
	return o;
}

static void floods_end_at_the_limits(void **state)
{
	struct world *w = *state;
	struct outcome o;

	/* limit head-size is 1k and header-count 8, see set_up(). */
	o = flood(w, "", "HTTP/1.1 100 Continue\r\n\r\n", 100000);
	assert_non_null(strstr(o.detail, "answered 100"));
	o = flood(w, "HTTP/1.1 200 OK\r\n", "A: b\r\n", 100000);
	assert_non_null(strstr(o.detail, "cannot be understood"));
	o = flood(w, "HTTP/1.1 200 OK\r\nA: ", "bbbbbbbbbbbbbbbbbbbb", 100000);
	assert_non_null(strstr(o.detail, "cannot be understood"));
	o = flood(w, "HTTP/1.1 200 ", "OK", 100000);
	assert_non_null(strstr(o.detail, "cannot be understood"));
}

static void a_parent_that_is_not_there_is_named(void **state)
{
	struct fixture_hole hole;
	struct world *w = *state;
	uint16_t port = w->port;
	struct outcome o;
	int held = loopback_bind(port, &port);

	/* Refused: nobody else can be there. */
	close(w->listener);
	w->listener = -1;
	(void)begin(w, "a.example:443", &o);
	wait_for(w, &o);
	assert_int_equal(o.reason, REASON_UPSTREAM);
	assert_false(o.has_addr);
	assert_non_null(strstr(o.detail, "refused the connection"));
	close(held);
	/* Silent while connecting. */
	fixture_hole_open(&hole);
	w->port = hole.port;
	upstream_free(w->u);
	w->u = parent_of(w, "upstream http://127.0.0.1:PORT\n"
			    "limit dial-time 200ms\n");
	(void)begin(w, "a.example:443", &o);
	wait_for(w, &o);
	assert_int_equal(o.reason, REASON_UPSTREAM);
	assert_non_null(strstr(o.detail, "in time"));
	fixture_hole_close(&hole);
	w->port = port;
}

static void a_parent_that_never_answers_is_given_up(void **state)
{
	struct world *w = *state;
	uint64_t start;
	struct outcome o;
	int fd;

	upstream_free(w->u);
	w->u = parent_of(w, "upstream http://127.0.0.1:PORT\n"
			    "limit dial-time 200ms\n");
	start = clock_ms();
	(void)begin(w, "a.example:443", &o);
	fd = parent_accept(w);
	wait_for(w, &o);
	assert_true(clock_ms() - start < PATIENCE_MS);
	assert_int_equal(o.reason, REASON_UPSTREAM);
	assert_non_null(strstr(o.detail, "did not answer CONNECT in time"));
	close(fd);
}

static void without_a_target_it_is_only_connected(void **state)
{
	struct world *w = *state;
	struct upstream_link *l;
	struct outcome o = { 0 };
	int fd;

	assert_int_equal(upstream_start(w->u, NULL, on_done, &o, &l), 0);
	fd = parent_accept(w);
	wait_for(w, &o);
	assert_int_equal(o.reason, REASON_ALLOWED);
	assert_int_equal(o.status, 0);
	assert_int_equal(recv(fd, &o, 1, 0), -1); /* not a byte */
	close(o.fd);
	close(fd);
}

static void a_cancelled_link_never_calls_back(void **state)
{
	struct world *w = *state;

	/* After so many turns: before the dial, while asking, waiting. */
	for (int n = 0; n < 6; n++) {
		struct upstream_link *l;
		struct outcome o;
		int fd;

		l = begin(w, "a.example:443", &o);
		turns(w, n);
		upstream_cancel(l);
		turns(w, 3);
		assert_int_equal(o.calls, 0);
		fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
	}
	upstream_cancel(NULL);
}

static const struct {
	const char *target;
	bool takes;
} routes[] = {
	{ "a.example:443", true },
	{ "corp.example:443", true },
	{ "git.corp.example:443", false },
	{ "git.corp.example:22", false },
	{ "a.example:22", false },
	{ "192.0.2.1:443", true },
	{ "10.1.2.3:443", false },
	{ "10.1.2.3:22", false },
	{ "11.1.2.3:443", true },
	{ "one.example:80", false },
	{ "one.example:81", true },
	{ "[2001:db8::1]:80", false },
	{ "[2001:db9::1]:80", true },
	/* Loopback would be the parent's own. */
	{ "localhost:8080", false },
	{ "a.localhost:8080", false },
	{ "alocalhost:8080", true },
	{ "127.9.9.9:443", false },
	{ "[::1]:443", false },
};

static void only_what_is_not_direct_goes_through_the_parent(void **state)
{
	struct world *w = *state;
	struct target t = target_of("a.example:443");

	upstream_free(w->u);
	w->u = parent_of(w, "upstream http://127.0.0.1:PORT\n"
			    "upstream direct *.corp.example 10.0.0.0/8 *:22\n"
			    "upstream direct one.example:80 [2001:db8::]/32\n");
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		t = target_of(routes[i].target);
		if (upstream_takes(w->u, &t) != routes[i].takes)
			fail_msg("%s", routes[i].target);
	}
	assert_false(upstream_takes(NULL, &t));
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	w->base = event_base_new();
	w->listener = loopback_listen(16, &w->port);
	if (fcntl(w->listener, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	w->u = parent_of(w, "upstream http://127.0.0.1:PORT\n"
			    "limit head-size 1k\nlimit header-count 8\n");
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	upstream_free(w->u);
	event_base_free(w->base);
	if (w->listener >= 0)
		close(w->listener);
	strbuf_fini(&w->text);
	free(w);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_parent_is_asked_with_connect_and_credentials),
		TEST(a_success_leaves_what_follows_to_be_read),
		TEST(an_answer_may_come_byte_by_byte),
		TEST(an_answer_that_is_cut_anywhere_opens_nothing),
		TEST(every_other_answer_is_told),
		TEST(credentials_that_are_refused_are_not_repeated),
		TEST(floods_end_at_the_limits),
		TEST(a_parent_that_is_not_there_is_named),
		TEST(a_parent_that_never_answers_is_given_up),
		TEST(without_a_target_it_is_only_connected),
		TEST(a_cancelled_link_never_calls_back),
		TEST(only_what_is_not_direct_goes_through_the_parent),
	};

	return cmocka_run_group_tests_name("upstream", tests, NULL, NULL);
}
