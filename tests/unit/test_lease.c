/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_lease.c - places are taken, given back, and survive SIGKILL
 */
#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/identity.h"
#include "sandbox/state.h"
#include "world.h"

#define FIRST 60100u

static char error[IDENTITY_ERROR_MAX];

struct swept {
	unsigned count;
	struct lease last;
	int result;
};

static int on_dead(const struct lease *dead, void *arg)
{
	struct swept *s = arg;

	s->count++;
	s->last = *dead;
	return s->result;
}

static int no_dead(const struct lease *dead, void *arg)
{
	(void)arg;
	fail_msg("%s counts as dead", dead->run);
	return -EIO;
}

/* Takes a lease in a child and ends it with SIGKILL. */
static void die_with_lease(uint16_t port)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct lease l;
		struct swept s = { 0 };

		if (lease_take(FIRST, on_dead, &s, &l, error) == 0 &&
		    (port == 0 || lease_record_port(&l, port) == 0))
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void two_runs_get_different_places(void **state)
{
	struct lease a, b;

	(void)state;
	assert_int_equal(lease_take(FIRST, no_dead, NULL, &a, error), 0);
	assert_int_equal(lease_take(FIRST, no_dead, NULL, &b, error), 0);
	assert_int_not_equal(a.uid, b.uid);
	assert_string_not_equal(a.run, b.run);
	assert_true(run_name_check(a.run));
	assert_int_equal(a.uid, FIRST + a.index);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, no_dead, NULL), 2);
	lease_release(&a);
	lease_release(&b);
	assert_int_equal(a.fd, -1);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, no_dead, NULL), 0);
}

static unsigned places_on_disk(void)
{
	DIR *dir = opendir(IDENTITY_STATE_DIR "/leases");
	const struct dirent *entry;
	unsigned n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void a_place_is_there_while_its_run_is(void **state)
{
	struct swept s = { 0 };
	struct lease l;

	(void)state;
	assert_int_equal(places_on_disk(), 0);
	assert_int_equal(lease_take(FIRST, no_dead, NULL, &l, error), 0);
	assert_int_equal(places_on_disk(), 1);
	lease_release(&l);
	assert_int_equal(places_on_disk(), 0);
	die_with_lease(1);
	assert_int_equal(places_on_disk(), 1);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s), 0);
	assert_int_equal(places_on_disk(), 0);
}

static void a_sweep_looks_at_no_more_places_than_it_is_told(void **state)
{
	struct lease all[20];
	struct swept s = { 0 };

	(void)state;
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(
			lease_take(FIRST, no_dead, NULL, &all[i], error), 0);
	assert_int_equal(lease_sweep(FIRST, 7, no_dead, NULL), 7);
	assert_int_equal(lease_sweep(FIRST, 20, no_dead, NULL), 20);
	die_with_lease(1);
	/* By chance each time; to miss it each time, one in 10^60. */
	for (int i = 0; i < 10000 && s.count == 0; i++)
		(void)lease_sweep(FIRST, 1, on_dead, &s);
	assert_int_equal(s.count, 1);
	for (size_t i = 0; i < 20; i++)
		lease_release(&all[i]);
}

/* @held: by whom, of each place; they meet in a block that is nearly full. */
static int take_and_give_back(atomic_int *held)
{
	for (int i = 0; i < 400; i++) {
		struct lease l;

		if (lease_take(FIRST, no_dead, NULL, &l, error) < 0)
			continue;
		if (atomic_fetch_add(&held[l.index], 1) != 0)
			return 1;
		if (i % 3 == 0)
			(void)sched_yield();
		(void)atomic_fetch_sub(&held[l.index], 1);
		lease_release(&l);
	}
	return 0;
}

static void nobody_shares_a_place_however_they_come_and_go(void **state)
{
	enum {
		CHILDREN = 6,
		LEFT = 4
	};
	struct lease kept[IDENTITY_RUN_UIDS - LEFT];
	atomic_int *held =
		mmap(NULL, IDENTITY_RUN_UIDS * sizeof(*held),
		     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	(void)state;
	assert_true(held != MAP_FAILED);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		assert_int_equal(
			lease_take(FIRST, no_dead, NULL, &kept[i], error), 0);
	for (int i = 0; i < CHILDREN; i++)
		if (fork() == 0)
			_exit(take_and_give_back(held));
	for (int i = 0; i < CHILDREN; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(places_on_disk(), ARRAY_SIZE(kept));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		lease_release(&kept[i]);
	munmap(held, IDENTITY_RUN_UIDS * sizeof(*held));
}

static void a_dead_run_is_swept_with_its_name_and_port(void **state)
{
	struct swept s = { 0 };

	(void)state;
	die_with_lease(3128);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.last.port, 3128);
	assert_true(run_name_check(s.last.run));
	assert_int_equal(s.last.uid, FIRST + s.last.index);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, no_dead, NULL), 0);
}

