/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_inspector.c - what loops ask of the inspector's thread
 *
 * The test's loop is one that asks ("home"), and turns when the test wants it
 * to; the inspector's own runs by itself. Each operation ends in one done call,
 * in the loop that asked, or in none after a cancel, and never leaves a
 * descriptor or a byte of memory behind (the sanitizers look).
 */
#include "proxy/inspector.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/addr.h"
#include "common/clock.h"
#include "common/macros.h"
#include "proxy/ca.h"
#include "proxy/mailbox.h"
#include "proxy/signer.h"
#include "tests/support/proxy_fixture.h"
#include "tests/support/tls_end.h"
#include "tests/unit/certs.h"

#define PATIENCE_MS 20000u
#define HOST	    "a.example"
#define ORIGIN	    "proxy.example"
#define MANY	    200
#define CROWD	    400
#define THREADS	    4
#define EACH	    10

/* A loop that asks. */
struct home {
	struct event_base *base;
	struct mailbox mailbox;
};

struct world {
	struct home home;
	struct ca *ca; /* the signer's */
	struct signer *signer;
	struct inspect_share *share;
	struct inspector *in;
};

static const struct inspect_bounds none; /* any number */

struct outcome {
	unsigned calls;
	int fd;
	char error[TLS_ERROR_MAX];
	pthread_t thread;
};

static void home_begin(struct home *h)
{
	mailbox_init(&h->mailbox);
	h->base = event_base_new();
	assert_non_null(h->base);
	assert_int_equal(mailbox_open(&h->mailbox, h->base), 0);
}

static void home_end(struct home *h)
{
	mailbox_run(&h->mailbox);
	mailbox_fini(&h->mailbox);
	event_base_free(h->base);
}

static void turn(void *arg)
{
	const struct home *h = arg;

	assert_true(event_base_loop(h->base, EVLOOP_NONBLOCK) >= 0);
}

static void stand_still(void *arg)
{
	(void)arg;
}

static void on_done(int fd, const char *error, void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->fd = fd;
	o->thread = pthread_self();
	assert_int_equal(fd < 0, error != NULL);
	if (error)
		(void)snprintf(o->error, sizeof(o->error), "%s", error);
}

static void pair(int ret[2])
{
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, ret),
			 0);
}

static struct inspect_op *ask(const struct world *w, struct home *h, bool serve,
			      int fd, const char *host, uint32_t deadline_ms,
			      struct outcome *o)
{
	struct inspect_opts opts = { .share = w->share,
				     .host = host,
				     .signer = serve ? w->signer : NULL,
				     .deadline_ms = deadline_ms };
	struct inspect_op *op = NULL;
	struct addr a;

	*o = (struct outcome){ .fd = -1 };
	if (addr_parse(host, strlen(host), &a) == ADDR_OK)
		opts.addr = &a;
	if (serve) {
		assert_true(inspect_share_take(w->share, &none));
		assert_int_equal(inspector_serve(w->in, &h->mailbox, fd, &opts,
						 on_done, o, &op),
				 0);
	} else {
		assert_int_equal(inspector_connect(w->in, &h->mailbox, fd,
						   &opts, &none, on_done, o,
						   &op),
				 0);
	}
	assert_int_equal(o->calls, 0);
	return op;
}

static struct inspect_op *serve(struct world *w, int fd, struct outcome *o)
{
	return ask(w, &w->home, true, fd, HOST, 20000, o);
}

static void wait_done(struct home *h, const struct outcome *o)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (o->calls == 0) {
		assert_true(clock_ms() < deadline);
		turn(h);
		(void)usleep(100);
	}
	assert_int_equal(o->calls, 1);
	assert_true(pthread_equal(o->thread, pthread_self()));
}

/* Some turns, in which nothing is to happen. */
static void wait_nothing(struct home *h, const struct outcome *o)
{
	for (int i = 0; i < 50; i++) {
		turn(h);
		(void)usleep(200);
	}
	assert_int_equal(o->calls, 0);
}

/* The other end is closed, whatever it said before. Closes it. */
static void expect_closed(struct home *h, int fd)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	char bytes[4096];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0 ||
	       (n < 0 && errno == EAGAIN)) {
		assert_true(clock_ms() < deadline);
		turn(h);
		(void)usleep(100);
	}
	close(fd);
}

