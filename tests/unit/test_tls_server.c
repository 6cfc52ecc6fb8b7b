/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_tls_server.c - clients of all kinds, who take us for a host
 *
 * The clients are our own (tls_client.c), mbedTLS by itself (tls_end.h),
 * openssl's, bytes that one of these has sent once, and bytes that are none of
 * TLS. Whatever they do: one done call, or none after a cancel.
 */
#include "proxy/tls_server.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/addr.h"
#include "common/clock.h"
#include "common/macros.h"
#include "proxy/ca.h"
#include "proxy/leaf.h"
#include "proxy/tls_client.h"
#include "proxy/tls_context.h"
#include "tests/support/loopback.h"
#include "tests/support/program.h"
#include "tests/support/proxy_fixture.h"
#include "tests/support/tls_end.h"
#include "tests/unit/hellos.h"

#define PATIENCE_MS 20000u
#define HOST	    "a.example"

/* The name in hello_tls12. */
#define OLD_HOST "old.example.net"

struct outcome {
	unsigned calls;
	int fd;
	char error[TLS_ERROR_MAX];
};

struct world {
	struct event_base *base;
	struct ca *ca;
	struct tls_context *ctx;
	struct leaf_cache *leaves;
	char path[40];
};

static void turn(void *arg)
{
	const struct world *w = arg;

	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
}

static void on_done(int fd, const char *error, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->fd = fd;
	assert_int_equal(fd < 0, error != NULL);
	if (error)
		(void)snprintf(o->error, sizeof(o->error), "%s", error);
}

static struct tls_server *serve_early(struct world *w, int fd, const char *host,
				      const void *early, size_t n,
				      struct outcome *o)
{
	struct tls_server_opts opts = {
		.host = host, .early = early, .early_n = n, .deadline_ms = 10000
	};
	struct tls_server *s = NULL;
	struct addr a;

	opts.leaves = w->leaves;
	*o = (struct outcome){ .fd = -1 };
	if (addr_parse(host, strlen(host), &a) == ADDR_OK)
		opts.addr = &a;
	assert_int_equal(
		tls_server_start(w->base, w->ctx, fd, &opts, on_done, o, &s),
		0);
	assert_int_equal(o->calls, 0);
	return s;
}

static struct tls_server *serve(struct world *w, int fd, const char *host,
				struct outcome *o)
{
	return serve_early(w, fd, host, NULL, 0, o);
}

static void wait_done(struct world *w, struct outcome *o)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (o->calls == 0) {
		assert_true(clock_ms() < deadline);
		turn(w);
		(void)usleep(100);
	}
	assert_int_equal(o->calls, 1);
}

/* "x" in both directions, in the clear at @fd. */
static void expect_bytes(struct world *w, struct tls_end *e, int fd)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	char byte = 0;

	tls_end_say(e, "x");
	while (recv(fd, &byte, 1, 0) != 1) {
		assert_int_equal(errno, EAGAIN);
		assert_true(clock_ms() < deadline);
		turn(w);
	}
	assert_int_equal(byte, 'x');
	fixture_say(fd, "y");
	tls_end_expect(e, "y");
}

/* One client by @o, and a server for @host. Return: the client's handshake. */
static int meet(struct world *w, const char *host, struct tls_end_opts *o,
		struct tls_end *ret_end, struct outcome *ret)
{
	int client, server, r;

	loopback_pair(&client, &server);
	o->turn = turn;
	o->turn_arg = w;
	(void)serve(w, server, host, ret);
	tls_end_begin(ret_end, client, o);
	r = tls_end_shake(ret_end);
	wait_done(w, ret);
	return r;
}

