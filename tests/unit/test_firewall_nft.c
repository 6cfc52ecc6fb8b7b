/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_firewall_nft.c - base and doors are loaded, kept, removed
 */
#include "two_runs.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static void a_door_is_created_once_and_deleted_often(void **state)
{
	struct firewall_door a = { RUN_A, 4001 }, b = { RUN_B, 4001 };

	(void)state;
	open_door(RUN_A, 4001);
	assert_int_equal(firewall_apply_door(fw, &b, error), -EEXIST);
	assert_non_null(strstr(error, "4001"));
	/* B never had it: its revert must not touch A's. */
	assert_int_equal(firewall_revert_door(fw, &b, error), 0);
	assert_int_equal(firewall_apply_door(fw, &b, error), -EEXIST);
	assert_int_equal(firewall_revert_door(fw, &a, error), 0);
	assert_int_equal(firewall_revert_door(fw, &a, error), 0);
	open_door(RUN_B, 4001);
	close_door(RUN_B, 4001);
	a.port = 0; /* no network: nothing to open */
	assert_int_equal(firewall_apply_door(fw, &a, error), 0);
	assert_int_equal(firewall_revert_door(fw, &a, error), 0);
}

/* Somebody has flushed the one set, and the other half is left. */
static void what_is_left_of_a_door_is_closed(void **state)
{
	struct firewall_door a = { RUN_A, 4003 };

	(void)state;
	open_door(RUN_A, 4003);
	assert_int_equal(world_sh("nft flush set inet netleash doors", ""), 0);
	assert_int_equal(firewall_revert_door(fw, &a, error), 0);
	assert_int_not_equal(world_sh("nft list set inet netleash allow | "
				      "grep -q 4003",
				      ""),
			     0);
}

static void bad_doors_are_refused(void **state)
{
	struct firewall_door gone = { "r009-00000000", 4002 };
	struct firewall_door evil = { "a\" . 1 }; flush ruleset", 4002 };

	(void)state;
	assert_int_equal(firewall_apply_door(fw, &gone, error), -ENOENT);
	assert_non_null(strstr(error, "no cgroup"));
	assert_int_equal(firewall_revert_door(fw, &gone, error), -ENOENT);
	assert_int_equal(firewall_apply_door(fw, &evil, error), -EINVAL);
	assert_int_equal(firewall_revert_door(fw, &evil, error), -EINVAL);
}

static void apply_base(const struct firewall_ids *who)
{
	if (firewall_apply_base(fw, who, error) < 0)
		fail_msg("%s", error);
}

/* New identities, a flushed or a removed table: the base comes back, and the
 * doors of living runs stay where they were left. */
static void the_base_is_loaded_anew_when_it_differs(void **state)
{
	struct firewall_ids other = ids;
	struct who late = { -1, OUTSIDER + 1, OUTSIDER };
	uint16_t port;
	int fd = listener("127.0.0.1", 0, &port);

	(void)state;
	open_door(RUN_A, port);
	other.offline_uid = late.uid;
	assert_int_equal(as(&late, try_udp, "127.0.0.1", 53), 0);
	apply_base(&other);
	assert_int_equal(as(&late, try_udp, "127.0.0.1", 53), EPERM);
	apply_base(&ids);
	assert_int_equal(as(&late, try_udp, "127.0.0.1", 53), 0);

	/* No run lives where it is loaded: the door was left by a dead one. */
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), ECONNREFUSED);
	open_door(RUN_A, port);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), 0);

	assert_int_equal(world_sh("nft flush table inet netleash", ""), 0);
	assert_int_equal(as(&run_a, try_udp, "127.0.0.1", 53), 0);
	apply_base(&ids);
	assert_int_equal(as(&run_a, try_udp, "127.0.0.1", 53), EPERM);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), ECONNREFUSED);

	assert_int_equal(world_sh("nft delete table inet netleash", ""), 0);
	apply_base(&ids);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), ECONNREFUSED);
	close(fd);
}

static void what_an_earlier_version_left_goes_with_its_rules(void **state)
{
	struct firewall_ids other = ids;

	(void)state;
	other.offline_uid++;
	/* nft 1.0.2 refuses the name: where it is, none was ever left. */
	if (world_sh("nft add chain inet netleash version", "") != 0)
		return;
	assert_int_equal(
		world_sh("nft add rule inet netleash version return", ""), 0);
	apply_base(&other);
	assert_int_not_equal(
		world_sh("nft list chain inet netleash version", ""), 0);
	apply_base(&ids); /* and where there is none */
}

static void the_table_goes_and_comes(void **state)
{
	struct firewall_door door = { RUN_A, 4003 };

	(void)state;
	assert_int_equal(firewall_revert_base(fw, error), 0);
	assert_int_equal(firewall_revert_base(fw, error), 0);
	assert_int_equal(firewall_revert_door(fw, &door, error), 0);
	assert_int_equal(firewall_apply_door(fw, &door, error), -ENOENT);
	apply_base(&ids);
}

static void without_privilege_it_says_so(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct firewall *mine;

		become(&outsider);
		_exit(firewall_open(&mine, error) == -EPERM &&
				      strstr(error, "root")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* From here on socket(AF_NETLINK) fails with @number. */
static void refuse_netlink(unsigned number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	WORLD_MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	WORLD_MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* The library would end the process here; so it must not be asked. */
static void without_netfilter_it_says_what_is_missing(void **state)
{
	static const struct {
		unsigned number;
		int want;
		const char *says;
	} cases[] = {
		{ EPROTONOSUPPORT, -EOPNOTSUPP, "nf_tables" },
		{ EACCES, -EACCES, "netlink" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct firewall *mine;

			refuse_netlink(cases[i].number);
			_exit(firewall_open(&mine, error) != cases[i].want ||
			      !strstr(error, cases[i].says));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static int tests_in_world(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_door_is_created_once_and_deleted_often),
		cmocka_unit_test(what_is_left_of_a_door_is_closed),
		cmocka_unit_test(bad_doors_are_refused),
		cmocka_unit_test(the_base_is_loaded_anew_when_it_differs),
		cmocka_unit_test(
			what_an_earlier_version_left_goes_with_its_rules),
		cmocka_unit_test(the_table_goes_and_comes),
		cmocka_unit_test(without_privilege_it_says_so),
		cmocka_unit_test(without_netfilter_it_says_what_is_missing),
	};
	int r;

	if (two_runs_setup() < 0)
		return 1;
	r = cmocka_run_group_tests_name("firewall_nft", tests, NULL, NULL);
	firewall_close(fw);
	return r;
}

int main(void)
{
	int r = world_run(WORLD_STANDARD, tests_in_world);

	return r == 0 ? world_run(WORLD_HYBRID, tests_in_world) : r;
}
