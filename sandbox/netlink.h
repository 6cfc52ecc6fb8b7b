/* SPDX-License-Identifier: MIT */
/*
 * sandbox/netlink.h - messages and attributes of netlink, taken apart
 *
 * Pure. Whatever lengths say, nothing outside of what was given is read.
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

#endif
