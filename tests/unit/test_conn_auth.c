/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_auth.c - a proxy that asks who its clients are
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/macros.h"
#include "proxy/proxy.h"
#include "tests/support/proxy_fixture.h"
#include "tests/unit/folder.h"
#include "tests/unit/users.h"

#define ALICE "Proxy-Authorization: Basic YWxpY2U6YWJj\r\n" /* alice:abc */
#define BOB   "Proxy-Authorization: Basic Ym9iOmhlbGxv\r\n" /* bob:hello */
#define WRONG "Proxy-Authorization: Basic YWxpY2U6YWJk\r\n" /* alice:abd */

#define GET_HEAD                                                               \
	"GET http://127.0.0.1:ORIGIN/x HTTP/1.1\r\nHost: 127.0.0.1:ORIGIN\r\n"
#define CONNECT_HEAD "CONNECT 127.0.0.1:ORIGIN HTTP/1.1\r\n"
#define ANSWER	     "HTTP/1.1 204 No Content\r\n\r\n"

/* SOCKS5: a greeting with both methods; alice:abc; alice:abd. */
#define GREETING "\x05\x02\x00\x02"
#define GOOD                                                                   \
	"\x01\x05"                                                             \
	"alice\x03"                                                            \
	"abc"
#define BAD                                                                    \
	"\x01\x05"                                                             \
	"alice\x03"                                                            \
	"abd"

/* `auth` and @lines. */
static void begin(struct fixture *f, const char *lines)
{
	const struct fixture_opts opts = { .unnamed = true, .asks = true };
	char conf[400];

	put_mode("users", "alice:" ABC "\n", 0600);
	(void)snprintf(conf, sizeof(conf), "auth %s/users\n%s", folder, lines);
	fixture_begin_opts(f, conf, &opts);
}

/* The next answer, a 407 that leaves the connection open, or ends it. */
static void expect_407(struct fixture *f, int fd, bool kept)
{
	const char *head = fixture_head(f, fd), *length;

	assert_has(head, "HTTP/1.1 407 Proxy authentication required\r\n");
	assert_has(head, "\r\nX-Netleash-Reason: auth\r\n");
	assert_has(head,
		   "\r\nProxy-Authenticate: Basic realm=\"netleash\"\r\n");
	if (kept)
		assert_lacks(head, "Connection: close");
	else
		assert_has(head, "\r\nConnection: close\r\n");
	length = strstr(head, "Content-Length: ");
	assert_non_null(length);
	fixture_read(f, fd, strtoul(length + 16, NULL, 10));
	assert_has(f->text.s, "Reason: auth\n");
	assert_lacks(f->text.s, "Rule: ");
	assert_lacks(f->text.s, "allow it");
}

static int ask(struct fixture *f, const char *text)
{
	int fd = fixture_connect(f);

	fixture_ask(f, fd, text);
	return fd;
}

static void
a_request_with_a_good_password_passes_without_its_field(void **state)
{
	struct fixture f;
	int client, origin;
	const char *log;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	client = ask(&f, GET_HEAD ALICE "\r\n");
	origin = fixture_accept(&f);
	assert_lacks(fixture_head(&f, origin), "roxy-");
	fixture_say(origin, ANSWER);
	assert_has(fixture_head(&f, client), "HTTP/1.1 204 ");
	/* The next one of the same connection is judged by itself. */
	fixture_ask(&f, client, GET_HEAD "\r\n");
	expect_407(&f, client, true);
	fixture_ask(&f, client,
		    GET_HEAD
		    "proxy-authorization: bAsIc  YWxpY2U6YWJj\r\n\r\n");
	assert_lacks(fixture_head(&f, origin), "roxy-");
	fixture_say(origin, ANSWER);
	assert_has(fixture_head(&f, client), "HTTP/1.1 204 ");
	close(client);
	close(origin);
	log = fixture_log(&f, 3);
	assert_has(log, "\"user\":\"alice\",\"method\":\"GET\"");
	assert_has(log, "\"decision\":\"error\",\"rule\":null,"
			"\"reason\":\"auth\"");
	assert_lacks(log, "YWxp");
	assert_lacks(log, "abc");
	fixture_end(&f);
}

