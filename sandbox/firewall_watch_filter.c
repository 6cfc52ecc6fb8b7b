/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_watch_filter.c - what of others' changes wakes no watch
 *
 * In:         what names our run in the rule set
 * Out:        a classic BPF program on the socket
 * Invariants: a notification of another length or shape than those of
 *             firewall_door.c's transactions passes; so does one of our own
 *             cgroup or port
 *
 * One notification has both elements, each as nf_tables writes it back: the
 * attributes that put_message() of firewall_door.c sends, without NLA_F_NESTED.
 */
#include "sandbox/firewall_watch_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define PROGRAM_MAX 160
#define DROP	    0u
#define PASS	    UINT32_MAX

/* Of messages as a whole. */
#define HEAD	   16u /* struct nlmsghdr, then struct nfgenmsg */
#define ALLOW	   76u /* the message about @allow */
#define DOORS	   68u /* the one about @doors, right behind it */
#define KEY	   64u /* of @allow's element: cgroup id, port, two zeros */
#define PORT	   (ALLOW + 64u) /* of @doors' element: port, two zeros */
#define NEWGEN_MAX 96u

/**
 * struct program - being made
 * @full: it did not fit
 */
struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short n;
	bool full;
};

static void add(struct program *p, struct sock_filter f)
{
	if (p->n == PROGRAM_MAX)
		p->full = true;
	else
		p->code[p->n++] = f;
}

/* Of the jump that is added next: past it, or to the end, which passes. The
 * distances are filled in by finish(). */
#define NEXT	0
#define TO_PASS 255

static void load(struct program *p, unsigned short size, uint32_t at)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | size | BPF_ABS, at));
}

static void must_be(struct program *p, unsigned short size, uint32_t at,
		    uint32_t value)
{
	load(p, size, at);
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
					    NEXT, TO_PASS));
}

/* @n bytes, a multiple of four, in the order they stand there. */
static void must_be_bytes(struct program *p, uint32_t at, const void *bytes,
			  size_t n)
{
	for (size_t i = 0; i < n; i += 4) {
		uint32_t word;

		memcpy(&word, (const char *)bytes + i, sizeof(word));
		must_be(p, BPF_W, at + (uint32_t)i, ntohl(word));
	}
}

/* The kernel's numbers are in the machine's byte order. */
static uint16_t as_loaded(unsigned type)
{
	return ntohs((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type));
}

struct attr {
	uint16_t len, type;
};

/* What stands before the key: table, set, and five nested attributes. */
static void must_be_about(struct program *p, uint32_t at, const char set[8],
			  uint16_t key_n)
{
	static const struct attr table = { 4 + sizeof("netleash"), 1 };
	static const char table_name[12] = "netleash";
	const struct attr set_head = { (uint16_t)(4 + strlen(set) + 1), 2 };
	const uint16_t padded = (uint16_t)((key_n + 3) & ~3);
	const struct attr nests[] = {
		{ (uint16_t)(padded + 16), NFTA_SET_ELEM_LIST_ELEMENTS },
		{ (uint16_t)(padded + 12), NFTA_LIST_ELEM },
		{ (uint16_t)(padded + 8), NFTA_SET_ELEM_KEY },
		{ (uint16_t)(key_n + 4), NFTA_DATA_VALUE },
	};

	must_be_bytes(p, at + HEAD + 4, &table, sizeof(table));
	must_be_bytes(p, at + HEAD + 8, table_name, sizeof(table_name));
	must_be_bytes(p, at + HEAD + 20, &set_head, sizeof(set_head));
	must_be_bytes(p, at + HEAD + 24, set, 8);
	must_be_bytes(p, at + HEAD + 32, nests, sizeof(nests));
}

/* Elements come or go; of one kind, or the two would not be a door's. */
static void must_be_change(struct program *p, uint32_t at, uint32_t n,
			   unsigned type)
{
	const uint32_t length = n;

	must_be_bytes(p, at, &length, sizeof(length));
	must_be(p, BPF_H, at + 4, as_loaded(type));
	must_be(p, BPF_B, at + HEAD, 1 /* NFPROTO_INET */);
}

static void drop_if_not_ours(struct program *p,
			     const struct firewall_watched *run)
{
	uint32_t id[2];

	memcpy(id, &run->cgroup_id, sizeof(id));
	load(p, BPF_H, PORT);
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    run->port, TO_PASS, NEXT));
	load(p, BPF_W, KEY);
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    ntohl(id[0]), 0, 2));
	load(p, BPF_W, KEY + 4);
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    ntohl(id[1]), TO_PASS, NEXT));
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, DROP));
}

/* A part of the program that drops, or goes on behind it. */
static void close_part(struct program *p, unsigned short from)
{
	for (unsigned short i = from; i < p->n; i++) {
		struct sock_filter *f = &p->code[i];
		const unsigned distance = (unsigned)(p->n - i) - 1u;

		if (BPF_CLASS(f->code) != BPF_JMP)
			continue;
		if (distance >= TO_PASS)
			p->full = true;
		if (f->jt == TO_PASS)
			f->jt = (uint8_t)distance;
		if (f->jf == TO_PASS)
			f->jf = (uint8_t)distance;
	}
}

static void drop_doors(struct program *p, unsigned type,
		       const struct firewall_watched *run)
{
	const unsigned short from = p->n;

	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					    ALLOW + DOORS, NEXT, TO_PASS));
	must_be_change(p, 0, ALLOW, type);
	must_be_change(p, ALLOW, DOORS, type);
	must_be_about(p, 0, "allow\0\0", 12);
	must_be_about(p, ALLOW, "doors\0\0", 2);
	drop_if_not_ours(p, run);
	close_part(p, from);
}

/* The first byte of its length, since nothing longer is looked at. */
static void drop_generation(struct program *p)
{
	const unsigned short from = p->n;

	/* To read past the end would drop it, too. */
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, HEAD,
					    NEXT, TO_PASS));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K,
					    NEWGEN_MAX, TO_PASS, NEXT));
	add(p, (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0));
	load(p, BPF_B, 0);
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, NEXT,
					    TO_PASS));
	must_be(p, BPF_H, 4, as_loaded(NFT_MSG_NEWGEN));
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, DROP));
	close_part(p, from);
}

int firewall_watch_filter(int fd, const struct firewall_watched *run)
{
	struct program p = { .n = 0 };
	struct sock_fprog prog = { .filter = p.code };

	drop_generation(&p);
	drop_doors(&p, NFT_MSG_NEWSETELEM, run);
	drop_doors(&p, NFT_MSG_DELSETELEM, run);
	add(&p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS));
	if (p.full)
		return -E2BIG;
	prog.len = p.n;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) < 0
		       ? -errno
		       : 0;
}
