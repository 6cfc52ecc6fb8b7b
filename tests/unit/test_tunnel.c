/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_tunnel.c - bytes both ways, over real loopback sockets
 *
 * Two TCP pairs: the client's and the remote's. The tunnel joins their inner
 * ends on an event loop; the test plays the outer ends from the same loop by
 * turning it until something holds, so that nothing depends on a scheduler.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/clock.h"
#include "proxy/closer.h"
#include "proxy/tunnel.h"
#include "tests/support/loopback.h"

/* Nothing here takes so long, but on a machine that is very busy. */
#define PATIENCE_MS 20000u

/* 0: everything is copied. All tests run with both. */
static size_t pipes_max;

struct fixture {
	struct event_base *base;
	struct tunnel_loop *tl;
	struct tunnel *tunnel;
	int client, client_in, remote, remote_in; /* outer, inner ends */
	int done;
	enum tunnel_end end;
	struct tunnel_counts counts;
	tunnel_look_fn *look;
};

static void on_done(enum tunnel_end end, struct tunnel_counts counts, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	f->end = end;
	f->counts = counts;
	f->tunnel = NULL;
	if (end == TUNNEL_DONE) {
		close(f->client_in);
		close(f->remote_in);
		f->client_in = f->remote_in = -1;
	}
}

static void begin(struct fixture *f, const char *early, size_t early_n)
{
	memset(f, 0, sizeof(*f));
	f->base = event_base_new();
	assert_non_null(f->base);
	assert_int_equal(tunnel_loop_new(f->base, pipes_max, &f->tl), 0);
	loopback_pair(&f->client, &f->client_in);
	loopback_pair(&f->remote, &f->remote_in);
	assert_int_equal(tunnel_start(f->tl, f->client_in, f->remote_in, early,
				      early_n, f->look, on_done, f, &f->tunnel),
			 0);
	assert_int_equal(f->done, 0);
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void end(struct fixture *f)
{
	tunnel_cancel(f->tunnel);
	close_if(f->client);
	close_if(f->client_in);
	close_if(f->remote);
	close_if(f->remote_in);
	tunnel_loop_free(f->tl);
	event_base_free(f->base);
}

static void turn(struct fixture *f)
{
	assert_true(event_base_loop(f->base, EVLOOP_NONBLOCK) >= 0);
}

/* Reads exactly @n bytes, turning the loop meanwhile. */
static void expect(struct fixture *f, int fd, const char *want, size_t n)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	char got[256];
	size_t have = 0;

	assert_true(n <= sizeof(got));
	while (have < n) {
		ssize_t r = recv(fd, got + have, n - have, 0);

		assert_true(clock_ms() < deadline);
		assert_int_not_equal(r, 0);
		if (r > 0)
			have += (size_t)r;
		else
			assert_int_equal(errno, EAGAIN);
		turn(f);
	}
	assert_memory_equal(got, want, n);
}

/* What recv(2) ends with: 0 at the end of the stream, or -errno. */
static int expect_end(struct fixture *f, int fd)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	char waste[65536];

	for (;;) {
		ssize_t r = recv(fd, waste, sizeof(waste), 0);

		if (r == 0)
			return 0;
		if (r < 0 && errno != EAGAIN)
			return -errno;
		assert_true(clock_ms() < deadline);
		turn(f);
	}
}

static void turn_until_done(struct fixture *f)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (!f->done) {
		assert_true(clock_ms() < deadline);
		turn(f);
	}
	assert_int_equal(f->done, 1);
}

static void reset_socket(int *fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	assert_int_equal(
		setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(*fd);
	*fd = -1;
}

static void send_all(int fd, const char *s)
{
	assert_int_equal(send(fd, s, strlen(s), MSG_NOSIGNAL),
			 (ssize_t)strlen(s));
}

static void small_messages_go_both_ways(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL, 0);
	for (int i = 0; i < 100; i++) {
		send_all(f.client, "ping");
		expect(&f, f.remote, "ping", 4);
		send_all(f.remote, "pong!");
		expect(&f, f.client, "pong!", 5);
	}
	assert_int_equal(tunnel_counts(f.tunnel).out, 400);
	assert_int_equal(tunnel_counts(f.tunnel).in, 500);
	assert_false(f.done);
	end(&f);
}

static void early_data_goes_first(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "early ", 6);
	send_all(f.client, "later");
	expect(&f, f.remote, "early later", 11);
	assert_int_equal(tunnel_counts(f.tunnel).out, 11);
	end(&f);
}