static void a_tunnel_is_its_users_to_the_end(void **state)
{
	struct fixture f;
	int client, origin;
	const char *log;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	client = ask(&f, CONNECT_HEAD ALICE "\r\nearly");
	origin = fixture_accept(&f);
	fixture_expect(&f, origin, "early");
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	close(client);
	close(origin);
	log = fixture_log(&f, 1);
	assert_has(log, "\"user\":\"alice\",\"method\":\"CONNECT\"");
	assert_has(log, "\"reason\":\"allowed\"");
	fixture_end(&f);
}

static void a_client_may_ask_again_on_its_connection(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	client = ask(&f, CONNECT_HEAD "\r\n");
	expect_407(&f, client, true);
	fixture_ask(&f, client, GET_HEAD WRONG "\r\n");
	expect_407(&f, client, true);
	fixture_ask(&f, client, CONNECT_HEAD ALICE "\r\n");
	origin = fixture_accept(&f);
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	fixture_say(client, "ping");
	fixture_expect(&f, origin, "ping");
	close(client);
	close(origin);
	fixture_log(&f, 3);
	fixture_end(&f);
}

static void who_fails_again_and_again_is_let_go(void **state)
{
	static const char *const heads[] = { GET_HEAD WRONG "\r\n",
					     CONNECT_HEAD WRONG "\r\n" };
	struct fixture f;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		int fd = ask(&f, heads[i]);

		expect_407(&f, fd, true);
		fixture_ask(&f, fd, heads[i]);
		expect_407(&f, fd, true);
		fixture_ask(&f, fd, heads[i]);
		expect_407(&f, fd, false);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
	}
	fixture_log(&f, 6);
	fixture_end(&f);
}

static void what_comes_behind_a_refused_request_is_none(void **state)
{
	static const char *const heads[] = {
		"POST http://127.0.0.1:ORIGIN/ HTTP/1.1\r\n"
		"Host: 127.0.0.1:ORIGIN\r\nContent-Length: 300\r\n\r\n" GET_HEAD
			ALICE "\r\n",
		"POST http://127.0.0.1:ORIGIN/ HTTP/1.1\r\n"
		"Host: 127.0.0.1:ORIGIN\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n" GET_HEAD ALICE "\r\n",
		CONNECT_HEAD "\r\n" GET_HEAD ALICE "\r\n",
		"CONNECT 127.0.0.1:ORIGIN HTTP/1.0\r\n\r\n",
		CONNECT_HEAD "Connection: close\r\n\r\n",
	};
	struct fixture f;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		int fd = ask(&f, heads[i]);

		expect_407(&f, fd, false);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
		assert_lacks(fixture_log(&f, i + 1), "\"reason\":\"allowed\"");
	}
	fixture_end(&f);
}

static void each_of_many_requests_at_once_is_judged(void **state)
{
	struct fixture f;
	int client, origin;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	client = ask(&f, GET_HEAD "\r\n" GET_HEAD ALICE "\r\n" GET_HEAD "\r\n");
	expect_407(&f, client, true);
	origin = fixture_accept(&f);
	(void)fixture_head(&f, origin);
	fixture_say(origin, ANSWER);
	assert_has(fixture_head(&f, client), "HTTP/1.1 204 ");
	expect_407(&f, client, true);
	close(client);
	close(origin);
	fixture_log(&f, 3);
	fixture_end(&f);
}

static void nobody_learns_what_the_policy_says(void **state)
{
	static const char *const targets[] = {
		"denied.example:443", "other.test:443", "a1.example:22",
		"nx.example:443",     "10.1.2.3:443",	"a1.example:443",
	};
	struct proxy_stats stats;
	struct fixture f;
	uint64_t more;
	size_t n;

	(void)state;
	begin(&f, "allow *.example\ndeny denied.example\n");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		char head[200];
		int fd;

		(void)snprintf(head, sizeof(head),
			       "CONNECT %s HTTP/1.1\r\n" WRONG "\r\n",
			       targets[i]);
		fd = ask(&f, head);
		expect_407(&f, fd, true);
		close(fd);
	}
	fixture_log(&f, ARRAY_SIZE(targets));
	assert_int_equal(f.dns.asked_a + f.dns.asked_aaaa, 0);
	(void)proxy_scope_blocked(f.scope, &n, &more);
	assert_int_equal(n + more, 0);
	proxy_scope_stats(f.scope, &stats);
	assert_int_equal(stats.ended[REASON_AUTH], ARRAY_SIZE(targets));
	fixture_end(&f);
}

