/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_watch.c - is the rule set that holds the leash still there?
 *
 * In:         nf_tables notifications (NFNLGRP_NFTABLES), from the kernel only
 * Out:        yes, or no
 * Invariants: a message that cannot be understood counts as a loss, and so do
 *             messages that the kernel had no room for (ENOBUFS)
 * References: netlink(7), linux/netfilter/nf_tables.h. In every message used
 *             here attribute 1 is the table's name.
 */
#include "sandbox/firewall_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABLE "netleash"

/* Attribute 1 of DELTABLE, DELCHAIN, DELRULE, DELSET and DELSETELEM. */
#define ATTR_TABLE 1

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* NLA_ALIGN() and NLMSG_ALIGN() without their signs. */
static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

int firewall_watch_open(int *ret_fd)
{
	const int group = NFNLGRP_NFTABLES;
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd, r;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* The payload of the first attribute of @type in @attrs; .p NULL for none. */
static struct bytes find_attr(struct bytes attrs, unsigned type)
{
	struct nlattr a;

	while (attrs.n >= sizeof(a)) {
		size_t step;

		memcpy(&a, attrs.p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > attrs.n)
			break;
		if ((a.nla_type & NLA_TYPE_MASK) == type)
			return (struct bytes){ attrs.p + sizeof(a),
					       a.nla_len - sizeof(a) };
		step = align4(a.nla_len);
		if (step > attrs.n)
			break;
		attrs.p += step;
		attrs.n -= step;
	}
	return (struct bytes){ NULL, 0 };
}

static bool is_text(struct bytes attr, const char *text)
{
	return attr.n == strlen(text) + 1 && memcmp(attr.p, text, attr.n) == 0;
}

static bool begins_with(struct bytes key, const void *bytes, size_t n)
{
	return key.n >= n && memcmp(key.p, bytes, n) == 0;
}

/* Other runs come and go: only our own elements matter. */
static bool is_our_key(struct bytes set, struct bytes key,
		       const struct firewall_watched *run)
{
	const uint16_t be_port = htons(run->port);
	const uint32_t uid = run->uid;

	if (is_text(set, "doors"))
		return begins_with(key, &be_port, sizeof(be_port));
	if (is_text(set, "server_uids"))
		return begins_with(key, &uid, sizeof(uid));
	return begins_with(key, &run->cgroup_id, sizeof(run->cgroup_id));
}

static bool has_our_element(struct bytes attrs,
			    const struct firewall_watched *run)
{
	struct bytes list = find_attr(attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct bytes set = find_attr(attrs, NFTA_SET_ELEM_LIST_SET);

	while (list.n >= sizeof(struct nlattr)) {
		struct bytes elem = find_attr(list, NFTA_LIST_ELEM);
		struct bytes key = find_attr(elem, NFTA_SET_ELEM_KEY);
		struct bytes value = find_attr(key, NFTA_DATA_VALUE);
		size_t used;

		if (!elem.p)
			return false;
		if (is_our_key(set, value, run))
			return true;
		used = (size_t)(elem.p - list.p) + align4(elem.n);
		if (used > list.n)
			return false;
		list.p += used;
		list.n -= used;
	}
	return false;
}

static bool message_is_loss(unsigned type, struct bytes attrs,
			    const struct firewall_watched *run)
{
	if (NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES ||
	    !is_text(find_attr(attrs, ATTR_TABLE), TABLE))
		return false;
	switch (NFNL_MSG_TYPE(type)) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
		return true;
	case NFT_MSG_DELSETELEM:
		return has_our_element(attrs, run);
	default:
		return false;
	}
}

bool firewall_watch_parse(const void *bytes, size_t n,
			  const struct firewall_watched *run)
{
	struct bytes rest = { bytes, n };
	const size_t head = align4(sizeof(struct nlmsghdr)) +
			    align4(sizeof(struct nfgenmsg));

	while (rest.n > 0) {
		struct bytes attrs;
		struct nlmsghdr h;
		size_t step;

		if (rest.n < sizeof(h))
			return true;
		memcpy(&h, rest.p, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > rest.n)
			return true;
		if (h.nlmsg_len >= head) {
			attrs = (struct bytes){ rest.p + head,
						h.nlmsg_len - head };
			if (message_is_loss(h.nlmsg_type, attrs, run))
				return true;
		}
		step = align4(h.nlmsg_len);
		step = step < rest.n ? step : rest.n;
		rest.p += step;
		rest.n -= step;
	}
	return false;
}

bool firewall_watch_lost(int fd, const struct firewall_watched *run)
{
	/* The kernel's largest notification is one page of elements. */
	uint8_t buffer[65536];
	struct sockaddr_nl from;
	socklen_t from_len;
	ssize_t n;

	for (;;) {
		from_len = sizeof(from);
		n = recvfrom(fd, buffer, sizeof(buffer), MSG_TRUNC,
			     (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno != EAGAIN;
		if (from.nl_pid != 0)
			continue; /* not the kernel */
		if ((size_t)n > sizeof(buffer) ||
		    firewall_watch_parse(buffer, (size_t)n, run))
			return true;
	}
}