/* Waits for an answer in the mailbox, without reading it. */
static void wait_posted(const struct home *h)
{
	struct pollfd pfd = { .fd = h->mailbox.wake_fd, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
}

static void client_begin(struct world *w, struct tls_end *e, int fd)
{
	const struct tls_end_opts o = { .name = HOST,
					.ca = ca_pem(w->ca),
					.turn = turn,
					.turn_arg = &w->home };

	tls_end_begin(e, fd, &o);
}

static void origin_begin(struct world *w, struct tls_end *e, int fd,
			 const char *cert)
{
	const struct tls_end_opts o = { .server = true,
					.cert = cert,
					.key = CERT_KEY,
					.turn = turn,
					.turn_arg = &w->home };

	tls_end_begin(e, fd, &o);
}

static void expect_bytes(struct world *w, struct tls_end *e, int fd)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	char byte = 0;

	tls_end_say(e, "x");
	while (recv(fd, &byte, 1, 0) != 1) {
		assert_int_equal(errno, EAGAIN);
		assert_true(clock_ms() < deadline);
		turn(&w->home);
	}
	assert_int_equal(byte, 'x');
	fixture_say(fd, "y");
	tls_end_expect(e, "y");
}

static int set_up(void **state)
{
	char path[] = "/tmp/netleash-test-ca.XXXXXX", *paths[] = { path };
	struct world *w = calloc(1, sizeof(*w));
	char error[TLS_ERROR_MAX] = "";
	int fd = mkstemp(path), r;

	if (!w || fd < 0 ||
	    write(fd, CERT_CA, sizeof(CERT_CA) - 1) != sizeof(CERT_CA) - 1)
		return -1;
	close(fd);
	home_begin(&w->home);
	r = ca_new(time(NULL), 30, &w->ca);
	if (r == 0)
		r = signer_new(w->ca, 1, &w->signer);
	if (r == 0)
		r = inspector_new(paths, 1, &w->in, error);
	if (r == 0)
		r = inspect_share_new(w->in, &w->share);
	if (r < 0)
		print_error("%s\n", error);
	unlink(path);
	*state = w;
	return r;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	inspector_stop(w->in);
	home_end(&w->home);
	inspector_free(w->in);
	inspect_share_free(w->share);
	signer_unref(w->signer);
	free(w);
	return 0;
}

static void a_client_is_served(void **state)
{
	struct world *w = *state;
	struct outcome o;
	struct tls_end e;
	int fds[2];

	pair(fds);
	assert_int_equal(inspector_start(w->in), 0);
	(void)serve(w, fds[1], &o);
	client_begin(w, &e, fds[0]);
	assert_int_equal(tls_end_shake(&e), 0);
	wait_done(&w->home, &o);
	expect_bytes(w, &e, o.fd);
	close(o.fd);
	tls_end_fini(&e);
}

static void what_came_early_is_copied(void **state)
{
	struct world *w = *state;
	struct inspect_opts opts = { .share = w->share,
				     .host = HOST,
				     .signer = w->signer,
				     .deadline_ms = 20000 };
	struct outcome o = { .fd = -1 };
	struct inspect_op *op;
	struct tls_end e;
	char bytes[4096];
	int fds[2];
	ssize_t n;

	pair(fds);
	client_begin(w, &e, fds[0]);
	assert_int_equal(tls_end_step(&e), MBEDTLS_ERR_SSL_WANT_READ);
	n = recv(fds[1], bytes, sizeof(bytes), 0);
	assert_true(n > 0);
	opts.early = bytes;
	opts.early_n = (size_t)n;
	assert_true(inspect_share_take(w->share, &none));
	assert_int_equal(inspector_serve(w->in, &w->home.mailbox, fds[1], &opts,
					 on_done, &o, &op),
			 0);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(inspector_start(w->in), 0);
	assert_int_equal(tls_end_shake(&e), 0);
	wait_done(&w->home, &o);
	expect_bytes(w, &e, o.fd);
	close(o.fd);
	tls_end_fini(&e);
}

