/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_inspect_storm.c - connections that end at any moment
 *
 * Clients and hosts of tunnels that are looked into do whatever comes to their
 * mind: handshakes, halves of them, requests, garbage, ends, resets. Runs end
 * and begin among them, and the authority is replaced. What is wrong then the
 * sanitizers say; NETLEASH_STORM_SECONDS makes it longer.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/macros.h"
#include "proxy/ca.h"
#include "proxy/proxy.h"
#include "tests/support/inspected.h"
#include "tests/unit/certs.h"

#define CONF                                                                   \
	"private 127.0.0.0/8\ninspect 127.0.0.1:ORIGIN\n"                      \
	"allow 127.0.0.1:ORIGIN\nlimit head-time 500ms\n"                      \
	"limit inspections-per-run 12\nlimit inspections 30\n"

#define SCOPES 4
#define ENDS   24
#define STEPS  6000
#define GET    "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n"
#define POST                                                                   \
	"POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: "            \
	"9\r\n\r\nhalf"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

enum state {
	NONE,
	ASKED,
	SHAKES,
	READY
};

/* A client, or a host; @fd is @e's from SHAKES on. */
struct end {
	enum state state;
	int fd;
	struct tls_end e;
};

struct door {
	struct proxy_scope *scope;
	uint16_t port;
};

static struct inspected i;
static struct end clients[ENDS], hosts[ENDS];
static struct door doors[SCOPES];
static unsigned seed, answers, shaken, closing, number = 2;

