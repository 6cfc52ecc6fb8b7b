/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/net.c - TCP, UDP and ICMP to everywhere but the door
 *
 * Whether an answer came is what counts: a send that succeeds proves nothing.
 */
#include "tests/escape/escape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 1500

static socklen_t target(const struct probe *p, union address *a)
{
	socklen_t n = address_make(a, p->a, p->b);

	if (n == 0)
		blocked("%s is no address here", p->a);
	return n;
}

static int open_socket(const union address *a, int type, int protocol)
{
	int fd = socket(a->any.sa_family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		blocked_by("socket");
	return fd;
}

static void tcp(const struct probe *p)
{
	union address a;
	socklen_t n = target(p, &a);
	int fd = open_socket(&a, SOCK_STREAM, 0);

	if (connect_within(fd, &a, n, CONNECT_MS) < 0)
		blocked_by("connect");
	say(p, fd);
}

/* The data goes with the SYN; Landlock does not see a connect. */
static void fast_open(const struct probe *p)
{
	union address a;
	socklen_t n = target(p, &a);
	char line[NAME_MAX_N + 8];
	int fd = open_socket(&a, SOCK_STREAM, 0);
	int len = snprintf(line, sizeof(line), "ESC %s\n", p->name);

	if (sendto(fd, line, (size_t)len, MSG_FASTOPEN | MSG_NOSIGNAL, &a.any,
		   n) < 0)
		blocked_by("sendto");
	if (!readable(fd, CONNECT_MS))
		blocked("no answer");
	if (recv(fd, line, sizeof(line), 0) <= 0)
		blocked_by("recv");
	escaped("exchanged bytes");
}

static void udp(const struct probe *p)
{
	union address a;
	socklen_t n = target(p, &a);
	int fd = open_socket(&a, SOCK_DGRAM, p->n);

	if (connect(fd, &a.any, n) < 0)
		blocked_by("connect");
	say(p, fd);
}

/* Not connected: one packet, to an address that the socket never held. */
static void udp_sendto(const struct probe *p)
{
	union address a;
	socklen_t n = target(p, &a);
	char line[NAME_MAX_N + 8];
	int fd = open_socket(&a, SOCK_DGRAM, 0), on = 1;
	int len = snprintf(line, sizeof(line), "ESC %s\n", p->name);

	(void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	if (p->n) {
		int index = (int)if_nametoindex("eth0");

		(void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF,
				 &(struct ip_mreqn){ .imr_ifindex = index },
				 sizeof(struct ip_mreqn));
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index,
				 sizeof(index));
	}
	if (sendto(fd, line, (size_t)len, 0, &a.any, n) < 0)
		blocked_by("sendto");
	if (seen(p->name, 1000))
		escaped("it arrived");
	blocked("nobody saw it");
}

enum bent {
	BIND_DEVICE,
	UNICAST_IF,
	OWN_SOURCE,
	LOOP_SOURCE
};

/* Options that choose the way of a packet beside its address. */
static void udp_bent(const struct probe *p)
{
	union address a, own;
	socklen_t n = target(p, &a), own_n;
	int fd = open_socket(&a, SOCK_DGRAM, 0);
	uint32_t index = htonl(if_nametoindex("eth0"));
	int r = 0;

	switch ((enum bent)p->n) {
	case BIND_DEVICE:
		r = setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5);
		break;
	case UNICAST_IF:
		r = setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &index,
			       sizeof(index));
		break;
	case OWN_SOURCE:
	case LOOP_SOURCE:
		own_n = address_make(
			&own, p->n == OWN_SOURCE ? "@host4" : "127.0.0.1", "0");
		r = bind(fd, &own.any, own_n);
		break;
	}
	if (r < 0 || connect(fd, &a.any, n) < 0)
		blocked_by("option, bind or connect");
	say(p, fd);
}

static const uint8_t query[] = "\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07"
			       "allowed\x07"
			       "example\0\0\x01\0";

