/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_tls_sessions.c - TLS sessions that are taken up again
 *
 * Both ends are ours, in one loop: a client of proxy/tls_client.h, and the
 * server of proxy/tls_server.h, whose CA the client trusts. That one speaks TLS
 * 1.2; where mbedTLS knows 1.3, in which a ticket comes among the data, the
 * server is mbedTLS by itself (tls_end.h).
 */
#include "proxy/tls_sessions.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/addr.h"
#include "common/clock.h"
#include "proxy/ca.h"
#include "proxy/leaf.h"
#include "proxy/tls_client.h"
#include "proxy/tls_context.h"
#include "proxy/tls_server.h"
#include "tests/support/tls_end.h"

#define PATIENCE_MS 10000u

/* A context, and the certificates that it shows. */
struct server {
	struct tls_context *ctx;
	struct leaf_cache *leaves;
};

/**
 * struct world
 * @client: trusts the CA of @server; @other: a server of another CA
 * @tickets: of servers by tls_end.h
 */
struct world {
	struct event_base *base;
	struct ca *ca, *other_ca;
	struct tls_context *client;
	struct server server, other;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_ssl_ticket_context tickets;
};

struct outcome {
	unsigned calls;
	int fd;
	char error[TLS_ERROR_MAX];
};

static void on_done(int fd, const char *error, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->fd = fd;
	(void)snprintf(o->error, sizeof(o->error), "%s", error ? error : "");
}

static void turn(struct world *w)
{
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	(void)usleep(100);
}

static void exchange(struct world *w, int from, int to)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	char byte = 'x';

	assert_int_equal(send(from, &byte, 1, MSG_NOSIGNAL), 1);
	byte = 0;
	while (recv(to, &byte, 1, 0) != 1) {
		assert_true(clock_ms() < deadline);
		turn(w);
	}
	assert_int_equal(byte, 'x');
}

/* One connection, from the handshake to the end. Return: the client's error,
 * or NULL. */
static const char *connect_once(struct world *w, struct server *server,
				const char *host, uint16_t port,
				const struct addr *addr)
{
	struct tls_client_opts client = { .host = host,
					  .port = port,
					  .addr = addr,
					  .deadline_ms = PATIENCE_MS };
	struct tls_server_opts serve = { .host = host,
					 .addr = addr,
					 .leaves = server->leaves,
					 .deadline_ms = PATIENCE_MS };
	struct outcome theirs = { .fd = -1 };
	static struct outcome ours;
	struct tls_client *c;
	struct tls_server *s;
	int pair[2];

	memset(&ours, 0, sizeof(ours));
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, pair),
			 0);
	assert_int_equal(tls_client_start(w->base, w->client, pair[0], &client,
					  on_done, &ours, &c),
			 0);
	assert_int_equal(tls_server_start(w->base, server->ctx, pair[1], &serve,
					  on_done, &theirs, &s),
			 0);
	while (ours.calls == 0 || theirs.calls == 0)
		turn(w);
	if (ours.fd >= 0 && theirs.fd >= 0) {
		exchange(w, ours.fd, theirs.fd);
		exchange(w, theirs.fd, ours.fd);
	}
	if (ours.fd >= 0)
		close(ours.fd);
	if (theirs.fd >= 0)
		close(theirs.fd);
	for (int i = 0; i < 10; i++)
		turn(w);
	return ours.fd >= 0 ? NULL : ours.error;
}

static uint64_t resumed(const struct world *w)
{
	return tls_sessions_resumed(tls_context_sessions(w->client));
}

static size_t count(const struct world *w)
{
	return tls_sessions_count(tls_context_sessions(w->client));
}

static void the_second_connection_takes_the_session_up(void **state)
{
	struct world *w = *state;

	assert_null(connect_once(w, &w->server, "a.example", 443, NULL));
	assert_int_equal(resumed(w), 0);
	assert_int_equal(count(w), 1);
	for (unsigned i = 1; i < 5; i++) {
		assert_null(
			connect_once(w, &w->server, "a.example", 443, NULL));
		assert_int_equal(resumed(w), i);
		assert_int_equal(count(w), 1);
	}
}

