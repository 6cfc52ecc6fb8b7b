/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_fdio.c - whole reads and writes, and descriptors passed on
 */
#include "common/fdio.h"
#include "common/macros.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void a_whole_write_passes_a_small_pipe(void **state)
{
	enum {
		SIZE = 300000
	};
	char *bytes = malloc(SIZE), *got = NULL;
	size_t got_n = 0;
	int fds[2], status;
	pid_t child;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 7);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(fd_write_all(fds[1], bytes, SIZE) == 0 ? 0 : 1);
	close(fds[1]);
	assert_int_equal(fd_read_all(fds[0], SIZE, &got, &got_n), 0);
	assert_int_equal(got_n, SIZE);
	assert_memory_equal(got, bytes, SIZE);
	assert_int_equal(got[SIZE], '\0');
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fds[0]);
	free(got);
	free(bytes);
}

static void a_write_that_fails_says_why(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(fd_write_all(-1, "", 0), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	while (fd_write_all(fds[1], "0123456789abcdef", 16) == 0)
		continue;
	assert_int_equal(fd_write_all(fds[1], "x", 1), -EAGAIN);
	close(fds[0]);
	close(fds[1]);
}

static void a_file_of_the_limit_is_read_and_one_byte_more_is_not(void **state)
{
	char path[] = "/tmp/netleash-test-XXXXXX", *text;
	int fd = mkostemp(path, O_CLOEXEC);
	size_t n;

	(void)state;
	assert_true(fd >= 0);
	for (size_t size = 0; size < 9000; size += 1 + size / 3) {
		char *bytes = calloc(1, size + 1);

		assert_non_null(bytes);
		memset(bytes, 'b', size);
		assert_int_equal(fd_write_file(path, bytes), 0);
		assert_int_equal(fd_read_file(path, size, &text, &n), 0);
		assert_int_equal(n, size);
		assert_string_equal(text, bytes);
		free(text);
		if (size > 0)
			assert_int_equal(
				fd_read_file(path, size - 1, &text, &n),
				-EFBIG);
		free(bytes);
	}
	/* What was longer before is shorter now. */
	assert_int_equal(fd_write_file(path, "short"), 0);
	assert_int_equal(fd_read_file(path, 100, &text, &n), 0);
	assert_string_equal(text, "short");
	free(text);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(fd_read_file(path, 100, &text, &n), -ENOENT);
	assert_int_equal(fd_write_file(path, "x"), -ENOENT);
	assert_int_equal(fd_read_file("/tmp", 100, &text, &n), -EISDIR);
	assert_int_equal(fd_read_file("/proc/self/stat", 4096, &text, &n), 0);
	assert_true(n > 0);
	free(text);
	close(fd);
}

static void nonblocking_is_set_and_other_flags_stay(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_APPEND), 0);
	assert_int_equal(fd_set_nonblocking(fds[1]), 0);
	assert_int_equal(fd_set_nonblocking(fds[1]), 0);
	assert_int_equal(fcntl(fds[1], F_GETFL) & (O_NONBLOCK | O_APPEND),
			 O_NONBLOCK | O_APPEND);
	assert_int_equal(fd_set_nonblocking(-1), -EBADF);
	close(fds[0]);
	close(fds[1]);
}

static void descriptors_arrive_with_their_datagram(void **state)
{
	int sock[2], fds[2], got[FD_PASS_MAX];
	size_t before, got_n = 9;
	char bytes[8] = "";

	(void)state;
	before = open_descriptors();
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fd_send(sock[0], "hello", 5, fds, 2), 0);
	assert_int_equal(fd_send(sock[0], "alone", 5, NULL, 0), 0);
	assert_int_equal(fd_recv(sock[1], bytes, sizeof(bytes), got, 2, &got_n),
			 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(got_n, 2);
	assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_write_all(got[1], "x", 1), 0);
	assert_int_equal(read(fds[0], bytes, 1), 1);
	close(got[0]);
	close(got[1]);
	assert_int_equal(
		fd_recv(sock[1], bytes, sizeof(bytes), NULL, 0, &got_n), 5);
	assert_int_equal(got_n, 0);
	close(sock[0]);
	assert_int_equal(
		fd_recv(sock[1], bytes, sizeof(bytes), NULL, 0, &got_n), 0);
	close(sock[1]);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(open_descriptors(), before);
}

