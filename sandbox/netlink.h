/* SPDX-License-Identifier: MIT */
/*
 * sandbox/netlink.h - messages and attributes of netlink, put together and
 * taken apart
 *
 * Pure. Whatever lengths say, nothing outside of what was given is read, and
 * what does not fit is not written.
 *
 * References: netlink(7), linux/netlink.h
 */
#ifndef NETLEASH_SANDBOX_NETLINK_H
#define NETLEASH_SANDBOX_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink_bytes {
	const uint8_t *p;
	size_t n;
};

/* NLA_ALIGN() and NLMSG_ALIGN() without their signs. */
size_t netlink_align(size_t n);

/* The payload of the first attribute of @type in @attrs; .p NULL for none. */
struct netlink_bytes netlink_attr(struct netlink_bytes attrs, unsigned type);

/* Is it @text, with the NUL that ends it? */
bool netlink_is_text(struct netlink_bytes attr, const char *text);

/*
 * Takes the next message off @rest: its head, and what follows that. Return:
 * false where it is cut off or lies about its length; then @rest is as it was.
 */
bool netlink_next(struct netlink_bytes *rest, struct nlmsghdr *ret_head,
		  struct netlink_bytes *ret_body);

#define NETLINK_OUT_MAX 1024

/**
 * struct netlink_out - messages one behind the other; starts as zeros
 * @full: something did not fit: the whole is not to be sent
 */
struct netlink_out {
	uint8_t bytes[NETLINK_OUT_MAX];
	size_t n;
	bool full;
};

/*
 * Begins a message of nfnetlink's. Return: where, for netlink_end(), which
 * fills its length in. @number: nfgenmsg's res_id, as its own byte order has it
 */
size_t netlink_begin(struct netlink_out *out, unsigned type, unsigned flags,
		     unsigned family, unsigned number);
void netlink_end(struct netlink_out *out, size_t at);

/* Adds an attribute. */
void netlink_put(struct netlink_out *out, unsigned type, const void *bytes,
		 size_t n);
void netlink_put_text(struct netlink_out *out, unsigned type, const char *text);

/* The attributes put until netlink_nest_end() are inside of this one. */
size_t netlink_nest(struct netlink_out *out, unsigned type);
void netlink_nest_end(struct netlink_out *out, size_t at);

#endif
