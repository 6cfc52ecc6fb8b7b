/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/outside.c - what an observer listens to
 *
 * In:  bytes of whoever gets out
 * Out: a line in the log for each name, and "ACK" as the answer
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/escape/escape.h"
#include "tests/escape/observe.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static void record(const struct source *s, const char *bytes, size_t n)
{
	char name[NAME_MAX_N + 1];

	if (name_in(bytes, n, name))
		arrived(name, s->what);
}

/* --- streams and datagrams -------------------------------------------------
 */

/* A socket of ours, for whoever asks: it goes where it is told. */
static void pass_socket(int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = '!';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &made, sizeof(made));
	(void)sendmsg(fd, &msg, MSG_NOSIGNAL);
	(void)close(made);
}

static bool on_stream(const struct source *s)
{
	char bytes[2048];
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	static const char granted[] = "HTTP/1.1 200 OK\r\n\r\n";

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	if (n > 8 && memcmp(bytes, "CONNECT ", 8) == 0) {
		(void)send(s->fd, granted, sizeof(granted) - 1, MSG_NOSIGNAL);
		return true;
	}
	if (n == 3 && memcmp(bytes, "FD ", 3) == 0) {
		pass_socket(s->fd);
		return true;
	}
	record(s, bytes, (size_t)n);
	(void)send(s->fd, "ACK\n", 4, MSG_NOSIGNAL);
	return true;
}

static bool on_listener(const struct source *s)
{
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		observe_add(fd, on_stream, s->what);
	return true;
}

/* The answer comes from the address that was asked: what recvmsg() says of
 * it is what sendmsg() takes. */
static bool on_datagram(const struct source *s)
{
	union address from;
	char bytes[2048], control[256], ack[] = "ACK\n";
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_name = &from,
			      .msg_namelen = sizeof(from),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(s->fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return true;
	record(s, bytes, (size_t)n);
	iov = (struct iovec){ ack, sizeof(ack) - 1 };
	msg.msg_flags = 0;
	(void)sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

static int bound(const union address *a, socklen_t n, int type, int protocol)
{
	int fd = socket(a->any.sa_family, type | SOCK_CLOEXEC, protocol);
	int on = 1;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (bind(fd, &a->any, n) == 0 &&
	    (type != SOCK_STREAM || listen(fd, 64) == 0))
		return fd;
	(void)close(fd);
	return -1;
}

void observe_listen(const union address *a, socklen_t n, int protocol,
		    const char *what)
{
	observe_add(bound(a, n, SOCK_STREAM, protocol), on_listener, what);
}

void observe_datagrams(const union address *a, socklen_t n, int protocol,
		       const char *what)
{
	observe_add(bound(a, n, SOCK_DGRAM, protocol), on_datagram, what);
}

void outside_collect(bool groups)
{
	union address any, a;
	socklen_t n = address_make(&any, "::", "@port");
	struct ip_mreqn group4 = { .imr_ifindex = (int)if_nametoindex("eth0") };
	struct ipv6_mreq group6 = { .ipv6mr_interface =
					    if_nametoindex("eth0") };
	int fd;

	/* A listener for MPTCP takes plain TCP as well. */
	observe_listen(&any, n, IPPROTO_MPTCP, "tcp");
	fd = bound(&any, n, SOCK_DGRAM, 0);
	if (groups && address_make(&a, "239.77.9.9", "0")) {
		group4.imr_multiaddr = a.in.sin_addr;
		(void)setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group4,
				 sizeof(group4));
	}
	if (groups && address_make(&a, "@multicast6", "0")) {
		group6.ipv6mr_multiaddr = a.in6.sin6_addr;
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group6,
				 sizeof(group6));
	}
	observe_add(fd, on_datagram, "udp");
	observe_datagrams(&any, n, IPPROTO_UDPLITE, "udplite");
	observe_listen(&any, n, IPPROTO_SCTP, "sctp");
}

/* --- the wire ----------------------------------------------------------------
 */

/* An error quotes what provoked it: that packet was not the run's. */
static bool is_icmp_error(const unsigned char *b, size_t n, unsigned type)
{
	if (type == ETH_P_IP)
		return n > 20 && b[9] == IPPROTO_ICMP && b[20] != 8;
	return type == ETH_P_IPV6 && n > 40 && b[6] == IPPROTO_ICMPV6 &&
	       b[40] < 128;
}

