/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_inspect.c - tunnels that are looked into, and their ends
 *
 * The whole proxy with a CA; what is asked for inside is test_conn_inside.c's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "tests/support/inspected.h"
#include "tests/unit/certs.h"
#include "tests/unit/hellos.h"

#define INSPECT                                                                \
	"allow 127.0.0.1:ORIGIN localhost:ORIGIN\n"                            \
	"private 127.0.0.0/8\n"                                                \
	"inspect 127.0.0.1:ORIGIN\n"
#define BOTH INSPECT "inspect localhost:ORIGIN\n"

#define HOST "Host: 127.0.0.1:ORIGIN\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST "\r\n"

static void turn(void *arg)
{
	fixture_turn(arg);
}

static void expect_silence(struct inspected *i, int fd)
{
	char byte;

	fixture_turn_for(&i->f, 30);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void a_request_goes_through_both_sessions(void **state)
{
	struct inspected i;
	const char *log;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	assert_string_equal(mbedtls_ssl_get_version(&i.client.ssl), "TLSv1.2");
	for (int n = 0; n < 3; n++) {
		inspected_ask(&i, GET);
		inspected_serve(&i, "GET / HTTP/1.1\r\n" HOST);
	}
	inspected_over(&i.client);
	log = fixture_log(&i.f, 4);
	assert_has(log, "\"protocol\":\"connect\"");
	assert_has(log, "\"protocol\":\"https\"");
	assert_has(log, "\"inspected\":true");
	assert_lacks(log, "\"detail\":\"");
	inspected_end(&i);
}

/* The connection that was made for the tunnel is the first request's. */
static void the_origin_sees_one_connection(void **state)
{
	struct inspected i;
	int client, origin;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	client = inspected_connect(&i, "127.0.0.1:ORIGIN");
	origin = fixture_accept(&i.f);
	inspected_client(&i, client, "127.0.0.1");
	/* Nothing of the client's is heard before a request is allowed. */
	expect_silence(&i, origin);
	inspected_ask(&i, GET);
	assert_int_equal(inspected_origin(&i, origin, CERT_GOOD, NULL), 0);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	assert_int_equal(accept4(i.f.origin, NULL, NULL, SOCK_CLOEXEC), -1);
	inspected_end(&i);
}

static void names_have_certificates_of_their_own(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, BOTH, NULL, 0);
	inspected_client(&i, inspected_connect(&i, "LOCALHOST.:ORIGIN"),
			 "localhost");
	inspected_ask(&i, "GET /x HTTP/1.1\r\nHost: localhost:ORIGIN\r\n\r\n");
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), NULL, "localhost"),
		0);
	inspected_serve(&i, "GET /x HTTP/1.1\r\nHost: localhost:ORIGIN\r\n");
	inspected_end(&i);
}

static void socks_tunnels_are_looked_into_too(void **state)
{
	char request[10] = "\5\1\0\1\x7f\0\0\1";
	struct inspected i;
	int fd;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	fd = fixture_connect(&i.f);
	fixture_send(fd, "\5\1\0", 3);
	fixture_read(&i.f, fd, 2);
	request[8] = (char)(i.f.origin_port >> 8);
	request[9] = (char)(i.f.origin_port & 0xff);
	fixture_send(fd, request, 10);
	fixture_read(&i.f, fd, 10);
	assert_int_equal(i.f.text.s[1], 0);
	inspected_client(&i, fd, "127.0.0.1");
	inspected_ask(&i, GET);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	/* Refusals inside are HTTP's, not those of SOCKS. */
	inspected_ask(&i, "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
	assert_has(tls_end_answer(&i.client), "HTTP/1.1 400 ");
	assert_has(fixture_log(&i.f, 3), "\"protocol\":\"socks5\"");
	inspected_end(&i);
}

/* Its hello comes with the CONNECT; the answer is only then read. */
static void a_client_need_not_wait_for_the_answer(void **state)
{
	struct inspected i;
	struct tls_end_opts o = { 0 };
	int fd, far[2];
	char hello[2048];
	ssize_t n;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	/* A client whose first flight we can see. */
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, far), 0);
	o.ca = ca_pem(i.ca);
	o.turn = turn;
	o.turn_arg = &i.f;
	tls_end_begin(&i.client, far[0], &o);
	assert_int_equal(tls_end_step(&i.client), MBEDTLS_ERR_SSL_WANT_READ);
	n = recv(far[1], hello, sizeof(hello), 0);
	assert_true(n > 0);
	close(far[1]);
	close(far[0]);
	fd = fixture_connect(&i.f);
	i.client.fd = fd;
	fixture_ask(&i.f, fd, "CONNECT 127.0.0.1:ORIGIN HTTP/1.1\r\n\r\n");
	fixture_send(fd, hello, (size_t)n);
	assert_has(fixture_head(&i.f, fd), "HTTP/1.1 200 ");
	assert_int_equal(tls_end_shake(&i.client), 0);
	inspected_ask(&i, GET);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	inspected_end(&i);
}