/* Sends @fds_n copies of a descriptor at once, past the bound of fd_send(). */
static void send_many(int sock, size_t fds_n, size_t n)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(64 * sizeof(int))];
	char bytes[64] = "";
	struct iovec iov = { bytes, n };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen =
				      CMSG_SPACE(fds_n * sizeof(int)) };
	struct cmsghdr *cmsg = (struct cmsghdr *)(void *)control;

	memset(control, 0, sizeof(control));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(fds_n * sizeof(int));
	for (size_t i = 0; i < fds_n; i++)
		memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &sock, sizeof(int));
	assert_int_equal(sendmsg(sock, &msg, MSG_NOSIGNAL), n);
}

static void too_much_is_refused_and_nothing_leaks(void **state)
{
	int sock[2], got[FD_PASS_MAX];
	char bytes[8];
	size_t got_n, before;

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	before = open_descriptors();
	for (size_t fds_n = 1; fds_n <= 64; fds_n++) {
		for (size_t max = 0; max <= FD_PASS_MAX; max++) {
			ssize_t r;

			send_many(sock[0], fds_n, 1);
			r = fd_recv(sock[1], bytes, sizeof(bytes), got, max,
				    &got_n);
			assert_int_equal(r, fds_n <= max ? 1 : -EPROTO);
			for (size_t i = 0; r == 1 && i < got_n; i++)
				close(got[i]);
			assert_int_equal(open_descriptors(), before);
		}
	}
	send_many(sock[0], 1, sizeof(bytes) + 1); /* too long */
	assert_int_equal(fd_recv(sock[1], bytes, sizeof(bytes), got,
				 FD_PASS_MAX, &got_n),
			 -EPROTO);
	send_many(sock[0], 1, 0); /* looks like the end, but holds one */
	assert_int_equal(fd_recv(sock[1], bytes, sizeof(bytes), got,
				 FD_PASS_MAX, &got_n),
			 -EPROTO);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(fd_send(sock[0], "x", 1, got, FD_PASS_MAX + 1),
			 -EINVAL);
	assert_int_equal(fd_send(sock[0], "", 0, NULL, 0), -EINVAL);
	close(sock[1]);
	assert_int_equal(fd_send(sock[0], "x", 1, NULL, 0), -EPIPE);
	close(sock[0]);
}

/* In a child: what a test runner has open must stay. */
/* The kernel says ECONNRESET before it hands out what is there. */
static void
the_last_word_of_one_who_left_something_unread_is_heard(void **state)
{
	char bytes[16];
	size_t fds_n;
	int sock[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	assert_int_equal(fd_send(sock[0], "last", 4, NULL, 0), 0);
	assert_int_equal(fd_send(sock[1], "unread", 6, NULL, 0), 0);
	close(sock[0]);
	assert_int_equal(
		fd_recv(sock[1], bytes, sizeof(bytes), NULL, 0, &fds_n), 4);
	assert_memory_equal(bytes, "last", 4);
	assert_int_equal(
		fd_recv(sock[1], bytes, sizeof(bytes), NULL, 0, &fds_n), 0);
	close(sock[1]);
}

static void closing_all_but_some_keeps_just_these(void **state)
{
	int keep[] = { 9, -1, 2, 5, 5, 1023 }, status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		for (int fd = 3; fd < 12; fd++)
			if (dup2(0, fd) != fd)
				_exit(1);
		if (fd_close_all_but(keep, ARRAY_SIZE(keep)) < 0)
			_exit(2);
		for (int fd = 0; fd < 12; fd++) {
			const bool want = fd <= 2 || fd == 5 || fd == 9;

			if ((fcntl(fd, F_GETFD) >= 0) != want)
				_exit(100 + fd);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_last_word_of_one_who_left_something_unread_is_heard),
		cmocka_unit_test(closing_all_but_some_keeps_just_these),
		cmocka_unit_test(a_whole_write_passes_a_small_pipe),
		cmocka_unit_test(a_write_that_fails_says_why),
		cmocka_unit_test(
			a_file_of_the_limit_is_read_and_one_byte_more_is_not),
		cmocka_unit_test(nonblocking_is_set_and_other_flags_stay),
		cmocka_unit_test(descriptors_arrive_with_their_datagram),
		cmocka_unit_test(too_much_is_refused_and_nothing_leaks),
	};

	return cmocka_run_group_tests_name("fdio", tests, NULL, NULL);
}