static void a_client_that_half_closes_still_gets_the_answer(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "early", 5);
	send_all(f.client, "request");
	assert_int_equal(shutdown(f.client, SHUT_WR), 0);
	expect(&f, f.remote, "earlyrequest", 12);
	assert_int_equal(expect_end(&f, f.remote), 0);
	assert_false(f.done);
	send_all(f.remote, "answer");
	expect(&f, f.client, "answer", 6);
	assert_false(f.done);
	assert_int_equal(shutdown(f.remote, SHUT_WR), 0);
	assert_int_equal(expect_end(&f, f.client), 0);
	turn_until_done(&f);
	assert_int_equal(f.end, TUNNEL_DONE);
	assert_int_equal(f.counts.out, 12);
	assert_int_equal(f.counts.in, 6);
	end(&f);
}

static void a_remote_that_half_closes_still_gets_the_rest(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL, 0);
	send_all(f.remote, "banner");
	assert_int_equal(shutdown(f.remote, SHUT_WR), 0);
	expect(&f, f.client, "banner", 6);
	assert_int_equal(expect_end(&f, f.client), 0);
	send_all(f.client, "more");
	expect(&f, f.remote, "more", 4);
	close(f.client);
	f.client = -1;
	turn_until_done(&f);
	assert_int_equal(f.end, TUNNEL_DONE);
	assert_int_equal(expect_end(&f, f.remote), 0);
	end(&f);
}

static void a_reset_is_told_after_the_bytes_before_it(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, NULL, 0);
	send_all(f.remote, "cut off");
	while (tunnel_counts(f.tunnel).in < 7)
		turn(&f);
	reset_socket(&f.remote);
	turn_until_done(&f);
	assert_int_equal(f.end, TUNNEL_REMOTE_RESET);
	assert_int_equal(f.counts.in, 7);
	expect(&f, f.client, "cut off", 7);
	end(&f);

	begin(&f, NULL, 0);
	reset_socket(&f.client);
	turn_until_done(&f);
	assert_int_equal(f.end, TUNNEL_CLIENT_RESET);
	end(&f);
}

/* Fills the way from @from to the other side until nothing moves any more. */
static uint64_t stuff(struct fixture *f, int from)
{
	static char bytes[65536];
	uint64_t sent = 0;
	int idle = 0;

	while (idle < 50) {
		ssize_t n = send(from, bytes, sizeof(bytes), MSG_NOSIGNAL);

		if (n > 0) {
			sent += (uint64_t)n;
			idle = 0;
		} else {
			idle++;
			usleep(1000);
		}
		turn(f);
	}
	return sent;
}

static void a_slow_reader_stops_its_sender_and_loses_nothing(void **state)
{
	struct fixture f;
	uint64_t sent, got = 0, deadline = clock_ms() + 2 * PATIENCE_MS;
	static char bytes[65536];

	(void)state;
	begin(&f, NULL, 0);
	sent = stuff(&f, f.remote);
	/* The other direction is not held up by it. */
	send_all(f.client, "hello");
	expect(&f, f.remote, "hello", 5);
	assert_int_equal(shutdown(f.remote, SHUT_WR), 0);
	while (got < sent) {
		ssize_t n = recv(f.client, bytes, sizeof(bytes), 0);

		assert_true(clock_ms() < deadline);
		if (n > 0)
			got += (uint64_t)n;
		turn(&f);
	}
	assert_int_equal(expect_end(&f, f.client), 0);
	assert_false(f.done);
	close(f.client);
	f.client = -1;
	turn_until_done(&f);
	assert_int_equal(f.end, TUNNEL_DONE);
	assert_int_equal(f.counts.in, sent);
	end(&f);
}

static int pipe_ends(void)
{
	char path[300], target[64];
	struct dirent *e;
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		ssize_t len;

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%s",
			       e->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		if (len > 5 && memcmp(target, "pipe:", 5) == 0)
			n++;
	}
	closedir(dir);
	return n;
}

