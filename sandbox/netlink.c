/* SPDX-License-Identifier: MIT */
/*
 * sandbox/netlink.c - messages and attributes of netlink
 */
#include "sandbox/netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
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

/* Room for @n bytes, zeroed and aligned. Return: NULL where there is none. */
static uint8_t *extend(struct netlink_out *out, size_t n)
{
	const size_t step = netlink_align(n);
	uint8_t *at = out->bytes + out->n;

	if (out->full || step > sizeof(out->bytes) - out->n) {
		out->full = true;
		return NULL;
	}
	memset(at, 0, step);
	out->n += step;
	return at;
}

size_t netlink_begin(struct netlink_out *out, unsigned type, unsigned flags,
		     unsigned family, unsigned number)
{
	const struct nlmsghdr head = {
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)flags,
	};
	const struct nfgenmsg body = {
		.nfgen_family = (uint8_t)family,
		.version = NFNETLINK_V0,
		.res_id = htons((uint16_t)number),
	};
	const size_t at = out->n;
	uint8_t *p = extend(out, sizeof(head));

	if (p)
		memcpy(p, &head, sizeof(head));
	p = extend(out, sizeof(body));
	if (p)
		memcpy(p, &body, sizeof(body));
	return at;
}

void netlink_end(struct netlink_out *out, size_t at)
{
	struct nlmsghdr head;

	if (out->full)
		return;
	memcpy(&head, out->bytes + at, sizeof(head));
	head.nlmsg_len = (uint32_t)(out->n - at);
	memcpy(out->bytes + at, &head, sizeof(head));
}

void netlink_put(struct netlink_out *out, unsigned type, const void *bytes,
		 size_t n)
{
	const struct nlattr attr = {
		.nla_len = (uint16_t)(sizeof(attr) + n),
		.nla_type = (uint16_t)type,
	};
	uint8_t *p = extend(out, sizeof(attr) + n);

	if (!p)
		return;
	memcpy(p, &attr, sizeof(attr));
	memcpy(p + sizeof(attr), bytes, n);
}

void netlink_put_text(struct netlink_out *out, unsigned type, const char *text)
{
	netlink_put(out, type, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink_out *out, unsigned type)
{
	const size_t at = out->n;

	netlink_put(out, type | NLA_F_NESTED, "", 0);
	return at;
}

void netlink_nest_end(struct netlink_out *out, size_t at)
{
	struct nlattr attr;

	if (out->full)
		return;
	memcpy(&attr, out->bytes + at, sizeof(attr));
	attr.nla_len = (uint16_t)(out->n - at);
	memcpy(out->bytes + at, &attr, sizeof(attr));
}
