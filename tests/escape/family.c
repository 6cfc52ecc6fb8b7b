/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/family.c - other protocols, families, and the kernel's packets
 *
 * Firewalls judge the packets of IP sockets. These are the sockets that have
 * other packets, and the packets that have no socket: the reports of joined
 * groups, and what a ring or another system call table sends.
 */
#include "tests/escape/escape.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef IPPROTO_SMC /* glibc 2.41 has it */
#define IPPROTO_SMC 256
#endif

#define CONNECT_MS 1500

static _Noreturn void no_socket(const struct probe *p)
{
	/* Inside a run a filter says the same. */
	if (world("control") && p->optional &&
	    (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT ||
	     errno == ESOCKTNOSUPPORT))
		unavailable("this kernel has none: %s", strerror(errno));
	blocked_by("socket");
}

/* p->n: type and protocol, in one number */
#define KIND(type, protocol) ((type)*1000 + (protocol))

static void protocol(const struct probe *p)
{
	union address a;
	socklen_t n = address_make(&a, p->a, p->b);
	int fd = socket(a.any.sa_family, p->n / 1000 | SOCK_CLOEXEC,
			p->n % 1000);

	if (fd < 0)
		no_socket(p);
	if (connect_within(fd, &a, n, CONNECT_MS) < 0) {
		if (p->optional && errno == ECONNREFUSED)
			unavailable("nobody listens for it");
		blocked_by("connect");
	}
	say(p, fd);
}

static void packet(const struct probe *p)
{
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHER_TYPE),
		.sll_ifindex = (int)if_nametoindex("eth0"),
		.sll_halen = 6,
		.sll_addr = { 255, 255, 255, 255, 255, 255 },
	};
	char frame[100] = "";
	int fd =
		socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETHER_TYPE));

	if (fd < 0)
		no_socket(p);
	(void)snprintf(frame, sizeof(frame), "ESC %s ", p->name);
	if (sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&a,
		   sizeof(a)) < 0)
		blocked_by("sendto");
	if (seen(p->name, 1000))
		escaped("the frame arrived");
	blocked("nobody saw the frame");
}

/* Its ports are the machine's, whatever the network namespace: that another
 * process holds one is news from outside. */
static void vsock(const struct probe *p)
{
	struct sockaddr_vm a = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = VSOCK_PORT,
	};
	int fd = socket(AF_VSOCK, p->n | SOCK_CLOEXEC, 0);

	if (fd < 0)
		no_socket(p);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 &&
	    errno == EADDRINUSE)
		escaped("sees who is bound outside");
	blocked("bind: %s", strerror(errno));
}

static void usersock(const struct probe *p)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK,
				 .nl_pid = USERSOCK_ID };
	char line[NAME_MAX_N + 8];
	int len = snprintf(line, sizeof(line), "ESC %s\n", p->name);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, p->n);

	if (fd < 0)
		no_socket(p);
	if (sendto(fd, line, (size_t)len, 0, (struct sockaddr *)&a, sizeof(a)) <
	    0)
		blocked_by("sendto");
	if (seen(p->name, 500))
		escaped("it arrived");
	blocked("nobody saw it");
}

/* A family that the run has no use for: that it opens is more of the kernel
 * than a command needs. */
static void opens(const struct probe *p)
{
	int fd = socket(p->n, p->a ? SOCK_SEQPACKET : SOCK_RAW,
			p->b ? NETLINK_NETFILTER : 0);

	if (fd < 0)
		no_socket(p);
	escaped("the socket opens");
}

static void uevents(const struct probe *p)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, p->n);

	if (fd < 0)
		no_socket(p);
	escaped("netlink protocol %d opens", p->n);
}

enum join {
	JOIN_PLAIN,
	JOIN_GENERIC,
	JOIN_SOURCE,
	JOIN_GENERIC_SOURCE,
	JOIN_FILTER
};

/* The group is p->a: up to 28 bits of a message of ours, in IPv4. */
static int join4(const struct probe *p, int fd, unsigned index)
{
	union address group, any;
	struct ip_mreqn plain = { .imr_ifindex = (int)index };
	struct group_req generic = { .gr_interface = index };
	struct group_source_req both = { .gsr_interface = index };
	struct ip_mreq_source source = { 0 };

	(void)address_make(&group, p->a, "0");
	(void)address_make(&any, "@inet4", "0");
	plain.imr_multiaddr = group.in.sin_addr;
	memcpy(&generic.gr_group, &group, sizeof(group));
	memcpy(&both.gsr_group, &group, sizeof(group));
	memcpy(&both.gsr_source, &any, sizeof(any));
	source.imr_multiaddr = group.in.sin_addr;
	source.imr_sourceaddr = any.in.sin_addr;
	(void)address_make(&any, "@host4", "0");
	source.imr_interface = any.in.sin_addr;
	switch ((enum join)p->n) {
	case JOIN_PLAIN:
		return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &plain,
				  sizeof(plain));
	case JOIN_GENERIC:
		return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &generic,
				  sizeof(generic));
	case JOIN_SOURCE:
		return setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP,
				  &source, sizeof(source));
	case JOIN_GENERIC_SOURCE:
		return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP,
				  &both, sizeof(both));
	case JOIN_FILTER:
		break;
	}
	return -1;
}