static void a_host_is_connected_to(void **state)
{
	static const char *const hosts[] = { ORIGIN, "127.0.0.1", "::1" };
	struct world *w = *state;

	assert_int_equal(inspector_start(w->in), 0);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct outcome o;
		struct tls_end e;
		int fds[2];

		pair(fds);
		(void)ask(w, &w->home, false, fds[1], hosts[i], 20000, &o);
		origin_begin(w, &e, fds[0], CERT_GOOD);
		assert_int_equal(tls_end_shake(&e), 0);
		wait_done(&w->home, &o);
		expect_bytes(w, &e, o.fd);
		close(o.fd);
		tls_end_fini(&e);
	}
}

static const struct {
	const char *cert, *host, *error;
} bad_hosts[] = {
	{ CERT_EXPIRED, ORIGIN, "has expired" },
	{ CERT_FUTURE, ORIGIN, "not valid yet" },
	{ CERT_OTHER, ORIGIN, "another name" },
	{ CERT_GOOD, "b.example", "another name" },
	{ CERT_OTHER, "127.0.0.1", "another address" },
	{ CERT_SELF_SIGNED, ORIGIN, "nobody trusted here" },
};

static void a_host_that_is_not_it_is_told(void **state)
{
	struct world *w = *state;

	assert_int_equal(inspector_start(w->in), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_hosts); i++) {
		struct outcome o;
		struct tls_end e;
		int fds[2];

		pair(fds);
		(void)ask(w, &w->home, false, fds[1], bad_hosts[i].host, 20000,
			  &o);
		origin_begin(w, &e, fds[0], bad_hosts[i].cert);
		(void)tls_end_shake(&e); /* of an address it is over by then */
		wait_done(&w->home, &o);
		assert_has(o.error, bad_hosts[i].error);
		tls_end_fini(&e);
	}
}

static const struct {
	bool serve;
	const char *host, *says; /* NULL: it ends the connection */
	uint32_t deadline_ms;
	const char *error;
} failures[] = {
	{ true, HOST, "", 50, "did not finish the TLS handshake in time" },
	{ false, HOST, "", 50, "did not finish the TLS handshake in time" },
	{ true, HOST, NULL, 20000, "ended the connection in the TLS" },
	{ false, HOST, NULL, 20000, "ended the connection in the TLS" },
	{ true, HOST, "GET / HTTP/1.1\r\n\r\n", 20000, "does not speak TLS" },
	{ false, HOST, "SSH-2.0-x\r\n", 20000, "does not speak TLS" },
	{ true, "*.example", "", 20000, "no certificate can be made" },
	{ true, "A.example", "", 20000, "no certificate can be made" },
};

static void what_fails_is_told_in_the_loop_that_asked(void **state)
{
	struct world *w = *state;

	assert_int_equal(inspector_start(w->in), 0);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct outcome o;
		int fds[2];

		pair(fds);
		if (failures[i].says)
			fixture_say(fds[0], failures[i].says);
		else
			close(fds[0]);
		(void)ask(w, &w->home, failures[i].serve, fds[1],
			  failures[i].host, failures[i].deadline_ms, &o);
		wait_done(&w->home, &o);
		assert_int_equal(o.fd, -1);
		assert_has(o.error, failures[i].error);
		if (failures[i].says)
			expect_closed(&w->home, fds[0]);
	}
}

static void one_cancelled_before_it_began_never_calls_back(void **state)
{
	struct world *w = *state;

	for (int serves = 0; serves < 2; serves++) {
		struct outcome o;
		int fds[2];

		pair(fds);
		inspect_cancel(
			ask(w, &w->home, serves, fds[1], HOST, 20000, &o));
		if (serves == 0)
			assert_int_equal(inspector_start(w->in), 0);
		expect_closed(&w->home, fds[0]);
		wait_nothing(&w->home, &o);
	}
	inspect_cancel(NULL);
}