static void our_own_client_meets_our_own_server(void **state)
{
	static const char *const hosts[] = { HOST, "127.0.0.1", "2001:db8::1" };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct tls_client_opts opts = { .host = hosts[i],
						.deadline_ms = 10000 };
		struct outcome in, out = { .fd = -1 };
		struct tls_client *c;
		int client, server;
		struct addr a;

		loopback_pair(&client, &server);
		if (addr_parse(hosts[i], strlen(hosts[i]), &a) == ADDR_OK)
			opts.addr = &a;
		(void)serve(w, server, hosts[i], &in);
		assert_int_equal(tls_client_start(w->base, w->ctx, client,
						  &opts, on_done, &out, &c),
				 0);
		wait_done(w, &in);
		wait_done(w, &out);
		if (in.fd < 0 || out.fd < 0)
			fail_msg("%s%s", in.error, out.error);
		fixture_say(out.fd, "hello");
		for (char text[6] = ""; strcmp(text, "hello") != 0; turn(w)) {
			ssize_t n = recv(in.fd, text, 5, MSG_PEEK);

			text[n > 0 ? n : 0] = '\0';
		}
		close(in.fd);
		close(out.fd);
	}
}

/* @error: NULL: it is served. */
static const struct {
	const char *host, *sni, *error;
} names[] = {
	{ HOST, HOST, NULL },
	{ HOST, "A.eXample", NULL },
	{ HOST, "a.example.", NULL },
	{ HOST, "A.EXAMPLE.", NULL },
	{ HOST, NULL, NULL },
	{ HOST, "b.example", "another name (SNI)" },
	{ HOST, "a.exampl", "another name (SNI)" },
	{ HOST, "a.example.b", "another name (SNI)" },
	{ HOST, "a.example..", "another name (SNI)" },
	{ HOST, "x.a.example", "another name (SNI)" },
	{ HOST, ".", "another name (SNI)" },
	{ HOST, "*.example", "another name (SNI)" },
	{ "127.0.0.1", NULL, NULL },
	{ "127.0.0.1", HOST, "another name (SNI)" },
	{ "2001:db8::1", NULL, NULL },
	{ "2001:db8::1", HOST, "another name (SNI)" },
};

static void the_server_name_is_the_hosts_or_none(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct tls_end_opts o = { .name = names[i].sni };
		struct outcome out;
		struct tls_end e;
		int r = meet(w, names[i].host, &o, &e, &out);

		if ((r == 0) != !names[i].error ||
		    (out.fd >= 0) != !names[i].error)
			fail_msg("%zu: -0x%04x %s", i, -r, out.error);
		if (names[i].error) {
			assert_int_equal(r,
					 MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
			assert_has(out.error, names[i].error);
		} else {
			expect_bytes(w, &e, out.fd);
			close(out.fd);
		}
		tls_end_fini(&e);
	}
}

static void the_certificate_is_the_hosts_whoever_asks(void **state)
{
	struct world *w = *state;
	struct tls_end_opts o = { .name = HOST, .ca = ca_pem(w->ca) };
	struct outcome out;
	struct tls_end e;

	assert_int_equal(meet(w, HOST, &o, &e, &out), 0);
	assert_string_equal(mbedtls_ssl_get_version(&e.ssl), "TLSv1.2");
	assert_int_equal(tls_end_peer(&e)->subject_alt_names.buf.len,
			 strlen(HOST));
	close(out.fd);
	tls_end_fini(&e);
}

