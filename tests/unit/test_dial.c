/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_dial.c - connecting, to real sockets on loopback
 *
 * An address that never answers is a listener whose queue is full: its kernel
 * drops the SYN, as a firewall would.
 */
#include "proxy/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/clock.h"
#include "common/macros.h"

#define FILLERS 4

struct outcome {
	struct event_base *base;
	unsigned calls;
	int fd;
	struct addr addr;
	enum reason reason;
};

static void on_done(int fd, const struct addr *addr, enum reason reason,
		    void *arg)
{
	struct outcome *o = arg;

	o->calls++;
	o->fd = fd;
	o->reason = reason;
	if (addr)
		o->addr = *addr;
	(void)event_base_loopbreak(o->base);
}

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, strlen(text), &a), ADDR_OK);
	return a;
}

/* Return: a socket on @text, on a port of its own choice if *@port is 0; or -1
 * if somebody else has it. */
static int bind_to(const char *text, uint16_t *port)
{
	struct addr a = addr_of(text);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&a, *port, &ss);
	int fd = socket(a.family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (bind(fd, (struct sockaddr *)&ss, len) < 0) {
		assert_int_equal(errno, EADDRINUSE);
		close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&ss, &a, port),
			 0);
	return fd;
}

/*
 * One socket on each of @texts, with the same port, which is nobody else's
 * there meanwhile: who connects to one is refused until it listens.
 */
static uint16_t bind_all(const char *const *texts, size_t n, int *fds)
{
	for (int tries = 0; tries < 1000; tries++) {
		uint16_t port = 0;
		size_t i = 0;

		while (i < n && (fds[i] = bind_to(texts[i], &port)) >= 0)
			i++;
		if (i == n)
			return port;
		while (i > 0)
			close(fds[--i]);
	}
	fail_msg("no port is free");
	return 0;
}

