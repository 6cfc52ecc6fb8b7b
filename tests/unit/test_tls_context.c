/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_tls_context.c - what contexts offer, and what they choose
 *
 * Seen in the bytes of the first flights: mbedTLS tells nobody.
 */
#include "proxy/tls_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/macros.h"
#include "proxy/ca.h"
#include "proxy/leaf.h"
#include "proxy/tls_client.h"
#include "proxy/tls_server.h"
#include "tests/unit/hellos.h"

#define PATIENCE_MS 10000u

/* IANA's numbers, TLS Supported Groups. */
#define X25519	  0x001d
#define SECP256R1 0x0017
#define SECP384R1 0x0018
#define SECP521R1 0x0019

#define RECORD_HEAD	    5
#define MESSAGE_HEAD	    4
#define HELLO_RANDOM_END    34 /* version and random */
#define CLIENT_HELLO	    1
#define SERVER_KEY_EXCHANGE 12
#define EXTENSION_GROUPS    10

struct world {
	struct event_base *base;
	struct ca *ca;
	struct tls_context *ctx;
	struct leaf_cache *leaves;
};

static unsigned get16(const unsigned char *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/*
 * The first message of @type in @n bytes of records with a message or several
 * each. Return: its body, or NULL.
 */
static const unsigned char *message(const unsigned char *p, size_t n, int type,
				    size_t *ret_n)
{
	while (n > RECORD_HEAD && n - RECORD_HEAD >= get16(p + 3)) {
		const unsigned char *m = p + RECORD_HEAD;
		const unsigned char *end = m + get16(p + 3);

		while (end - m >= MESSAGE_HEAD) {
			*ret_n = (size_t)m[1] << 16 | get16(m + 2);
			if (m[0] == type)
				return m + MESSAGE_HEAD;
			m += MESSAGE_HEAD + *ret_n;
		}
		n -= (size_t)(end - p);
		p = end;
	}
	return NULL;
}

static void on_done(int fd, const char *error, void *arg)
{
	(void)fd;
	(void)error;
	(void)arg;
	fail();
}

/* What comes first, with a whole message of @type in it. */
static const unsigned char *flight(struct world *w, int fd, int type,
				   unsigned char bytes[8192], size_t *ret_n)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	const unsigned char *m = NULL;
	size_t n = 0;

	while (!m) {
		ssize_t r = recv(fd, bytes + n, 8192 - n, 0);

		if (r > 0)
			n += (size_t)r;
		m = message(bytes, n, type, ret_n);
		assert_true(clock_ms() < deadline);
		assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	}
	return m;
}

static void make_pair(int ret[2])
{
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, ret),
			 0);
}

/* Their hello has X25519, P-256, X448, P-521 and P-384, in this order. */
static void a_server_takes_the_quickest_curve(void **state)
{
	struct world *w = *state;
	const struct tls_server_opts opts = {
		.host = "old.example.net",
		.leaves = w->leaves,
		.early = (const char *)hello_tls12,
		.early_n = sizeof(hello_tls12),
		.deadline_ms = PATIENCE_MS,
	};
	const unsigned char *m;
	unsigned char bytes[8192];
	struct tls_server *s;
	int pair[2];
	size_t n;

	make_pair(pair);
	assert_int_equal(tls_server_start(w->base, w->ctx, pair[0], &opts,
					  on_done, NULL, &s),
			 0);
	m = flight(w, pair[1], SERVER_KEY_EXCHANGE, bytes, &n);
	assert_int_equal(m[0], 3); /* named_curve */
	assert_int_equal(get16(m + 1), X25519);
	tls_server_cancel(s);
	close(pair[1]);
}

/* The body of the extension of @type in a client's hello, or NULL. */
static const unsigned char *extension(const unsigned char *m, size_t n,
				      unsigned type)
{
	const unsigned char *end = m + n;

	m += HELLO_RANDOM_END;
	m += 1 + m[0];	   /* session */
	m += 2 + get16(m); /* ciphers */
	m += 1 + m[0];	   /* compression */
	for (m += 2; m + 4 <= end; m += 4 + get16(m + 2))
		if (get16(m) == type)
			return m + 4;
	return NULL;
}

/* Servers that follow their client's order take the first that they know. */
static void a_client_offers_four_curves_the_quickest_first(void **state)
{
	static const uint16_t curves[] = { X25519, SECP256R1, SECP384R1,
					   SECP521R1 };
	const struct tls_client_opts opts = { .host = "a.example",
					      .deadline_ms = PATIENCE_MS };
	struct world *w = *state;
	const unsigned char *m;
	unsigned char bytes[8192];
	struct tls_client *c;
	int pair[2];
	size_t n;

	make_pair(pair);
	assert_int_equal(tls_client_start(w->base, w->ctx, pair[0], &opts,
					  on_done, NULL, &c),
			 0);
	m = flight(w, pair[1], CLIENT_HELLO, bytes, &n);
	m = extension(m, n, EXTENSION_GROUPS);
	assert_non_null(m);
	assert_int_equal(get16(m), sizeof(curves));
	for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
		assert_int_equal(get16(m + 2 + 2 * i), curves[i]);
	tls_client_cancel(c);
	close(pair[1]);
}

static int set_up(void **state)
{
	char path[] = "/tmp/netleash-test-ca.XXXXXX", *paths[] = { path };
	struct world *w = calloc(1, sizeof(*w));
	char error[TLS_ERROR_MAX] = "";
	int fd = mkstemp(path);
	size_t n;

	if (!w || fd < 0 || ca_new(time(NULL), 30, &w->ca) < 0)
		return -1;
	n = strlen(ca_pem(w->ca));
	if (write(fd, ca_pem(w->ca), n) != (ssize_t)n)
		return -1;
	close(fd);
	w->base = event_base_new();
	w->leaves = leaf_cache_new(w->ca);
	if (tls_context_new(paths, 1, &w->ctx, error) < 0 ||
	    tls_context_serve(w->ctx) < 0)
		print_error("%s\n", error);
	(void)unlink(path);
	*state = w;
	return w->base && w->ctx && w->leaves ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tls_context_free(w->ctx);
	leaf_cache_free(w->leaves);
	ca_free(w->ca);
	event_base_free(w->base);
	free(w);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_takes_the_quickest_curve),
		TEST(a_client_offers_four_curves_the_quickest_first),
	};

	return cmocka_run_group_tests_name("tls_context", tests, NULL, NULL);
}
