/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_request.c - each request gets its verdict and reason
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/macros.h"
#include "tests/support/loopback.h"
#include "tests/support/proxy_fixture.h"

static void refusals_say_why_and_which_line_would_help(void **state)
{
	static const struct {
		const char *head, *status, *part;
	} cases[] = {
		{ "CONNECT other.example:443 HTTP/1.1\r\n\r\n",
		  "HTTP/1.1 403 Blocked by netleash",
		  "Reason: not-allowed\n"
		  "This line in the conf would allow it:\n"
		  "allow other.example\n" },
		{ "CONNECT OTHER.example.:8080 HTTP/1.0\r\n\r\n",
		  "HTTP/1.1 403 ", "\nallow other.example:8080\n" },
		{ "CONNECT good.example:444 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ",
		  "X-Netleash-Reason: port\r\n" },
		{ "CONNECT bad.good.example:443 HTTP/1.1\r\n\r\n",
		  "HTTP/1.1 403 ", "\nReason: denied\nRule: test.conf:2\n" },
		{ "CONNECT 10.1.2.3:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 403 ",
		  "X-Netleash-Reason: not-allowed\r\n" },
		{ "CONNECT other.example:443 HTTP/1.1\r\n"
		  "Accept: text/html, application/json\r\n\r\n",
		  "HTTP/1.1 403 ",
		  "{\"decision\":\"deny\",\"reason\":\"not-allowed\","
		  "\"host\":\"other.example\",\"port\":443," },
		/* The target decides, not the Host field. */
		{ "CONNECT other.example:443 HTTP/1.1\r\n"
		  "Host: good.example:443\r\n\r\n",
		  "HTTP/1.1 403 ", "X-Netleash-Reason: not-allowed\r\n" },
	};
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow **.good.example\ndeny bad.good.example\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		fixture_check_answer(&f, cases[i].head, strlen(cases[i].head),
				     cases[i].status, cases[i].part);
	assert_int_equal(f.dns.asked_a + f.dns.asked_aaaa, 0);
	fixture_log(&f, ARRAY_SIZE(cases));
	fixture_end(&f);
}

static void without_an_allow_line_the_answer_says_so(void **state)
{
	const char *head = "CONNECT a.example:443 HTTP/1.1\r\n\r\n";
	struct fixture f;

	(void)state;
	fixture_begin(&f, "mode full\n");
	fixture_check_answer(&f, head, strlen(head), "HTTP/1.1 403 ",
			     "no allow line at all");
	fixture_end(&f);
}

static void malformed_requests_are_answered_400(void **state)
{
	static const char *const targets[] = {
		"a.example",
		"a.example:",
		"a.example:0",
		"a.example:0443",
		"a.example:65536",
		"a.example:https",
		":443",
		"a..b:443",
		"me@a.example:443",
		"127.1:443",
		"0x7f.1:443",
		"2130706433:443",
		"[::1:443",
		"[fe80::1%25eth0]:443",
		"http://a.example/",
		"*",
		"/",
		"a.example:443/x",
		"caf\xc3\xa9.example:443",
	};
	static const char *const heads[] = {
		"CONNECT a.example:443 HTTP/2.0\r\n\r\n",
		"CONNECT a.example:443\r\n\r\n",
		"CONNECT  a.example:443 HTTP/1.1\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nA : b\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\nA: b\n\n",
		"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 00\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 0\r\n"
		"Content-Length: 0\r\n\r\n",
		"CONNECT a.example:443 HTTP/1.1\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"\x16\x03\x01\x02",
		"\r\n\r\n",
	};
	struct fixture f;
	char head[200];

	(void)state;
	fixture_begin(&f, "allow *:*\n");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		(void)snprintf(head, sizeof(head),
			       "CONNECT %s HTTP/1.1\r\n\r\n", targets[i]);
		fixture_check_answer(&f, head, strlen(head), "HTTP/1.1 400 ",
				     "X-Netleash-Reason: malformed\r\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		fixture_check_answer(&f, heads[i], strlen(heads[i]),
				     "HTTP/1.1 400 ",
				     "X-Netleash-Reason: malformed\r\n");
	fixture_check_answer(&f, "CONNECT a\0b:443 HTTP/1.1\r\n\r\n", 28,
			     "HTTP/1.1 400 ",
			     "X-Netleash-Reason: malformed\r\n");
	assert_int_equal(f.dns.asked_a + f.dns.asked_aaaa, 0);
	fixture_end(&f);
}

static void a_name_that_is_not_ascii_is_told_its_a_label(void **state)
{
	const char *head = "CONNECT caf\xc3\xa9.example:443 HTTP/1.1\r\n\r\n";
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow *\n");
	fixture_check_answer(&f, head, strlen(head), "HTTP/1.1 400 ",
			     "xn--caf-dma.example");
	fixture_end(&f);
}

static void nothing_of_the_client_comes_back_raw(void **state)
{
	const char *head = "CONNECT <script>\x1b[2J\r\nX-Evil: 1 HTTP/1.1\r\n"
			   "\r\n";
	const char *url = "GET http://a.example/\x01 HTTP/1.1\r\n\r\n";
	const char *answer;
	struct fixture f;
	int fd;

	(void)state;
	fixture_begin(&f, "allow *\n");
	fixture_check_answer(&f, url, strlen(url), "HTTP/1.1 400 ",
			     "nosniff\r\n");
	fd = fixture_connect(&f);
	fixture_say(fd, head);
	answer = fixture_answer(&f, fd);
	assert_lacks(answer, "\x1b");
	assert_lacks(answer, "\nX-Evil");
	assert_has(answer, "Content-Type: text/plain; charset=utf-8\r\n");
	close(fd);
	fixture_end(&f);
}