static void http_1_1_is_spoken_and_nothing_else(void **state)
{
	static const char *one[] = { "http/1.1", NULL },
			  *both[] = { "h2", "http/1.1", NULL },
			  *h2[] = { "h2", NULL },
			  *odd[] = { "h3", "spdy/3", "http/1.0", NULL };
	static const struct {
		const char **alpn, *chosen;
		bool good;
	} cases[] = {
		{ NULL, NULL, true },	    { one, "http/1.1", true },
		{ both, "http/1.1", true }, { h2, NULL, false },
		{ odd, NULL, false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tls_end_opts o = { .alpn = cases[i].alpn, .name = HOST };
		struct outcome out;
		struct tls_end e;
		int r = meet(w, HOST, &o, &e, &out);

		assert_int_equal(r == 0, cases[i].good);
		assert_int_equal(out.fd >= 0, cases[i].good);
		if (cases[i].chosen)
			assert_string_equal(
				mbedtls_ssl_get_alpn_protocol(&e.ssl),
				cases[i].chosen);
		else if (cases[i].good)
			assert_null(mbedtls_ssl_get_alpn_protocol(&e.ssl));
		else
			assert_has(out.error, "offers HTTP/2 alone");
		if (out.fd >= 0)
			close(out.fd);
		tls_end_fini(&e);
	}
}

static void a_client_of_the_past_is_told_apart(void **state)
{
	struct tls_end_opts o = { .name = HOST, .old = true };
	struct world *w = *state;
	struct outcome out;
	struct tls_end e;

	if (MBEDTLS_VERSION_NUMBER >= 0x03000000)
		skip(); /* it cannot play one */
	assert_int_not_equal(meet(w, HOST, &o, &e, &out), 0);
	assert_has(out.error, "nothing as new as TLS 1.2");
	tls_end_fini(&e);
}

/* --- openssl's client */

#define S_CLIENT_MAX 20

/*
 * Runs it against a server for @host. Return: its status, and what it said in
 * @ret_said, to be freed. What it sends is thrown away; it is sent "answer".
 */
static int s_client(struct world *w, const char *const *words,
		    struct outcome *ret, struct strbuf *ret_said)
{
	const char *argv[S_CLIENT_MAX] = { "openssl", "s_client", "-connect" };
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	uint16_t port;
	int listener = loopback_listen(1, &port), fd;
	bool answered = false;
	struct program p;
	char where[32];

	assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
	(void)snprintf(where, sizeof(where), "127.0.0.1:%u", port);
	argv[3] = where;
	for (size_t i = 0; words[i]; i++)
		argv[4 + i] = words[i];
	program_start(&p, argv, NULL);
	while ((fd = accept4(listener, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0) {
		if (!program_poll(&p) || clock_ms() > deadline)
			fail_msg("%s", p.out.s ? p.out.s : "");
		(void)usleep(1000);
	}
	close(listener);
	(void)serve(w, fd, HOST, ret);
	while (program_poll(&p)) {
		if (clock_ms() > deadline)
			fail_msg("%s", p.out.s ? p.out.s : "");
		turn(w);
		(void)usleep(1000);
		if (ret->fd < 0 || answered)
			continue;
		/* The end that makes it end, once it has said all. */
		fixture_say(ret->fd, "answer");
		assert_int_equal(shutdown(ret->fd, SHUT_WR), 0);
		answered = true;
	}
	wait_done(w, ret);
	if (ret->fd >= 0)
		close(ret->fd);
	*ret_said = p.out;
	return p.status;
}

static void openssl_is_served(void **state)
{
	struct world *w = *state;
	const char *const words[] = { "-servername",
				      HOST,
				      "-alpn",
				      "h2,http/1.1",
				      "-CAfile",
				      w->path,
				      "-verify_return_error",
				      "-verify_hostname",
				      HOST,
				      NULL };
	struct outcome o;
	struct strbuf said;

	assert_int_equal(s_client(w, words, &o, &said), 0);
	assert_true(o.fd >= 0);
	assert_has(said.s, "Verify return code: 0 (ok)");
	assert_has(said.s, "ALPN protocol: http/1.1");
	assert_has(said.s, "TLSv1.2, Cipher is ECDHE-ECDSA-");
	assert_has(said.s, "answer");
	strbuf_fini(&said);
}

static const struct {
	const char *words[6], *error;
} refusals[] = {
	{ { "-verify_return_error", "-no-CAfile", "-no-CApath" },
	  "does not trust netleash's certificate" },
	{ { "-verify_return_error", "-servername", HOST },
	  "does not trust netleash's certificate" },
	{ { "-servername", "b.example" }, "another name (SNI)" },
	{ { "-alpn", "h2" }, "offers HTTP/2 alone" },
	{ { "-alpn", "h2", "-tls1_2" }, "offers HTTP/2 alone" },
	{ { "-tls1_1", "-cipher", "ALL:@SECLEVEL=0" },
	  "nothing as new as TLS 1.2" },
	{ { "-tls1_3" }, "offers no cipher or curve" },
	{ { "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256" },
	  "offers no cipher or curve" },
	{ { "-tls1_2", "-curves", "brainpoolP256r1" },
	  "offers no cipher or curve" },
};

static void what_openssl_does_not_like_is_told(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct outcome o;
		struct strbuf said;

		if (s_client(w, refusals[i].words, &o, &said) == 0 || o.fd >= 0)
			fail_msg("%zu: %s", i, said.s);
		if (!strstr(o.error, refusals[i].error))
			fail_msg("%zu: %s\n%s", i, o.error, said.s);
		strbuf_fini(&said);
	}
}

static void a_session_is_taken_up_again(void **state)
{
	static char path[] = "/tmp/netleash-session-XXXXXX";
	const char *const first[] = { "-servername", HOST, "-sess_out", path,
				      NULL },
			  *const again[] = { "-servername", HOST, "-sess_in",
					     path, NULL };
	struct world *w = *state;
	struct strbuf said;
	struct outcome o;

	close(mkstemp(path));
	assert_int_equal(s_client(w, first, &o, &said), 0);
	assert_has(said.s, "New, TLSv1.2");
	strbuf_fini(&said);
	assert_int_equal(s_client(w, again, &o, &said), 0);
	assert_has(said.s, "Reused, TLSv1.2");
	assert_has(said.s, "answer");
	strbuf_fini(&said);
	(void)unlink(path);
}

/* Its ticket says nothing of the name: the tunnel's does. */
static void a_session_is_not_taken_up_for_another_name(void **state)
{
	static char path[] = "/tmp/netleash-session-XXXXXX";
	const char *const first[] = { "-servername", HOST, "-sess_out", path,
				      NULL },
			  *const again[] = { "-servername", "b.example",
					     "-sess_in", path, NULL };
	struct world *w = *state;
	struct strbuf said;
	struct outcome o;

	close(mkstemp(path));
	assert_int_equal(s_client(w, first, &o, &said), 0);
	strbuf_fini(&said);
	assert_int_not_equal(s_client(w, again, &o, &said), 0);
	assert_has(o.error, "another name (SNI)");
	strbuf_fini(&said);
	(void)unlink(path);
}

/* --- bytes */

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t n;
	const char *error;
} no_tls[] = {
	{ BYTES("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
	  "does not speak TLS" },
	{ BYTES("SSH-2.0-OpenSSH_9.2\r\n"), "does not speak TLS" },
	{ BYTES("\0\0\0\0\0\0\0\0"), "does not speak TLS" },
	/* A hello of SSL 2, an alert, data before any handshake. */
	{ BYTES("\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10\0"), "" },
	{ BYTES("\x15\x03\x01\0\x02\x02\x28"), "" },
	{ BYTES("\x17\x03\x03\0\x02xy"), "" },
	/* A record of 65,535 bytes, an empty one, a message without an end. */
	{ BYTES("\x16\x03\x01\xff\xff\x01"), "" },
	{ BYTES("\x16\x03\x01\0\0\x16\x03\x01\0\0"), "" },
	{ BYTES("\x16\x03\x01\0\x04\x01\xff\xff\xff"), "" },
};

/* The other end is, whatever it said before. Closes it. */
static void expect_closed(int fd)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		;
	if (n < 0)
		assert_int_equal(errno, ECONNRESET);
	close(fd);
}

/* They come early, or through the socket; then the client says no more. */
static void feed(struct world *w, const char *host, const void *bytes, size_t n,
		 bool early, struct outcome *ret)
{
	int client, server;

	loopback_pair(&client, &server);
	if (!early && n > 0)
		fixture_send(client, bytes, n);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	(void)serve_early(w, server, host, bytes, early ? n : 0, ret);
	wait_done(w, ret);
	assert_int_equal(ret->fd, -1);
	assert_true(ret->error[0]);
	expect_closed(client);
}

static void what_is_no_tls_is_told_apart(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(no_tls) * 2; i++) {
		const size_t k = i / 2;
		struct outcome o;

		feed(w, HOST, no_tls[k].bytes, no_tls[k].n, i & 1, &o);
		if (!strstr(o.error, no_tls[k].error))
			fail_msg("%zu: %s", k, o.error);
	}
}

