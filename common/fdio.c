/* SPDX-License-Identifier: MIT */
/*
 * common/fdio.c - descriptors: whole reads and writes, passing, flags
 *
 * References: unix(7), cmsg(3), recvmsg(2)
 */
#include "common/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int fd_write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return -EIO; /* or we would turn here for ever */
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
	size_t len = 0, size = 0;
	char *s = NULL;
	int r;

	if (max >= SIZE_MAX / 4)
		return -EINVAL;
	for (;;) {
		ssize_t n;

		/* The size of a file says nothing in /proc: grow as it comes.
		 * One byte more than @max tells a file that is too long. */
		if (size - len < 2) {
			size_t more = size == 0 ? 4096 : size * 2;
			char *grown;

			if (more > max + 2)
				more = max + 2;
			grown = realloc(s, more);
			if (!grown) {
				r = -ENOMEM;
				goto out;
			}
			s = grown;
			size = more;
		}
		n = read(fd, s + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = -errno;
			goto out;
		}
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max) {
			r = -EFBIG;
			goto out;
		}
	}

	s[len] = '\0';
	*ret = s;
	*ret_len = len;
	s = NULL;
	r = 0;
out:
	free(s);
	return r;
}

int fd_read_file(const char *path, size_t max, char **ret, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_read_all(fd, max, ret, ret_len);
	(void)close(fd); /* only read from */
	return r;
}

int fd_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, strlen(text));
	/* A full disk or quota may show only here. */
	if (close(fd) < 0 && errno != EINTR && r == 0)
		r = -errno;
	return r;
}

int fd_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int fd_send(int sock, const void *bytes, size_t n, const int *fds, size_t fds_n)
{
	_Alignas(struct cmsghdr) char
		control[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes,
			     .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	/* An empty datagram would look like the end of file over there. */
	if (n == 0 || fds_n > FD_PASS_MAX)
		return -EINVAL;
	if (fds_n > 0) {
		/* CMSG_FIRSTHDR() is @control, but may be NULL for all that
		 * the compiler knows. */
		struct cmsghdr *cmsg = (struct cmsghdr *)(void *)control;

		memset(control, 0, sizeof(control));
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fds_n * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fds_n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, fds_n * sizeof(int));
	}
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == n ? 0 : -EIO;
}

/* Room for what the kernel may fit in, and for credentials beside it. */
#define RECV_FDS_MAX (FD_PASS_MAX + 2)
#define RECV_CONTROL                                                           \
	(CMSG_SPACE(RECV_FDS_MAX * sizeof(int)) +                              \
	 CMSG_SPACE(sizeof(struct ucred)))

/* Takes every descriptor out of @msg. Return: how many. */
static size_t take_fds(struct msghdr *msg, int *fds, size_t max)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t bytes;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		bytes = c->cmsg_len - CMSG_LEN(0);
		for (size_t at = 0; at + sizeof(int) <= bytes;
		     at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (n < max)
				fds[n++] = fd;
			else
				(void)close(fd);
		}
	}
	return n;
}

/* A peer that closed with something unread is told of once, and before what it
 * has sent: that is still to come. */
static ssize_t receive(int sock, struct msghdr *msg)
{
	bool reset = false;

	for (;;) {
		ssize_t n = recvmsg(sock, msg, MSG_CMSG_CLOEXEC);

		if (n >= 0 ||
		    (errno != EINTR && (errno != ECONNRESET || reset)))
			return n;
		reset = reset || errno == ECONNRESET;
	}
}

ssize_t fd_recv(int sock, void *bytes, size_t size, int *ret_fds,
		size_t fds_max, size_t *ret_fds_n)
{
	_Alignas(struct cmsghdr) char control[RECV_CONTROL];
	int fds[RECV_CONTROL / sizeof(int)];
	struct iovec iov = { .iov_base = bytes, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	size_t fds_n;
	ssize_t n;

	n = receive(sock, &msg);
	if (n < 0)
		return -errno;

	/* The kernel has closed those that did not fit into @control. */
	fds_n = take_fds(&msg, fds, sizeof(fds) / sizeof(fds[0]));
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || fds_n > fds_max ||
	    (n == 0 && fds_n > 0)) {
		for (size_t i = 0; i < fds_n; i++)
			(void)close(fds[i]);
		return -EPROTO;
	}
	if (fds_n > 0)
		memcpy(ret_fds, fds, fds_n * sizeof(int));
	*ret_fds_n = fds_n;
	return n;
}

static int compare_fds(const void *a, const void *b)
{
	const int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

int fd_close_all_but(int *keep, size_t n)
{
	unsigned first = STDERR_FILENO + 1;

	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		const unsigned fd = keep[i] < 0 ? 0 : (unsigned)keep[i];

		if (fd < first)
			continue; /* none, a standard one, or seen before */
		if (fd > first && close_range(first, fd - 1, 0) < 0)
			return -errno;
		first = fd + 1;
	}
	return close_range(first, UINT_MAX, 0) < 0 ? -errno : 0;
}