/* Groups that the probes join say which probe it was by their last byte. */
static void record_join(const char *bytes, size_t n)
{
	static const struct {
		const char *group;
		size_t n;
		const char *names[4];
	} joins[] = {
		{ "\xef\x4d\x01",
		  3,
		  { "igmp_join", "igmp_join_generic", "igmp_join_source",
		    "igmp_join_both" } },
		{ "\xff\x15\0\0\0\0\0\0\0\0\0\0\x77\x01\0",
		  15,
		  { "mld_join", "mld_join_generic", "mld_join_both", "" } },
	};

	for (size_t i = 0; i < COUNT(joins); i++) {
		const char *at = bytes, *end = bytes + n;

		/* One report may name many groups. */
		while ((at = memmem(at, (size_t)(end - at), joins[i].group,
				    joins[i].n)) &&
		       (at += joins[i].n) < end) {
			size_t which = (unsigned char)*at;

			if (which >= 1 && which <= COUNT(joins[i].names))
				arrived(joins[i].names[which - 1], "report");
		}
	}
}

static bool on_frame(const struct source *s)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	char bytes[4096];
	ssize_t n = recvfrom(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);

	if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING ||
	    is_icmp_error((const unsigned char *)bytes, (size_t)n,
			  ntohs(from.sll_protocol)))
		return true;
	record(s, bytes, (size_t)n);
	record_join(bytes, (size_t)n);
	return true;
}

void outside_tap(void)
{
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex("eth0"),
	};
	struct packet_mreq all = { .mr_ifindex = a.sll_ifindex,
				   .mr_type = PACKET_MR_PROMISC };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
			 sizeof(all));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		(void)close(fd);
		fd = -1;
	}
	observe_add(fd, on_frame, "wire");
}

/* --- the machine's own
 * -------------------------------------------------------- */

/* A key of the world's is a path; "%NAME" an abstract name. */
static void serve_unix(const char *where, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *name = where[0] == '%' ? where + 1 : world(where);
	size_t at = where[0] == '%' ? 1 : 0, n = name ? strlen(name) : 0;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (!name || at + n >= sizeof(a.sun_path)) {
		(void)close(fd);
		return;
	}
	memcpy(a.sun_path + at, name, n);
	if (bind(fd, (struct sockaddr *)&a,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + at + n +
			     (at ? 0 : 1))) < 0 ||
	    (!at && chmod(name, 0777) < 0) ||
	    (type != SOCK_DGRAM && listen(fd, 8) < 0)) {
		(void)close(fd);
		fd = -1;
	}
	observe_add(fd, type == SOCK_DGRAM ? on_datagram : on_listener, where);
}

static bool on_terminal(const struct source *s)
{
	char bytes[512];
	ssize_t n = read(s->fd, bytes, sizeof(bytes));

	if (n > 0)
		record(s, bytes, (size_t)n);
	return n > 0;
}

/* Somebody else's terminal, which anybody may write to. */
static void serve_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	char path[512];
	FILE *file;

	meet_path(path, sizeof(path), "terminal");
	file = fopen(path, "we");
	if (!file)
		return;
	if (fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0) {
		(void)fprintf(file, "%s\n", ptsname(fd));
		(void)chmod(ptsname(fd), 0666);
		/* Held open, so that the master never reads an end. */
		(void)open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	}
	(void)fclose(file);
	observe_add(fd, on_terminal, "terminal");
}

void outside_local(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK,
				  .nl_pid = USERSOCK_ID };
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY,
				  .svm_port = VSOCK_PORT };
	int fd;

	serve_unix("unix_workspace", SOCK_STREAM);
	serve_unix("unix_workspace_seq", SOCK_SEQPACKET);
	serve_unix("unix_workspace_dgram", SOCK_DGRAM);
	serve_unix("unix_outside", SOCK_STREAM);
	serve_unix("unix_outside_dgram", SOCK_DGRAM);
	serve_unix("unix_run", SOCK_STREAM);
	serve_unix("%nlesc-stream", SOCK_STREAM);
	serve_unix("%nlesc-seq", SOCK_SEQPACKET);
	serve_unix("%nlesc-dgram", SOCK_DGRAM);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	if (bind(fd, (struct sockaddr *)&nl, sizeof(nl)) < 0)
		(void)fprintf(stderr, "observe: usersock: %s\n",
			      strerror(errno));
	observe_add(fd, on_terminal, "usersock");
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)bind(fd, (struct sockaddr *)&vm, sizeof(vm));
	serve_terminal();
}
