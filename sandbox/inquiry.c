/* SPDX-License-Identifier: MIT */
/*
 * sandbox/inquiry.c - ask a program, or a file, in the caller's name
 *
 * In:         who asks, what is run or read
 * Out:        a bounded answer within a bounded time, and how the child ended
 * Steps:      fork; the child becomes the caller, in /; read; reap
 * Invariants: root never runs or opens anything for somebody else; the child
 *             gets none of our descriptors and can neither stall us nor
 *             outlive us by its time
 * References: pidfd_open(2), close_range(2)
 */
#include "sandbox/inquiry.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/scope.h"

#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127

bool inquiry_find(const char *folders, const char *name, char ret[PATH_MAX])
{
	while (*folders) {
		size_t n = strcspn(folders, ":");

		if (snprintf(ret, PATH_MAX, "%.*s/%s", (int)n, folders, name) <
			    PATH_MAX &&
		    access(ret, X_OK) == 0)
			return true;
		folders += n + (folders[n] == ':');
	}
	return false;
}

static bool become(const struct inquiry *q)
{
	if (geteuid() != 0 || q->uid == 0)
		return true;
	return setgroups(q->groups_n, q->groups) == 0 &&
	       setresgid(q->gid, q->gid, q->gid) == 0 &&
	       setresuid(q->uid, q->uid, q->uid) == 0;
}

/* The file to standard output. Return: what to exit with. */
static int copy_file(const char *path)
{
	struct stat st;
	char bytes[4096];
	ssize_t n, at, put;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return INQUIRY_NOT_REGULAR;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (at = 0; at < n; at += put) {
			put = write(STDOUT_FILENO, bytes + at,
				    (size_t)(n - at));
			if (put < 0)
				return errno; /* who asked has gone */
		}
	return n < 0 ? errno : 0;
}

/* The child, between fork and exec: async-signal-safe calls only. */
static _Noreturn void be_asked(const struct inquiry *q, int out)
{
	union {
		const char *const *in;
		char *const *out;
	} words = { .in = q->argv }, vars = { .in = q->env }; /* for exec */
	struct sigaction def = { .sa_handler = SIG_DFL };
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Both out of the way of 0 to 2, which we may have been given closed.
	 */
	null = fcntl(null, F_DUPFD_CLOEXEC, 3);
	out = fcntl(out, F_DUPFD_CLOEXEC, 3);
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &def, NULL); /* fails for a few: no matter */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setpgid(0, 0) < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(null, 2) < 0 || close_range(3, ~0u, 0) < 0)
		_exit(STATUS_CANNOT_RUN);
	if (!become(q) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    chdir("/") < 0)
		_exit(STATUS_CANNOT_RUN);
	if (!q->program)
		_exit(copy_file(q->file));
	execve(q->program, words.out, vars.out);
	_exit(STATUS_NOT_FOUND);
}

static int time_left(uint64_t deadline)
{
	uint64_t now = clock_ms();

	return now < deadline ? (int)(deadline - now) : 0;
}

/* Return: 1 once @fd has something, 0 when the time is over, or -errno. */
static int wait_for(int fd, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, time_left(deadline));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

/* Return: bytes of the whole answer, or -errno; more than fits is -EFBIG. */
static ssize_t read_answer(int fd, uint64_t deadline, char *answer, size_t max)
{
	size_t len = 0;

	for (;;) {
		ssize_t n;
		int r = wait_for(fd, deadline);

		if (r <= 0)
			return r < 0 ? r : -ETIMEDOUT;
		n = read(fd, answer + len, max - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return (ssize_t)len;
		len += n > 0 ? (size_t)n : 0;
		if (len == max)
			return -EFBIG;
	}
}

/*
 * Ubuntu 22.04's C library has no pidfd_open().
 * Return: 0 with the wait status, -ETIMEDOUT when it had to be killed.
 */
static int reap(pid_t pid, uint64_t deadline, int *ret_status)
{
	AUTOCLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int status = 0, r = 0;

	if (pidfd < 0 || wait_for(pidfd, deadline) <= 0) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL); /* before its setpgid(2) */
		r = -ETIMEDOUT;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return r < 0 ? r : -errno;
	*ret_status = status;
	return r;
}

/* The child is @pid, and @fd its output. */
static int hear(const struct inquiry *q, pid_t pid, int fd, uint64_t deadline,
		char *answer, size_t *ret_len, int *ret_status)
{
	ssize_t n;
	int r;

	n = read_answer(fd, deadline, answer, q->answer_max);
	/* After a bad answer nothing that it could still do is of use. */
	r = reap(pid, n < 0 ? 0 : deadline, ret_status);
	if (n < 0)
		return (int)n;
	*ret_len = (size_t)n;
	return r;
}

int inquiry_ask(const struct inquiry *q, char *answer, size_t *ret_len,
		int *ret_status)
{
	const uint64_t deadline = clock_ms() + (uint64_t)q->limit_ms;
	const struct sigaction def = { .sa_handler = SIG_DFL };
	struct sigaction was;
	AUTOCLOSE int in = -1;
	int pipe_fds[2], r;
	bool ignored;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	in = pipe_fds[0];
	/* Where SIGCHLD is ignored there is no status to wait for. */
	ignored = sigaction(SIGCHLD, NULL, &was) == 0 &&
		  (was.sa_handler == SIG_IGN ||
		   (was.sa_flags & SA_NOCLDWAIT) != 0);
	if (ignored)
		(void)sigaction(SIGCHLD, &def, NULL);
	pid = fork();
	if (pid == 0)
		be_asked(q, pipe_fds[1]);
	r = -errno;
	(void)close(pipe_fds[1]);
	if (pid > 0)
		r = hear(q, pid, in, deadline, answer, ret_len, ret_status);
	if (ignored)
		(void)sigaction(SIGCHLD, &was, NULL);
	return r;
}