static void dns(const struct probe *p)
{
	union address a;
	socklen_t n = target(p, &a);
	uint8_t bytes[512] = { 0, sizeof(query) };
	bool stream = p->n == SOCK_STREAM;
	int fd = open_socket(&a, p->n, 0);

	memcpy(bytes + 2, query, sizeof(query));
	bytes[1 + sizeof(query)] = 1; /* class IN: its last byte */
	if (connect_within(fd, &a, n, CONNECT_MS) < 0)
		blocked_by("connect");
	if (send(fd, stream ? bytes : bytes + 2,
		 sizeof(query) + (stream ? 2 : 0), MSG_NOSIGNAL) < 0)
		blocked_by("send");
	if (!readable(fd, 1500))
		blocked("no answer");
	if (recv(fd, bytes, sizeof(bytes), 0) < (ssize_t)sizeof(query))
		blocked_by("recv");
	escaped("the name server answered");
}

static void dns_library(const struct probe *p)
{
	struct addrinfo *list;
	int r = getaddrinfo(p->a, NULL, NULL, &list);

	if (r != 0)
		blocked("%s", gai_strerror(r));
	escaped("%s was resolved", p->a);
}

static uint16_t checksum(const uint8_t *bytes, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* An echo request with a payload, by a ping socket or a raw one. */
static void ping(const struct probe *p)
{
	union address a;
	socklen_t n = target(p, &a);
	const bool six = a.any.sa_family == AF_INET6;
	uint8_t packet[128] = { six ? ICMP6_ECHO_REQUEST : ICMP_ECHO };
	uint8_t answer[512];
	int fd = open_socket(&a, p->n, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	int64_t end = now_ms() + CONNECT_MS;
	uint16_t sum;

	(void)snprintf((char *)packet + 8, 64, "ESC %s ", p->name);
	sum = checksum(packet, sizeof(packet));
	packet[2] = (uint8_t)(sum >> 8);
	packet[3] = (uint8_t)sum;
	if (six)
		a.in6.sin6_port = 0;
	else
		a.in.sin_port = 0;
	if (sendto(fd, packet, sizeof(packet), 0, &a.any, n) < 0)
		blocked_by("sendto");
	while (now_ms() < end && readable(fd, 200)) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);

		if (got > 0 &&
		    memmem(answer, (size_t)got, p->name, strlen(p->name)))
			escaped("the echo came back");
	}
	blocked("no echo");
}

/* The door's number on other addresses is not the door. */
static void decoy(const struct probe *p)
{
	char port[8];
	struct probe at_port = *p;

	(void)snprintf(port, sizeof(port), "%d", door_port());
	ask(p->name, "host %s %s %s", p->n == SOCK_STREAM ? "decoy" : "udecoy",
	    world_word(p->a), port);
	sleep_ms(300); /* until the observer listens there */
	at_port.b = port;
	if (p->n == SOCK_STREAM)
		tcp(&at_port);
	at_port.n = 0;
	udp(&at_port);
}

/* The door of another run, whose policy allows what ours does not. */
static void other_door(const struct probe *p)
{
	char request[256], answer[256];
	struct probe at = *p;
	union address a;
	socklen_t n = target(&at, &a);
	int fd = open_socket(&a, SOCK_STREAM, 0);
	int len = snprintf(request, sizeof(request),
			   "CONNECT allowed.example:%s HTTP/1.1\r\n"
			   "Host: allowed.example:%s\r\n\r\n",
			   world_need("port"), world_need("port"));
	ssize_t got;

	if (connect_within(fd, &a, n, CONNECT_MS) < 0)
		blocked_by("connect");
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) < 0)
		blocked_by("send");
	if (!readable(fd, 3000))
		blocked("no answer");
	got = recv(fd, answer, sizeof(answer) - 1, 0);
	answer[got > 0 ? got : 0] = '\0';
	if (!strstr(answer, " 200 "))
		blocked("answer: %.60s", answer);
	say(p, fd);
}

/* Our own door must not lead anywhere that the policy refuses: none allows
 * these. Socket options and odd spellings are the proxy's tests. */
static void own_door(const struct probe *p)
{
	char port[8];
	struct probe at = *p;

	(void)snprintf(port, sizeof(port), "%d", door_port());
	at.a = "127.0.0.1";
	at.b = port;
	other_door(&at);
}

#define TCP(name, address)                                                     \
	{                                                                      \
		"tcp_" name, tcp, address, "@port", 0, 0, 0                    \
	}
#define UDP(name, address)                                                     \
	{                                                                      \
		"udp_" name, udp, address, "@port", 0, 0, 0                    \
	}
