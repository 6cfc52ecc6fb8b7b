/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_tls_client.c - TLS sessions as plain descriptors
 *
 * The other end is mbedTLS, too, blocking, in a thread of its own; what it
 * does after the handshake is each test's script. What it has seen it leaves
 * in struct peer, which the test reads once the thread has ended.
 */
#include "proxy/tls_client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/addr.h"
#include "common/clock.h"
#include "common/macros.h"
#include "proxy/mbedtls_compat.h"
#include "proxy/tls_context.h"
#include "tests/support/loopback.h"
#include "tests/unit/certs.h"

#define PATIENCE_MS 10000u
#define BULK	    (3u * 1024 * 1024)

struct peer;
typedef void script_fn(struct peer *p);

/**
 * struct peer - the server, in its thread
 * @script: what it does once the handshake is done
 * @ready:  the handshake is done: in TLS 1.3 the client's is done earlier
 * @got:    bytes that the script has read, all of them right
 * @end:    what reading ended with
 */
struct peer {
	const char *cert;
	script_fn *script;
	mbedtls_ssl_context ssl;
	mbedtls_net_context net;
	int listener, handshake;
	uint16_t port;
	atomic_bool ready;
	size_t got;
	bool wrong;
	int end;
	pthread_t thread;
};

struct outcome {
	unsigned calls;
	int fd;
	char error[TLS_ERROR_MAX];
};

struct world {
	struct event_base *base;
	struct tls_context *ctx;
};

/* A byte that depends on its place, so that nothing can be swapped. */
static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 31 + i / 251);
}

static bool check_bytes(const unsigned char *bytes, size_t n, size_t from)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != byte_at(from + i))
			return false;
	return true;
}

static void peer_read_to_end(struct peer *p)
{
	unsigned char bytes[16384];
	int r;

	while ((r = mbedtls_ssl_read(&p->ssl, bytes, sizeof(bytes))) > 0) {
		p->wrong |= !check_bytes(bytes, (size_t)r, p->got);
		p->got += (size_t)r;
	}
	p->end = r;
}

static void peer_write(struct peer *p, size_t n)
{
	unsigned char bytes[16384];
	size_t at = 0;

	while (at < n) {
		size_t len = n - at < sizeof(bytes) ? n - at : sizeof(bytes);
		int r;

		for (size_t i = 0; i < len; i++)
			bytes[i] = byte_at(at + i);
		r = mbedtls_ssl_write(&p->ssl, bytes, len);
		if (r <= 0)
			return;
		at += (size_t)r;
	}
}

static void handshake(struct peer *p)
{
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_ssl_config conf;
	mbedtls_x509_crt crt;
	mbedtls_pk_context key;
	const char *pem = CERT_KEY;

	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&rng);
	mbedtls_ssl_config_init(&conf);
	mbedtls_x509_crt_init(&crt);
	mbedtls_pk_init(&key);
	mbedtls_ctr_drbg_seed(&rng, mbedtls_entropy_func, &entropy, NULL, 0);
	mbedtls_x509_crt_parse(&crt, (const unsigned char *)p->cert,
			       strlen(p->cert) + 1);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	mbedtls_pk_parse_key(&key, (const unsigned char *)pem, strlen(pem) + 1,
			     NULL, 0, mbedtls_ctr_drbg_random, &rng);
#else
	mbedtls_pk_parse_key(&key, (const unsigned char *)pem, strlen(pem) + 1,
			     NULL, 0);
#endif
	mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_SERVER,
				    MBEDTLS_SSL_TRANSPORT_STREAM,
				    MBEDTLS_SSL_PRESET_DEFAULT);
	mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &rng);
	mbedtls_ssl_conf_own_cert(&conf, &crt, &key);
	mbedtls_ssl_init(&p->ssl);
	mbedtls_ssl_setup(&p->ssl, &conf);
	mbedtls_ssl_set_bio(&p->ssl, &p->net, mbedtls_net_send,
			    mbedtls_net_recv, NULL);
	p->handshake = mbedtls_ssl_handshake(&p->ssl);
	if (p->handshake == 0) {
		atomic_store(&p->ready, true);
		p->script(p);
	}
	mbedtls_ssl_free(&p->ssl);
	mbedtls_ssl_config_free(&conf);
	mbedtls_x509_crt_free(&crt);
	mbedtls_pk_free(&key);
	mbedtls_ctr_drbg_free(&rng);
	mbedtls_entropy_free(&entropy);
}

