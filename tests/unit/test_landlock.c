/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_landlock.c - what Landlock refuses on this kernel
 *
 * Each case runs in a child; a kernel with a lower ABI skips what it lacks.
 */
#include "sandbox/landlock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/loopback.h"

#define NO_ABI 77

#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			(void)fprintf(stderr, "line %d: %s\n", __LINE__,       \
				      strerror(errno));                        \
			_exit(1);                                              \
		}                                                              \
	} while (0)

/* 0 or the errno of a connection to @port. */
static int connect_error(uint16_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = connect(fd, (struct sockaddr *)&addr, sizeof(addr));

	r = r < 0 ? errno : 0;
	close(fd);
	return r;
}

static int bind_error(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = bind(fd, (struct sockaddr *)&addr, sizeof(addr));

	r = r < 0 ? errno : 0;
	close(fd);
	return r;
}

static void restrict_to(const uint16_t *ports, size_t n, bool net,
			int needed_abi)
{
	int abi = -1;

	HOLDS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	HOLDS(landlock_apply(ports, n, net, &abi) == 0);
	if (abi < needed_abi)
		_exit(NO_ABI);
}

static void expect_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_ABI) {
		if (getenv("NETLEASH_TESTS_MUST_RUN"))
			fail_msg("%s", "this kernel's Landlock is too old");
		skip();
	}
	assert_int_equal(status, 0);
}

static void only_the_given_ports_can_be_connected_to(void **state)
{
	uint16_t ports[2], other;
	int a = loopback_listen(8, &ports[0]), b = loopback_listen(8, &other);
	int c = loopback_listen(8, &ports[1]);
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		restrict_to(ports, 2, true, 4);
		HOLDS(connect_error(ports[0]) == 0);
		HOLDS(connect_error(ports[1]) == 0);
		HOLDS(connect_error(other) == EACCES);
		HOLDS(bind_error() == EACCES);
		_exit(0);
	}
	close(a);
	close(b);
	close(c);
	expect_child(pid);
}

static void without_a_port_nothing_can_be_connected_to(void **state)
{
	uint16_t port;
	int fd = loopback_listen(8, &port);
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		restrict_to(NULL, 0, true, 4);
		HOLDS(connect_error(port) == EACCES);
		HOLDS(bind_error() == EACCES);
		_exit(0);
	}
	close(fd);
	expect_child(pid);
}

static void net_is_left_alone_where_loopback_is_usable(void **state)
{
	uint16_t port;
	int fd = loopback_listen(8, &port);
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		restrict_to(NULL, 0, false, 0);
		HOLDS(connect_error(port) == 0);
		HOLDS(bind_error() == 0);
		_exit(0);
	}
	close(fd);
	expect_child(pid);
}

static void abstract_sockets_and_signals_stay_inside(void **state)
{
	static const struct sockaddr_un addr = { AF_UNIX, "\0netleash-test" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	(void)state;
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)),
			 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		int c = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		restrict_to(NULL, 0, false, 6);
		HOLDS(connect(c, (const struct sockaddr *)&addr, sizeof(addr)) <
			      0 &&
		      errno == EPERM);
		HOLDS(kill(getppid(), 0) < 0 && errno == EPERM);
		HOLDS(kill(getpid(), 0) == 0);
		_exit(0);
	}
	close(fd);
	expect_child(pid);
}

static void privilege_to_gain_is_refused(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		const uint16_t port = 1;
		int abi = -1, r;

		if (getuid() == 0)
			HOLDS(setresuid(65534, 65534, 65534) == 0);
		r = landlock_apply(&port, 1, true, &abi);
		HOLDS(r == -EPERM || abi < 4);
		_exit(0);
	}
	expect_child(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_given_ports_can_be_connected_to),
		cmocka_unit_test(without_a_port_nothing_can_be_connected_to),
		cmocka_unit_test(net_is_left_alone_where_loopback_is_usable),
		cmocka_unit_test(abstract_sockets_and_signals_stay_inside),
		cmocka_unit_test(privilege_to_gain_is_refused),
	};

	return cmocka_run_group_tests_name("landlock", tests, NULL, NULL);
}