static void another_tunnel_beside_it_is_untouched(void **state)
{
	struct inspected i;
	int client, origin;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, GET);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	client = inspected_connect(&i, "localhost:ORIGIN");
	origin = fixture_accept(&i.f);
	fixture_say(client, "no TLS at all");
	fixture_expect(&i.f, origin, "no TLS at all");
	inspected_ask(&i, GET);
	fixture_say(origin, "and back");
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	fixture_expect(&i.f, client, "and back");
	close(client);
	close(origin);
	inspected_over(&i.client);
	assert_has(fixture_log(&i.f, 4), "\"inspected\":true");
	inspected_end(&i);
}

/* --- the client's side */

/* The client says @bytes in its tunnel and is told nothing more; the log has
 * @detail. Its time is short only where it is to be over. */
static void fail_client(const char *bytes, size_t n, bool reset,
			const char *detail)
{
	const bool is_late = strcmp(detail, "in time") == 0;
	const struct proxy_blocked *blocked;
	struct inspected i;
	uint64_t more;
	int fd, origin;
	size_t blocked_n;

	inspected_begin(&i, is_late ? INSPECT "limit head-time 1s\n" : INSPECT,
			NULL, 0);
	fd = inspected_connect(&i, "127.0.0.1:ORIGIN");
	origin = fixture_accept(&i.f);
	if (n > 0)
		fixture_send(fd, bytes, n);
	if (reset) {
		fixture_turn_for(&i.f, 20);
		fixture_reset(&fd);
	} else {
		(void)fixture_end_of(&i.f, fd);
		close(fd);
	}
	assert_int_equal(fixture_end_of(&i.f, origin), 0);
	close(origin);
	assert_has(fixture_log(&i.f, 1), "\"reason\":\"tls\"");
	assert_has(i.f.text.s, "\"inspected\":true");
	assert_has(i.f.text.s, "\"detail\":\"the client ");
	assert_has(i.f.text.s, detail);
	blocked = proxy_scope_blocked(i.f.scope, &blocked_n, &more);
	assert_int_equal(blocked_n, 1);
	assert_int_equal(blocked[0].reason, REASON_TLS);
	assert_has(blocked[0].rule, detail);
	inspected_end(&i);
}

static void a_client_that_cannot_be_looked_into_does_not_pass(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
	const char *hello = (const char *)hello_tls12;
	const size_t n = sizeof(hello_tls12);

	(void)state;
	fail_client(http, sizeof(http) - 1, false, "does not speak TLS");
	fail_client("SSH-2.0-x\r\n", 11, false, "does not speak TLS");
	/* For an address there is no server name. */
	fail_client(hello, n, false, "another name (SNI)");
	fail_client(hello, n / 2, false, "in time");
	fail_client("", 0, false, "in time");
	fail_client(hello, n / 2, true, "ended the connection");
	fail_client("", 0, true, "ended the connection");
}