/* What waits, waits in a pipe; a pipe with bytes in it dies with its tunnel. */
static void only_a_bulky_direction_holds_a_pipe(void **state)
{
	const int one = pipes_max > 0 ? 2 : 0;
	struct fixture f;
	int before;
	char bytes[65536];
	uint64_t sent, got = 0;

	(void)state;
	begin(&f, NULL, 0);
	before = pipe_ends();
	send_all(f.client, "hello");
	expect(&f, f.remote, "hello", 5);
	assert_int_equal(pipe_ends(), before);
	sent = stuff(&f, f.remote);
	assert_int_equal(pipe_ends(), before + one);
	while (got < sent) {
		ssize_t n = recv(f.client, bytes, sizeof(bytes), 0);

		if (n > 0)
			got += (uint64_t)n;
		turn(&f);
	}
	assert_int_equal(pipe_ends(), before + one); /* the pool's, empty */
	(void)stuff(&f, f.remote);
	(void)stuff(&f, f.client);
	assert_int_equal(pipe_ends(), before + 2 * one);
	tunnel_cancel(f.tunnel);
	f.tunnel = NULL;
	assert_int_equal(pipe_ends(), before);
	end(&f);
}

/* It would burn the processor if interest did not follow state. */
static void a_blocked_tunnel_does_not_spin(void **state)
{
	struct timeval tick = { 0, 200000 };
	struct fixture f;
	int turns = 0;

	(void)state;
	begin(&f, NULL, 0);
	stuff(&f, f.remote);
	stuff(&f, f.client);
	assert_int_equal(event_base_loopexit(f.base, &tick), 0);
	while (!event_base_got_exit(f.base)) {
		assert_true(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
		turns++;
	}
	assert_in_range(turns, 0, 20);
	end(&f);
}

static void an_answer_survives_a_remote_that_stops_reading(void **state)
{
	static char answer[30000];
	struct fixture f;
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	size_t got = 0;

	(void)state;
	begin(&f, NULL, 0);
	memset(answer, 'a', sizeof(answer));
	/* The client uploads; the remote answers and closes without reading:
	 * its kernel resets. The reset reaches us when we write. */
	stuff(&f, f.client);
	assert_int_equal(send(f.remote, answer, sizeof(answer), 0),
			 sizeof(answer));
	close(f.remote);
	f.remote = -1;
	while (got < sizeof(answer)) {
		char bytes[4096];
		ssize_t n = recv(f.client, bytes, sizeof(bytes), 0);

		assert_true(clock_ms() < deadline);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0)
			got += (size_t)n;
		(void)send(f.client, bytes, sizeof(bytes), MSG_NOSIGNAL);
		turn(&f);
	}
	assert_int_equal(got, sizeof(answer));
	turn_until_done(&f);
	assert_true(f.end == TUNNEL_REMOTE_DEAF ||
		    f.end == TUNNEL_REMOTE_RESET);
	end(&f);
}

/* A stream of bytes that both ends can compute: xorshift64. */
struct stream {
	uint64_t x;
	uint64_t left;
};

static void stream_next(struct stream *s, char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		s->x ^= s->x << 13;
		s->x ^= s->x >> 7;
		s->x ^= s->x << 17;
		memcpy(bytes + i, &s->x, n - i < 8 ? n - i : 8);
	}
}

#define BLOCK 32768u

/* One outer end: sends its stream, and checks the other's. */
struct player {
	int fd;
	struct stream out, in;
	char unsent[BLOCK], want[BLOCK];
	size_t unsent_at, want_at;
};

static void play(struct player *p)
{
	char got[BLOCK];
	ssize_t n;

	if (p->out.left > 0) {
		n = send(p->fd, p->unsent + p->unsent_at, BLOCK - p->unsent_at,
			 MSG_NOSIGNAL);
		if (n > 0) {
			p->unsent_at = (p->unsent_at + (size_t)n) % BLOCK;
			if (p->unsent_at == 0)
				stream_next(&p->out, p->unsent, BLOCK);
			p->out.left -= (uint64_t)n;
			if (p->out.left == 0)
				assert_int_equal(shutdown(p->fd, SHUT_WR), 0);
		}
	}
	if (p->in.left == 0)
		return;
	n = recv(p->fd, got, BLOCK - p->want_at, 0);
	if (n > 0) {
		assert_memory_equal(got, p->want + p->want_at, (size_t)n);
		p->want_at = (p->want_at + (size_t)n) % BLOCK;
		if (p->want_at == 0)
			stream_next(&p->in, p->want, BLOCK);
		p->in.left -= (uint64_t)n;
	}
}