#define SENDTO(name, address)                                                  \
	{                                                                      \
		name, udp_sendto, address, "@port", 1, 0, 0                    \
	}
#define BOTH(name, address) TCP(name, address), UDP(name, address)
#define DECOY(name, address)                                                   \
	{ "decoy_" name, decoy, address, NULL, SOCK_STREAM, 0, 0 },            \
	{                                                                      \
		"decoy_udp_" name, decoy, address, NULL, SOCK_DGRAM, 0, 0      \
	}

/* clang-format off */
const struct probe net_probes[] = {
	BOTH("inet4", "@inet4"),
	BOTH("inet6", "@inet6"),
	BOTH("inet_mapped", "@inet_mapped"),
	BOTH("gate4", "@gate4"),
	BOTH("gate6", "@gate6"),
	BOTH("link_local", "@gate_link"),
	BOTH("metadata", "169.254.169.254"),
	BOTH("host4", "@host4"),
	BOTH("host6", "@host6"),
	BOTH("host_mapped", "@host_mapped"),
	BOTH("loop4", "127.0.0.1"),
	BOTH("loop4_second", "127.0.0.2"),
	BOTH("loop4_last", "127.255.255.254"),
	BOTH("loop6", "::1"),
	BOTH("loop_mapped", "::ffff:127.0.0.1"),
	BOTH("any4", "0.0.0.0"),
	BOTH("any6", "::"),
	SENDTO("sendto_inet4", "@inet4"),
	SENDTO("sendto_inet6", "@inet6"),
	SENDTO("sendto_host4", "@host4"),
	SENDTO("broadcast_all", "255.255.255.255"),
	SENDTO("broadcast_link", "@broadcast"),
	SENDTO("multicast4", "239.77.9.9"),
	SENDTO("multicast6", "@multicast6"),
	SENDTO("multicast_all_nodes", "@all_nodes"),
	{ "udp_bound_to_device", udp_bent, "@inet4", "@port", BIND_DEVICE, 0, 0 },
	{ "udp_unicast_if", udp_bent, "@inet4", "@port", UNICAST_IF, 0, 0 },
	{ "udp_own_source", udp_bent, "@inet4", "@port", OWN_SOURCE, 0, 0 },
	{ "udp_loop_source", udp_bent, "127.0.0.1", "@port", LOOP_SOURCE, 0, 0 },
	{ "fast_open4", fast_open, "@inet4", "@port", 0, 0, 0 },
	{ "fast_open6", fast_open, "@inet6", "@port", 0, 0, 0 },
	{ "fast_open_loop", fast_open, "127.0.0.1", "@port", 0, 0, 0 },
	{ "dns_udp4", dns, "@gate4", "53", SOCK_DGRAM, 0, 0 },
	{ "dns_udp6", dns, "@gate6", "53", SOCK_DGRAM, 0, 0 },
	{ "dns_tcp4", dns, "@gate4", "53", SOCK_STREAM, 0, 0 },
	{ "dns_tcp6", dns, "@gate6", "53", SOCK_STREAM, 0, 0 },
	{ "dns_public", dns, "@inet4", "53", SOCK_DGRAM, 0, 0 },
	{ "dns_library", dns_library, "allowed.example", NULL, 0, 0, 0 },
	{ "ping4", ping, "@inet4", "0", SOCK_DGRAM, 0, 0 },
	{ "ping6", ping, "@inet6", "0", SOCK_DGRAM, 0, 0 },
	{ "raw_ping4", ping, "@inet4", "0", SOCK_RAW, AS_ROOT, 0 },
	{ "raw_ping6", ping, "@inet6", "0", SOCK_RAW, AS_ROOT, 0 },
	DECOY("loop", "127.0.0.2"),
	DECOY("host4", "@host4"),
	DECOY("host6", "@host6"),
	{ "decoy_udp_door", decoy, "127.0.0.1", NULL, SOCK_DGRAM, 0, 0 },
	{ "door_of_other", other_door, "127.0.0.1", "@other_door", 0, 0, 0 },
	{ "door_of_other6", other_door, "::1", "@other_door", 0, 0, 0 },
	{ "door_refuses", own_door, NULL, NULL, 0, 0, 0 },
	{ 0 },
};
/* clang-format on */