static int listen_on(const char *text, uint16_t *ret_port, int backlog)
{
	int fd;

	*ret_port = bind_all(&text, 1, &fd);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

/* @fd, on @text:@port, listens; its queue is full, so that the next SYN gets no
 * answer. */
static void fill_queue(int fd, const char *text, uint16_t port,
		       int fds[FILLERS])
{
	struct addr a = addr_of(text);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&a, port, &ss);

	assert_int_equal(listen(fd, 0), 0);
	for (int i = 0; i < FILLERS; i++) {
		fds[i] = socket(a.family,
				SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_true(fds[i] >= 0);
		(void)connect(fds[i], (struct sockaddr *)&ss, len);
	}
	(void)usleep(20000); /* the handshakes that fit are through */
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
}

static struct outcome dial(const char *const *texts, size_t n, uint16_t port,
			   uint32_t stagger_ms, uint32_t deadline_ms)
{
	struct dial_opts opts = { stagger_ms, deadline_ms };
	struct outcome o = { .base = event_base_new(), .fd = -2 };
	struct addr addrs[64];
	struct dial *d = NULL;

	for (size_t i = 0; i < n; i++)
		addrs[i] = addr_of(texts[i]);
	assert_int_equal(
		dial_start(o.base, addrs, n, port, &opts, on_done, &o, &d), 0);
	assert_non_null(d);
	assert_int_equal(o.calls, 0); /* never from inside */
	assert_int_equal(event_base_dispatch(o.base), 0);
	assert_int_equal(o.calls, 1);
	/* Nothing of the dial is left in the loop. */
	assert_int_equal(event_base_loop(o.base, EVLOOP_NONBLOCK), 1);
	event_base_free(o.base);
	return o;
}

static size_t open_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void connects_and_hands_over_a_good_socket(void **state)
{
	static const char *const addrs[] = { "127.0.0.1" };
	uint16_t port;
	int listener = listen_on("127.0.0.1", &port, 8), value = 0;
	socklen_t len = sizeof(value);
	struct addr want = addr_of("127.0.0.1");
	struct outcome o;

	(void)state;
	o = dial(addrs, 1, port, 250, 5000);
	assert_int_equal(o.reason, REASON_ALLOWED);
	assert_true(o.fd >= 0);
	assert_true(addr_equal(&o.addr, &want));
	assert_true(fcntl(o.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(o.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(
		getsockopt(o.fd, IPPROTO_TCP, TCP_NODELAY, &value, &len), 0);
	assert_true(value);
	assert_int_equal(write(o.fd, "x", 1), 1);
	(void)close(o.fd);
	(void)close(listener);
}

static void connects_over_ipv6(void **state)
{
	static const char *const addrs[] = { "::1" };
	uint16_t port;
	int listener = listen_on("::1", &port, 8);
	struct outcome o;

	(void)state;
	o = dial(addrs, 1, port, 250, 5000);
	assert_int_equal(o.reason, REASON_ALLOWED);
	assert_int_equal(o.addr.family, AF_INET6);
	(void)close(o.fd);
	(void)close(listener);
}

static void an_empty_list_is_an_error(void **state)
{
	struct dial_opts opts = { 250, 1000 };
	struct event_base *base = event_base_new();
	struct dial *d = NULL;

	(void)state;
	assert_int_equal(
		dial_start(base, NULL, 0, 80, &opts, on_done, NULL, &d),
		-EINVAL);
	assert_null(d);
	event_base_free(base);
}

static void a_closed_port_is_refused(void **state)
{
	static const char *const addrs[] = { "127.0.0.1", "127.0.0.2", "::1" };
	int deaf[ARRAY_SIZE(addrs)];
	uint16_t port = bind_all(addrs, ARRAY_SIZE(addrs), deaf);
	struct outcome o;

	(void)state;
	o = dial(addrs, ARRAY_SIZE(addrs), port, 250, 5000);
	assert_int_equal(o.reason, REASON_CONNECT_REFUSED);
	assert_int_equal(o.fd, -1);
	close_all(deaf, ARRAY_SIZE(addrs));
}

/* No TCP goes to the broadcast address: the kernel says so at once. */
static void an_unreachable_address_is_refused(void **state)
{
	static const char *const addrs[] = { "255.255.255.255" };
	struct outcome o;

	(void)state;
	o = dial(addrs, 1, 80, 250, 5000);
	assert_int_equal(o.reason, REASON_CONNECT_REFUSED);
}

static void the_next_address_comes_at_once_after_a_refusal(void **state)
{
	static const char *const addrs[] = { "127.0.0.2", "127.0.0.3",
					     "255.255.255.255", "127.0.0.1" };
	static const char *const own[] = { "127.0.0.2", "127.0.0.3",
					   "127.0.0.1" };
	int ends[3];
	uint16_t port = bind_all(own, 3, ends);
	uint64_t start_ms = clock_ms();
	struct outcome o;

	(void)state;
	assert_int_equal(listen(ends[2], 8), 0);
	o = dial(addrs, ARRAY_SIZE(addrs), port, 60000, 120000);
	assert_int_equal(o.reason, REASON_ALLOWED);
	assert_true(clock_ms() - start_ms < 30000);
	(void)close(o.fd);
	close_all(ends, 3);
}

static void a_silent_address_delays_the_next_by_the_stagger_time(void **state)
{
	static const char *const addrs[] = { "127.0.0.2", "127.0.0.1" };
	int ends[2], fds[FILLERS];
	uint16_t port = bind_all(addrs, 2, ends);
	struct addr want = addr_of("127.0.0.1");
	uint64_t start_ms, took_ms;
	size_t before;
	struct outcome o;

	(void)state;
	assert_int_equal(listen(ends[1], 8), 0);
	fill_queue(ends[0], "127.0.0.2", port, fds);
	before = open_fds();
	start_ms = clock_ms();
	o = dial(addrs, ARRAY_SIZE(addrs), port, 200, 60000);
	took_ms = clock_ms() - start_ms;
	assert_int_equal(o.reason, REASON_ALLOWED);
	assert_true(addr_equal(&o.addr, &want));
	assert_true(took_ms >= 190);
	/* The loser is closed: only the winner is new. */
	assert_int_equal(open_fds(), before + 1);
	(void)close(o.fd);
	close_all(fds, FILLERS);
	close_all(ends, 2);
}

static void silence_until_the_deadline_is_a_time_out(void **state)
{
	static const char *const addrs[] = { "127.0.0.2", "127.0.0.1" };
	int ends[2], fds[FILLERS];
	uint16_t port = bind_all(addrs, 2, ends);
	size_t before;
	uint64_t start_ms, took_ms;
	struct outcome o;

	(void)state;
	fill_queue(ends[0], "127.0.0.2", port, fds);
	before = open_fds();
	start_ms = clock_ms();
	/* One address refuses, one is silent: the silence is what is told. */
	o = dial(addrs, ARRAY_SIZE(addrs), port, 20, 300);
	took_ms = clock_ms() - start_ms;
	assert_int_equal(o.reason, REASON_CONNECT_TIMEOUT);
	assert_int_equal(o.fd, -1);
	assert_true(took_ms >= 290 && took_ms < 30000);
	assert_int_equal(open_fds(), before);
	close_all(fds, FILLERS);
	close_all(ends, 2);
}

static void many_silent_addresses_take_few_descriptors(void **state)
{
	static const char *const both[] = { "127.0.0.2", "127.0.0.1" };
	const char *addrs[40];
	int ends[2], fds[FILLERS];
	uint16_t port = bind_all(both, 2, ends);
	struct rlimit old, few;
	struct outcome o;

	(void)state;
	assert_int_equal(listen(ends[1], 8), 0);
	fill_queue(ends[0], "127.0.0.2", port, fds);
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		addrs[i] = "127.0.0.2";
	addrs[ARRAY_SIZE(addrs) - 1] = "127.0.0.1";
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = open_fds() + 20; /* 8 attempts and the loop's own */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	o = dial(addrs, ARRAY_SIZE(addrs), port, 5, 60000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(o.reason, REASON_ALLOWED);
	(void)close(o.fd);
	close_all(fds, FILLERS);
	close_all(ends, 2);
}

static void running_out_of_descriptors_is_a_limit(void **state)
{
	struct dial_opts opts = { 250, 5000 };
	struct outcome o = { .base = event_base_new(), .fd = -2 };
	struct addr addrs[2] = { addr_of("127.0.0.1"), addr_of("127.0.0.2") };
	struct rlimit old, none;
	struct dial *d;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(
		dial_start(o.base, addrs, 2, 80, &opts, on_done, &o, &d), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	(void)event_base_dispatch(o.base);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.reason, REASON_LIMIT);
	event_base_free(o.base);
}

/* The only port that the kernel can give is the one that is dialled. */
static void connect_to_itself(void)
{
	static const char *const here[] = { "127.0.0.1" };
	static const char range[] = "40000 40000";
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct outcome o;
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		_exit(77);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		_exit(77);
	fd = open("/proc/sys/net/ipv4/ip_local_port_range",
		  O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, range, sizeof(range) - 1) < 0)
		_exit(77);
	o = dial(here, 1, 40000, 250, 2000);
	_exit(o.calls != 1 || o.fd != -1 || o.reason != REASON_CONNECT_REFUSED);
}

static void who_meets_itself_was_refused(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		connect_to_itself();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		assert_null(getenv("NETLEASH_TESTS_MUST_RUN"));
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_cancelled_dial_never_calls_back(void **state)
{
	static const struct dial_opts opts = { 10, 100 };
	static const char *const text = "127.0.0.2";
	int silent;
	uint16_t port = bind_all(&text, 1, &silent);
	struct outcome o = { .base = event_base_new(), .fd = -2 };
	struct addr a = addr_of(text);
	int fds[FILLERS];
	size_t before;

	(void)state;
	fill_queue(silent, text, port, fds);
	before = open_fds();
	/* After no turn of the loop, and after one: the attempt is open. */
	for (int turns = 0; turns < 2; turns++) {
		struct dial *d;

		assert_int_equal(
			dial_start(o.base, &a, 1, port, &opts, on_done, &o, &d),
			0);
		if (turns > 0)
			(void)event_base_loop(o.base,
					      EVLOOP_ONCE | EVLOOP_NONBLOCK);
		dial_cancel(d);
		assert_int_equal(event_base_loop(o.base, EVLOOP_NONBLOCK), 1);
		assert_int_equal(o.calls, 0);
		assert_int_equal(open_fds(), before);
	}
	dial_cancel(NULL);
	event_base_free(o.base);
	close_all(fds, FILLERS);
	(void)close(silent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects_and_hands_over_a_good_socket),
		cmocka_unit_test(connects_over_ipv6),
		cmocka_unit_test(an_empty_list_is_an_error),
		cmocka_unit_test(a_closed_port_is_refused),
		cmocka_unit_test(an_unreachable_address_is_refused),
		cmocka_unit_test(
			the_next_address_comes_at_once_after_a_refusal),
		cmocka_unit_test(
			a_silent_address_delays_the_next_by_the_stagger_time),
		cmocka_unit_test(silence_until_the_deadline_is_a_time_out),
		cmocka_unit_test(many_silent_addresses_take_few_descriptors),
		cmocka_unit_test(running_out_of_descriptors_is_a_limit),
		cmocka_unit_test(who_meets_itself_was_refused),
		cmocka_unit_test(a_cancelled_dial_never_calls_back),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
