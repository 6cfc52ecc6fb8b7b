/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/mode.c - programs that give more rights to whoever runs them
 *
 * Those that are there (a setuid copy of ourselves, one with a capability)
 * must give nothing; and none may be left in the workspace, where it would
 * belong to the caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/escape/escape.h"

#define NR_FCHMODAT2 452

/* Runs "@path caps" and reads what it says of itself. */
static void run_privileged(const struct probe *p)
{
	const char *path = world_need(p->a);
	char line[128] = "", before[128] = "";
	unsigned uid = 0;
	unsigned long long caps = 0;
	int ends[2];
	pid_t pid;

	if (access(path, F_OK) < 0)
		blocked_by(path);
	if (pipe2(ends, O_CLOEXEC) < 0)
		unavailable("no pipe");
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], 1);
		(void)execl(path, path, "caps", NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	(void)!read(ends[0], line, sizeof(line) - 1);
	(void)waitpid(pid, NULL, 0);
	if (sscanf(line, "%u %llx", &uid, &caps) != 2)
		blocked("it does not run: %s", line);
	(void)snprintf(before, sizeof(before), "uid %u, capabilities %llx", uid,
		       caps);
	if ((p->n == 0 && uid != geteuid()) || (p->n == 1 && caps != 0))
		escaped("%s", before);
	blocked("%s", before);
}

enum way {
	CHMOD,
	FCHMOD,
	FCHMODAT,
	FCHMODAT2,
	OPEN,
	OPENAT2,
	CREAT,
	MKNOD,
	TMPFILE
};

static int make(int dir, const char *name)
{
	(void)unlinkat(dir, name, 0);
	return openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
}

/* Tries to have the file @name in @dir with the bits @mode. */
static int set_bits(enum way way, int dir, const char *name, mode_t mode)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT | O_EXCL,
				.mode = mode };
	char link[64];
	int fd;

	if (way == OPEN || way == OPENAT2 || way == CREAT || way == MKNOD ||
	    way == TMPFILE)
		(void)unlinkat(dir, name, 0);
	else if (make(dir, name) < 0)
		return -1;
	switch (way) {
	case CHMOD:
		return fchdir(dir) < 0 ? -1
				       : (int)syscall(SYS_chmod, name, mode);
	case FCHMOD:
		fd = openat(dir, name, O_RDWR | O_CLOEXEC);
		return (int)syscall(SYS_fchmod, fd, mode);
	case FCHMODAT:
		return (int)syscall(SYS_fchmodat, dir, name, mode);
	case FCHMODAT2:
		return (int)syscall(NR_FCHMODAT2, dir, name, mode, 0);
	case OPEN:
		return openat(dir, name, O_RDWR | O_CREAT | O_EXCL, mode);
	case OPENAT2:
		return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	case CREAT:
		return fchdir(dir) < 0 ? -1
				       : (int)syscall(SYS_creat, name, mode);
	case MKNOD:
		return mknodat(dir, name, S_IFREG | mode, 0);
	case TMPFILE:
		fd = openat(dir, ".", O_TMPFILE | O_RDWR, mode);
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		return fd < 0 ? -1
			      : linkat(AT_FDCWD, link, dir, name,
				       AT_SYMLINK_FOLLOW);
	}
	errno = EINVAL;
	return -1;
}

/* p->n: the way; p->a: "u" for setuid, else setgid. The high bits of the mode
 * are not the kernel's business: p->b says to have garbage there. */
static void set_id(const struct probe *p)
{
	mode_t bit = p->a[0] == 'u' ? S_ISUID : S_ISGID;
	mode_t mode = 0755 | bit | (p->b ? 0xffff0000u : 0);
	int dir = open(world_need("workspace"), O_RDONLY | O_CLOEXEC);
	struct stat st;
	char name[NAME_MAX_N + 8];
	int r, error;

	(void)snprintf(name, sizeof(name), "nlesc-%s", p->name);
	r = set_bits((enum way)p->n, dir, name, mode);
	error = errno;
	if (fstatat(dir, name, &st, 0) < 0 || !(st.st_mode & bit)) {
		(void)unlinkat(dir, name, 0);
		errno = error;
		if (r < 0)
			blocked_by("refused");
		blocked("the bit is not set");
	}
	(void)unlinkat(dir, name, 0);
	escaped("mode %o", st.st_mode);
}

