/* SPDX-License-Identifier: MIT */
/*
 * sandbox/netlink.c - messages and attributes of netlink, taken apart
 */
#include "sandbox/netlink.h"

#include <string.h>

size_t netlink_align(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

struct netlink_bytes netlink_attr(struct netlink_bytes attrs, unsigned type)
{
	struct nlattr a;

	while (attrs.n >= sizeof(a)) {
		size_t step;

		memcpy(&a, attrs.p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > attrs.n)
			break;
		if ((a.nla_type & NLA_TYPE_MASK) == type)
			return (struct netlink_bytes){ attrs.p + sizeof(a),
						       a.nla_len - sizeof(a) };
		step = netlink_align(a.nla_len);
		if (step > attrs.n)
			break;
		attrs.p += step;
		attrs.n -= step;
	}
	return (struct netlink_bytes){ NULL, 0 };
}

bool netlink_is_text(struct netlink_bytes attr, const char *text)
{
	return attr.n == strlen(text) + 1 && memcmp(attr.p, text, attr.n) == 0;
}

bool netlink_next(struct netlink_bytes *rest, struct nlmsghdr *ret_head,
		  struct netlink_bytes *ret_body)
{
	struct nlmsghdr h;
	size_t step;

	if (rest->n < sizeof(h))
		return false;
	memcpy(&h, rest->p, sizeof(h));
	if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > rest->n)
		return false;
	*ret_head = h;
	*ret_body = (struct netlink_bytes){ rest->p + sizeof(h),
					    h.nlmsg_len - sizeof(h) };
	step = netlink_align(h.nlmsg_len);
	step = step < rest->n ? step : rest->n;
	rest->p += step;
	rest->n -= step;
	return true;
}
