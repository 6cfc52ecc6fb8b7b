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

/*
 * Every change of every table is told: thousands of rules of others in one
 * transaction must fit, or all runs would take it for a loss. Used only while
 * they wait to be read.
 */
#define BUFFER_BYTES (64 << 20)

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
	const int group = NFNLGRP_NFTABLES, room = BUFFER_BYTES;
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd, r;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	/* Needs CAP_NET_ADMIN; with less room only more is taken for a loss. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
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

/* Elements of other runs come and go; nobody changes who is leashed. */
static bool elements_are_loss(struct bytes attrs, bool deleted,
			      const struct firewall_watched *run)
{
	struct bytes set = find_attr(attrs, NFTA_SET_ELEM_LIST_SET);

	if (is_text(set, "uids") || is_text(set, "gids"))
		return true;
	return deleted && has_our_element(attrs, run);
}

/*
 * The base is never loaded while a run lives, so that nothing but elements
 * changes in our table for a good reason: an inserted rule lets packets out
 * as a deleted one does, and a table that is declared again may be dormant.
 */
static bool message_is_loss(unsigned type, struct bytes attrs,
			    const struct firewall_watched *run)
{
	if (NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES ||
	    !is_text(find_attr(attrs, ATTR_TABLE), TABLE))
		return false;
	switch (NFNL_MSG_TYPE(type)) {
	case NFT_MSG_NEWSETELEM:
		return elements_are_loss(attrs, false, run);
	case NFT_MSG_DELSETELEM:
		return elements_are_loss(attrs, true, run);
	default:
		return true;
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