/* The longest record that there is: every port has five digits. */
static void what_it_had_of_loopback_is_swept_with_it(void **state)
{
	struct local_ports ports = { .n = 0 };
	struct swept s = { 0 };
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(local_ports_parse(&ports, "65472-65535"), 0);
	assert_int_equal(ports.n, LOCAL_PORTS_MAX);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct lease l;

		if (lease_take(FIRST, no_dead, NULL, &l, error) == 0 &&
		    lease_record_local(&l, &ports, true) == 0 &&
		    lease_record_port(&l, 3129) == 0)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	/* The block of uids may be another by now. */
	assert_int_equal(lease_sweep(0, LEASE_SWEEP_ALL, on_dead, &s), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.last.port, 3129);
	assert_int_equal(s.last.uid, FIRST + s.last.index);
	assert_true(s.last.servers);
	assert_int_equal(s.last.ports.n, ports.n);
	assert_memory_equal(s.last.ports.v, ports.v, sizeof(ports.v));
}

static void a_failed_sweep_keeps_the_place_shut(void **state)
{
	struct swept s = { .result = -EIO };

	(void)state;
	die_with_lease(0);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s),
			 -EIO);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s),
			 -EIO);
	s.result = 0;
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s), 0);
	assert_int_equal(s.count, 3);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, no_dead, NULL), 0);
}

/* All places are used, so the search must come across the dead one too. */
static void an_exhausted_block_says_so_and_sweeps_before_reuse(void **state)
{
	struct lease *all = calloc(IDENTITY_RUN_UIDS, sizeof(*all)), more;
	struct swept s = { 0 };

	(void)state;
	assert_non_null(all);
	die_with_lease(1);
	for (int i = 0; i < IDENTITY_RUN_UIDS; i++)
		assert_int_equal(lease_take(FIRST, on_dead, &s, &all[i], error),
				 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(lease_take(FIRST, no_dead, NULL, &more, error),
			 -EBUSY);
	assert_non_null(strstr(error, "in use"));
	lease_release(&all[17]);
	assert_int_equal(lease_take(FIRST, no_dead, NULL, &more, error), 0);
	all[17] = more;
	for (int i = 0; i < IDENTITY_RUN_UIDS; i++)
		lease_release(&all[i]);
	free(all);
}

static void a_lease_lives_as_long_as_any_copy_of_it(void **state)
{
	int status, go[2];
	struct swept s = { 0 };
	char byte = 'x';
	pid_t init, pid = -1;

	(void)state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) { /* netleash, which is killed; init lives on */
		struct lease l;

		if (lease_take(FIRST, no_dead, NULL, &l, error) < 0)
			_exit(1);
		init = fork();
		if (init == 0) {
			close(go[1]);
			(void)!read(go[0], &byte, 1);
			_exit(0);
		}
		(void)kill(getpid(), SIGKILL);
	}
	close(go[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, no_dead, NULL), 1);
	close(go[1]);
	for (int i = 0; i < 4000 && s.count == 0; i++) {
		const struct timespec pause = { .tv_nsec = 5000000 };

		assert_true(lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s) >=
			    0);
		(void)nanosleep(&pause, NULL);
	}
	assert_int_equal(s.count, 1);
	assert_true(wait(&status) > 0);
}

/* A place whose record cannot be read may be somebody's: it is not used. */
static void a_damaged_record_is_never_reused(void **state)
{
	static const char *const damaged[] = {
		"x",
		"r000-00000000 3128\n",
		"r000-00000000 0312x\n",
		"r000/00000000 03128\n",
		"r000-00000000 99999\n",
		"r000-00000000 03128\n\n",
	};
	struct swept s = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		int fd = open(IDENTITY_STATE_DIR "/leases/007",
			      O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		assert_true(write(fd, damaged[i], strlen(damaged[i])) > 0);
		close(fd);
		assert_int_equal(
			lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s),
			-EBADMSG);
	}
	assert_int_equal(s.count, 0);
	assert_int_equal(unlink(IDENTITY_STATE_DIR "/leases/007"), 0);
}

static void a_link_in_the_place_of_a_lease_is_not_followed(void **state)
{
	struct swept s = { 0 };
	struct stat st;

	(void)state;
	(void)unlink(IDENTITY_STATE_DIR "/leases/008");
	assert_int_equal(
		symlink("/run/victim", IDENTITY_STATE_DIR "/leases/008"), 0);
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s),
			 -ELOOP);
	assert_int_equal(stat("/run/victim", &st), -1);
	assert_int_equal(unlink(IDENTITY_STATE_DIR "/leases/008"), 0);
}

static _Noreturn void take_and_release_for_ever(uint16_t port)
{
	struct swept s = { 0 };
	struct lease l;

	for (;;) {
		if (lease_take(FIRST, on_dead, &s, &l, error) < 0 ||
		    lease_record_port(&l, port) < 0)
			_exit(1);
		lease_release(&l);
	}
}