/* A capability on a file: whoever runs it outside has it. */
static void set_capability(const struct probe *p)
{
	static const unsigned char net_raw[20] = { 1, 0, 0, 2, 0, 0x20 };
	int dir = open(world_need("workspace"), O_RDONLY | O_CLOEXEC);
	int fd = make(dir, "nlesc-capability");
	int r;

	(void)p;
	if (fd < 0)
		blocked_by("open");
	r = fsetxattr(fd, "security.capability", net_raw, sizeof(net_raw), 0);
	(void)unlinkat(dir, "nlesc-capability", 0);
	if (r < 0)
		blocked_by("setxattr");
	escaped("the file has CAP_NET_RAW");
}

/* netleash itself, started inside, must not give what the run has not. */
static void run_netleash(const struct probe *p)
{
	char tool[512] = "", path[512],
	     words[][12] = { "run", "--online", "try", "/dev/null",
			     "tcp_inet4" };
	char program[512];
	char *argv[] = { program, words[0], words[1], tool, words[2],
			 path,	  words[3], words[4], NULL };
	int status;

	(void)p;

	(void)snprintf(program, sizeof(program), "%s", world_need("netleash"));
	(void)snprintf(path, sizeof(path), "%s", world_need("world"));
	(void)!readlink("/proc/self/exe", tool, sizeof(tool) - 1);
	status = run_quietly(argv);
	if (seen("tcp_inet4", 200))
		escaped("a run in the run reached the internet");
	blocked("it ended with %d", status);
}

int run_quietly(char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		for (int fd = 0; fd < 3; fd++)
			(void)dup2(null, fd);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define BITS(name, way, who, garbage)                                          \
	{                                                                      \
		"mode_" name, set_id, who, garbage, way, AS_USER, false        \
	}

/* clang-format off */
const struct probe mode_probes[] = {
	{ "run_setuid", run_privileged, "setuid_program", NULL, 0, AS_USER, false },
	{ "run_setuid_workspace", run_privileged, "setuid_workspace", NULL, 0, AS_USER, false },
	{ "run_capable", run_privileged, "capable_program", NULL, 1, AS_USER, false },
	{ "run_capable_workspace", run_privileged, "capable_workspace", NULL, 1, AS_USER, false },
	BITS("chmod_setuid", CHMOD, "u", NULL),
	BITS("chmod_setgid", CHMOD, "g", NULL),
	BITS("chmod_garbage", CHMOD, "u", "garbage"),
	BITS("fchmod_setuid", FCHMOD, "u", NULL),
	BITS("fchmod_setgid", FCHMOD, "g", NULL),
	BITS("fchmodat_setuid", FCHMODAT, "u", NULL),
	BITS("fchmodat_setgid", FCHMODAT, "g", NULL),
	BITS("fchmodat2_setuid", FCHMODAT2, "u", NULL),
	BITS("fchmodat2_setgid", FCHMODAT2, "g", NULL),
	BITS("open_setuid", OPEN, "u", NULL),
	BITS("open_setgid", OPEN, "g", NULL),
	BITS("openat2_setuid", OPENAT2, "u", NULL),
	BITS("creat_setuid", CREAT, "u", NULL),
	BITS("mknod_setuid", MKNOD, "u", NULL),
	BITS("tmpfile_setuid", TMPFILE, "u", NULL),
	BITS("tmpfile_setgid", TMPFILE, "g", NULL),
	{ "mode_capability", set_capability, NULL, NULL, 0, AS_ROOT, false },
	{ "netleash_online", run_netleash, NULL, NULL, 0, AS_ROOT, false },
	{ 0 },
};
/* clang-format on */
