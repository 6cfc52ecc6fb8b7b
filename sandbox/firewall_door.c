/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_door.c - the two elements of a run's door, and its counter
 *
 * In:         a run's cgroup and port
 * Out:        (cgroup . port) in @allow, port in @doors: both or none; what
 *             @tried has of the run's uid
 * Invariants: one change is one transaction; what the kernel took is read back
 * References: linux/netfilter/nf_tables.h NFT_MSG_NEWSETELEM and _GETSETELEM,
 *             nfnetlink's NFNL_MSG_BATCH_BEGIN; a concatenated key is its
 * parts, each padded to four bytes
 *
 * Every run opens and closes one: by netlink itself that is a tenth of what the
 * start of libnftables costs. All that is rarer is the library's work.
 */
#include "sandbox/firewall.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/macros.h"
#include "sandbox/firewall_priv.h"
#include "sandbox/firewall_rules.h"
#include "sandbox/netlink.h"

#define TABLE "netleash"

#define MESSAGE(type) ((unsigned)NFNL_SUBSYS_NFTABLES << 8 | (unsigned)(type))

/**
 * struct element - one of the two
 * @n: bytes of @key
 */
struct element {
	const char *set;
	uint8_t key[12];
	size_t n;
};

/* Of socket cgroupv2 (an id, in the machine's byte order) . tcp dport. */
static struct element allow_of(uint64_t cgroup_id, uint16_t port)
{
	const uint16_t be_port = htons(port);
	struct element e = { .set = "allow", .n = sizeof(e.key) };

	memcpy(e.key, &cgroup_id, sizeof(cgroup_id));
	memcpy(e.key + sizeof(cgroup_id), &be_port, sizeof(be_port));
	return e;
}

static struct element door_of(uint16_t port)
{
	const uint16_t be_port = htons(port);
	struct element e = { .set = "doors", .n = sizeof(be_port) };

	memcpy(e.key, &be_port, sizeof(be_port));
	return e;
}

