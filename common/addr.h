/* SPDX-License-Identifier: MIT */
/*
 * common/addr.h - IP addresses, prefixes, and which of them are public
 *
 * Pure. An address has no port and no zone. An IPv4-mapped IPv6 address
 * (::ffff:0:0/96) is always held as the IPv4 address inside.
 *
 * References: IANA special-purpose registries (RFC 6890 and updates),
 * RFC 4291, 5952 (text form), 6052 (NAT64), 3056 (6to4), 4380 (Teredo),
 * 7915 (SIIT).
 */
#ifndef NETLEASH_COMMON_ADDR_H
#define NETLEASH_COMMON_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/**
 * struct addr - one IP address
 * @family: AF_INET or AF_INET6
 * @bytes:  network order; the first 4 for AF_INET, the rest zero
 */
struct addr {
	sa_family_t family;
	uint8_t bytes[16];
};

/**
 * struct cidr - a prefix; host bits of @base are zero
 * @bits: 0 to 32 or 0 to 128
 */
struct cidr {
	struct addr base;
	uint8_t bits;
};

enum addr_class {
	ADDR_PUBLIC,
	ADDR_NON_PUBLIC,
	ADDR_LINK_LOCAL, /* non-public, and only a single-address rule opens
			    it: link-local, and fd00:ec2::254 */
};

enum addr_err {
	ADDR_OK,
	ADDR_MALFORMED,	 /* no address of either family */
	ADDR_NOT_QUAD,	 /* IPv4 in another spelling than a dotted quad */
	ADDR_ZONE,	 /* fe80::1%eth0 */
	ADDR_BAD_PREFIX, /* prefix length missing or out of range */
	ADDR_HOST_BITS,	 /* the prefix has host bits set */
};

/* 127.0.0.0/8 or ::1. */
bool addr_is_loopback(const struct addr *a);

#define ADDR_TEXT_MAX	   46 /* with the NUL, as INET6_ADDRSTRLEN */
#define CIDR_TEXT_MAX	   50
#define ADDR_PORT_TEXT_MAX (ADDR_TEXT_MAX + 8)

/* Text without brackets to an address. Strict: inet_pton(3)'s forms only. */
enum addr_err addr_parse(const char *s, size_t n, struct addr *ret);

/*
 * True if the last label of @s is a number, decimal or 0x-hex: then the whole
 * is an address, in a good or a bad spelling, and never a name. One trailing
 * dot does not count.
 */
bool addr_text_is_numeric(const char *s, size_t n);

/*
 * "10.0.0.0/8", "2001:db8::/32", or a single address (then all bits). On
 * ADDR_HOST_BITS @ret holds the right network, for the message.
 */
enum addr_err cidr_parse(const char *s, size_t n, struct cidr *ret);

/* Canonical text (RFC 5952). Return: @buf. */
const char *addr_format(const struct addr *a, char buf[ADDR_TEXT_MAX]);
/* "127.0.0.1:80", "[::1]:80". Return: @buf. */
const char *addr_format_port(const struct addr *a, uint16_t port,
			     char buf[ADDR_PORT_TEXT_MAX]);
const char *cidr_format(const struct cidr *c, char buf[CIDR_TEXT_MAX]);

bool addr_equal(const struct addr *a, const struct addr *b);
bool cidr_contains(const struct cidr *c, const struct addr *a);

/* True if every address of @inner is in @outer. */
bool cidr_within(const struct cidr *inner, const struct cidr *outer);

/* The class by which policy judges; embedded IPv4 decides where there is. */
enum addr_class addr_class(const struct addr *a);

/* True if every address of @c is of a class other than ADDR_PUBLIC. */
bool cidr_is_non_public(const struct cidr *c);

/* True if every address of @c is of class ADDR_LINK_LOCAL. */
bool cidr_is_link_local(const struct cidr *c);

/*
 * The IPv4 addresses that an IPv6 form embeds (NAT64, 6to4, SIIT,
 * IPv4-compatible: one; Teredo: its server, then its client). Not those of
 * 64:ff9b:1::/48, whose place in the address only its operator knows, nor of
 * :: and ::1. Return: how many, 0 to 2.
 */
size_t addr_embedded(const struct addr *a, struct addr ret[2]);

/* Socket address with @port (host order). Return: its length. */
socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port,
			   struct sockaddr_storage *ret);

/* Return: 0 or -EAFNOSUPPORT. @ret_port may be NULL. */
int addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret,
		       uint16_t *ret_port);

#endif