static void one_cancelled_under_way_never_calls_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(inspector_start(w->in), 0);
	for (int serves = 0; serves < 2; serves++) {
		struct inspect_op *op;
		struct pollfd pfd;
		struct outcome o;
		struct tls_end e;
		int fds[2];

		pair(fds);
		if (serves) {
			client_begin(w, &e, fds[0]);
			/* Before anybody answers: it says its hello alone. */
			assert_int_equal(tls_end_step(&e),
					 MBEDTLS_ERR_SSL_WANT_READ);
		} else {
			origin_begin(w, &e, fds[0], CERT_GOOD);
		}
		op = ask(w, &w->home, serves, fds[1], serves ? HOST : ORIGIN,
			 20000, &o);
		/* Its first flight is there. */
		pfd = (struct pollfd){ .fd = fds[0], .events = POLLIN };
		assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
		inspect_cancel(op);
		/* In TLS 1.3 its second flight could be the last one. */
		pfd.events = POLLRDHUP;
		assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
		assert_int_not_equal(tls_end_shake(&e), 0);
		wait_nothing(&w->home, &o);
		tls_end_fini(&e);
	}
}

static void one_cancelled_after_its_answer_never_calls_back(void **state)
{
	struct world *w = *state;
	struct inspect_op *op;
	struct outcome o;
	struct tls_end e;
	int fds[2];

	assert_int_equal(inspector_start(w->in), 0);
	pair(fds);
	op = serve(w, fds[1], &o);
	client_begin(w, &e, fds[0]);
	e.turn = stand_still; /* nobody takes the answer */
	assert_int_equal(tls_end_shake(&e), 0);
	wait_posted(&w->home);
	inspect_cancel(op);
	wait_nothing(&w->home, &o);
	/* It was closed without a word: the session is reset. */
	e.turn = turn;
	assert_int_not_equal(tls_end_of(&e), 0);
	tls_end_fini(&e);
	/* And of one that failed. */
	pair(fds);
	op = serve(w, fds[1], &o);
	close(fds[0]);
	wait_posted(&w->home);
	inspect_cancel(op);
	wait_nothing(&w->home, &o);
}

/* It has the answers, but nobody takes them before it is freed. */
static void a_cancelled_one_may_be_owed_at_the_end(void **state)
{
	struct world *w = *state;
	struct outcome o;
	int fds[2];

	assert_int_equal(inspector_start(w->in), 0);
	pair(fds);
	inspect_cancel(serve(w, fds[1], &o));
	inspector_stop(w->in);
	mailbox_run(&w->home.mailbox);
	assert_int_equal(o.calls, 0);
	expect_closed(&w->home, fds[0]);
}

static void a_stop_answers_what_is_under_way(void **state)
{
	static struct outcome o[MANY];
	static int clients[MANY];
	struct world *w = *state;

	/* Half of them wait in the mailbox when it starts. */
	for (size_t i = 0; i < MANY; i++) {
		int fds[2];

		pair(fds);
		clients[i] = fds[0];
		(void)serve(w, fds[1], &o[i]);
		if (i == MANY / 2)
			assert_int_equal(inspector_start(w->in), 0);
	}
	inspector_stop(w->in);
	inspector_stop(w->in); /* does no harm */
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(o[i].calls, 0);
	mailbox_run(&w->home.mailbox);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(o[i].calls, 1);
		assert_string_equal(o[i].error, "was cancelled");
		expect_closed(&w->home, clients[i]);
	}
}

static void one_that_never_started_answers_too(void **state)
{
	struct world *w = *state;
	struct outcome o;
	int fds[2];

	pair(fds);
	(void)serve(w, fds[1], &o);
	inspector_stop(w->in);
	mailbox_run(&w->home.mailbox);
	assert_int_equal(o.calls, 1);
	assert_string_equal(o.error, "was cancelled");
	close(fds[0]);
}