static void what_is_malformed_is_said_to_be_first(void **state)
{
	static const char *const heads[] = {
		"CONNECT 127.1:443 HTTP/1.1\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 3\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\n" ALICE ALICE "\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\n" WRONG ALICE "\r\n",
		"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n" ALICE
			BOB "\r\n",
		"GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
	};
	struct fixture f;

	(void)state;
	begin(&f, "allow *.example\n");
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		fixture_check_answer(&f, heads[i], strlen(heads[i]),
				     "HTTP/1.1 400 ", "Reason: malformed\n");
	fixture_end(&f);
}

static void a_reload_counts_from_the_next_request(void **state)
{
	struct fixture f;
	char conf[200], *text;
	int client, origin;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	client = ask(&f, GET_HEAD ALICE "\r\n");
	origin = fixture_accept(&f);
	(void)fixture_head(&f, origin);
	fixture_say(origin, ANSWER);
	(void)fixture_head(&f, client);

	put_mode("users", "bob:" HELLO "\n", 0600);
	(void)snprintf(conf, sizeof(conf),
		       "auth %s/users\nallow 127.0.0.1:ORIGIN\n", folder);
	text = fixture_fill(&f, conf);
	(void)fixture_replace(f.scope, "next.conf", text);
	free(text);
	fixture_ask(&f, client, GET_HEAD ALICE "\r\n");
	expect_407(&f, client, true);
	fixture_ask(&f, client, GET_HEAD BOB "\r\n");
	(void)fixture_head(&f, origin);
	fixture_say(origin, ANSWER);
	(void)fixture_head(&f, client);

	/* And without the line nobody is asked on loopback. */
	text = fixture_fill(&f, "allow 127.0.0.1:ORIGIN\n");
	(void)fixture_replace(f.scope, "last.conf", text);
	free(text);
	fixture_ask(&f, client, GET_HEAD "\r\n");
	(void)fixture_head(&f, origin);
	fixture_say(origin, ANSWER);
	(void)fixture_head(&f, client);
	close(client);
	close(origin);
	assert_has(fixture_log(&f, 4), "\"user\":\"bob\"");
	fixture_end(&f);
}

static void the_clients_of_a_run_are_never_asked(void **state)
{
	struct fixture f;
	char conf[200];
	int client, origin;

	(void)state;
	put_mode("users", "alice:" ABC "\n", 0600);
	(void)snprintf(conf, sizeof(conf),
		       "auth %s/users\nallow 127.0.0.1:ORIGIN\n", folder);
	fixture_begin(&f, conf);
	client = ask(&f, CONNECT_HEAD "\r\n");
	origin = fixture_accept(&f);
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	close(client);
	close(origin);
	assert_lacks(fixture_log(&f, 1), "\"user\"");
	fixture_end(&f);
}

/* --- SOCKS5 */

static void expect_bytes(struct fixture *f, int fd, const char *want, size_t n)
{
	fixture_read(f, fd, n);
	assert_memory_equal(f->text.s, want, n);
}

/* All that a client says, up to "early". Return: how many bytes. */
static size_t say_all(const struct fixture *f, char ret[64])
{
	size_t n = sizeof(GREETING GOOD) - 1;

	memcpy(ret, GREETING GOOD, n);
	memcpy(ret + n, "\x05\x01\x00\x01\x7f\x00\x00\x01", 8);
	ret[n + 8] = (char)(f->origin_port >> 8);
	ret[n + 9] = (char)(f->origin_port & 0xff);
	memcpy(ret + n + 10, "early", 5);
	return n + 15;
}

static void expect_tunnel(struct fixture *f, int client)
{
	int origin = fixture_accept(f);

	fixture_expect(f, origin, "early");
	expect_bytes(f, client, "\x05\x02\x01\x00\x05\x00\x00\x01", 8);
	close(origin);
}