static void a_hello_cut_at_any_byte_is_one_done_call(void **state)
{
	struct world *w = *state;

	for (size_t n = 0; n <= sizeof(hello_tls12); n++) {
		struct outcome o;

		feed(w, OLD_HOST, hello_tls12, n, n & 1, &o);
		assert_has(o.error, "ended the connection in the TLS "
				    "handshake");
	}
}

static void a_hello_with_any_byte_changed_is_one_done_call(void **state)
{
	static const unsigned char masks[] = { 0x01, 0x80, 0xff };
	unsigned char bytes[sizeof(hello_tls12)];
	struct world *w = *state;
	unsigned refused = 0;

	for (size_t i = 0; i < sizeof(bytes) * ARRAY_SIZE(masks); i++) {
		const size_t at = i / ARRAY_SIZE(masks);
		struct outcome o;

		memcpy(bytes, hello_tls12, sizeof(bytes));
		bytes[at] ^= masks[i % ARRAY_SIZE(masks)];
		feed(w, OLD_HOST, bytes, sizeof(bytes), i & 1, &o);
		refused += !strstr(o.error, "ended the connection");
	}
	/* Where a byte matters. */
	assert_true(refused > 100);
}

/* Twice over, with what belongs to no handshake behind it. */
static void what_comes_behind_a_hello_is_not_taken_for_data(void **state)
{
	unsigned char bytes[2 * sizeof(hello_tls12)];
	struct world *w = *state;
	struct outcome o;

	memcpy(bytes, hello_tls12, sizeof(hello_tls12));
	memcpy(bytes + sizeof(hello_tls12), hello_tls12, sizeof(hello_tls12));
	for (int early = 0; early < 2; early++)
		feed(w, OLD_HOST, bytes, sizeof(bytes), early, &o);
	memset(bytes + sizeof(hello_tls12), 'x', sizeof(hello_tls12));
	for (int early = 0; early < 2; early++) {
		feed(w, OLD_HOST, bytes, sizeof(bytes), early, &o);
		assert_has(o.error, "broken record");
	}
}

