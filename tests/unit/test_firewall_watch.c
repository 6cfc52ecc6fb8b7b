/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_firewall_watch.c - which changes of the rule set end a run
 */
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/firewall_watch.h"

#define CGROUP 0x1122334455667788u
#define PORT   40000
#define UID    60103

static const struct firewall_watched ours = { CGROUP, PORT, UID };

struct message {
	uint8_t bytes[512];
	size_t n;
};

static void put(struct message *m, const void *bytes, size_t n)
{
	assert_true(m->n + n <= sizeof(m->bytes));
	memcpy(m->bytes + m->n, bytes, n);
	m->n += (n + 3) & ~(size_t)3;
}

static size_t open_attr(struct message *m, uint16_t type)
{
	const struct nlattr a = { 0, type };
	size_t at = m->n;

	put(m, &a, sizeof(a));
	return at;
}

static void close_attr(struct message *m, size_t at, size_t payload)
{
	const uint16_t len = (uint16_t)(sizeof(struct nlattr) + payload);

	memcpy(m->bytes + at, &len, sizeof(len));
}

static void put_attr(struct message *m, uint16_t type, const void *bytes,
		     size_t n)
{
	size_t at = open_attr(m, type);

	put(m, bytes, n);
	close_attr(m, at, n);
}

static void begin(struct message *m, unsigned type, const char *table)
{
	const struct nlmsghdr h = {
		.nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
	};
	const struct nfgenmsg g = { .nfgen_family = 1 };

	memset(m, 0, sizeof(*m));
	put(m, &h, sizeof(h));
	put(m, &g, sizeof(g));
	put_attr(m, 1, table, strlen(table) + 1);
}

static void end(struct message *m)
{
	const uint32_t len = (uint32_t)m->n;

	memcpy(m->bytes, &len, sizeof(len));
}

static void put_key(struct message *m, const void *key, size_t n)
{
	size_t elem = open_attr(m, NFTA_LIST_ELEM);
	size_t inner = open_attr(m, NFTA_SET_ELEM_KEY);

	put_attr(m, NFTA_DATA_VALUE, key, n);
	close_attr(m, inner, m->n - inner - sizeof(struct nlattr));
	close_attr(m, elem, m->n - elem - sizeof(struct nlattr));
}

static void put_element(struct message *m, uint64_t cgroup, uint16_t port)
{
	uint8_t key[12] = { 0 };
	const uint16_t be = htons(port);

	memcpy(key, &cgroup, sizeof(cgroup));
	memcpy(key + 8, &be, sizeof(be));
	put_key(m, key, sizeof(key));
}

static size_t begin_elements(struct message *m, unsigned type, const char *set)
{
	begin(m, type, "netleash");
	put_attr(m, NFTA_SET_ELEM_LIST_SET, set, strlen(set) + 1);
	return open_attr(m, NFTA_SET_ELEM_LIST_ELEMENTS);
}

static void end_elements(struct message *m, size_t list)
{
	close_attr(m, list, m->n - list - sizeof(struct nlattr));
	end(m);
}

static void make_elements(struct message *m, unsigned type)
{
	size_t list = begin_elements(m, type, "allow");

	put_element(m, CGROUP + 1, PORT);
	put_element(m, CGROUP, PORT);
	end_elements(m, list);
}

/* One element with a key of @n bytes goes from @set. */
static void make_loss(struct message *m, const char *set, const void *key,
		      size_t n)
{
	size_t list = begin_elements(m, NFT_MSG_DELSETELEM, set);

	put_key(m, key, n);
	end_elements(m, list);
}

static bool parse(const struct message *m)
{
	return firewall_watch_parse(m->bytes, m->n, &ours);
}

static void what_is_taken_from_our_table_is_a_loss(void **state)
{
	static const unsigned types[] = { NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN,
					  NFT_MSG_DELRULE, NFT_MSG_DELSET };
	struct message m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		begin(&m, types[i], "netleash");
		end(&m);
		assert_true(parse(&m));
		begin(&m, types[i], "netleash2");
		end(&m);
		assert_false(parse(&m));
	}
}

/* A rule may accept, a chain stand before ours, a table be made dormant. */
static void what_is_added_to_our_table_is_a_loss_too(void **state)
{
	static const unsigned types[] = { NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN,
					  NFT_MSG_NEWRULE, NFT_MSG_NEWSET };
	struct message m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		begin(&m, types[i], "netleash");
		end(&m);
		assert_true(parse(&m));
		begin(&m, types[i], "filter");
		end(&m);
		assert_false(parse(&m));
	}
}