static void *peer_thread(void *arg)
{
	struct peer *p = arg;

	p->net.fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	close(p->listener);
	if (p->net.fd < 0)
		return NULL;
	if (p->cert)
		handshake(p);
	else
		p->script(p); /* no TLS at all */
	if (p->net.fd >= 0)
		close(p->net.fd);
	return NULL;
}

static void peer_begin(struct peer *p, const char *cert, script_fn *script)
{
	memset(p, 0, sizeof(*p));
	p->cert = cert;
	p->script = script;
	p->listener = loopback_listen(1, &p->port);
	assert_int_equal(pthread_create(&p->thread, NULL, peer_thread, p), 0);
}

static void on_done(int fd, const char *error, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->fd = fd;
	if (error)
		(void)snprintf(o->error, sizeof(o->error), "%s", error);
}

static void turn(struct world *w)
{
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	(void)usleep(100);
}

/* The peer must end; until it does, the loop turns. */
static void peer_end(struct world *w, struct peer *p)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (pthread_tryjoin_np(p->thread, NULL) != 0) {
		assert_true(clock_ms() < deadline);
		turn(w);
	}
	assert_false(p->wrong);
}

static struct outcome handshake_as(struct world *w, struct peer *p,
				   const char *host, const char *addr)
{
	struct tls_client_opts opts = { .host = host, .deadline_ms = 4000 };
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	struct outcome o = { .fd = -1 };
	struct tls_client *c;
	struct addr a;

	if (addr) {
		assert_int_equal(addr_parse(addr, strlen(addr), &a), ADDR_OK);
		opts.addr = &a;
	}
	assert_int_equal(tls_client_start(w->base, w->ctx,
					  loopback_connect(p->port), &opts,
					  on_done, &o, &c),
			 0);
	assert_int_equal(o.calls, 0);
	while (o.calls == 0) {
		assert_true(clock_ms() < deadline);
		turn(w);
	}
	assert_int_equal(o.calls, 1);
	return o;
}

/* With a peer that is good: a descriptor, when both sides are done. */
static int session(struct world *w, struct peer *p, script_fn *script)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	struct outcome o;

	peer_begin(p, CERT_GOOD, script);
	o = handshake_as(w, p, "proxy.example", NULL);
	if (o.fd < 0)
		fail_msg("%s", o.error);
	while (!atomic_load(&p->ready)) {
		assert_true(clock_ms() < deadline);
		turn(w);
	}
	return o.fd;
}

static void user_write(struct world *w, int fd, size_t n)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	unsigned char bytes[5000];
	size_t at = 0;

	while (at < n) {
		size_t len = n - at < sizeof(bytes) ? n - at : sizeof(bytes);
		ssize_t r;

		for (size_t i = 0; i < len; i++)
			bytes[i] = byte_at(at + i);
		r = send(fd, bytes, len, MSG_NOSIGNAL);
		if (r > 0) {
			at += (size_t)r;
			continue;
		}
		assert_int_equal(errno, EAGAIN);
		assert_true(clock_ms() < deadline);
		turn(w);
	}
}

/* Reads to the end. Return: 0 for an orderly one, or -errno. */
static int user_read(struct world *w, int fd, size_t *ret_n)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	unsigned char bytes[7000];

	for (*ret_n = 0;;) {
		ssize_t r = recv(fd, bytes, sizeof(bytes), 0);

		if (r > 0) {
			assert_true(check_bytes(bytes, (size_t)r, *ret_n));
			*ret_n += (size_t)r;
		} else if (r == 0 || errno != EAGAIN) {
			return r == 0 ? 0 : -errno;
		} else {
			assert_true(clock_ms() < deadline);
			turn(w);
		}
	}
}

static void script_nothing(struct peer *p)
{
	(void)p;
}

/* How long a peer goes on that wants to be heard alone. */
#define FLOOD_MS 1500u