static void a_hundred_megabytes_pass_both_ways_unchanged(void **state)
{
	const uint64_t total = 100u * 1024 * 1024;
	static struct player c, r;
	struct fixture f;

	(void)state;
	begin(&f, NULL, 0);
	c.fd = f.client;
	r.fd = f.remote;
	c.out = r.in = (struct stream){ 88172645463325252u, total };
	r.out = c.in = (struct stream){ 1234567890123u, total };
	stream_next(&c.out, c.unsent, BLOCK);
	stream_next(&r.out, r.unsent, BLOCK);
	stream_next(&c.in, c.want, BLOCK);
	stream_next(&r.in, r.want, BLOCK);
	while (c.in.left > 0 || r.in.left > 0) {
		play(&c);
		play(&r);
		turn(&f);
	}
	turn_until_done(&f);
	assert_int_equal(f.end, TUNNEL_DONE);
	assert_int_equal(f.counts.in, total);
	assert_int_equal(f.counts.out, total);
	end(&f);
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void a_closer_lets_the_answer_arrive_despite_unread_bytes(void **state)
{
	struct closer *closer;
	struct fixture f;
	bool closed = false;

	(void)state;
	begin(&f, NULL, 0);
	tunnel_cancel(f.tunnel);
	f.tunnel = NULL;
	send_all(f.client, "bytes that nobody has read");
	send_all(f.client_in, "answer");
	assert_int_equal(closer_start(f.base, f.client_in, CLOSER_FIN,
				      on_closed, &closed, &closer),
			 0);
	f.client_in = -1;
	expect(&f, f.client, "answer", 6);
	assert_int_equal(expect_end(&f, f.client), 0);
	assert_false(closed);
	close(f.client);
	f.client = -1;
	while (!closed)
		turn(&f);
	end(&f);
}

static void a_closer_does_not_wait_for_ever(void **state)
{
	uint64_t began = clock_ms();
	struct closer *closer;
	struct fixture f;
	bool closed = false;

	(void)state;
	begin(&f, NULL, 0);
	tunnel_cancel(f.tunnel);
	f.tunnel = NULL;
	assert_int_equal(closer_start(f.base, f.client_in, CLOSER_FIN,
				      on_closed, &closed, &closer),
			 0);
	f.client_in = -1;
	while (!closed) {
		assert_true(clock_ms() - began < CLOSER_MAX_MS + PATIENCE_MS);
		assert_true(event_base_loop(f.base, EVLOOP_ONCE) >= 0);
	}
	assert_true(clock_ms() - began >= CLOSER_MAX_MS - 100);
	end(&f);
}

static void a_closer_resets_after_the_last_byte_has_arrived(void **state)
{
	struct closer *closer;
	struct fixture f;
	bool closed = false;

	(void)state;
	begin(&f, NULL, 0);
	tunnel_cancel(f.tunnel);
	f.tunnel = NULL;
	send_all(f.client_in, "answer");
	assert_int_equal(closer_start(f.base, f.client_in, CLOSER_RESET,
				      on_closed, &closed, &closer),
			 0);
	f.client_in = -1;
	while (!closed)
		turn(&f);
	expect(&f, f.client, "answer", 6);
	assert_int_equal(expect_end(&f, f.client), -ECONNRESET);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_messages_go_both_ways),
		cmocka_unit_test(early_data_goes_first),
		cmocka_unit_test(
			a_client_that_half_closes_still_gets_the_answer),
		cmocka_unit_test(a_remote_that_half_closes_still_gets_the_rest),
		cmocka_unit_test(a_reset_is_told_after_the_bytes_before_it),
		cmocka_unit_test(
			a_slow_reader_stops_its_sender_and_loses_nothing),
		cmocka_unit_test(only_a_bulky_direction_holds_a_pipe),
		cmocka_unit_test(a_blocked_tunnel_does_not_spin),
		cmocka_unit_test(
			an_answer_survives_a_remote_that_stops_reading),
		cmocka_unit_test(a_hundred_megabytes_pass_both_ways_unchanged),
		cmocka_unit_test(
			a_closer_lets_the_answer_arrive_despite_unread_bytes),
		cmocka_unit_test(a_closer_does_not_wait_for_ever),
		cmocka_unit_test(
			a_closer_resets_after_the_last_byte_has_arrived),
	};

	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	int failed = cmocka_run_group_tests_name("tunnel, copied", tests, NULL,
						 NULL);

	assert(sigaction(SIGPIPE, &ignore, NULL) == 0);
	pipes_max = 4;
	failed += cmocka_run_group_tests_name("tunnel, spliced", tests, NULL,
					      NULL);
	return failed;
}