static void the_element_of_a_run_that_comes_is_no_loss(void **state)
{
	struct message m;

	(void)state;
	make_elements(&m, NFT_MSG_NEWSETELEM);
	assert_false(parse(&m));
}

static void only_our_own_element_is_a_loss(void **state)
{
	const struct firewall_watched theirs = { CGROUP + 2, PORT, UID };
	struct message m;

	(void)state;
	make_elements(&m, NFT_MSG_DELSETELEM);
	assert_true(parse(&m));
	assert_false(firewall_watch_parse(m.bytes, m.n, &theirs));
}

/* Doors by their port, marks by the uid, all others by the cgroup. */
static void every_element_of_ours_is_a_loss_in_its_own_set(void **state)
{
	const uint16_t port = htons(PORT), other_port = htons(PORT + 1);
	const uint32_t uid = UID, other_uid = UID + 1;
	const uint64_t cgroup = CGROUP, other_cgroup = CGROUP + 1;
	struct message m;

	(void)state;
	make_loss(&m, "doors", &port, sizeof(port));
	assert_true(parse(&m));
	make_loss(&m, "doors", &other_port, sizeof(other_port));
	assert_false(parse(&m));
	make_loss(&m, "server_uids", &uid, sizeof(uid));
	assert_true(parse(&m));
	make_loss(&m, "server_uids", &other_uid, sizeof(other_uid));
	assert_false(parse(&m));
	make_loss(&m, "uids", &other_uid, sizeof(other_uid));
	assert_true(parse(&m));
	make_loss(&m, "gids", &other_uid, sizeof(other_uid));
	assert_true(parse(&m));
	make_loss(&m, "servers", &cgroup, sizeof(cgroup));
	assert_true(parse(&m));
	make_loss(&m, "servers", &other_cgroup, sizeof(other_cgroup));
	assert_false(parse(&m));
	make_loss(&m, "doors", "", 0);
	assert_false(parse(&m));
}

/* A message cut short is a loss or says nothing, but is never read past. */
static void every_cut_of_a_message_is_read_within_its_bounds(void **state)
{
	struct message m;

	(void)state;
	make_elements(&m, NFT_MSG_DELSETELEM);
	for (size_t n = 1; n < m.n; n++) {
		uint8_t *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, m.bytes, n);
		assert_true(firewall_watch_parse(copy, n, &ours));
		free(copy);
	}
}

/* Whoever may send to us at all is root, but of which namespace? */
static void what_the_kernel_does_not_say_is_no_loss(void **state)
{
	const struct firewall_watched run = { CGROUP, PORT, UID };
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(to);
	struct message m;
	int fd, other;

	(void)state;
	if (geteuid() != 0 || firewall_watch_open(&fd) < 0) {
		assert_null(getenv("NETLEASH_TESTS_MUST_RUN"));
		skip();
	}
	other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	assert_true(other >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
	begin(&m, NFT_MSG_DELTABLE, "netleash");
	end(&m);
	assert_true(parse(&m));
	assert_int_equal(sendto(other, m.bytes, m.n, 0,
				(const struct sockaddr *)&to, sizeof(to)),
			 (ssize_t)m.n);
	assert_false(firewall_watch_lost(fd, &run));
	/* It was there, and has been read. */
	assert_true(recv(fd, m.bytes, 1, MSG_DONTWAIT) < 0);
	(void)close(other);
	(void)close(fd);
	/* One that cannot be heard any more may have missed anything. */
	assert_true(firewall_watch_lost(-1, &run));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_from_our_table_is_a_loss),
		cmocka_unit_test(what_is_added_to_our_table_is_a_loss_too),
		cmocka_unit_test(the_element_of_a_run_that_comes_is_no_loss),
		cmocka_unit_test(only_our_own_element_is_a_loss),
		cmocka_unit_test(
			every_element_of_ours_is_a_loss_in_its_own_set),
		cmocka_unit_test(
			every_cut_of_a_message_is_read_within_its_bounds),
		cmocka_unit_test(what_the_kernel_does_not_say_is_no_loss),
	};

	return cmocka_run_group_tests_name("firewall_watch", tests, NULL, NULL);
}
