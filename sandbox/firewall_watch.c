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

#include "sandbox/netlink.h"

#define TABLE "netleash"

/*
 * Every change of every table is told: thousands of rules of others in one
 * transaction must fit, or all runs would take it for a loss. Used only while
 * they wait to be read.
 */
#define BUFFER_BYTES (64 << 20)

/* Attribute 1 of DELTABLE, DELCHAIN, DELRULE, DELSET and DELSETELEM. */
#define ATTR_TABLE 1

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

static bool begins_with(struct netlink_bytes key, const void *bytes, size_t n)
{
	return key.n >= n && memcmp(key.p, bytes, n) == 0;
}

/* Other runs come and go: only our own elements matter. */
static bool is_our_key(struct netlink_bytes set, struct netlink_bytes key,
		       const struct firewall_watched *run)
{
	const uint16_t be_port = htons(run->port);
	const uint32_t uid = run->uid;

	if (netlink_is_text(set, "doors"))
		return begins_with(key, &be_port, sizeof(be_port));
	if (netlink_is_text(set, "server_uids"))
		return begins_with(key, &uid, sizeof(uid));
	return begins_with(key, &run->cgroup_id, sizeof(run->cgroup_id));
}

static bool has_our_element(struct netlink_bytes attrs,
			    const struct firewall_watched *run)
{
	struct netlink_bytes list =
		netlink_attr(attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct netlink_bytes set = netlink_attr(attrs, NFTA_SET_ELEM_LIST_SET);

	while (list.n >= sizeof(struct nlattr)) {
		struct netlink_bytes elem = netlink_attr(list, NFTA_LIST_ELEM);
		struct netlink_bytes key =
			netlink_attr(elem, NFTA_SET_ELEM_KEY);
		struct netlink_bytes value = netlink_attr(key, NFTA_DATA_VALUE);
		size_t used;

		if (!elem.p)
			return false;
		if (is_our_key(set, value, run))
			return true;
		used = (size_t)(elem.p - list.p) + netlink_align(elem.n);
		if (used > list.n)
			return false;
		list.p += used;
		list.n -= used;
	}
	return false;
}

/* Elements of other runs come and go; nobody changes who is leashed. */
static bool elements_are_loss(struct netlink_bytes attrs, bool deleted,
			      const struct firewall_watched *run)
{
	struct netlink_bytes set = netlink_attr(attrs, NFTA_SET_ELEM_LIST_SET);

	if (netlink_is_text(set, "uids") || netlink_is_text(set, "gids"))
		return true;
	return deleted && has_our_element(attrs, run);
}

/*
 * The base is never loaded while a run lives, so that nothing but elements
 * changes in our table for a good reason: an inserted rule lets packets out
 * as a deleted one does, and a table that is declared again may be dormant.
 */
static bool message_is_loss(unsigned type, struct netlink_bytes attrs,
			    const struct firewall_watched *run)
{
	if (NFNL_SUBSYS_ID(type) != NFNL_SUBSYS_NFTABLES ||
	    !netlink_is_text(netlink_attr(attrs, ATTR_TABLE), TABLE))
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
	const size_t skip = netlink_align(sizeof(struct nfgenmsg));
	struct netlink_bytes rest = { bytes, n }, body;
	struct nlmsghdr head;

	while (rest.n > 0) {
		if (!netlink_next(&rest, &head, &body))
			return true;
		if (body.n < skip)
			continue;
		body.p += skip;
		body.n -= skip;
		if (message_is_loss(head.nlmsg_type, body, run))
			return true;
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