/* The client's hello lies in the server's socket; its length. */
static size_t first_flight(struct tls_end *e, int server, char *ret, size_t max)
{
	ssize_t n = -1;

	assert_int_equal(tls_end_step(e), MBEDTLS_ERR_SSL_WANT_READ);
	for (int i = 0; i < 1000 && n <= 0; i++) {
		n = recv(server, ret, max, MSG_PEEK);
		(void)usleep(100);
	}
	assert_true(n > 0);
	return (size_t)n;
}

static void a_hello_that_came_early_is_read_first(void **state)
{
	struct world *w = *state;

	/* Nothing of it, a byte, a half, all but a byte, all. */
	for (int i = 0; i < 5; i++) {
		struct tls_end_opts o = { .name = HOST,
					  .ca = ca_pem(w->ca),
					  .turn = turn,
					  .turn_arg = w };
		int client, server;
		struct outcome out;
		struct tls_end e;
		char bytes[4096];
		size_t n, cut;

		loopback_pair(&client, &server);
		tls_end_begin(&e, client, &o);
		n = first_flight(&e, server, bytes, sizeof(bytes));
		cut = (const size_t[]){ 0, 1, n / 2, n - 1, n }[i];
		if (cut > 0)
			assert_int_equal(recv(server, bytes, cut, 0),
					 (ssize_t)cut);
		(void)serve_early(w, server, HOST, bytes, cut, &out);
		memset(bytes, 0, sizeof(bytes)); /* it has its own copy */
		assert_int_equal(tls_end_shake(&e), 0);
		wait_done(w, &out);
		expect_bytes(w, &e, out.fd);
		close(out.fd);
		tls_end_fini(&e);
	}
}