static void put_message(struct netlink_out *out, unsigned type, unsigned flags,
			const struct element *e)
{
	const size_t message = netlink_begin(
		out, MESSAGE(type), NLM_F_REQUEST | flags, NFPROTO_INET, 0);
	size_t list, elem, key;

	netlink_put_text(out, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	netlink_put_text(out, NFTA_SET_ELEM_LIST_SET, e->set);
	list = netlink_nest(out, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = netlink_nest(out, NFTA_LIST_ELEM);
	key = netlink_nest(out, NFTA_SET_ELEM_KEY);
	netlink_put(out, NFTA_DATA_VALUE, e->key, e->n);
	netlink_nest_end(out, key);
	netlink_nest_end(out, elem);
	netlink_nest_end(out, list);
	netlink_end(out, message);
}

static void put_mark(struct netlink_out *out, unsigned type)
{
	netlink_end(out, netlink_begin(out, type, NLM_F_REQUEST, AF_UNSPEC,
				       NFNL_SUBSYS_NFTABLES));
}

/* The counter of the first element in @body, if it has one. */
static void read_packets(struct netlink_bytes body, uint64_t *ret)
{
	static const unsigned way[] = { NFTA_SET_ELEM_LIST_ELEMENTS,
					NFTA_LIST_ELEM, NFTA_SET_ELEM_EXPR,
					NFTA_EXPR_DATA, NFTA_COUNTER_PACKETS };
	const size_t skip = netlink_align(sizeof(struct nfgenmsg));
	struct netlink_bytes at;
	uint64_t packets;

	if (body.n < skip)
		return;
	at = (struct netlink_bytes){ body.p + skip, body.n - skip };
	for (size_t i = 0; i < ARRAY_SIZE(way); i++)
		at = netlink_attr(at, way[i]);
	if (at.n != sizeof(packets))
		return;
	memcpy(&packets, at.p, sizeof(packets));
	*ret = be64toh(packets);
}

/*
 * What the messages in @answer say: each that is understood is taken off
 * @waiting; the first error stands in @ret, an element's counter in @packets
 * (NULL: nobody wants it).
 */
static int read_answers(struct netlink_bytes answer, size_t *waiting, int *ret,
			uint64_t *packets)
{
	struct netlink_bytes body;
	struct nlmsghdr head;
	int32_t error;

	while (netlink_next(&answer, &head, &body)) {
		if (head.nlmsg_type == MESSAGE(NFT_MSG_NEWSETELEM)) {
			if (packets)
				read_packets(body, packets);
			continue; /* what was asked for; an answer follows */
		}
		if (head.nlmsg_type != NLMSG_ERROR || body.n < sizeof(error))
			return -EPROTO;
		memcpy(&error, body.p, sizeof(error));
		if (*ret == 0)
			*ret = error;
		*waiting -= *waiting > 0;
	}
	return answer.n > 0 ? -EPROTO : 0;
}

/*
 * Sends @out, @n messages of which are answered. Where a transaction fails as a
 * whole there is an answer for its beginning, too, or only that. @packets: see
 * read_answers().
 */
static int ask(int fd, const struct netlink_out *out, size_t n,
	       uint64_t *packets)
{
	uint8_t answer[8192];
	int r = 0, failed = 0;

	if (out->full)
		return -E2BIG;
	if (send(fd, out->bytes, out->n, 0) < 0)
		return -errno;
	while (n > 0 && r == 0 && failed == 0) {
		ssize_t got = recv(fd, answer, sizeof(answer), MSG_TRUNC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if ((size_t)got > sizeof(answer))
			return -EPROTO;
		r = read_answers((struct netlink_bytes){ answer, (size_t)got },
				 &n, &failed, packets);
	}
	/* Of a transaction that failed there may be more; none is to be taken
	 * for an answer to the next. */
	while (failed < 0 &&
	       recv(fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0)
		continue;
	return r < 0 ? r : failed;
}

static int change(int fd, bool create, const struct element *v, size_t n)
{
	struct netlink_out out = { .n = 0 };

	put_mark(&out, NFNL_MSG_BATCH_BEGIN);
	for (size_t i = 0; i < n; i++) {
		if (create)
			put_message(&out, NFT_MSG_NEWSETELEM,
				    NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
				    &v[i]);
		else
			put_message(&out, NFT_MSG_DELSETELEM, NLM_F_ACK, &v[i]);
	}
	put_mark(&out, NFNL_MSG_BATCH_END);
	return ask(fd, &out, n, NULL);
}

/* Return: 0 if all are there, -ENOENT or another -errno. */
static int look(int fd, const struct element *v, size_t n, uint64_t *packets)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct netlink_out out = { .n = 0 };

		put_message(&out, NFT_MSG_GETSETELEM, NLM_F_ACK, &v[i]);
		r = ask(fd, &out, 1, packets);
	}
	return r;
}

static int explain(char error[FIREWALL_ERROR_MAX], int r, const char *what)
{
	(void)snprintf(error, FIREWALL_ERROR_MAX,
		       "cannot %s the run's door: %s", what, strerror(-r));
	return r;
}

/* The run's own half, and everybody's. */
static int find_both(const struct firewall_door *door, struct element both[2],
		     char error[FIREWALL_ERROR_MAX])
{
	struct firewall_place place;
	uint64_t id;
	int r;

	r = firewall_find_run(door->run, &place, &id, error);
	if (r < 0)
		return r;
	both[0] = allow_of(id, door->port);
	both[1] = door_of(door->port);
	return 0;
}

/*
 * Created, not added: a port that is still in @doors is the door of a run that
 * is dead but not swept. Were it taken over silently, the sweep of the one
 * would open the other's door to everybody.
 */
int firewall_apply_door(struct firewall *fw, const struct firewall_door *door,
			char error[FIREWALL_ERROR_MAX])
{
	struct element both[2];
	bool taken;
	int r;

	if (door->port == 0)
		return 0; /* the base denies all */
	r = find_both(door, both, error);
	if (r < 0)
		return r;
	r = change(fw->fd, true, both, ARRAY_SIZE(both));
	taken = r == -EEXIST;
	/* Read back, and if something was there, look whose it is. */
	if (r == 0 || taken)
		r = look(fw->fd, both, ARRAY_SIZE(both), NULL);
	if (r == -ENOENT && taken)
		r = -EEXIST;
	if (r < 0)
		(void)explain(error, r, "open");
	if (r == -EEXIST)
		(void)snprintf(error, FIREWALL_ERROR_MAX,
			       "port %u is still the door of a run that ended "
			       "without clean-up; 'netleash setup' sweeps it",
			       (unsigned)door->port);
	return r;
}

int firewall_revert_door(struct firewall *fw, const struct firewall_door *door,
			 char error[FIREWALL_ERROR_MAX])
{
	struct element both[2];
	int r;

	if (door->port == 0)
		return 0;
	r = find_both(door, both, error);
	if (r < 0)
		return r;
	r = change(fw->fd, false, both, ARRAY_SIZE(both));
	/*
	 * The two come and go together. If the run's own half is not there,
	 * the port is not this run's (any more) and stays as it is; if only
	 * that half is there, somebody flushed the other.
	 */
	if (r == -ENOENT)
		r = change(fw->fd, false, both, 1);
	if (r == -ENOENT)
		r = 0;
	return r < 0 ? explain(error, r, "close") : 0;
}

int firewall_rejected(struct firewall *fw, uid_t run_uid, uint64_t *ret)
{
	struct element e = { .set = "tried", .n = sizeof(uint32_t) };
	const uint32_t key = run_uid;

	memcpy(e.key, &key, sizeof(key));
	*ret = 0;
	return look(fw->fd, &e, 1, ret);
}
