/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/world.h - a throwaway system for tests that change the system
 *
 * world_run() runs a function as PID 1 of namespaces of its own: its own nft
 * rule set, an empty /run and /var/lib, a copy of /etc, a cgroup2 whose root is
 * a new cgroup. All of it is gone afterwards, however the function ended.
 */
#ifndef NETLEASH_TESTS_UNIT_WORLD_H
#define NETLEASH_TESTS_UNIT_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "sandbox/cgroup.h"

#define WORLD_SKIP 77

enum world_layout {
	WORLD_STANDARD,
	WORLD_HYBRID
};

#define WORLD_MUST(call)                                                       \
	do {                                                                   \
		if ((call) < 0) {                                              \
			fprintf(stderr, "%s: %s\n", #call, strerror(errno));   \
			_exit(1);                                              \
		}                                                              \
	} while (0)

/* Runs a line of shell, silently; "$1" is @arg. Return: its exit status. */
static inline int world_sh(const char *line, const char *arg)
{
	int status, null;
	pid_t pid = fork();

	WORLD_MUST(pid);
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)dup3(null, 1, 0);
		(void)dup3(null, 2, 0);
		execl("/bin/sh", "sh", "-c", line, "sh", arg, (char *)NULL);
		_exit(127);
	}
	WORLD_MUST(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static inline void world_copy_etc(void)
{
	WORLD_MUST(mkdir("/run/etc", 0755));
	(void)world_sh("cp -a /etc/. /run/etc", ""); /* a file may vanish */
	WORLD_MUST(mount("/run/etc", "/etc", NULL, MS_BIND, NULL));
}

static inline void world_loopback_up(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(ifr.ifr_name, "lo", 3);
	WORLD_MUST(fd);
	WORLD_MUST(ioctl(fd, SIOCSIFFLAGS, &ifr));
	close(fd);
}

static inline void world_enter(enum world_layout layout, const char *cgroup)
{
	char procs[400];
	int fd;

	(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	WORLD_MUST(fd);
	WORLD_MUST(write(fd, "0", 1));
	close(fd);
	WORLD_MUST(unshare(CLONE_NEWCGROUP | CLONE_NEWNS | CLONE_NEWNET));
	WORLD_MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	WORLD_MUST(mount("proc", "/proc", "proc", 0, NULL));
	WORLD_MUST(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"));
	WORLD_MUST(mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=755"));
	/*
	 * Where the machine's own is cgroup2 the same file system cannot be
	 * mounted upon it. Elsewhere nothing may be there.
	 */
	(void)umount2("/sys/fs/cgroup", MNT_DETACH);
	if (layout == WORLD_STANDARD) {
		WORLD_MUST(mount("cg", "/sys/fs/cgroup", "cgroup2", 0, NULL));
	} else {
		WORLD_MUST(mount("t", "/sys/fs/cgroup", "tmpfs", 0, NULL));
		WORLD_MUST(mkdir("/sys/fs/cgroup/unified", 0755));
		WORLD_MUST(mount("cg", "/sys/fs/cgroup/unified", "cgroup2", 0,
				 NULL));
	}
	world_copy_etc();
	world_loopback_up();
}

/* Removes the child's cgroup from outside, with whatever lives in it. */
static inline void world_leave(const char *cgroup)
{
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)cgroup_kill(fd, 5000);
		close(fd);
	}
	for (int i = 0; i < 20 && access(cgroup, F_OK) == 0; i++)
		(void)world_sh("find \"$1\" -depth -type d -exec rmdir {} +",
			       cgroup);
}

/* Return: what @fn returned in there, or WORLD_SKIP. */
static inline int world_run(enum world_layout layout, int (*fn)(void))
{
	char error[CGROUP_ERROR_MAX], cgroup[320];
	const char *root;
	int status = 0;
	pid_t pid;

	if (geteuid() != 0 || cgroup_find(&root, error) < 0) {
		printf("skipped: needs root and cgroup2\n");
		return WORLD_SKIP;
	}
	(void)snprintf(cgroup, sizeof(cgroup), "%s/world-%d", root,
		       (int)getpid());
	WORLD_MUST(mkdir(cgroup, 0755));
	fflush(NULL);
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	WORLD_MUST(pid);
	if (pid == 0) {
		world_enter(layout, cgroup);
		status = fn();
		fflush(NULL);
		exit(status);
	}
	WORLD_MUST(waitpid(pid, &status, 0));
	world_leave(cgroup);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#endif