static void who_does_not_trust_us_is_told_apart(void **state)
{
	struct inspected i;
	struct tls_end_opts o = { .ca = CERT_CA };

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	o.turn = turn;
	o.turn_arg = &i.f;
	tls_end_begin(&i.client, inspected_connect(&i, "127.0.0.1:ORIGIN"), &o);
	assert_int_not_equal(tls_end_shake(&i.client), 0);
	assert_has(fixture_log(&i.f, 1),
		   "does not trust netleash's certificate");
	inspected_end(&i);
}

static void one_that_leaves_between_requests_is_no_fault(void **state)
{
	struct inspected i;

	(void)state;
	for (int orderly = 0; orderly < 2; orderly++) {
		inspected_begin(&i, INSPECT, NULL, 0);
		inspected_open(&i);
		inspected_ask(&i, GET);
		inspected_serve(&i, "GET / HTTP/1.1\r\n");
		if (orderly)
			tls_end_shut(&i.client);
		else
			fixture_reset(&i.client.fd);
		(void)tls_end_of(&i.origin);
		assert_lacks(fixture_log(&i.f, 2), "\"reason\":\"tls\"");
		assert_lacks(i.f.text.s, "\"decision\":\"deny\"");
		inspected_end(&i);
	}
}

/* It says all at once, and still hears the answer. */
static void a_client_may_say_its_last_word_first(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, GET);
	tls_end_shut(&i.client);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	assert_int_equal(tls_end_of(&i.client), 0);
	inspected_end(&i);
}

static void one_that_leaves_in_the_middle_takes_the_request_along(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, GET);
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), CERT_GOOD, NULL), 0);
	(void)tls_end_head(&i.origin);
	fixture_reset(&i.client.fd);
	(void)tls_end_of(&i.origin);
	(void)fixture_log(&i.f, 2);
	inspected_end(&i);
}

/* While TLS with the host is under way. */
static void one_that_leaves_before_the_hosts_handshake(void **state)
{
	struct inspected i;
	int origin;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	origin = fixture_accept(&i.f);
	inspected_ask(&i, GET);
	fixture_read(&i.f, origin, 5); /* its hello */
	fixture_reset(&i.client.fd);
	(void)fixture_end_of(&i.f, origin);
	close(origin);
	(void)fixture_log(&i.f, 2);
	inspected_end(&i);
}

/* --- the host's side */

static const struct {
	const char *host, *cert, *says;
} bad_hosts[] = {
	{ "127.0.0.1", CERT_EXPIRED, "has a certificate that has expired" },
	{ "localhost", CERT_EXPIRED, "has a certificate that has expired" },
	{ "localhost", CERT_FUTURE, "has a certificate that is not valid yet" },
	{ "localhost", CERT_GOOD, "has a certificate for another name" },
	{ "127.0.0.1", CERT_OTHER, "has a certificate for another address" },
	{ "127.0.0.1", CERT_SELF_SIGNED, "nobody trusted here has signed" },
};

static void expect_no_byte(struct inspected *i)
{
	unsigned char byte;
	int r;

	while ((r = mbedtls_ssl_read(&i->origin.ssl, &byte, 1)) ==
	       MBEDTLS_ERR_SSL_WANT_READ)
		fixture_turn(&i->f);
	assert_true(r <= 0);
}

static void a_host_that_is_not_it_gets_no_request(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(bad_hosts); n++) {
		char text[200], start[100];
		struct inspected i;

		inspected_begin(&i, BOTH, NULL, 0);
		(void)snprintf(text, sizeof(text), "%s:ORIGIN",
			       bad_hosts[n].host);
		inspected_client(&i, inspected_connect(&i, text),
				 bad_hosts[n].host);
		(void)snprintf(
			text, sizeof(text),
			"GET /s3cr3t HTTP/1.1\r\nHost: %s:ORIGIN\r\n\r\n",
			bad_hosts[n].host);
		inspected_ask(&i, text);
		/* For an address it is looked at after the handshake. */
		if (inspected_origin(&i, fixture_accept(&i.f),
				     bad_hosts[n].cert, NULL) == 0)
			expect_no_byte(&i);
		assert_has(tls_end_head(&i.client), "HTTP/1.1 502 ");
		assert_has(i.client.text.s, "X-Netleash-Reason: upstream\r\n");
		(void)snprintf(start, sizeof(start), "The server %s ",
			       bad_hosts[n].host);
		(void)snprintf(text, sizeof(text), "%s", bad_hosts[n].says);
		/* It may be asked again: the body is there to be read. */
		tls_end_shut(&i.client);
		assert_has(tls_end_answer(&i.client), start);
		assert_has(i.client.text.s, text);
		assert_has(fixture_log(&i.f, 2), "\"reason\":\"upstream\"");
		inspected_end(&i);
	}
}

