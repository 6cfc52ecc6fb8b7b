/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/limit.c - processes without number or end, cgroups, the rules
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/escape.h"

#define FORKS_MAX 9000

/* As many processes at once as the world says is too many. */
static void forks(const struct probe *p)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	static pid_t pids[FORKS_MAX];
	size_t most = world_number("forks"), n = 0;
	int hold[2], error = 0;

	(void)p;
	(void)setrlimit(RLIMIT_NPROC, &limit);
	if (most > FORKS_MAX || pipe2(hold, O_CLOEXEC) < 0)
		unavailable("no pipe");
	while (n < most && error == 0) {
		pid_t pid = vfork();

		if (pid < 0) {
			error = errno;
			break;
		}
		if (pid == 0)
			_exit(0);
		/* Not waited for: it takes its place in the table. */
		pids[n++] = pid;
	}
	for (size_t i = 0; i < n; i++)
		(void)waitpid(pids[i], NULL, 0);
	if (error)
		blocked("%zu, then: %s", n, strerror(error));
	escaped("%zu processes", n);
}

/* Ignores every signal, leaves session and group, and tries until the end of
 * days; the test looks whether its heart still beats when the run is over. */
static _Noreturn void daemon_main(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	union address a;
	socklen_t n = address_make(&a, "@inet4", "@port");
	char path[512];

	(void)setsid();
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &ignore, NULL);
	meet_path(path, sizeof(path), "beat");
	for (int i = 0; i < 400; i++) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			      0666);

		(void)!write(fd, "beat\n", 5);
		(void)close(fd);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect_within(fd, &a, n, 200) == 0)
			(void)send(fd, "ESC daemon\n", 11, MSG_NOSIGNAL);
		(void)close(fd);
		sleep_ms(50);
	}
	_exit(0);
}

static void daemon_stays(const struct probe *p)
{
	if (fork() == 0) {
		(void)setsid();
		if (fork() == 0)
			daemon_main();
		_exit(0);
	}
	if (seen(p->name, 1000))
		escaped("a daemon reached the internet");
	blocked("it did not reach the internet");
}

static void core_file(const struct probe *p)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int status;
	pid_t pid;

	(void)p;
	if (chdir(world_need("workspace")) < 0)
		unavailable("no workspace");
	pid = fork();
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &limit);
		limit.rlim_cur = limit.rlim_max = 1 << 20;
		(void)setrlimit(RLIMIT_CORE, &limit);
		abort();
	}
	(void)waitpid(pid, &status, 0);
	if (!WCOREDUMP(status))
		blocked("no core was written");
	escaped("a core was written");
}

/* --- cgroups
 * ------------------------------------------------------------------- */

static void where(char *bytes, size_t size)
{
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, size - 1);

	bytes[n > 0 ? n : 0] = '\0';
	(void)close(fd);
}

static bool put(const char *dir, const char *file)
{
	char path[1024], pid[16];
	int fd, len = snprintf(pid, sizeof(pid), "%d", getpid());
	bool done;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, pid, (size_t)len) == len;
	(void)close(fd);
	return done;
}

/* Into the hierarchy's root, or a group of our own making, wherever one is
 * mounted: out of the run's limits and out of the firewall's sight. */
static bool move(const char *mounted)
{
	char before[4096], after[4096], own[512];
	bool moved;

	where(before, sizeof(before));
	(void)snprintf(own, sizeof(own), "%s/nlesc-group", mounted);
	(void)mkdir(own, 0755);
	moved = put(own, "cgroup.procs") || put(mounted, "cgroup.procs");
	where(after, sizeof(after));
	(void)put(mounted, "cgroup.procs"); /* back, where we may */
	(void)rmdir(own);
	return moved && strcmp(before, after) != 0;
}

static void leave_cgroup(const struct probe *p)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;

	while (mounts && (m = getmntent(mounts)))
		if (strncmp(m->mnt_type, p->a, 7) == 0 && move(m->mnt_dir))
			escaped("left by %s", m->mnt_dir);
	if (move("/sys/fs/cgroup") || move("/sys/fs/cgroup/unified"))
		escaped("left");
	blocked("there is no way: %s", strerror(errno));
}

/* --- the rules
 * ------------------------------------------------------------------- */

static void rules(const struct probe *p)
{
	char *add[] = { (char *)(uintptr_t) "nft",   (char *)(uintptr_t) "add",
			(char *)(uintptr_t) "table", (char *)(uintptr_t) "inet",
			(char *)(uintptr_t) "nlesc", NULL };
	int status = run_quietly(add);

	(void)p;
	if (status != 0)
		blocked("nft ended with %d", status);
	escaped("a table was added");
}

static void flush(const struct probe *p)
{
	char *list[] = { (char *)(uintptr_t) "nft", (char *)(uintptr_t) "list",
			 (char *)(uintptr_t) "ruleset", NULL };
	int status = run_quietly(list);

	(void)p;
	if (status != 0)
		blocked("nft ended with %d", status);
	escaped("the rules can be read");
}

static void interface(const struct probe *p)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)p;
	ifr.ifr_qlen = 1007;
	if (ioctl(fd, SIOCSIFTXQLEN, &ifr) < 0)
		blocked_by("ioctl");
	escaped("an interface was changed");
}

static void tunnel(const struct probe *p)
{
	struct ifreq ifr = { .ifr_flags = 0x1001 /* a tun without header */ };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	(void)p;
	if (fd < 0)
		blocked_by("/dev/net/tun");
	if (ioctl(fd, _IOW('T', 202, int), &ifr) < 0)
		blocked_by("TUNSETIFF");
	escaped("an interface was made");
}

const struct probe limit_probes[] = {
	{ "forks", forks, NULL, NULL, 0, AS_USER, false },
	{ "daemon", daemon_stays, NULL, NULL, 0, AS_USER, false },
	{ "core_file", core_file, NULL, NULL, 0, AS_USER, false },
	{ "leave_cgroup", leave_cgroup, "cgroup2", NULL, 0, AS_ROOT, false },
	{ "leave_cgroup1", leave_cgroup, "cgroup", NULL, 0, AS_ROOT, true },
	{ "nft_add", rules, NULL, NULL, 0, AS_ROOT, false },
	{ "nft_list", flush, NULL, NULL, 0, AS_ROOT, false },
	{ "interface", interface, NULL, NULL, 0, AS_ROOT, false },
	{ "tunnel", tunnel, NULL, NULL, 0, AS_ROOT, true },
	{ 0 },
};