/* From one socket to the other, one byte at most. */
static void carry_byte(int from, int to)
{
	char byte;

	if (recv(from, &byte, 1, 0) == 1)
		fixture_send(to, &byte, 1);
}

static void a_handshake_goes_byte_by_byte(void **state)
{
	struct world *w = *state;
	struct tls_end_opts o = {
		.name = HOST, .ca = ca_pem(w->ca), .turn = turn, .turn_arg = w
	};
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	int client, middle[2], server, r;
	struct outcome out;
	struct tls_end e;

	loopback_pair(&client, &middle[0]);
	loopback_pair(&middle[1], &server);
	(void)serve(w, server, HOST, &out);
	tls_end_begin(&e, client, &o);
	while ((r = tls_end_step(&e)) != 0) {
		assert_int_equal(r, MBEDTLS_ERR_SSL_WANT_READ);
		carry_byte(middle[0], middle[1]);
		carry_byte(middle[1], middle[0]);
		turn(w);
		assert_true(clock_ms() < deadline);
	}
	wait_done(w, &out);
	assert_true(out.fd >= 0);
	close(out.fd);
	close(middle[0]);
	close(middle[1]);
	tls_end_fini(&e);
}

/* --- time, ends */

static void who_says_nothing_has_a_deadline(void **state)
{
	struct world *w = *state;
	struct tls_server_opts opts = { .host = OLD_HOST,
					.leaves = w->leaves,
					.deadline_ms = 50 };

	for (size_t i = 0; i < 3; i++) {
		struct outcome o = { .fd = -1 };
		struct tls_server *s;
		int client, server;

		loopback_pair(&client, &server);
		opts.early = (const char *)hello_tls12;
		opts.early_n = sizeof(hello_tls12) * i / 2;
		assert_int_equal(tls_server_start(w->base, w->ctx, server,
						  &opts, on_done, &o, &s),
				 0);
		wait_done(w, &o);
		assert_has(o.error, "in time");
		close(client);
	}
}

static void a_client_that_is_gone_is_told(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 3; i++) {
		int client, server;
		struct outcome o;

		loopback_pair(&client, &server);
		(void)serve_early(w, server, OLD_HOST, hello_tls12,
				  sizeof(hello_tls12) * i / 2, &o);
		turn(w);
		fixture_reset(&client);
		wait_done(w, &o);
		assert_has(o.error, "ended the connection");
	}
}

static void a_cancelled_handshake_never_calls_back(void **state)
{
	struct world *w = *state;

	/* Before a turn, and after so many that it has answered the hello. */
	for (size_t i = 0; i < 6; i++) {
		struct tls_server *s;
		int client, server;
		struct outcome o;

		loopback_pair(&client, &server);
		s = serve_early(w, server, OLD_HOST, hello_tls12,
				i < 3 ? sizeof(hello_tls12) / 2
				      : sizeof(hello_tls12),
				&o);
		for (size_t turns = 0; turns < i % 3; turns++)
			turn(w);
		tls_server_cancel(s);
		for (int turns = 0; turns < 5; turns++)
			turn(w);
		assert_int_equal(o.calls, 0);
		expect_closed(client);
	}
	tls_server_cancel(NULL);
}

static void where_no_certificate_can_be_made_nothing_begins(void **state)
{
	struct world *w = *state;
	struct tls_server_opts opts = { .host = "*.example",
					.leaves = w->leaves,
					.deadline_ms = 1000 };
	struct outcome o = { .fd = -1 };
	struct tls_server *s;
	int client, server;

	loopback_pair(&client, &server);
	assert_int_equal(tls_server_start(w->base, w->ctx, server, &opts,
					  on_done, &o, &s),
			 -EIO);
	turn(w);
	assert_int_equal(o.calls, 0);
	expect_closed(client);
}