static void a_host_without_tls_is_told(void **state)
{
	struct inspected i;
	int origin;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, GET);
	origin = fixture_accept(&i.f);
	fixture_say(origin, "HTTP/1.1 400 no plain HTTP here\r\n\r\n");
	assert_has(tls_end_head(&i.client), "HTTP/1.1 502 ");
	tls_end_shut(&i.client);
	assert_has(tls_end_answer(&i.client), "does not speak TLS");
	close(origin);
	inspected_end(&i);
}

/* Nothing was asked on it yet: a new one will do. */
static void a_host_that_ends_the_tunnels_connection_is_asked_anew(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	close(fixture_accept(&i.f));
	fixture_turn_for(&i.f, 10);
	inspected_ask(&i, GET);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	inspected_end(&i);
}

static void a_host_that_ends_a_kept_connection_is_asked_anew(void **state)
{
	struct inspected i;

	(void)state;
	for (int orderly = 0; orderly < 2; orderly++) {
		inspected_begin(&i, INSPECT, NULL, 0);
		inspected_open(&i);
		inspected_ask(&i, GET);
		inspected_serve(&i, "GET / HTTP/1.1\r\n");
		if (orderly)
			tls_end_shut(&i.origin);
		inspected_over(&i.origin);
		fixture_turn_for(&i.f, 10);
		inspected_ask(&i, GET);
		inspected_serve(&i, "GET / HTTP/1.1\r\n");
		inspected_end(&i);
	}
}

/* It has the request, and does not answer: then it is said. */
static void a_host_that_ends_in_place_of_an_answer_is_told(void **state)
{
	struct inspected i;

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	inspected_open(&i);
	inspected_ask(&i, GET);
	assert_int_equal(
		inspected_origin(&i, fixture_accept(&i.f), CERT_GOOD, NULL), 0);
	(void)tls_end_head(&i.origin);
	inspected_over(&i.origin);
	assert_has(tls_end_head(&i.client), "HTTP/1.1 502 ");
	inspected_end(&i);
}

/* A body that was cut must not look whole. */
static void a_cut_answer_is_cut(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi",
		"HTTP/1.1 200 OK\r\n\r\nhi",
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(heads); n++) {
		struct inspected i;

		inspected_begin(&i, INSPECT, NULL, 0);
		inspected_open(&i);
		inspected_ask(&i, GET);
		assert_int_equal(inspected_origin(&i, fixture_accept(&i.f),
						  CERT_GOOD, NULL),
				 0);
		(void)tls_end_head(&i.origin);
		tls_end_say(&i.origin, heads[n]);
		inspected_over(&i.origin); /* no close_notify */
		(void)tls_end_head(&i.client);
		if (tls_end_of(&i.client) == 0)
			fail_msg("%zu looks whole", n);
		inspected_end(&i);
	}
}