/* The same each time. */
static unsigned chance(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static void turn(void *arg)
{
	fixture_turn(arg);
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void over(struct end *c)
{
	if (c->state == NONE)
		return;
	if (chance(3) == 0)
		reset(c->fd);
	if (c->state == ASKED)
		close(c->fd);
	else
		tls_end_fini(&c->e);
	c->state = NONE;
}

/* Bytes that are nobody's, and perhaps the end of it. */
static void spoil(struct end *c)
{
	char bytes[64];

	for (size_t n = 0; n < sizeof(bytes); n++)
		bytes[n] = (char)chance(256);
	(void)send(c->fd, bytes, 1 + chance(sizeof(bytes)), MSG_NOSIGNAL);
	if (chance(2))
		(void)shutdown(c->fd, SHUT_WR);
}

static void begin_client(struct end *c)
{
	const uint16_t own = i.f.port;

	i.f.port = doors[chance(SCOPES)].port;
	c->fd = fixture_connect(&i.f);
	i.f.port = own;
	fixture_ask(&i.f, c->fd, "CONNECT 127.0.0.1:ORIGIN HTTP/1.1\r\n\r\n");
	c->state = ASKED;
}

static void begin_host(struct end *h)
{
	const struct tls_end_opts o = { .server = true,
					.cert = chance(8) ? CERT_GOOD
							  : CERT_EXPIRED,
					.key = CERT_KEY,
					.turn = turn,
					.turn_arg = &i.f };

	h->fd = accept4(i.f.origin, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (h->fd < 0)
		return;
	tls_end_begin(&h->e, h->fd, &o);
	h->state = SHAKES;
}

/* The answer to its CONNECT; then it is a client of TLS. */
static void read_answer(struct end *c)
{
	const struct tls_end_opts o = { .turn = turn, .turn_arg = &i.f };
	char head[2048];
	ssize_t n = recv(c->fd, head, sizeof(head) - 1, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		over(c);
		return;
	}
	head[n] = '\0';
	if (strncmp(head, "HTTP/1.1 200 ", 13) != 0) {
		over(c);
		return;
	}
	tls_end_begin(&c->e, c->fd, &o);
	c->state = SHAKES;
}

static bool wants(int r)
{
	return r == MBEDTLS_ERR_SSL_WANT_READ ||
	       r == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static void shake(struct end *c)
{
	int r = tls_end_step(&c->e);

	if (r == 0) {
		c->state = READY;
		shaken++;
	} else if (!wants(r)) {
		over(c);
	}
}

static void talk(struct end *c, bool is_client)
{
	unsigned char bytes[4096];
	char text[200];
	int r;

	(void)snprintf(text, sizeof(text), "%s", ANSWER);
	if (is_client && chance(4) == 0)
		(void)snprintf(text, sizeof(text), POST, i.f.origin_port);
	else if (is_client)
		(void)snprintf(text, sizeof(text), GET, i.f.origin_port);
	r = mbedtls_ssl_read(&c->e.ssl, bytes, sizeof(bytes));
	if (r > 0 && is_client && memcmp(bytes, "HTTP/1.1 200", 12) == 0)
		answers++;
	if (r > 0 && !is_client)
		(void)mbedtls_ssl_write(&c->e.ssl, (unsigned char *)text,
					strlen(text));
	if (r <= 0 && !wants(r))
		over(c);
	else if (is_client && chance(3) == 0)
		(void)mbedtls_ssl_write(&c->e.ssl, (unsigned char *)text,
					strlen(text));
}

static void step(struct end *c, bool is_client)
{
	const unsigned what = chance(60);

	if (c->state == NONE && is_client)
		begin_client(c);
	else if (c->state == NONE)
		begin_host(c);
	else if (what == 0)
		over(c);
	else if (what == 1)
		spoil(c);
	else if (what == 2)
		(void)shutdown(c->fd, SHUT_WR);
	else if (c->state == ASKED)
		read_answer(c);
	else if (c->state == SHAKES)
		shake(c);
	else
		talk(c, is_client);
}

static void on_closed(void *arg)
{
	(void)arg;
	closing--;
}

static void replace_door(struct door *d)
{
	struct signer *s;
	struct ca *ca;

	closing++;
	proxy_scope_close(d->scope, on_closed, NULL);
	if (chance(3) == 0) {
		assert_int_equal(ca_new(time(NULL), 30, &ca), 0);
		assert_int_equal(signer_new(ca, number++, &s), 0);
		proxy_set_signer(i.f.proxy, s);
	}
	d->scope = inspected_scope(&i, "another", &d->port);
}

static bool is_over(unsigned done)
{
	static uint64_t end_ms;
	const char *seconds = getenv("NETLEASH_STORM_SECONDS");

	if (!seconds)
		return done >= STEPS;
	if (end_ms == 0)
		end_ms = clock_ms() + strtoull(seconds, NULL, 10) * 1000;
	return clock_ms() >= end_ms;
}

static void whatever_ends_when_it_ends(void **state)
{
	const uint64_t deadline = clock_ms() + 200000;

	(void)state;
	seed = getenv("NETLEASH_STORM_SEED")
		       ? (unsigned)strtoul(getenv("NETLEASH_STORM_SEED"), NULL,
					   10)
		       : 1;
	inspected_begin(&i, CONF, NULL, 0);
	for (size_t n = 0; n < SCOPES; n++)
		doors[n].scope =
			inspected_scope(&i, n ? "one" : "", &doors[n].port);
	for (unsigned done = 0; !is_over(done); done++) {
		step(&clients[chance(ENDS)], true);
		step(&hosts[chance(ENDS)], false);
		if (chance(400) == 0)
			replace_door(&doors[chance(SCOPES)]);
		if (chance(4) == 0)
			fixture_turn(&i.f);
	}
	/* One half ends before the proxy does, the other with it. */
	for (size_t n = 0; n < ENDS; n++) {
		if (chance(2))
			over(&clients[n]);
		if (chance(2))
			over(&hosts[n]);
	}
	while (closing > 0) {
		fixture_turn(&i.f);
		assert_true(clock_ms() < deadline);
	}
	inspected_end(&i);
	for (size_t n = 0; n < ENDS; n++) {
		over(&clients[n]);
		over(&hosts[n]);
	}
	print_message("%u handshakes, %u answers\n", shaken, answers);
	assert_true(shaken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_ends_when_it_ends),
	};

	return cmocka_run_group_tests_name("inspect_storm", tests, NULL, NULL);
}
