/* SPDX-License-Identifier: MIT */
/*
 * sandbox/cgroup.h - the cgroup2 directory of a run
 *
 * <cgroup2>/netleash is made once and never removed while the base rules are
 * loaded (nft turns the path into an id at load). A run has netleash/<run>.
 * References: cgroups(7), the kernel's cgroup-v2.rst.
 */
#ifndef NETLEASH_SANDBOX_CGROUP_H
#define NETLEASH_SANDBOX_CGROUP_H

#define CGROUP_ERROR_MAX 256

/*
 * Finds cgroup2: /sys/fs/cgroup, else /sys/fs/cgroup/unified, else any mount
 * of that type; checked by CGROUP2_SUPER_MAGIC. Return: 0 with a path that
 * lives as long as the process, or -ENOENT with a sentence in @error.
 */
int cgroup_find(const char **ret_path, char error[CGROUP_ERROR_MAX]);

/* Makes <cgroup2>/netleash. Idempotent. */
int cgroup_apply_base(char error[CGROUP_ERROR_MAX]);

/* Removes it if it is empty (teardown). */
int cgroup_revert_base(char error[CGROUP_ERROR_MAX]);

/* Makes netleash/<run>, sets pids.max to @pids_max where the controller is
 * (0: leave), and opens the directory. */
int cgroup_create(const char *run, unsigned pids_max, int *ret_fd,
		  char error[CGROUP_ERROR_MAX]);

/* Opens the directory of a run. Return: 0, -ENOENT if it has none, -errno. */
int cgroup_open(const char *run, int *ret_fd);

/* Kills all in it (cgroup.kill, or SIGKILL by hand on kernels before 5.14)
 * and waits until it is empty, @timeout_ms at most. Return: 0/-errno. */
int cgroup_kill(int dir_fd, unsigned timeout_ms);

/* What cgroup_kill() does without cgroup.kill: freezes, sends SIGKILL to each
 * process once; does not wait. Return: 0/-errno. */
int cgroup_kill_by_hand(int dir_fd);

/* Removes netleash/<run>; what is absent is success. Return: 0 or -errno. */
int cgroup_remove(const char *run);

#endif