static void a_session_is_for_its_host_and_its_port_alone(void **state)
{
	struct world *w = *state;

	assert_null(connect_once(w, &w->server, "a.example", 443, NULL));
	assert_null(connect_once(w, &w->server, "a.example", 444, NULL));
	assert_null(connect_once(w, &w->server, "b.example", 443, NULL));
	assert_null(connect_once(w, &w->server, "a.example", 4430, NULL));
	assert_int_equal(resumed(w), 0);
	assert_int_equal(count(w), 4);
}

static void without_a_port_and_for_addresses_nothing_is_kept(void **state)
{
	struct world *w = *state;
	struct addr a;

	assert_int_equal(addr_parse("192.0.2.1", 9, &a), ADDR_OK);
	for (int i = 0; i < 2; i++) {
		assert_null(connect_once(w, &w->server, "a.example", 0, NULL));
		assert_null(connect_once(w, &w->server, "192.0.2.1", 443, &a));
	}
	assert_int_equal(resumed(w), 0);
	assert_int_equal(count(w), 0);
}

/* The host need not take what it is offered: then it must prove itself. */
static void whoever_does_not_know_the_session_is_verified(void **state)
{
	struct world *w = *state;
	const char *error;

	assert_null(connect_once(w, &w->server, "a.example", 443, NULL));
	error = connect_once(w, &w->other, "a.example", 443, NULL);
	assert_non_null(error);
	assert_non_null(strstr(error, "nobody trusted here has signed"));
	assert_int_equal(resumed(w), 0);
	/* And no offer is made again. */
	assert_int_equal(count(w), 0);
	for (int i = 0; i < 3; i++)
		assert_null(
			connect_once(w, &w->server, "a.example", 443, NULL));
	assert_int_equal(resumed(w), 0);
	assert_int_equal(count(w), 0);
	/* Which is nothing to others. */
	for (int i = 0; i < 2; i++)
		assert_null(
			connect_once(w, &w->server, "b.example", 443, NULL));
	assert_int_equal(resumed(w), 1);
}

static void what_was_never_verified_is_not_kept(void **state)
{
	struct world *w = *state;

	assert_non_null(connect_once(w, &w->other, "a.example", 443, NULL));
	assert_int_equal(count(w), 0);
}

static void the_one_not_used_for_longest_goes_first(void **state)
{
	struct world *w = *state;
	char host[32];

	for (unsigned i = 0; i < TLS_SESSIONS_MAX; i++) {
		(void)snprintf(host, sizeof(host), "h%u.example", i);
		assert_null(connect_once(w, &w->server, host, 443, NULL));
	}
	assert_int_equal(count(w), TLS_SESSIONS_MAX);
	assert_null(connect_once(w, &w->server, "h0.example", 443, NULL));
	assert_int_equal(resumed(w), 1);
	assert_null(connect_once(w, &w->server, "new.example", 443, NULL));
	assert_int_equal(count(w), TLS_SESSIONS_MAX);
	assert_null(connect_once(w, &w->server, "h0.example", 443, NULL));
	assert_int_equal(resumed(w), 2);
	assert_null(connect_once(w, &w->server, "h1.example", 443, NULL));
	assert_int_equal(resumed(w), 2);
}

/* --- a server of the newest version there is */

static int set_tickets(struct world *w)
{
	return mbedtls_ssl_ticket_setup(&w->tickets, mbedtls_ctr_drbg_random,
					&w->rng, MBEDTLS_CIPHER_AES_256_GCM,
					3600);
}

static void turn_once(void *arg)
{
	turn(arg);
}

static void serve_newest(struct world *w, struct leaf_cache *leaves,
			 const char *host, int fd, struct tls_end *ret)
{
	struct tls_end_opts o = { .server = true,
				  .tickets = &w->tickets,
				  .turn = turn_once,
				  .turn_arg = w };
	struct leaf *leaf;

	assert_int_equal(leaf_get(leaves, NULL, host, NULL, time(NULL), &leaf),
			 0);
	o.crt = leaf_crt(leaf);
	o.crt_key = leaf_key(leaf);
	tls_end_begin(ret, fd, &o);
	leaf_unref(leaf); /* the cache has it still */
}