static void without_descriptors_that_is_said(void **state)
{
	struct world *w = *state;
	struct tls_end_opts o = { .name = HOST, .turn = turn, .turn_arg = w };
	struct rlimit was, none;
	int client, server;
	struct outcome out;
	struct tls_end e;

	loopback_pair(&client, &server);
	(void)serve(w, server, HOST, &out);
	tls_end_begin(&e, client, &o);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	(void)tls_end_shake(&e);
	for (int i = 0; i < 1000 && out.calls == 0; i++)
		turn(w);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(out.calls, 1);
	assert_string_equal(out.error, "cannot be spoken to: no descriptors");
	tls_end_fini(&e);
}

/*
 * However much there is: what else happens on the loop is looked for between
 * two turns of a session, which are of eight records.
 */
static void much_is_moved_in_several_turns(void **state)
{
	static const unsigned char bytes[TLS_BUFFER_SIZE];
	struct tls_end_opts o = { .name = HOST };
	struct world *w = *state;
	struct outcome out;
	struct tls_end e;
	int moved = 0, room = 1 << 20;

	assert_int_equal(meet(w, HOST, &o, &e, &out), 0);
	(void)setsockopt(e.fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	for (int i = 0; i < 3; i++)
		turn(w);
	for (int i = 0; i < 20; i++)
		if (mbedtls_ssl_write(&e.ssl, bytes, sizeof(bytes)) <= 0)
			break;
	assert_true(event_base_loop(w->base, EVLOOP_ONCE) >= 0);
	assert_int_equal(ioctl(out.fd, FIONREAD, &moved), 0);
	assert_in_range(moved, 1, 8 * TLS_BUFFER_SIZE);
	close(out.fd);
	tls_end_fini(&e);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char error[TLS_ERROR_MAX] = "", *paths[1];
	FILE *f;
	int fd;

	if (!w || ca_new(time(NULL), 30, &w->ca) < 0)
		return -1;
	(void)snprintf(w->path, sizeof(w->path), "/tmp/netleash-ca-XXXXXX");
	fd = mkstemp(w->path);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f || fputs(ca_pem(w->ca), f) < 0 || fclose(f) != 0)
		return -1;
	paths[0] = w->path;
	w->base = event_base_new();
	if (!w->base || tls_context_new(paths, 1, &w->ctx, error) < 0 ||
	    tls_context_serve(w->ctx) < 0 ||
	    !(w->leaves = leaf_cache_new(w->ca))) {
		print_error("%s\n", error);
		return -1;
	}
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tls_context_free(w->ctx);
	leaf_cache_free(w->leaves);
	event_base_free(w->base);
	ca_free(w->ca);
	(void)unlink(w->path);
	free(w);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const char *const openssl[] = { "openssl", "version", NULL };
	const struct CMUnitTest tests[] = {
		TEST(our_own_client_meets_our_own_server),
		TEST(the_server_name_is_the_hosts_or_none),
		TEST(the_certificate_is_the_hosts_whoever_asks),
		TEST(http_1_1_is_spoken_and_nothing_else),
		TEST(a_client_of_the_past_is_told_apart),
		TEST(openssl_is_served),
		TEST(what_openssl_does_not_like_is_told),
		TEST(a_session_is_taken_up_again),
		TEST(a_session_is_not_taken_up_for_another_name),
		TEST(what_is_no_tls_is_told_apart),
		TEST(a_hello_cut_at_any_byte_is_one_done_call),
		TEST(a_hello_with_any_byte_changed_is_one_done_call),
		TEST(what_comes_behind_a_hello_is_not_taken_for_data),
		TEST(a_hello_that_came_early_is_read_first),
		TEST(a_handshake_goes_byte_by_byte),
		TEST(who_says_nothing_has_a_deadline),
		TEST(a_client_that_is_gone_is_told),
		TEST(a_cancelled_handshake_never_calls_back),
		TEST(where_no_certificate_can_be_made_nothing_begins),
		TEST(without_descriptors_that_is_said),
		TEST(much_is_moved_in_several_turns),
	};

	if (!program_exists(openssl)) {
		printf("skipped: needs openssl\n");
		return PROGRAM_SKIP;
	}
	return cmocka_run_group_tests_name("tls_server", tests, NULL, NULL);
}
