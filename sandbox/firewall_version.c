/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_version.c - which base rules nf_tables has
 *
 * References: linux/netfilter/nf_tables.h NFT_MSG_GETRULE; nft keeps a rule's
 * comment in NFTA_RULE_USERDATA, as type 0, a length of one byte, a string
 */
#include "sandbox/firewall_version.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "sandbox/firewall_socket.h"
#include "sandbox/netlink.h"

#define TABLE "netleash"
#define CHAIN "edition"

/* Changes of others end an answer half way: with many runs that is normal. */
#define TRIES 100

#define COMMENT 0

/* Return: false where there is no comment. */
static bool read_comment(struct netlink_bytes data, char *ret, size_t size)
{
	while (data.n >= 2) {
		const size_t n = data.p[1];

		if (n > data.n - 2)
			return false;
		if (data.p[0] == COMMENT) {
			const size_t keep = n < size - 1 ? n : size - 1;

			memcpy(ret, data.p + 2, keep);
			ret[keep] = '\0';
			return true;
		}
		data.p += 2 + n;
		data.n -= 2 + n;
	}
	return false;
}

static int read_error(struct netlink_bytes body)
{
	int32_t error;

	if (body.n < sizeof(error))
		return -EPROTO;
	memcpy(&error, body.p, sizeof(error));
	return error == 0 ? -ENOENT : error;
}

int firewall_version_parse(const void *bytes, size_t n, char *ret, size_t size)
{
	struct netlink_bytes rest = { bytes, n }, body;
	struct nlmsghdr head;

	while (netlink_next(&rest, &head, &body)) {
		const size_t skip = netlink_align(sizeof(struct nfgenmsg));

		if (head.nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		if (head.nlmsg_type == NLMSG_DONE)
			return -ENOENT;
		if (head.nlmsg_type == NLMSG_ERROR)
			return read_error(body);
		if (body.n < skip)
			return -EPROTO;
		body.p += skip;
		body.n -= skip;
		if (read_comment(netlink_attr(body, NFTA_RULE_USERDATA), ret,
				 size))
			return 1;
	}
	return rest.n > 0 ? -EPROTO : 0;
}

struct question {
	struct nlmsghdr head;
	struct nfgenmsg body;
	struct nlattr table_head;
	char table[12]; /* TABLE, with what NLA_ALIGN() adds */
	struct nlattr chain_head;
	char chain[8];
};

static int ask(int fd)
{
	const struct question q = {
		.head = {
			.nlmsg_len = sizeof(q),
			.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 |
				      NFT_MSG_GETRULE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.body.nfgen_family = NFPROTO_INET,
		.table_head = {
			.nla_len = sizeof(struct nlattr) + sizeof(TABLE),
			.nla_type = NFTA_RULE_TABLE,
		},
		.table = TABLE,
		.chain_head = {
			.nla_len = sizeof(struct nlattr) + sizeof(CHAIN),
			.nla_type = NFTA_RULE_CHAIN,
		},
		.chain = CHAIN,
	};

	return send(fd, &q, sizeof(q), 0) < 0 ? -errno : 0;
}

static int ask_once(char *ret, size_t size)
{
	const int fd = firewall_socket();
	uint8_t answer[32768];
	int r;

	if (fd < 0)
		return fd;
	r = ask(fd);
	while (r == 0) {
		ssize_t n = recv(fd, answer, sizeof(answer), MSG_TRUNC);

		if (n < 0)
			r = -errno;
		else if ((size_t)n > sizeof(answer))
			r = -EPROTO;
		else
			r = firewall_version_parse(answer, (size_t)n, ret,
						   size);
	}
	/* Behind the rule comes the end of the list. */
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0)
		continue;
	return r;
}

int firewall_version_read(char *ret, size_t size)
{
	int r = -EINTR;

	for (unsigned i = 0; i < TRIES && r == -EINTR; i++)
		r = ask_once(ret, size);
	return r == 1 ? 0 : r;
}
