/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_cgroup.c - a run's cgroup is made, emptied by force, removed
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>

#include "common/clock.h"
#include "sandbox/identity.h"
#include "world.h"

#define RUN "r000-11111111"

static char error[CGROUP_ERROR_MAX];

static int make_run(const char *name)
{
	int fd = -1;

	if (cgroup_create(name, 0, &fd, error) < 0)
		fail_msg("%s", error);
	return fd;
}

static void join(int dir_fd, const char *file)
{
	int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);

	WORLD_MUST(fd);
	WORLD_MUST(write(fd, "0", 1));
	close(fd);
}

/* A process of the run's, with @children of its own, that ignores SIGTERM. */
static pid_t start(int dir_fd, const char *file, int children)
{
	int ready[2];
	char byte = 'x';
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct sigaction ignore = { .sa_handler = SIG_IGN };

		join(dir_fd, file);
		(void)sigaction(SIGTERM, &ignore, NULL);
		for (int i = 0; i < children; i++)
			if (fork() == 0)
				break;
		(void)!write(ready[1], &byte, 1);
		for (;;)
			pause();
	}
	for (int i = 0; i <= children; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void ends_by_sigkill(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void killing_ends_every_process_and_nobody_else(void **state)
{
	int fd = make_run(RUN), other = make_run("r001-22222222");
	pid_t inside = start(fd, "cgroup.procs", 20);
	pid_t outside = start(other, "cgroup.procs", 0);

	(void)state;
	assert_int_equal(cgroup_kill(fd, 5000), 0);
	ends_by_sigkill(inside);
	assert_int_equal(kill(outside, 0), 0);
	assert_int_equal(cgroup_kill(fd, 5000), 0); /* empty: at once */
	assert_int_equal(cgroup_remove(RUN), 0);
	assert_int_equal(cgroup_remove(RUN), 0);
	assert_int_equal(cgroup_kill(fd, 5000), 0); /* gone: as empty */
	assert_int_equal(cgroup_kill(other, 5000), 0);
	ends_by_sigkill(outside);
	assert_int_equal(cgroup_remove("r001-22222222"), 0);
	close(fd);
	close(other);
}

/* What kernels before 5.14 need: no cgroup.kill. */
static void killing_by_hand_ends_every_process(void **state)
{
	int fd = make_run(RUN);
	pid_t inside = start(fd, "cgroup.procs", 20), below;

	(void)state;
	assert_int_equal(mkdirat(fd, "sub", 0755), 0);
	below = start(fd, "sub/cgroup.procs", 0);
	assert_int_equal(cgroup_kill_by_hand(fd), 0);
	ends_by_sigkill(inside);
	ends_by_sigkill(below);
	assert_int_equal(cgroup_kill(fd, 5000), 0);
	assert_int_equal(cgroup_remove(RUN), 0);
	close(fd);
}

static void a_frozen_run_is_killed_too(void **state)
{
	int fd = make_run(RUN);
	pid_t inside = start(fd, "cgroup.procs", 2);
	int freeze = openat(fd, "cgroup.freeze", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(write(freeze, "1", 1), 1);
	close(freeze);
	assert_int_equal(cgroup_kill(fd, 5000), 0);
	ends_by_sigkill(inside);
	assert_int_equal(cgroup_remove(RUN), 0);
	close(fd);
}

static void removing_takes_empty_ones_below_along(void **state)
{
	int fd = make_run(RUN);

	(void)state;
	assert_int_equal(mkdirat(fd, "a", 0755), 0);
	assert_int_equal(mkdirat(fd, "a/b", 0755), 0);
	assert_int_equal(mkdirat(fd, "c", 0755), 0);
	assert_int_equal(cgroup_remove(RUN), 0);
	assert_int_equal(cgroup_open(RUN, &fd), -ENOENT);
}

static void removing_what_lives_fails_after_a_moment(void **state)
{
	int fd = make_run(RUN);
	pid_t inside = start(fd, "cgroup.procs", 0);
	uint64_t before = clock_ms();

	(void)state;
	assert_int_equal(cgroup_remove(RUN), -EBUSY);
	assert_true(clock_ms() - before < 5000);
	assert_int_equal(cgroup_revert_base(error), -EBUSY);
	assert_int_equal(kill(inside, 0), 0);
	assert_int_equal(cgroup_kill(fd, 5000), 0);
	ends_by_sigkill(inside);
	assert_int_equal(cgroup_remove(RUN), 0);
	close(fd);
}

static void names_that_are_no_run_are_refused(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(cgroup_create("../x", 0, &fd, error), -EINVAL);
	assert_int_equal(cgroup_open("..", &fd), -EINVAL);
	assert_int_equal(cgroup_remove("."), -EINVAL);
	fd = make_run(RUN);
	assert_int_equal(cgroup_create(RUN, 0, &fd, error), -EEXIST);
	assert_int_equal(cgroup_remove(RUN), 0);
}

static void the_mode_does_not_follow_the_umask(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	(void)umask(077);
	fd = make_run(RUN);
	(void)umask(022);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_uid, 0);
	close(fd);
	assert_int_equal(cgroup_remove(RUN), 0);
}

static void the_base_comes_and_goes(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(cgroup_revert_base(error), 0);
	assert_int_equal(cgroup_revert_base(error), 0);
	assert_int_equal(cgroup_create(RUN, 0, &fd, error), -ENOENT);
	assert_int_equal(cgroup_remove(RUN), 0);
	assert_int_equal(cgroup_apply_base(error), 0);
	assert_int_equal(cgroup_apply_base(error), 0);
}

/* Hides what is mounted there from now on: last but one. */
static void a_mount_anywhere_is_found_and_none_is_said(void **state)
{
	const char *path;

	(void)state;
	assert_int_equal(mkdir("/run/cg", 0755), 0);
	assert_int_equal(mkdir("/run/a b", 0755), 0);
	assert_int_equal(mount("cg", "/run/a b", "cgroup2", 0, NULL), 0);
	assert_int_equal(mount("cg", "/run/cg", "cgroup2", 0, NULL), 0);
	assert_int_equal(mount("t", "/sys/fs/cgroup", "tmpfs", 0, NULL), 0);
	assert_int_equal(cgroup_find(&path, error), 0);
	assert_string_equal(path, "/run/cg");

	/* This mount alone: the file system is the whole machine's. */
	assert_int_equal(mount(NULL, "/run/cg", NULL,
			       MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
			 0);
	assert_int_equal(cgroup_revert_base(error), -EROFS);
	assert_non_null(strstr(error, "read-only"));
	assert_int_equal(
		mount(NULL, "/run/cg", NULL, MS_REMOUNT | MS_BIND, NULL), 0);

	assert_int_equal(umount("/run/cg"), 0);
	assert_int_equal(cgroup_find(&path, error), -ENOENT);
	assert_non_null(strstr(error, "cgroup2 is not mounted"));
	assert_int_equal(cgroup_apply_base(error), -ENOENT);
	assert_int_equal(umount("/sys/fs/cgroup"), 0);
	assert_int_equal(cgroup_find(&path, error), 0);
}

static int tests_in_world(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_base_comes_and_goes),
		cmocka_unit_test(killing_ends_every_process_and_nobody_else),
		cmocka_unit_test(killing_by_hand_ends_every_process),
		cmocka_unit_test(a_frozen_run_is_killed_too),
		cmocka_unit_test(removing_takes_empty_ones_below_along),
		cmocka_unit_test(removing_what_lives_fails_after_a_moment),
		cmocka_unit_test(names_that_are_no_run_are_refused),
		cmocka_unit_test(the_mode_does_not_follow_the_umask),
		cmocka_unit_test(a_mount_anywhere_is_found_and_none_is_said),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}

int main(void)
{
	int r = world_run(WORLD_STANDARD, tests_in_world);

	return r == 0 ? world_run(WORLD_HYBRID, tests_in_world) : r;
}