static void answers_of_dns_are_judged_one_by_one(void **state)
{
	const char *head = "CONNECT a2.example:443 HTTP/1.1\r\n\r\n";
	const char *log;
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow *.example\n");
	fixture_check_answer(&f, head, strlen(head), "HTTP/1.1 403 ",
			     "X-Netleash-Reason: private-address\r\n");
	assert_has(f.text.s, "\nprivate 10.0.");
	log = fixture_log(&f, 1);
	assert_has(log, "\"address\":null,\"decision\":\"deny\"");
	fixture_end(&f);
}

/* localhost is 127.0.0.1 and ::1, and ::1 would be tried first. */
static void only_the_addresses_that_policy_allows_are_dialled(void **state)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int client, origin, trap;
	struct fixture f;
	char head[80];

	(void)state;
	fixture_begin(&f, "allow localhost:ORIGIN\nprivate 127.0.0.0/8\n");
	trap = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(trap >= 0);
	sin6.sin6_port = htons(f.origin_port);
	assert_int_equal(bind(trap, (struct sockaddr *)&sin6, sizeof(sin6)), 0);
	assert_int_equal(listen(trap, 16), 0);
	client = fixture_connect(&f);
	(void)snprintf(head, sizeof(head),
		       "CONNECT LocalHost:%u HTTP/1.1\r\n\r\n", f.origin_port);
	fixture_say(client, head);
	origin = fixture_accept(&f);
	assert_has(fixture_head(&f, client), "HTTP/1.1 200 ");
	fixture_turn_for(&f, 300); /* longer than the stagger */
	assert_int_equal(accept4(trap, NULL, NULL, SOCK_CLOEXEC), -1);
	assert_int_equal(errno, EAGAIN);
	close(client);
	close(origin);
	close(trap);
	assert_has(fixture_log(&f, 1), "\"target\":\"localhost:");
	assert_has(f.text.s, "\"address\":\"127.0.0.1\"");
	fixture_end(&f);
}

static void failures_of_the_network_are_no_refusals(void **state)
{
	const char *nx = "CONNECT nx.example:443 HTTP/1.1\r\n\r\n";
	const char *drop = "CONNECT drop.example:443 HTTP/1.1\r\n\r\n";
	struct fixture f;
	char head[80];
	int held;

	(void)state;
	fixture_begin(&f, "allow *.example 127.0.0.1:*\n"
			  "limit dns-time 1s\n");
	fixture_check_answer(&f, nx, strlen(nx), "HTTP/1.1 502 ",
			     "X-Netleash-Reason: dns-failure\r\n");
	fixture_check_answer(&f, drop, strlen(drop), "HTTP/1.1 504 ",
			     "X-Netleash-Reason: dns-timeout\r\n");
	held = loopback_bind(f.origin_port, &f.origin_port);
	close(f.origin);
	f.origin = -1;
	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", f.origin_port);
	fixture_check_answer(&f, head, strlen(head), "HTTP/1.1 502 ",
			     "X-Netleash-Reason: connect-refused\r\n");
	assert_has(fixture_log(&f, 3), "\"decision\":\"error\"");
	close(held);
	fixture_end(&f);
}

/* Of a connection that goes on after it has not got there. */
static void who_reaches_no_target_has_no_share_of_it(void **state)
{
	static const char head[] = "HEAD http://127.0.0.1:1/ HTTP/1.1\r\nHost: "
				   "127.0.0.1:1\r\n\r\n";
	struct fixture f;
	int fds[2];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:1\nlimit tunnels-per-target 1\n");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = fixture_connect(&f);
		fixture_say(fds[i], head);
		assert_has(fixture_head(&f, fds[i]), "HTTP/1.1 502 ");
	}
	close(fds[0]);
	close(fds[1]);
	fixture_end(&f);
}

static void a_server_that_does_not_answer_is_connect_timeout(void **state)
{
	struct fixture f;
	struct fixture_hole hole;
	char head[80];

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:*\nlimit dial-time 300ms\n");
	fixture_hole_open(&hole);
	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", hole.port);
	fixture_check_answer(&f, head, strlen(head), "HTTP/1.1 504 ",
			     "X-Netleash-Reason: connect-timeout\r\n");
	fixture_hole_close(&hole);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_say_why_and_which_line_would_help),
		cmocka_unit_test(without_an_allow_line_the_answer_says_so),
		cmocka_unit_test(malformed_requests_are_answered_400),
		cmocka_unit_test(a_name_that_is_not_ascii_is_told_its_a_label),
		cmocka_unit_test(nothing_of_the_client_comes_back_raw),
		cmocka_unit_test(answers_of_dns_are_judged_one_by_one),
		cmocka_unit_test(
			only_the_addresses_that_policy_allows_are_dialled),
		cmocka_unit_test(failures_of_the_network_are_no_refusals),
		cmocka_unit_test(who_reaches_no_target_has_no_share_of_it),
		cmocka_unit_test(
			a_server_that_does_not_answer_is_connect_timeout),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("conn_request", tests, NULL, NULL);
}
