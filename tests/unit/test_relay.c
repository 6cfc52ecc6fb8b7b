/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_relay.c - sockets on 0 to 2 become pipes
 *
 * Each test runs in a child whose 0 to 2 are sockets of the test's.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "sandbox/relay.h"

#define BIG (3 * 1024 * 1024)

static void stop(void *arg)
{
	(void)event_base_loopbreak(arg);
}

/* What CMD is: copies 0 to 1, then ends. */
static void copy_all(int in, int out)
{
	char buffer[8192];
	ssize_t n;

	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)n) != n)
			_exit(3);
}

static void start_command(int fds[3])
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)dup2(fds[0], 0);
		(void)dup2(fds[1], 1);
		for (int fd = 3; fd < 64; fd++)
			(void)close(fd);
		copy_all(0, 1);
		_exit(0);
	}
	for (int i = 0; i <= 2; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* Body of netleash: 0 and 1 are @sock. */
static int relay_until_flushed(int sock)
{
	struct event_base *base;
	struct relay *relay = NULL;
	int fds[3];

	if (dup2(sock, 0) < 0 || dup2(sock, 1) < 0)
		return 10;
	(void)close(sock);
	base = event_base_new();
	if (!base || relay_open(fds, &relay) < 0 || !relay)
		return 11;
	if (fds[0] < 0 || fds[1] < 0)
		return 12;
	start_command(fds);
	if (relay_start(relay, base) < 0)
		return 13;
	relay_flush(relay, stop, base);
	(void)event_base_dispatch(base);
	relay_free(relay);
	event_base_free(base);
	return 0;
}

static void write_big(int sock)
{
	char block[4096];

	for (size_t done = 0; done < BIG; done += sizeof(block)) {
		memset(block, (int)(done / sizeof(block)), sizeof(block));
		if (send(sock, block, sizeof(block), MSG_NOSIGNAL) !=
		    sizeof(block))
			_exit(4);
	}
	(void)shutdown(sock, SHUT_WR);
	_exit(0);
}

static void every_byte_comes_back_in_order_and_then_the_end(void **state)
{
	int pair[2], status;
	char block[4096], want[4096];
	pid_t relay, writer;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	relay = fork();
	if (relay == 0) {
		(void)close(pair[0]);
		_exit(relay_until_flushed(pair[1]));
	}
	(void)close(pair[1]);
	writer = fork();
	if (writer == 0)
		write_big(pair[0]);
	for (size_t done = 0; done < BIG; done += sizeof(block)) {
		assert_int_equal(
			recv(pair[0], block, sizeof(block), MSG_WAITALL),
			sizeof(block));
		memset(want, (int)(done / sizeof(block)), sizeof(want));
		assert_memory_equal(block, want, sizeof(want));
	}
	assert_int_equal(recv(pair[0], block, 1, 0), 0);
	assert_int_equal(waitpid(relay, &status, 0), relay);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	(void)close(pair[0]);
}

static void what_is_no_socket_is_left_alone(void **state)
{
	struct relay *relay = NULL;
	int fds[3], saved = fcntl(0, F_DUPFD_CLOEXEC, 3), end[2];

	(void)state;
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	assert_int_not_equal(dup2(end[0], 0), -1);
	assert_int_equal(relay_open(fds, &relay), 0);
	assert_int_equal(fds[0], -1);
	relay_free(relay);
	(void)dup2(saved, 0);
	(void)close(saved);
	(void)close(end[0]);
	(void)close(end[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_byte_comes_back_in_order_and_then_the_end),
		cmocka_unit_test(what_is_no_socket_is_left_alone),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