static void sigkill_at_any_moment_loses_no_place(void **state)
{
	struct swept s = { 0 };
	pid_t pids[8];

	(void)state;
	for (int round = 0; round < 30; round++) {
		struct timespec pause = { .tv_nsec = 500000 + round * 131071 };
		int status;

		for (uint16_t i = 0; i < 8; i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0)
				take_and_release_for_ever(i);
		}
		(void)nanosleep(&pause, NULL);
		for (int i = 0; i < 8; i++) {
			assert_int_equal(kill(pids[i], SIGKILL), 0);
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFSIGNALED(status));
		}
		assert_int_equal(
			lease_sweep(FIRST, LEASE_SWEEP_ALL, on_dead, &s), 0);
		assert_int_equal(
			lease_sweep(FIRST, LEASE_SWEEP_ALL, no_dead, NULL), 0);
	}
	assert_true(s.count > 0);
}

static void without_a_state_folder_it_says_what_to_run(void **state)
{
	struct lease l;

	(void)state;
	assert_int_equal(state_revert(error), 0);
	assert_int_equal(state_revert(error), 0);
	assert_int_equal(access(IDENTITY_STATE_DIR, F_OK), -1);
	assert_int_equal(lease_take(FIRST, no_dead, NULL, &l, error), -ENOENT);
	assert_non_null(strstr(error, "netleash setup"));
	assert_int_equal(lease_sweep(FIRST, LEASE_SWEEP_ALL, no_dead, NULL), 0);
	assert_int_equal(state_apply(error), 0);
}

static void a_lock_on_a_removed_folder_is_taken_anew(void **state)
{
	int a, b;

	(void)state;
	assert_int_equal(state_lock(STATE_EXCLUSIVE, &a, error), 0);
	assert_int_equal(state_revert(error), 0);
	assert_int_equal(state_apply(error), 0);
	assert_int_equal(state_lock(STATE_EXCLUSIVE, &b, error), 0);
	close(a);
	close(b);
}

static void the_folder_is_roots_and_closed(void **state)
{
	struct stat st;

	(void)state;
	(void)umask(0);
	assert_int_equal(chmod(IDENTITY_STATE_DIR "/leases", 0777), 0);
	assert_int_equal(state_apply(error), 0);
	assert_int_equal(stat(IDENTITY_STATE_DIR "/leases", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(chown(IDENTITY_STATE_DIR, 12345, 0), 0);
	assert_int_equal(state_apply(error), -EPERM);
	assert_non_null(strstr(error, "12345"));
	assert_int_equal(chown(IDENTITY_STATE_DIR, 0, 0), 0);
}

static void a_read_only_run_is_named(void **state)
{
	(void)state;
	assert_int_equal(state_revert(error), 0);
	assert_int_equal(mount(NULL, "/run", NULL, MS_REMOUNT | MS_RDONLY, ""),
			 0);
	assert_int_equal(state_apply(error), -EROFS);
	assert_non_null(strstr(error, "mount a tmpfs on /run"));
	assert_int_equal(mount(NULL, "/run", NULL, MS_REMOUNT, ""), 0);
	assert_int_equal(state_apply(error), 0);
}

static void names_of_runs_are_plain_words(void **state)
{
	(void)state;
	assert_true(run_name_check("r012-89abcdef"));
	assert_true(run_name_check("a_B-9"));
	assert_false(run_name_check(""));
	assert_false(run_name_check(".."));
	assert_false(run_name_check("a/b"));
	assert_false(run_name_check("a\"b"));
	assert_false(run_name_check("-a"));
	assert_false(run_name_check("a b"));
	assert_false(run_name_check("aaaaaaaaaabbbbbbbbbbccccccccccdd"));
}

static int tests_in_world(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_runs_are_plain_words),
		cmocka_unit_test(two_runs_get_different_places),
		cmocka_unit_test(a_place_is_there_while_its_run_is),
		cmocka_unit_test(
			a_sweep_looks_at_no_more_places_than_it_is_told),
		cmocka_unit_test(
			nobody_shares_a_place_however_they_come_and_go),
		cmocka_unit_test(a_dead_run_is_swept_with_its_name_and_port),
		cmocka_unit_test(what_it_had_of_loopback_is_swept_with_it),
		cmocka_unit_test(a_failed_sweep_keeps_the_place_shut),
		cmocka_unit_test(
			an_exhausted_block_says_so_and_sweeps_before_reuse),
		cmocka_unit_test(a_lease_lives_as_long_as_any_copy_of_it),
		cmocka_unit_test(a_damaged_record_is_never_reused),
		cmocka_unit_test(
			a_link_in_the_place_of_a_lease_is_not_followed),
		cmocka_unit_test(sigkill_at_any_moment_loses_no_place),
		cmocka_unit_test(without_a_state_folder_it_says_what_to_run),
		cmocka_unit_test(a_lock_on_a_removed_folder_is_taken_anew),
		cmocka_unit_test(the_folder_is_roots_and_closed),
		cmocka_unit_test(a_read_only_run_is_named),
	};

	if (state_apply(error) < 0) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}

int main(void)
{
	return world_run(WORLD_STANDARD, tests_in_world);
}