static void a_parent_proxy_is_asked_for_one_tunnel(void **state)
{
	struct inspected i;
	int client, parent;
	const char *log;

	(void)state;
	inspected_begin(&i,
			"upstream http://127.0.0.1:ORIGIN\n"
			"allow a.example\ninspect a.example\n",
			NULL, 0);
	client = fixture_connect(&i.f);
	fixture_say(client, "CONNECT a.example:443 HTTP/1.1\r\n\r\n");
	parent = fixture_accept(&i.f);
	assert_has(fixture_head(&i.f, parent), "CONNECT a.example:443 ");
	fixture_say(parent, "HTTP/1.1 200 OK\r\n\r\n");
	assert_has(fixture_head(&i.f, client), "HTTP/1.1 200 ");
	inspected_client(&i, client, "a.example");
	inspected_ask(&i, "GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n");
	assert_int_equal(inspected_origin(&i, parent, NULL, "a.example"), 0);
	inspected_serve(&i, "GET /x HTTP/1.1\r\nHost: a.example\r\n");
	/* And for another when the first has ended. */
	inspected_over(&i.origin);
	fixture_turn_for(&i.f, 10);
	inspected_ask(&i, "GET /y HTTP/1.1\r\nHost: a.example\r\n\r\n");
	parent = fixture_accept(&i.f);
	assert_has(fixture_head(&i.f, parent), "CONNECT a.example:443 ");
	fixture_say(parent, "HTTP/1.1 200 OK\r\n\r\n");
	assert_int_equal(inspected_origin(&i, parent, NULL, "a.example"), 0);
	inspected_serve(&i, "GET /y HTTP/1.1\r\nHost: a.example\r\n");
	inspected_over(&i.client);
	log = fixture_log(&i.f, 3);
	for (int n = 0; n < 3; n++) {
		assert_has(log, "\"upstream_status\":200");
		log = strchr(log, '\n') + 1;
	}
	inspected_end(&i);
}

/* --- the proxy's own end */

static void on_drained(void *arg)
{
	++*(unsigned *)arg;
}

static void a_drain_ends_what_is_idle_inside(void **state)
{
	unsigned drained = 0;
	struct inspected i;

	(void)state;
	inspected_begin_opts(&i, INSPECT,
			     (struct fixture_opts){ .unnamed = true });
	inspected_open(&i);
	inspected_ask(&i, GET);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	proxy_drain(i.f.proxy, on_drained, &drained);
	(void)tls_end_of(&i.client);
	for (int n = 0; n < 1000 && drained == 0; n++)
		fixture_turn_for(&i.f, 5);
	assert_int_equal(drained, 1);
	inspected_end(&i);
}

/* Handshakes of both kinds, requests and idle connections. */
static void there_are_as_many_as_the_limit_says(void **state)
{
	struct inspected i;
	int first, far, fd;

	(void)state;
	/* A run has one thread; for the fixture's each counts by itself. */
	inspected_begin_opts(&i, INSPECT "limit inspections-per-run 2\n",
			     (struct fixture_opts){ .threads = 1 });
	first = inspected_connect(&i, "127.0.0.1:ORIGIN");
	far = fixture_accept(&i.f);
	inspected_open(&i);
	inspected_ask(&i, GET);
	inspected_serve(&i, "GET / HTTP/1.1\r\n");
	fd = fixture_connect(&i.f);
	fixture_ask(&i.f, fd, "CONNECT 127.0.0.1:ORIGIN HTTP/1.1\r\n\r\n");
	assert_has(fixture_answer(&i.f, fd), "HTTP/1.1 503 ");
	assert_has(i.f.text.s, "X-Netleash-Reason: limit\r\n");
	assert_has(i.f.text.s, "limit inspections, inspections-per-run");
	close(fd);
	/* What is not looked into has nothing to do with it. */
	close(inspected_connect(&i, "localhost:ORIGIN"));
	close(first);
	for (int n = 0; n < 1000; n++) {
		fd = fixture_connect(&i.f);
		fixture_ask(&i.f, fd,
			    "CONNECT 127.0.0.1:ORIGIN HTTP/1.1\r\n\r\n");
		if (strstr(fixture_head(&i.f, fd), " 200 "))
			break;
		close(fd);
		fixture_turn_for(&i.f, 10);
	}
	assert_has(i.f.text.s, "HTTP/1.1 200 ");
	inspected_over(&i.client);
	inspected_client(&i, fd, "127.0.0.1");
	close(far);
	inspected_end(&i);
}