static int join6(const struct probe *p, int fd, unsigned index)
{
	union address group, any;
	struct ipv6_mreq plain = { .ipv6mr_interface = index };
	struct group_req generic = { .gr_interface = index };
	struct group_source_req both = { .gsr_interface = index };

	(void)address_make(&group, p->a, "0");
	(void)address_make(&any, "@inet6", "0");
	plain.ipv6mr_multiaddr = group.in6.sin6_addr;
	memcpy(&generic.gr_group, &group, sizeof(group));
	memcpy(&both.gsr_group, &group, sizeof(group));
	memcpy(&both.gsr_source, &any, sizeof(any));
	if (p->n == JOIN_PLAIN)
		return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &plain,
				  sizeof(plain));
	if (p->n == JOIN_GENERIC)
		return setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_GROUP, &generic,
				  sizeof(generic));
	return setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &both,
			  sizeof(both));
}

/* The kernel reports the group to the link, in a packet of no socket. */
static void join(const struct probe *p)
{
	unsigned index = if_nametoindex("eth0");
	bool six = strchr(world_word(p->a), ':');
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		blocked_by("socket");
	if ((six ? join6 : join4)(p, fd, index ? index : 1) < 0)
		blocked_by("setsockopt");
	/* Reports are sent within a second, and repeated. */
	if (seen(p->name, 3000))
		escaped("the report arrived");
	blocked("nobody saw a report");
}

/* A door of the run's own is plain TCP: the peer never offers a subflow. */
#define PROTOCOL(name, address, type, number, optional)                        \
	{                                                                      \
		name, protocol, address, "@port", KIND(type, number), AS_USER, \
			optional                                               \
	}

/* clang-format off */
const struct probe family_probes[] = {
	PROTOCOL("mptcp4", "@inet4", SOCK_STREAM, IPPROTO_MPTCP, false),
	PROTOCOL("mptcp6", "@inet6", SOCK_STREAM, IPPROTO_MPTCP, false),
	PROTOCOL("mptcp_loop", "127.0.0.1", SOCK_STREAM, IPPROTO_MPTCP, false),
	PROTOCOL("udplite4", "@inet4", SOCK_DGRAM, IPPROTO_UDPLITE, false),
	PROTOCOL("udplite6", "@inet6", SOCK_DGRAM, IPPROTO_UDPLITE, false),
	PROTOCOL("sctp4", "@inet4", SOCK_STREAM, IPPROTO_SCTP, true),
	PROTOCOL("sctp_seqpacket", "@inet4", SOCK_SEQPACKET, IPPROTO_SCTP, true),
	PROTOCOL("dccp4", "@inet4", SOCK_DCCP, IPPROTO_DCCP, true),
	PROTOCOL("smc4", "@inet4", SOCK_STREAM, IPPROTO_SMC, true),
	PROTOCOL("l2tp4", "@inet4", SOCK_DGRAM, 115, true),
	{ "packet", packet, NULL, NULL, 0, AS_ROOT, false },
	{ "vsock_stream", vsock, NULL, NULL, SOCK_STREAM, AS_USER, true },
	{ "usersock", usersock, NULL, NULL, NETLINK_USERSOCK, AS_USER, false },
	{ "netlink_netfilter", uevents, NULL, NULL, NETLINK_NETFILTER, AS_USER, false },
	{ "netlink_uevent", uevents, NULL, NULL, NETLINK_KOBJECT_UEVENT, AS_USER, false },
	{ "netlink_audit", uevents, NULL, NULL, NETLINK_AUDIT, AS_USER, true },
	{ "netlink_diag", uevents, NULL, NULL, NETLINK_SOCK_DIAG, AS_USER, false },
	{ "netlink_generic", uevents, NULL, NULL, NETLINK_GENERIC, AS_USER, false },
	{ "family_alg", opens, "seqpacket", NULL, AF_ALG, AS_USER, true },
	{ "family_can", opens, NULL, NULL, AF_CAN, AS_ROOT, true },
	{ "family_tipc", opens, NULL, NULL, AF_TIPC, AS_USER, true },
	{ "family_rds", opens, "seqpacket", NULL, AF_RDS, AS_USER, true },
	{ "family_qipcrtr", opens, NULL, NULL, AF_QIPCRTR, AS_USER, true },
	{ "family_bluetooth", opens, NULL, NULL, AF_BLUETOOTH, AS_USER, true },
	{ "family_xdp", opens, NULL, NULL, AF_XDP, AS_ROOT, true },
	{ "family_key", opens, NULL, NULL, AF_KEY, AS_ROOT, true },
	{ "igmp_join", join, "239.77.1.1", NULL, JOIN_PLAIN, AS_USER, false },
	{ "igmp_join_generic", join, "239.77.1.2", NULL, JOIN_GENERIC, AS_USER, false },
	{ "igmp_join_source", join, "239.77.1.3", NULL, JOIN_SOURCE, AS_USER, false },
	{ "igmp_join_both", join, "239.77.1.4", NULL, JOIN_GENERIC_SOURCE, AS_USER, false },
	{ "mld_join", join, "ff15::7701:1", NULL, JOIN_PLAIN, AS_USER, false },
	{ "mld_join_generic", join, "ff15::7701:2", NULL, JOIN_GENERIC, AS_USER, false },
	{ "mld_join_both", join, "ff15::7701:3", NULL, JOIN_GENERIC_SOURCE, AS_USER, false },
	{ 0 },
};
/* clang-format on */