/* As connect_once(), with a server of @leaves. */
static const char *connect_newest(struct world *w, struct leaf_cache *leaves,
				  const char *host, uint16_t port)
{
	struct tls_client_opts opts = { .host = host,
					.port = port,
					.deadline_ms = PATIENCE_MS };
	static struct outcome ours;
	struct tls_client *c;
	struct tls_end e;
	int pair[2], r;

	memset(&ours, 0, sizeof(ours));
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, pair),
			 0);
	assert_int_equal(tls_client_start(w->base, w->client, pair[0], &opts,
					  on_done, &ours, &c),
			 0);
	serve_newest(w, leaves, host, pair[1], &e);
	r = tls_end_shake(&e);
	while (ours.calls == 0)
		turn(w);
	assert_int_equal(r == 0, ours.fd >= 0);
	if (ours.fd >= 0) {
		assert_string_equal(mbedtls_ssl_get_version(&e.ssl),
				    compat_tls_has_1_3() ? "TLSv1.3"
							 : "TLSv1.2");
		tls_end_say(&e, "x");
		for (char byte = 0; recv(ours.fd, &byte, 1, 0) != 1;)
			turn(w);
		assert_int_equal(send(ours.fd, "y", 1, MSG_NOSIGNAL), 1);
		tls_end_expect(&e, "y");
		close(ours.fd);
	}
	tls_end_fini(&e);
	for (int i = 0; i < 10; i++)
		turn(w);
	return ours.fd >= 0 ? NULL : ours.error;
}

static void a_session_of_the_newest_version_is_taken_up(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 5; i++) {
		assert_null(
			connect_newest(w, w->server.leaves, "a.example", 443));
		assert_int_equal(resumed(w), i);
		assert_int_equal(count(w), 1);
	}
}

static void and_only_with_its_host_and_its_port(void **state)
{
	struct world *w = *state;

	assert_null(connect_newest(w, w->server.leaves, "a.example", 443));
	assert_null(connect_newest(w, w->server.leaves, "b.example", 443));
	assert_null(connect_newest(w, w->server.leaves, "a.example", 444));
	assert_int_equal(resumed(w), 0);
	assert_int_equal(count(w), 3);
	for (int i = 0; i < 2; i++)
		assert_null(
			connect_newest(w, w->server.leaves, "a.example", 0));
	assert_int_equal(resumed(w), 0);
	assert_int_equal(count(w), 3);
}

/* It has lost its tickets' key, and is another one. */
static void whoever_lost_its_key_is_verified(void **state)
{
	struct world *w = *state;
	const char *error;

	assert_null(connect_newest(w, w->server.leaves, "a.example", 443));
	mbedtls_ssl_ticket_free(&w->tickets);
	mbedtls_ssl_ticket_init(&w->tickets);
	assert_int_equal(set_tickets(w), 0);
	error = connect_newest(w, w->other.leaves, "a.example", 443);
	assert_non_null(error);
	assert_non_null(strstr(error, "nobody trusted here has signed"));
	assert_int_equal(resumed(w), 0);
	assert_int_equal(count(w), 0);
}

/*
 * What is offered is a session of one version, and with it nothing newer or
 * older is: that must not cost a name whose servers differ every other
 * connection.
 */
static void servers_of_a_name_may_differ_in_version(void **state)
{
	struct world *w = *state;
	unsigned failed = 0;

	for (int i = 0; i < 4; i++) {
		failed += connect_newest(w, w->server.leaves, "a.example",
					 443) != NULL;
		failed += connect_once(w, &w->server, "a.example", 443, NULL) !=
			  NULL;
	}
	assert_int_equal(failed, compat_tls_has_1_3() ? 1 : 0);
}

static struct tls_context *context(struct ca *trusted)
{
	char path[] = "/tmp/netleash-test-ca.XXXXXX", *paths[] = { path };
	struct tls_context *ctx = NULL;
	char error[TLS_ERROR_MAX] = "";
	size_t n = strlen(ca_pem(trusted));
	int fd = mkstemp(path);

