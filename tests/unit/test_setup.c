/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_setup.c - setup, teardown, and the sweep of dead runs
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <poll.h>

#include "common/conf.h"
#include "sandbox/firewall.h"
#include "sandbox/setup.h"
#include "sandbox/sweep.h"
#include "world.h"

static char error[FIREWALL_ERROR_MAX];
static struct conf *conf;
static struct identities ids;

static int call(int (*verb)(int, char **), const char *a, const char *b)
{
	char words[3][64] = { "verb", "", "" };
	char *argv[4] = { words[0], words[1], words[2], NULL };

	(void)snprintf(words[1], sizeof(words[1]), "%s", a ? a : "");
	(void)snprintf(words[2], sizeof(words[2]), "%s", b ? b : "");
	if (!a)
		argv[1] = NULL;
	if (!b)
		argv[2] = NULL;
	return verb(1 + !!a + !!b, argv);
}

static void apply(void)
{
	if (setup_apply(conf, true, LEASE_SWEEP_ALL, &ids, error,
			sizeof(error)) < 0)
		fail_msg("%s", error);
}

static bool table_is_there(void)
{
	return world_sh("nft list table inet netleash", "") == 0;
}

/* Elements in @allow and @doors; the listing names them. */
static bool doors_are_gone(void)
{
	return world_sh("! nft list set inet netleash allow | grep -q elements",
			"") == 0 &&
	       world_sh("! nft list set inet netleash doors | grep -q elements",
			"") == 0;
}

/* Is there a run's cgroup, or a record in a lease? */
static bool runs_are_gone(void)
{
	return world_sh("d=$(find /sys/fs/cgroup -maxdepth 2 -name netleash)\n"
			"test -z \"$(find $d -mindepth 1 -type d)\"",
			"") == 0 &&
	       world_sh("test -z \"$(find /run/netleash/leases -type f "
			"-size +0)\"",
			"") == 0;
}

/* A process that lives on in the run's cgroup, without the lease, as CMD. */
static void start_in(int cgroup_fd, int lease_fd)
{
	int procs = openat(cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	int ready[2];
	char byte = 'x';

	WORLD_MUST(procs);
	WORLD_MUST(pipe2(ready, O_CLOEXEC));
	if (fork() == 0) {
		WORLD_MUST(write(procs, "0", 1));
		close(lease_fd);
		WORLD_MUST(write(ready[1], &byte, 1));
		for (;;)
			pause();
	}
	WORLD_MUST(read(ready[0], &byte, 1));
}

/* A run up to a step; what it made stays, as after SIGKILL. */
enum step {
	LEASED,
	CGROUP,
	RECORDED,
	DOOR,
	RUNNING,
	STEPS
};

static int run_to(enum step step, uint16_t port, struct lease *l)
{
	struct firewall_door door = { l->run, port };
	struct firewall *fw = NULL;
	int fd = -1, r;

	r = lease_take(conf->run_uid_first, sweep_dead_run, NULL, l, error);
	if (r == 0 && step >= CGROUP)
		r = cgroup_create(l->run, 0, &fd, error);
	if (r == 0 && step >= RECORDED)
		r = lease_record_port(l, port);
	if (r == 0 && step >= DOOR)
		r = firewall_open(&fw, error);
	if (r == 0 && step >= DOOR)
		r = firewall_apply_door(fw, &door, error);
	firewall_close(fw);
	if (r == 0 && step >= RUNNING)
		start_in(fd, l->fd);
	return r;
}

static void die_at(enum step step, uint16_t port)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct lease l;

		if (run_to(step, port, &l) == 0)
			(void)kill(getpid(), SIGKILL);
		fprintf(stderr, "%s\n", error);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void setup_makes_all_and_again_nothing(void **state)
{
	(void)state;
	assert_int_equal(call(setup_main, NULL, NULL), 0);
	assert_int_equal(call(setup_main, NULL, NULL), 0);
	assert_int_equal(identity_find(&ids), 0);
	assert_true(table_is_there());
	apply();
}

static void a_run_that_died_at_any_step_is_swept(void **state)
{
	(void)state;
	for (enum step s = LEASED; s < STEPS; s++) {
		die_at(s, (uint16_t)(4000 + s));
		assert_false(runs_are_gone());
		apply();
		assert_true(runs_are_gone());
		assert_true(doors_are_gone());
	}
}

/* The dead run had recorded the port, but never had the door. */
static void the_door_of_a_living_run_survives_the_sweep(void **state)
{
	struct lease l;

	(void)state;
	die_at(RECORDED, 4100);
	assert_int_equal(run_to(DOOR, 4100, &l), 0);
	apply();
	assert_false(doors_are_gone());
	/* Ours is swept as a dead run's, by hand. */
	assert_int_equal(sweep_dead_run(&l, NULL), 0);
	assert_true(doors_are_gone());
	lease_release(&l);
	assert_true(runs_are_gone());
}

static _Noreturn void run_for_ever(uint16_t port)
{
	struct lease l;

	while (run_to(DOOR, port, &l) == 0 && sweep_dead_run(&l, NULL) == 0)
		lease_release(&l);
	fprintf(stderr, "%s\n", error);
	_exit(1);
}

static void sigkill_at_any_moment_leaves_nothing(void **state)
{
	(void)state;
	for (int round = 0; round < 12; round++) {
		struct timespec pause = { .tv_nsec = 1000000 + round * 777777 };
		pid_t pids[3];
		int status;

		for (uint16_t i = 0; i < 3; i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0)
				run_for_ever((uint16_t)(4200 + i));
		}
		(void)nanosleep(&pause, NULL);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(kill(pids[i], SIGKILL), 0);
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFSIGNALED(status));
		}
		apply();
		if (!runs_are_gone() || !doors_are_gone())
			fail_msg("round %d left something", round);
	}
}

