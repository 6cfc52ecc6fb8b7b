/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/unix.c - sockets of the same machine that lead outside
 *
 * No firewall sees them, and a read-only mount does not stop a connect. An
 * observer of the host serves one in the workspace, one beside it, one in
 * /run and abstract ones; each answers, and hands out an internet socket.
 */
#include "tests/escape/escape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* "@KEY" is a path of the world's, "%NAME" an abstract name. */
static socklen_t unix_address(struct sockaddr_un *a, const char *text)
{
	const char *name = text[0] == '%' ? text + 1 : world_word(text);
	size_t at = text[0] == '%' ? 1 : 0;
	size_t n = strlen(name);

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (at + n >= sizeof(a->sun_path))
		unavailable("the path is too long");
	memcpy(a->sun_path + at, name, n);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + at + n +
			   (at ? 0 : 1));
}

static int connected(const struct probe *p, int type)
{
	struct sockaddr_un a;
	socklen_t n = unix_address(&a, p->a);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		blocked_by("socket");
	if (connect(fd, (struct sockaddr *)&a, n) < 0)
		blocked_by("connect");
	return fd;
}

static void relay(const struct probe *p)
{
	say(p, connected(p, p->n));
}

static void datagram_on(const struct probe *p, int fd)
{
	struct sockaddr_un a;
	socklen_t n = unix_address(&a, p->a);
	char line[NAME_MAX_N + 8];
	int len = snprintf(line, sizeof(line), "ESC %s\n", p->name);

	if (sendto(fd, line, (size_t)len, 0, (struct sockaddr *)&a, n) < 0)
		blocked_by("sendto");
	if (seen(p->name, 1000))
		escaped("it arrived");
	blocked("nobody saw it");
}

static void datagram(const struct probe *p)
{
	int fd = socket(AF_UNIX, p->n | SOCK_CLOEXEC, 0);

	if (fd < 0)
		blocked_by("socket");
	datagram_on(p, fd);
}

/* A datagram socket of a pair is still free to send elsewhere. */
static void pair(const struct probe *p)
{
	int fds[2];

	if (socketpair(AF_UNIX, p->n | SOCK_CLOEXEC, 0, fds) < 0)
		blocked_by("socketpair");
	(void)close(fds[1]);
	datagram_on(p, fds[0]);
}

/* And to be connected, and to get a name that answers can go to. */
static void pair_connected(const struct probe *p)
{
	struct sockaddr_un a, own = { .sun_family = AF_UNIX };
	socklen_t n = unix_address(&a, p->a);
	int fds[2];

	if (socketpair(AF_UNIX, p->n | SOCK_CLOEXEC, 0, fds) < 0)
		blocked_by("socketpair");
	if (bind(fds[0], (struct sockaddr *)&own, sizeof(sa_family_t)) < 0)
		blocked_by("bind");
	if (connect(fds[0], (struct sockaddr *)&a, n) < 0)
		blocked_by("connect");
	say(p, fds[0]);
}

/* The observer makes a socket and passes it: it is matched as the maker's. */
static void passed(const struct probe *p)
{
	char bytes[64], room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	int fd = connected(p, p->n), got;

	if (send(fd, "FD ", 3, MSG_NOSIGNAL) < 0)
		blocked_by("send");
	if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) < 0 || !CMSG_FIRSTHDR(&msg))
		blocked_by("recvmsg");
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(got));
	say_outside(p, got);
}

#define UNIX(name, run, address, type)                                         \
	{                                                                      \
		"unix_" name, run, address, NULL, type, AS_USER, false         \
	}

/* clang-format off */
const struct probe unix_probes[] = {
	UNIX("stream_workspace", relay, "@unix_workspace", SOCK_STREAM),
	UNIX("stream_outside", relay, "@unix_outside", SOCK_STREAM),
	UNIX("stream_run", relay, "@unix_run", SOCK_STREAM),
	UNIX("seqpacket_workspace", relay, "@unix_workspace_seq", SOCK_SEQPACKET),
	UNIX("datagram_workspace", datagram, "@unix_workspace_dgram", SOCK_DGRAM),
	UNIX("datagram_raw", datagram, "@unix_workspace_dgram", SOCK_RAW),
	UNIX("datagram_outside", datagram, "@unix_outside_dgram", SOCK_DGRAM),
	UNIX("abstract_stream", relay, "%nlesc-stream", SOCK_STREAM),
	UNIX("abstract_seqpacket", relay, "%nlesc-seq", SOCK_SEQPACKET),
	UNIX("abstract_datagram", datagram, "%nlesc-dgram", SOCK_DGRAM),
	UNIX("pair_workspace", pair, "@unix_workspace_dgram", SOCK_DGRAM),
	UNIX("pair_raw", pair, "@unix_workspace_dgram", SOCK_RAW),
	UNIX("pair_outside", pair, "@unix_outside_dgram", SOCK_DGRAM),
	UNIX("pair_abstract", pair, "%nlesc-dgram", SOCK_DGRAM),
	UNIX("pair_connected", pair_connected, "@unix_workspace_dgram", SOCK_DGRAM),
	UNIX("passed_workspace", passed, "@unix_workspace", SOCK_STREAM),
	UNIX("passed_abstract", passed, "%nlesc-stream", SOCK_STREAM),
	{ 0 },
};
/* clang-format on */