/**
 * struct batch - many records for one send(2): made quicker than they are read
 */
struct batch {
	unsigned char bytes[65536];
	size_t n;
};

static int into_batch(void *arg, const unsigned char *bytes, size_t n)
{
	struct batch *b = arg;

	memcpy(b->bytes + b->n, bytes, n);
	b->n += n;
	return (int)n;
}

/* Records that mbedTLS reads one after the other, and says nothing of. */
static void script_flood(struct peer *p)
{
	uint64_t end = clock_ms() + FLOOD_MS;
	struct batch *b = calloc(1, sizeof(*b));
	ssize_t sent = 1;

	mbedtls_ssl_set_bio(&p->ssl, b, into_batch, NULL, NULL);
	while (b && sent > 0 && clock_ms() < end) {
		for (b->n = 0; b->n < sizeof(b->bytes) - 256;)
			(void)mbedtls_ssl_send_alert_message(
				&p->ssl, MBEDTLS_SSL_ALERT_LEVEL_WARNING,
				MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
		sent = send(p->net.fd, b->bytes, b->n, MSG_NOSIGNAL);
	}
	free(b);
}

static void script_read(struct peer *p)
{
	peer_read_to_end(p);
}

/* Answers after the client has half-closed. */
static void script_read_then_write(struct peer *p)
{
	peer_read_to_end(p);
	peer_write(p, BULK);
	mbedtls_ssl_close_notify(&p->ssl);
	/* The client has no more to say: just its end of the connection. */
	(void)recv(p->net.fd, &p->end, 1, 0);
}

static void bytes_and_both_half_closes_go_through(void **state)
{
	struct world *w = *state;
	struct peer p;
	size_t n;
	int fd;

	fd = session(w, &p, script_read_then_write);
	user_write(w, fd, BULK);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(user_read(w, fd, &n), 0);
	assert_int_equal(n, BULK);
	close(fd);
	peer_end(w, &p);
	assert_int_equal(p.got, BULK);
}

static void script_write_then_read(struct peer *p)
{
	peer_write(p, BULK);
	mbedtls_ssl_close_notify(&p->ssl);
	peer_read_to_end(p);
}

static void after_the_end_of_the_peer_one_can_still_write(void **state)
{
	struct world *w = *state;
	struct peer p;
	size_t n;
	int fd;

	fd = session(w, &p, script_write_then_read);
	assert_int_equal(user_read(w, fd, &n), 0);
	assert_int_equal(n, BULK);
	user_write(w, fd, 100000);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	close(fd); /* at once: what was written still arrives, with its end */
	peer_end(w, &p);
	assert_int_equal(p.got, 100000);
	assert_int_equal(p.end, MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
}

/* Ends the TCP stream in good order, but not that of TLS. */
static void script_cut(struct peer *p)
{
	unsigned char bytes[100];

	peer_write(p, BULK);
	(void)shutdown(p->net.fd, SHUT_WR);
	while (recv(p->net.fd, bytes, sizeof(bytes), 0) > 0)
		continue;
}

static void a_session_that_is_cut_is_a_reset_after_its_last_byte(void **state)
{
	struct world *w = *state;
	struct peer p;
	size_t n;
	int fd;

	fd = session(w, &p, script_cut);
	user_write(w, fd, 10);
	assert_int_equal(user_read(w, fd, &n), -ECONNRESET);
	assert_int_equal(n, BULK);
	close(fd);
	peer_end(w, &p);
}

/* A record whose MAC is wrong. */
static void script_forge(struct peer *p)
{
	unsigned char record[5 + 40] = { 23, 3, 3, 0, 40 };

	peer_write(p, 1000);
	(void)mbedtls_net_send(&p->net, record, sizeof(record));
	(void)recv(p->net.fd, record, 1, 0);
}

static void a_forged_record_is_a_reset(void **state)
{
	struct world *w = *state;
	struct peer p;
	size_t n;
	int fd;

	fd = session(w, &p, script_forge);
	assert_int_equal(user_read(w, fd, &n), -ECONNRESET);
	assert_int_equal(n, 1000);
	close(fd);
	peer_end(w, &p);
}

static void closing_without_a_shutdown_resets_the_peer(void **state)
{
	struct world *w = *state;
	struct peer p;
	int fd;

	fd = session(w, &p, script_read);
	user_write(w, fd, 1000);
	for (int i = 0; i < 50; i++)
		turn(w);
	close(fd);
	peer_end(w, &p);
	assert_int_equal(p.got, 1000);
	assert_int_equal(p.end, MBEDTLS_ERR_NET_CONN_RESET);
}

static void shutting_down_and_closing_is_an_orderly_end(void **state)
{
	struct world *w = *state;
	struct peer p;
	int fd;

	fd = session(w, &p, script_read);
	user_write(w, fd, 1000);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (int i = 0; i < 50; i++)
		turn(w);
	close(fd);
	peer_end(w, &p);
	assert_int_equal(p.got, 1000);
	assert_int_equal(p.end, MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
}

static void closing_with_bytes_unread_resets_the_peer(void **state)
{
	struct world *w = *state;
	struct peer p;
	int fd;

	fd = session(w, &p, script_write_then_read);
	for (int i = 0; i < 200; i++)
		turn(w); /* it writes until nothing goes any more */
	close(fd);
	peer_end(w, &p);
	assert_int_not_equal(p.end, MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
}

static void a_peer_that_goes_away_is_an_error_to_write_to(void **state)
{
	struct world *w = *state;
	struct peer p;
	char byte = 0;
	size_t n;
	int fd;

	fd = session(w, &p, script_nothing);
	peer_end(w, &p);
	assert_int_equal(user_read(w, fd, &n), -ECONNRESET);
	assert_int_equal(send(fd, &byte, 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	close(fd);
}

static void run_for(struct world *w, long us)
{
	struct timeval span = { .tv_usec = us };

	assert_int_equal(event_base_loopexit(w->base, &span), 0);
	assert_int_equal(event_base_dispatch(w->base), 0);
}

static void a_user_that_rests_gets_all_when_it_reads(void **state)
{
	struct world *w = *state;
	struct peer p;
	size_t n;
	int fd;

	fd = session(w, &p, script_write_then_read);
	run_for(w, 200000); /* what plain does not take is pending */
	assert_int_equal(user_read(w, fd, &n), 0);
	assert_int_equal(n, BULK);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	peer_end(w, &p);
	close(fd);
}

static void script_write_little(struct peer *p)
{
	peer_write(p, 1000);
	peer_read_to_end(p);
}

/* Else each answer that passes costs a turn more, which looks for nothing. */
static void reading_what_came_wakes_nobody(void **state)
{
	struct world *w = *state;
	char bytes[2000];
	struct peer p;
	int fd;

	fd = session(w, &p, script_write_little);
	run_for(w, 200000);
	(void)event_base_get_max_events(w->base, EVENT_BASE_COUNT_ACTIVE, 1);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), 1000);
	assert_int_equal(event_base_loop(w->base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(
		event_base_get_max_events(w->base, EVENT_BASE_COUNT_ACTIVE, 0),
		0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	peer_end(w, &p);
	close(fd);
}

static void an_idle_session_does_not_spin(void **state)
{
	struct world *w = *state;
	struct rusage before, after;
	struct peer p;
	int fd;

	fd = session(w, &p, script_read);
	user_write(w, fd, 1000);
	assert_int_equal(getrusage(RUSAGE_THREAD, &before), 0);
	run_for(w, 300000);
	assert_int_equal(getrusage(RUSAGE_THREAD, &after), 0);
	assert_true(after.ru_utime.tv_sec * 1000000 + after.ru_utime.tv_usec -
			    before.ru_utime.tv_sec * 1000000 -
			    before.ru_utime.tv_usec <
		    100000);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	peer_end(w, &p);
	close(fd);
	assert_int_equal(p.got, 1000);
}

static const struct {
	const char *name, *cert, *host, *addr, *says;
} verdicts[] = {
	{ "good name", CERT_GOOD, "proxy.example", NULL, NULL },
	{ "good address", CERT_GOOD, "127.0.0.1", "127.0.0.1", NULL },
	{ "good address of IPv6", CERT_GOOD, "::1", "::1", NULL },
	{ "expired", CERT_EXPIRED, "proxy.example", NULL, "has expired" },
	{ "not yet", CERT_FUTURE, "proxy.example", NULL, "not valid yet" },
	{ "other name", CERT_OTHER, "proxy.example", NULL, "another name" },
	{ "below the name", CERT_GOOD, "a.proxy.example", NULL,
	  "another name" },
	{ "self-signed", CERT_SELF_SIGNED, "proxy.example", NULL, "verify-ca" },
	{ "other address", CERT_OTHER, "127.0.0.1", "127.0.0.1",
	  "another address" },
	{ "address that is no name", CERT_EXPIRED, "127.0.0.1", "127.0.0.1",
	  "has expired" },
};

static void who_the_peer_is_is_always_verified(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		struct outcome o;
		struct peer p;

		peer_begin(&p, verdicts[i].cert, script_read);
		o = handshake_as(w, &p, verdicts[i].host, verdicts[i].addr);
		if (!verdicts[i].says) {
			if (o.fd < 0)
				fail_msg("%s: %s", verdicts[i].name, o.error);
			close(o.fd);
		} else if (o.fd >= 0 || !strstr(o.error, verdicts[i].says)) {
			fail_msg("%s: %d %s", verdicts[i].name, o.fd, o.error);
		}
		peer_end(w, &p);
		assert_int_equal(p.got, 0);
	}
}

static void script_not_tls(struct peer *p)
{
	static const unsigned char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	(void)mbedtls_net_send(&p->net, text, sizeof(text) - 1);
	(void)shutdown(p->net.fd, SHUT_WR);
	while (recv(p->net.fd, &p->end, 1, 0) > 0)
		continue;
}

static void script_close(struct peer *p)
{
	unsigned char bytes[100];

	(void)recv(p->net.fd, bytes, sizeof(bytes), 0);
}

static void script_silent(struct peer *p)
{
	while (recv(p->net.fd, &p->end, 1, 0) > 0)
		continue;
}

static void script_alert(struct peer *p)
{
	static const unsigned char alert[] = { 21, 3, 1, 0, 2, 2, 70 };

	(void)mbedtls_net_send(&p->net, alert, sizeof(alert));
	script_silent(p);
}

static const struct {
	script_fn *script;
	const char *says;
} handshakes[] = {
	{ script_not_tls, "does not speak TLS" },
	{ script_close, "ended the connection in the TLS handshake" },
	{ script_silent, "in time" },
	{ script_alert, "refused the TLS handshake" },
};

static void handshakes_that_fail_say_how(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(handshakes); i++) {
		struct outcome o;
		struct peer p;

		peer_begin(&p, NULL, handshakes[i].script);
		o = handshake_as(w, &p, "proxy.example", NULL);
		if (o.fd >= 0 || !strstr(o.error, handshakes[i].says))
			fail_msg("%zu: %s", i, o.error);
		peer_end(w, &p);
	}
}

static void a_cancelled_handshake_never_calls_back(void **state)
{
	struct tls_client_opts opts = { .host = "proxy.example",
					.deadline_ms = 500 };
	struct world *w = *state;
	struct outcome o = { 0 };
	struct tls_client *c;
	struct peer p;

	peer_begin(&p, NULL, script_silent);
	assert_int_equal(tls_client_start(w->base, w->ctx,
					  loopback_connect(p.port), &opts,
					  on_done, &o, &c),
			 0);
	turn(w);
	tls_client_cancel(c);
	peer_end(w, &p);
	(void)usleep(560000);
	turn(w);
	assert_int_equal(o.calls, 0);
	tls_client_cancel(NULL);
}

static void a_context_that_ends_ends_its_sessions(void **state)
{
	struct world *w = *state;
	struct peer p;
	size_t n;
	int fd;

	fd = session(w, &p, script_read);
	tls_context_free(w->ctx);
	w->ctx = NULL;
	assert_int_equal(user_read(w, fd, &n), -ECONNRESET);
	close(fd);
	peer_end(w, &p);
	assert_int_equal(p.end, MBEDTLS_ERR_NET_CONN_RESET);
}

static void files_of_authorities_are_read_or_named(void **state)
{
	static const char *const bad[][2] = {
		{ "/nonexistent/ca.pem", "No such file" },
		{ "/dev/null", "no certificate" },
		{ "/etc/passwd", "no certificate" },
	};
	char error[TLS_ERROR_MAX];
	struct tls_context *ctx;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char path[64], *paths[] = { path };

		(void)snprintf(path, sizeof(path), "%s", bad[i][0]);
		assert_int_equal(tls_context_new(paths, 1, &ctx, error),
				 -EINVAL);
		assert_non_null(strstr(error, bad[i][0]));
		assert_non_null(strstr(error, bad[i][1]));
	}
}

static int set_up(void **state)
{
	char path[] = "/tmp/netleash-test-ca.XXXXXX", *paths[] = { path };
	struct world *w = calloc(1, sizeof(*w));
	char error[TLS_ERROR_MAX] = "";
	int fd = mkstemp(path);

	if (!w || fd < 0 ||
	    write(fd, CERT_CA, sizeof(CERT_CA) - 1) != sizeof(CERT_CA) - 1)
		return -1;
	close(fd);
	w->base = event_base_new();
	if (tls_context_new(paths, 1, &w->ctx, error) < 0)
		print_error("%s\n", error);
	unlink(path);
	*state = w;
	return w->base && w->ctx ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tls_context_free(w->ctx);
	event_base_free(w->base);
	free(w);
	return 0;
}

struct clockwork {
	struct event *tick;
	uint64_t last, longest;
};

/* Something else of the same loop's. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct clockwork *c = arg;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	if (now - c->last > c->longest)
		c->longest = now - c->last;
	c->last = now;
}

/* Return: for how long the loop has served nobody else. */
static uint64_t hold_up_by_flood(struct world *w)
{
	const struct timeval often = { .tv_usec = 10000 };
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	struct clockwork c = { NULL, 0, 0 };
	struct peer p;
	int fd;

	c.tick = event_new(w->base, -1, EV_PERSIST, on_tick, &c);
	assert_int_equal(event_add(c.tick, &often), 0);
	c.last = clock_ms();
	fd = session(w, &p, script_flood);
	while (pthread_tryjoin_np(p.thread, NULL) != 0) {
		assert_true(clock_ms() < deadline);
		assert_true(event_base_loop(w->base, EVLOOP_ONCE) >= 0);
	}
	on_tick(-1, 0, &c); /* it may never have come */
	event_free(c.tick);
	close(fd);
	return c.longest;
}

/* Where the machine stands still for so long it is tried again. */
static void a_peer_that_floods_with_alerts_does_not_hold_up_others(void **state)
{
	uint64_t longest = FLOOD_MS;

	for (int tries = 0; tries < 5 && longest >= FLOOD_MS / 3; tries++)
		longest = hold_up_by_flood(*state);
	assert_in_range(longest, 0, FLOOD_MS / 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_and_both_half_closes_go_through),
		TEST(after_the_end_of_the_peer_one_can_still_write),
		TEST(a_session_that_is_cut_is_a_reset_after_its_last_byte),
		TEST(a_forged_record_is_a_reset),
		TEST(closing_without_a_shutdown_resets_the_peer),
		TEST(shutting_down_and_closing_is_an_orderly_end),
		TEST(closing_with_bytes_unread_resets_the_peer),
		TEST(a_peer_that_goes_away_is_an_error_to_write_to),
		TEST(a_user_that_rests_gets_all_when_it_reads),
		TEST(reading_what_came_wakes_nobody),
		TEST(an_idle_session_does_not_spin),
		TEST(a_peer_that_floods_with_alerts_does_not_hold_up_others),
		TEST(who_the_peer_is_is_always_verified),
		TEST(handshakes_that_fail_say_how),
		TEST(a_cancelled_handshake_never_calls_back),
		TEST(a_context_that_ends_ends_its_sessions),
		TEST(files_of_authorities_are_read_or_named),
	};

	sigset_t pipe_gone;

	/* mbedTLS's own sending in the peers is not MSG_NOSIGNAL. */
	sigemptyset(&pipe_gone);
	sigaddset(&pipe_gone, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_gone, NULL);
	return cmocka_run_group_tests_name("tls_client", tests, NULL, NULL);
}