static void teardown_refuses_while_a_run_lives(void **state)
{
	struct lease l;

	(void)state;
	assert_int_equal(run_to(DOOR, 4300, &l), 0);
	assert_int_equal(call(teardown_main, NULL, NULL), 1);
	assert_true(table_is_there());
	assert_int_equal(identity_find(&ids), 0);
	assert_int_equal(sweep_dead_run(&l, NULL), 0);
	lease_release(&l);
}

static void teardown_sweeps_and_removes_all(void **state)
{
	(void)state;
	die_at(RUNNING, 4400);
	assert_int_equal(call(teardown_main, NULL, NULL), 0);
	assert_false(table_is_there());
	assert_int_equal(identity_find(&ids), -ENOENT);
	assert_int_equal(access(IDENTITY_STATE_DIR, F_OK), -1);
	assert_int_equal(
		world_sh("test -z \"$(find /sys/fs/cgroup -maxdepth 2 -name "
			 "netleash)\"",
			 ""),
		0);
	assert_int_equal(call(teardown_main, NULL, NULL), 0);
	apply();
	assert_true(table_is_there());
}

static void many_at_once_all_succeed(void **state)
{
	pid_t pids[6];
	int status;

	(void)state;
	assert_int_equal(call(teardown_main, NULL, NULL), 0);
	for (int i = 0; i < 6; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(setup_apply(conf, true, LEASE_SWEEP_ALL, &ids,
					  error, sizeof(error)) < 0);
	}
	for (int i = 0; i < 6; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_true(table_is_there());
}

static void nobody_but_root_can(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		WORLD_MUST(setresuid(4242, 4242, 4242));
		_exit(setup_apply(conf, true, LEASE_SWEEP_ALL, &ids, error,
				  sizeof(error)) != -EPERM ||
		      !strstr(error, "root") ||
		      call(setup_main, NULL, NULL) != 1 ||
		      call(teardown_main, NULL, NULL) != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void words_that_it_does_not_know_are_errors(void **state)
{
	(void)state;
	assert_int_equal(call(setup_main, "--help", NULL), 0);
	assert_int_equal(call(teardown_main, "--help", NULL), 0);
	assert_int_equal(call(setup_main, "--force", NULL), 2);
	assert_int_equal(call(setup_main, "-c", NULL), 2);
	assert_int_equal(call(teardown_main, "now", NULL), 2);
	assert_int_equal(call(setup_main, "-c", "/run/no.conf"), 1);
}

static void the_block_of_the_conf_is_checked(void **state)
{
	(void)state;
	assert_int_equal(world_sh("echo 'run-uids 61000-61255' >/run/a.conf; "
				  "echo 'run-uids 50000-50255' >/run/b.conf; "
				  "echo 'preset npm' >>/run/b.conf; "
				  "echo bob:50100:10 >>/etc/subuid",
				  ""),
			 0);
	assert_int_equal(call(setup_main, "-c", "/run/a.conf"), 1);
	assert_int_equal(call(setup_main, "-c", "/run/b.conf"), 1);
	assert_int_equal(world_sh("sed -i /^bob/d /etc/subuid", ""), 0);
	assert_int_equal(call(setup_main, "-c", "/run/b.conf"), 0);
	apply();
}

static void rules_that_hold_a_living_run_are_not_replaced(void **state)
{
	uint32_t first = conf->run_uid_first, last = conf->run_uid_last;
	struct lease l;

	(void)state;
	assert_int_equal(run_to(DOOR, 4500, &l), 0);
	conf->run_uid_first -= 1000;
	conf->run_uid_last -= 1000;
	assert_int_equal(setup_apply(conf, true, LEASE_SWEEP_ALL, &ids, error,
				     sizeof(error)),
			 -EBUSY);
	assert_non_null(strstr(error, l.run));
	assert_int_equal(sweep_dead_run(&l, NULL), 0);
	lease_release(&l);
	apply();
	conf->run_uid_first = first;
	conf->run_uid_last = last;
	apply();
}

static void without_cgroup2_only_the_firewall_is_missing(void **state)
{
	(void)state;
	assert_int_equal(mount("t", "/sys/fs/cgroup", "tmpfs", 0, NULL), 0);
	assert_int_equal(setup_apply(conf, true, LEASE_SWEEP_ALL, &ids, error,
				     sizeof(error)),
			 -ENOENT);
	assert_non_null(strstr(error, "cgroup2"));
	assert_int_equal(setup_apply(conf, false, LEASE_SWEEP_ALL, &ids, error,
				     sizeof(error)),
			 0);
	assert_int_equal(umount("/sys/fs/cgroup"), 0);
	assert_int_equal(call(teardown_main, NULL, NULL), 0);
}

static int tests_in_world(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setup_makes_all_and_again_nothing),
		cmocka_unit_test(a_run_that_died_at_any_step_is_swept),
		cmocka_unit_test(the_door_of_a_living_run_survives_the_sweep),
		cmocka_unit_test(sigkill_at_any_moment_leaves_nothing),
		cmocka_unit_test(teardown_refuses_while_a_run_lives),
		cmocka_unit_test(teardown_sweeps_and_removes_all),
		cmocka_unit_test(many_at_once_all_succeed),
		cmocka_unit_test(nobody_but_root_can),
		cmocka_unit_test(words_that_it_does_not_know_are_errors),
		cmocka_unit_test(the_block_of_the_conf_is_checked),
		cmocka_unit_test(rules_that_hold_a_living_run_are_not_replaced),
		cmocka_unit_test(without_cgroup2_only_the_firewall_is_missing),
	};
	int r;

	/* The host's own users are not there in the copy of /etc. */
	if (identity_revert(error) < 0) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	conf = conf_new();
	r = conf ? cmocka_run_group_tests_name("setup", tests, NULL, NULL) : 1;
	conf_free(conf);
	return r;
}

int main(void)
{
	int r = world_run(WORLD_STANDARD, tests_in_world);

	return r == 0 ? world_run(WORLD_HYBRID, tests_in_world) : r;
}