	if (fd >= 0 && write(fd, ca_pem(trusted), n) == (ssize_t)n &&
	    tls_context_new(paths, 1, &ctx, error) < 0)
		print_error("%s\n", error);
	if (fd >= 0)
		close(fd);
	(void)unlink(path);
	return ctx;
}

static void server_begin(struct server *s, struct ca *trusted, struct ca *own)
{
	s->ctx = context(trusted);
	s->leaves = leaf_cache_new(own);
	if (!s->ctx || !s->leaves || tls_context_serve(s->ctx) < 0)
		print_error("no server\n");
}

static void server_end(struct server *s)
{
	tls_context_free(s->ctx);
	leaf_cache_free(s->leaves);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || ca_new(time(NULL), 30, &w->ca) < 0 ||
	    ca_new(time(NULL), 30, &w->other_ca) < 0)
		return -1;
	w->base = event_base_new();
	w->client = context(w->ca);
	server_begin(&w->server, w->ca, w->ca);
	server_begin(&w->other, w->ca, w->other_ca);
	mbedtls_entropy_init(&w->entropy);
	mbedtls_ctr_drbg_init(&w->rng);
	mbedtls_ssl_ticket_init(&w->tickets);
	*state = w;
	if (mbedtls_ctr_drbg_seed(&w->rng, mbedtls_entropy_func, &w->entropy,
				  NULL, 0) != 0 ||
	    set_tickets(w) != 0)
		return -1;
	return w->base && w->client && w->server.ctx && w->other.ctx ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	mbedtls_ssl_ticket_free(&w->tickets);
	mbedtls_ctr_drbg_free(&w->rng);
	mbedtls_entropy_free(&w->entropy);
	tls_context_free(w->client);
	server_end(&w->server);
	server_end(&w->other);
	ca_free(w->ca);
	ca_free(w->other_ca);
	event_base_free(w->base);
	free(w);
	return 0;
}

/* Trust ends with the certificate in which it is, however young it is. */
static void a_session_ends_with_the_certificate_of_its_host(void **state)
{
	struct tls_client_opts opts = { .host = "a.example",
					.port = 443,
					.deadline_ms = PATIENCE_MS };
	struct world *w = *state;
	struct outcome o = { 0 };
	struct tls_client *c;
	struct ca *old;
	struct server server;
	int pair[2];

	/* A CA that was made thirty days ago, but for four seconds. */
	assert_int_equal(ca_new(time(NULL) - 30 * 24 * 3600 + 4, 30, &old), 0);
	server_begin(&server, old, old);
	tls_context_free(w->client);
	w->client = context(old);
	assert_null(connect_once(w, &server, "a.example", 443, NULL));
	assert_null(connect_once(w, &server, "a.example", 443, NULL));
	assert_int_equal(resumed(w), 1);
	assert_int_equal(count(w), 1);
	(void)usleep(4100000);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(tls_client_start(w->base, w->client, pair[0], &opts,
					  on_done, &o, &c),
			 0);
	assert_int_equal(count(w), 0); /* nothing is offered */
	tls_client_cancel(c);
	close(pair[1]);
	server_end(&server);
	ca_free(old);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_second_connection_takes_the_session_up),
		TEST(a_session_is_for_its_host_and_its_port_alone),
		TEST(without_a_port_and_for_addresses_nothing_is_kept),
		TEST(whoever_does_not_know_the_session_is_verified),
		TEST(what_was_never_verified_is_not_kept),
		TEST(the_one_not_used_for_longest_goes_first),
		TEST(a_session_of_the_newest_version_is_taken_up),
		TEST(and_only_with_its_host_and_its_port),
		TEST(whoever_lost_its_key_is_verified),
		TEST(servers_of_a_name_may_differ_in_version),
		TEST(a_session_ends_with_the_certificate_of_its_host),
	};

	return cmocka_run_group_tests_name("tls_sessions", tests, NULL, NULL);
}