static void socks_asks_for_a_password_however_it_is_cut(void **state)
{
	struct fixture f;
	char all[64];
	size_t n;
	int fd;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	n = say_all(&f, all);
	for (size_t cut = 1; cut < n; cut++) {
		fd = fixture_connect(&f);
		fixture_send(fd, all, cut);
		fixture_turn_for(&f, 2);
		fixture_send(fd, all + cut, n - cut);
		expect_tunnel(&f, fd);
		close(fd);
	}
	fd = fixture_connect(&f);
	for (size_t i = 0; i < n; i++) {
		fixture_send(fd, all + i, 1);
		fixture_turn_for(&f, 2);
	}
	expect_tunnel(&f, fd);
	close(fd);
	assert_has(fixture_log(&f, n),
		   "\"user\":\"alice\",\"method\":null,\"target\":\"127.0.0.1");
	fixture_end(&f);
}

static void socks_without_the_password_ends(void **state)
{
	static const struct {
		const char *says;
		size_t n;
		const char *hears;
		size_t hears_n;
		const char *reason;
	} cases[] = {
		{ "\x05\x01\x00", 3, "\x05\xff", 2, "\"reason\":\"auth\"" },
		{ "\x05\x02\x00\x01", 4, "\x05\xff", 2, "\"reason\":\"auth\"" },
		{ GREETING BAD, 15, "\x05\x02\x01\x01", 4,
		  "\"reason\":\"auth\"" },
		{ GREETING "\x01\x00\x00", 7, "\x05\x02\x01\x01", 4,
		  "\"reason\":\"auth\"" },
		{ GREETING "\x05\x01\x00\x01", 8, "\x05\x02\x01\x01", 4,
		  "\"reason\":\"malformed\"" },
	};
	struct fixture f;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = fixture_connect(&f);
		const char *last;

		fixture_send(fd, cases[i].says, cases[i].n);
		expect_bytes(&f, fd, cases[i].hears, cases[i].hears_n);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
		last = fixture_log(&f, i + 1);
		for (size_t k = 0; k < i; k++)
			last = strchr(last, '\n') + 1;
		assert_has(last, cases[i].reason);
	}
	fixture_end(&f);
}

static void socks_that_says_no_more_is_let_go(void **state)
{
	char all[64];
	struct fixture f;
	size_t n;

	(void)state;
	begin(&f, "allow 127.0.0.1:ORIGIN\nlimit head-time 1s\n");
	(void)say_all(&f, all);
	n = sizeof(GREETING GOOD) - 1;
	for (size_t cut = 1; cut < n; cut++) {
		int fd = fixture_connect(&f);

		fixture_send(fd, all, cut);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
	}
	for (size_t cut = sizeof(GREETING) - 1; cut < n; cut += 5) {
		int fd = fixture_connect(&f);

		fixture_send(fd, all, cut);
		expect_bytes(&f, fd, "\x05\x02\x01\x01", 4);
		assert_int_equal(fixture_end_of(&f, fd), 0);
		close(fd);
	}
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_request_with_a_good_password_passes_without_its_field),
		cmocka_unit_test(a_tunnel_is_its_users_to_the_end),
		cmocka_unit_test(a_client_may_ask_again_on_its_connection),
		cmocka_unit_test(who_fails_again_and_again_is_let_go),
		cmocka_unit_test(what_comes_behind_a_refused_request_is_none),
		cmocka_unit_test(each_of_many_requests_at_once_is_judged),
		cmocka_unit_test(nobody_learns_what_the_policy_says),
		cmocka_unit_test(what_is_malformed_is_said_to_be_first),
		cmocka_unit_test(a_reload_counts_from_the_next_request),
		cmocka_unit_test(the_clients_of_a_run_are_never_asked),
		cmocka_unit_test(socks_asks_for_a_password_however_it_is_cut),
		cmocka_unit_test(socks_without_the_password_ends),
		cmocka_unit_test(socks_that_says_no_more_is_let_go),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("conn_auth", tests, folder_make,
					   folder_remove);
}