static void its_end_is_a_reset_of_its_sessions(void **state)
{
	struct world *w = *state;
	struct outcome o;
	struct tls_end e;
	int fds[2];
	char byte;

	pair(fds);
	assert_int_equal(inspector_start(w->in), 0);
	(void)serve(w, fds[1], &o);
	client_begin(w, &e, fds[0]);
	assert_int_equal(tls_end_shake(&e), 0);
	wait_done(&w->home, &o);
	inspector_stop(w->in);
	mailbox_run(&w->home.mailbox);
	inspector_free(w->in);
	w->in = NULL;
	assert_int_equal(recv(o.fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(o.fd);
	assert_int_not_equal(tls_end_of(&e), 0);
	tls_end_fini(&e);
}

/* Every third goes away, every third is cancelled, all at the same time. */
static void many_are_served_at_once(void **state)
{
	static struct inspect_op *ops[MANY];
	static struct outcome o[MANY];
	static struct tls_end e[MANY];
	const uint64_t deadline = clock_ms() + 4 * PATIENCE_MS;
	struct world *w = *state;
	size_t done = 0, good = 0;

	assert_int_equal(inspector_start(w->in), 0);
	for (size_t i = 0; i < MANY; i++) {
		int fds[2];

		pair(fds);
		client_begin(w, &e[i], fds[0]);
		/* Before anybody answers: its hello is all that it says. */
		assert_int_equal(tls_end_step(&e[i]),
				 MBEDTLS_ERR_SSL_WANT_READ);
		ops[i] = serve(w, fds[1], &o[i]);
		if (i % 3 == 1)
			tls_end_fini(&e[i]);
		else if (i % 3 == 2)
			inspect_cancel(ops[i]);
	}
	while (done < (MANY + 1) / 3) {
		done = 0;
		for (size_t i = 0; i < MANY; i += 3)
			done += tls_end_step(&e[i]) == 0;
		turn(&w->home);
		assert_true(clock_ms() < deadline);
	}
	for (size_t i = 0; i < MANY; i++) {
		if (i % 3 == 2) {
			assert_int_equal(o[i].calls, 0);
			tls_end_fini(&e[i]);
			continue;
		}
		wait_done(&w->home, &o[i]);
		assert_int_equal(o[i].fd >= 0, i % 3 == 0);
		if (o[i].fd < 0)
			continue;
		expect_bytes(w, &e[i], o[i].fd);
		close(o[i].fd);
		tls_end_fini(&e[i]);
		good++;
	}
	assert_int_equal(good, (MANY + 2) / 3);
}

static void places_are_bounded_and_come_back(void **state)
{
	const struct inspect_bounds b = { .share = 20, .all = 30 };
	struct world *w = *state;
	struct inspect_share *other;

	assert_int_equal(inspect_share_new(w->in, &other), 0);
	for (int i = 0; i < 20; i++)
		assert_true(inspect_share_take(w->share, &b));
	assert_false(inspect_share_take(w->share, &b));
	/* Of all there are ten more; but some of them are assured. */
	for (unsigned i = 0; i < INSPECT_ASSURED; i++)
		assert_true(inspect_share_take(other, &b));
	assert_false(inspect_share_take(other, &b));
	for (unsigned i = 0; i < INSPECT_ASSURED - 9; i++)
		inspect_share_give(w->share);
	assert_true(inspect_share_take(other, &b));
	assert_false(inspect_share_take(other, &b));
	for (unsigned i = 0; i < 20 - (INSPECT_ASSURED - 9); i++)
		inspect_share_give(w->share);
	for (unsigned i = 0; i < INSPECT_ASSURED + 1; i++)
		inspect_share_give(other);
	inspect_share_free(other);
	inspect_share_free(NULL);
}

/* Of one place there is one; gives it back. */
static void expect_place(struct world *w)
{
	const struct inspect_bounds one = { .share = 1, .all = 1 };
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (!inspect_share_take(w->share, &one)) {
		assert_true(clock_ms() < deadline);
		turn(&w->home);
		(void)usleep(100);
	}
	inspect_share_give(w->share);
}

static void a_place_comes_back_with_the_end_of_the_session(void **state)
{
	const struct inspect_bounds one = { .share = 1 };
	struct world *w = *state;
	struct outcome o;
	struct tls_end e;
	int fds[2];

	assert_int_equal(inspector_start(w->in), 0);
	pair(fds);
	(void)serve(w, fds[1], &o);
	client_begin(w, &e, fds[0]);
	assert_false(inspect_share_take(w->share, &one));
	assert_int_equal(tls_end_shake(&e), 0);
	wait_done(&w->home, &o);
	expect_bytes(w, &e, o.fd);
	assert_false(inspect_share_take(w->share, &one));
	close(o.fd);
	tls_end_fini(&e);
	expect_place(w);
}

static void a_place_comes_back_of_what_was_no_session(void **state)
{
	static const char *const hosts[] = { HOST, "*.example" };
	struct world *w = *state;

	/* Cancelled before it began, failed, never begun for want of a name. */
	for (int i = 0; i < 6; i++) {
		struct inspect_op *op;
		struct outcome o;
		int fds[2];

		pair(fds);
		if (i % 3 == 1)
			close(fds[0]);
		op = ask(w, &w->home, true, fds[1], hosts[i % 3 == 2], 20000,
			 &o);
		if (i % 3 == 0)
			inspect_cancel(op);
		if (i == 0)
			assert_int_equal(inspector_start(w->in), 0);
		expect_place(w);
		if (i % 3 != 0)
			wait_done(&w->home, &o);
		if (i % 3 != 1)
			close(fds[0]);
	}
}

static void of_hosts_there_are_twice_as_many(void **state)
{
	const struct inspect_bounds one = { .share = 1 };
	const struct inspect_opts opts_of_host = { .host = ORIGIN,
						   .deadline_ms = 20000 };
	struct world *w = *state;
	struct inspect_opts opts = opts_of_host;
	struct inspect_op *op[3] = { NULL };
	struct outcome o[3];
	int hosts[3], fds[2];

	opts.share = w->share;
	assert_int_equal(inspector_start(w->in), 0);
	for (int i = 0; i < 3; i++) {
		o[i] = (struct outcome){ .fd = -1 };
		pair(fds);
		hosts[i] = fds[0];
		assert_int_equal(inspector_connect(w->in, &w->home.mailbox,
						   fds[1], &opts, &one, on_done,
						   &o[i], &op[i]),
				 i < 2 ? 0 : -EDQUOT);
	}
	expect_closed(&w->home, hosts[2]);
	/* Not before: a host that is gone gives its place back. */
	for (int i = 0; i < 2; i++) {
		close(hosts[i]);
		wait_done(&w->home, &o[i]);
	}
	pair(fds);
	assert_int_equal(inspector_connect(w->in, &w->home.mailbox, fds[1],
					   &opts, &one, on_done, &o[2], &op[2]),
			 0);
	inspect_cancel(op[2]);
	expect_closed(&w->home, fds[0]);
}

/* The first flight of a client. Return: its length. */
static size_t make_hello(struct world *w, char *ret, size_t size)
{
	struct tls_end e;
	int fds[2];
	ssize_t n;

	pair(fds);
	client_begin(w, &e, fds[0]);
	assert_int_equal(tls_end_step(&e), MBEDTLS_ERR_SSL_WANT_READ);
	n = recv(fds[1], ret, size, 0);
	assert_true(n > 0);
	tls_end_fini(&e);
	close(fds[1]);
	return (size_t)n;
}

static bool has_answer(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* One comes last. Return: when he is done, of how many that another has had
 * begin before him are answered. */
static size_t count_served_before_the_last(struct world *w)
{
	static struct outcome many[CROWD];
	static int clients[CROWD];
	struct inspect_opts opts = { .host = HOST,
				     .signer = w->signer,
				     .deadline_ms = 20000 };
	struct inspect_op *op;
	size_t answered = 0;
	struct outcome o;
	struct tls_end e;
	char hello[4096];
	int fds[2];

	opts.early = hello;
	opts.early_n = make_hello(w, hello, sizeof(hello));
	assert_int_equal(inspect_share_new(w->in, &opts.share), 0);
	for (size_t i = 0; i < CROWD; i++) {
		many[i] = (struct outcome){ .fd = -1 };
		pair(fds);
		clients[i] = fds[0];
		assert_true(inspect_share_take(opts.share, &none));
		assert_int_equal(inspector_serve(w->in, &w->home.mailbox,
						 fds[1], &opts, on_done,
						 &many[i], &op),
				 0);
	}
	pair(fds);
	(void)serve(w, fds[1], &o);
	client_begin(w, &e, fds[0]);
	assert_int_equal(inspector_start(w->in), 0);
	assert_int_equal(tls_end_shake(&e), 0);
	wait_done(&w->home, &o);
	expect_bytes(w, &e, o.fd);
	for (size_t i = 0; i < CROWD; i++)
		answered += has_answer(clients[i]);
	close(o.fd);
	tls_end_fini(&e);
	inspector_stop(w->in);
	mailbox_run(&w->home.mailbox);
	for (size_t i = 0; i < CROWD; i++) {
		assert_int_equal(many[i].calls, 1);
		close(clients[i]);
	}
	inspect_share_free(opts.share);
	return answered;
}

/*
 * Who comes last is not served last. He may be held up himself, where the
 * machine is busy and his thread stands still; but not each time.
 */
static void one_who_begins_many_keeps_nobody_waiting(void **state)
{
	for (int tries = 0; tries < 10; tries++) {
		if (count_served_before_the_last(*state) < CROWD / 2)
			return;
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
	fail_msg("who comes last is served last");
}

struct asker {
	struct world *world;
	struct home home;
	pthread_t thread;
};

/* A loop in a thread of its own, with clients of its own. */
static void *ask_from_a_thread(void *arg)
{
	struct asker *a = arg;
	struct home *h = &a->home;

	for (int i = 0; i < EACH; i++) {
		const struct tls_end_opts opts = { .name = HOST,
						   .turn = turn,
						   .turn_arg = h };
		struct inspect_op *op;
		struct outcome o;
		struct tls_end e;
		int fds[2];

		pair(fds);
		op = ask(a->world, h, true, fds[1], HOST, 20000, &o);
		tls_end_begin(&e, fds[0], &opts);
		(void)tls_end_step(&e);
		if (i & 1) {
			inspect_cancel(op);
			wait_nothing(h, &o);
		} else {
			assert_int_equal(tls_end_shake(&e), 0);
			wait_done(h, &o);
			close(o.fd);
		}
		tls_end_fini(&e);
	}
	return NULL;
}

static void several_loops_ask(void **state)
{
	struct asker askers[THREADS];
	struct world *w = *state;

	assert_int_equal(inspector_start(w->in), 0);
	for (int i = 0; i < THREADS; i++) {
		askers[i].world = w;
		home_begin(&askers[i].home);
		assert_int_equal(pthread_create(&askers[i].thread, NULL,
						ask_from_a_thread, &askers[i]),
				 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
	inspector_stop(w->in);
	for (int i = 0; i < THREADS; i++)
		home_end(&askers[i].home);
}

static void files_of_authorities_are_named_where_they_are_no_good(void **state)
{
	char path[] = "/nonexistent/ca.pem", *paths[] = { path };
	char error[TLS_ERROR_MAX] = "";
	struct inspector *in = NULL;

	(void)state;
	assert_int_equal(inspector_new(paths, 1, &in, error), -EINVAL);
	assert_has(error, "/nonexistent/ca.pem");
	assert_null(in);
	inspector_stop(NULL);
	inspector_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_is_served),
		TEST(what_came_early_is_copied),
		TEST(a_host_is_connected_to),
		TEST(a_host_that_is_not_it_is_told),
		TEST(what_fails_is_told_in_the_loop_that_asked),
		TEST(one_cancelled_before_it_began_never_calls_back),
		TEST(one_cancelled_under_way_never_calls_back),
		TEST(one_cancelled_after_its_answer_never_calls_back),
		TEST(a_cancelled_one_may_be_owed_at_the_end),
		TEST(a_stop_answers_what_is_under_way),
		TEST(one_that_never_started_answers_too),
		TEST(its_end_is_a_reset_of_its_sessions),
		TEST(many_are_served_at_once),
		TEST(several_loops_ask),
		TEST(places_are_bounded_and_come_back),
		TEST(a_place_comes_back_with_the_end_of_the_session),
		TEST(a_place_comes_back_of_what_was_no_session),
		TEST(of_hosts_there_are_twice_as_many),
		TEST(one_who_begins_many_keeps_nobody_waiting),
		TEST(files_of_authorities_are_named_where_they_are_no_good),
	};

	return cmocka_run_group_tests_name("inspector", tests, NULL, NULL);
}