/* The place of one that was never looked into: its host was not there. */
static void a_tunnel_that_did_not_come_about_takes_no_place(void **state)
{
	struct inspected i;

	(void)state;
	/* With more threads the place is given back by another, some time. */
	inspected_begin_opts(&i,
			     INSPECT "allow 127.0.0.1:1\ninspect 127.0.0.1:1\n"
				     "limit inspections-per-run 1\n",
			     (struct fixture_opts){ .threads = 1 });
	for (int n = 0; n < 3; n++) {
		int fd = fixture_connect(&i.f);

		fixture_say(fd, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n");
		assert_has(fixture_answer(&i.f, fd), "HTTP/1.1 502 ");
		close(fd);
		fixture_turn_for(&i.f, 20);
	}
	inspected_open(&i);
	inspected_end(&i);
}

/* Nothing is looked into but tunnels, and what is refused has no place. */
static void an_https_url_outside_of_one_takes_no_place(void **state)
{
	struct inspected i;
	int fd;

	(void)state;
	inspected_begin_opts(&i, INSPECT "limit inspections-per-run 2\n",
			     (struct fixture_opts){ .threads = 1 });
	fd = fixture_connect(&i.f);
	for (int n = 0; n < 5; n++) {
		fixture_ask(&i.f, fd,
			    "HEAD https://127.0.0.1:ORIGIN/ HTTP/1.1\r\n" HOST
			    "\r\n");
		assert_has(fixture_head(&i.f, fd), "HTTP/1.1 501 ");
	}
	assert_lacks(fixture_log(&i.f, 5), "\"inspected\"");
	inspected_open(&i);
	close(inspected_connect(&i, "127.0.0.1:ORIGIN"));
	close(fd);
	inspected_end(&i);
}

static void it_ends_with_all_of_it_under_way(void **state)
{
	struct inspected i;
	int fds[20];

	(void)state;
	inspected_begin(&i, INSPECT, NULL, 0);
	for (size_t n = 0; n < ARRAY_SIZE(fds); n++) {
		fds[n] = inspected_connect(&i, "127.0.0.1:ORIGIN");
		fixture_send(fds[n], (const char *)hello_tls12_no_name,
			     sizeof(hello_tls12_no_name) >> (n & 1));
	}
	inspected_open(&i);
	inspected_ask(&i, GET);
	fixture_turn_for(&i.f, 5);
	inspected_end(&i);
	for (size_t n = 0; n < ARRAY_SIZE(fds); n++)
		close(fds[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_goes_through_both_sessions),
		cmocka_unit_test(the_origin_sees_one_connection),
		cmocka_unit_test(names_have_certificates_of_their_own),
		cmocka_unit_test(socks_tunnels_are_looked_into_too),
		cmocka_unit_test(a_client_need_not_wait_for_the_answer),
		cmocka_unit_test(another_tunnel_beside_it_is_untouched),
		cmocka_unit_test(
			a_client_that_cannot_be_looked_into_does_not_pass),
		cmocka_unit_test(who_does_not_trust_us_is_told_apart),
		cmocka_unit_test(one_that_leaves_between_requests_is_no_fault),
		cmocka_unit_test(a_client_may_say_its_last_word_first),
		cmocka_unit_test(
			one_that_leaves_in_the_middle_takes_the_request_along),
		cmocka_unit_test(one_that_leaves_before_the_hosts_handshake),
		cmocka_unit_test(a_host_that_is_not_it_gets_no_request),
		cmocka_unit_test(a_host_without_tls_is_told),
		cmocka_unit_test(
			a_host_that_ends_the_tunnels_connection_is_asked_anew),
		cmocka_unit_test(
			a_host_that_ends_a_kept_connection_is_asked_anew),
		cmocka_unit_test(
			a_host_that_ends_in_place_of_an_answer_is_told),
		cmocka_unit_test(a_cut_answer_is_cut),
		cmocka_unit_test(a_parent_proxy_is_asked_for_one_tunnel),
		cmocka_unit_test(a_drain_ends_what_is_idle_inside),
		cmocka_unit_test(there_are_as_many_as_the_limit_says),
		cmocka_unit_test(
			a_tunnel_that_did_not_come_about_takes_no_place),
		cmocka_unit_test(an_https_url_outside_of_one_takes_no_place),
		cmocka_unit_test(it_ends_with_all_of_it_under_way),
	};

	return cmocka_run_group_tests_name("conn_inspect", tests, NULL, NULL);
}
