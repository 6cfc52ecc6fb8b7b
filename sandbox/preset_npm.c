/* SPDX-License-Identifier: MIT */
/*
 * sandbox/preset_npm.c - run `npm config get registry` and believe little
 *
 * In:         the caller's identity and home
 * Out:        one allow rule for the host and port of an http or https URL
 * Steps:      find npm in the trusted folders; fork; the child becomes the
 *             caller, with an environment of its own, in /; read a bounded
 *             answer within a bounded time; reap; parse
 * Invariants: root never runs npm for somebody else; npm gets none of our
 *             descriptors and can neither stall us nor outlive us by its time
 * References: npm-config(7), pidfd_open(2), close_range(2)
 */
#include "sandbox/preset_npm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/macros.h"
#include "common/scope.h"
#include "common/target.h"

#define ANSWER_MAX 2048 /* longer than any URL that we would take */
#define ENV_MAX	   256

/* The first executable npm of @folders. Return: false if there is none. */
static bool find_npm(const char *folders, char ret[PATH_MAX])
{
	while (*folders) {
		size_t n = strcspn(folders, ":");

		if (snprintf(ret, PATH_MAX, "%.*s/npm", (int)n, folders) <
			    PATH_MAX &&
		    access(ret, X_OK) == 0)
			return true;
		folders += n + (folders[n] == ':');
	}
	return false;
}

/*
 * What keeps npm from having effects (it would look for its own updates on the
 * network, and write a log), and from writing more than the answer.
 */
static const char *const npm_env[] = {
	"LC_ALL=C",
	"NO_COLOR=1",
	"npm_config_update_notifier=false",
	"npm_config_logs_max=0",
	"npm_config_loglevel=silent",
};

/* A setting of npm's in our environment that npm_env leaves alone. */
static bool is_callers_setting(const char *var)
{
	if (strncasecmp(var, "npm_config_", 11) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(npm_env); i++)
		if (strncasecmp(var, npm_env[i],
				strcspn(npm_env[i], "=") + 1) == 0)
			return false;
	return true;
}

/* Pointers only: what is new is in @path and @home. */
static void make_env(const char **env, const char *path, const char *home)
{
	size_t n = 0;

	env[n++] = path;
	if (home[0] != '\0')
		env[n++] = home;
	for (size_t i = 0; i < ARRAY_SIZE(npm_env); i++)
		env[n++] = npm_env[i];
	for (char **e = environ; *e && n < ENV_MAX - 1; e++)
		if (is_callers_setting(*e))
			env[n++] = *e;
	env[n] = NULL;
}

static bool become(const struct npm_asker *a)
{
	if (geteuid() != 0 || a->uid == 0)
		return true;
	return setgroups(0, NULL) == 0 &&
	       setresgid(a->gid, a->gid, a->gid) == 0 &&
	       setresuid(a->uid, a->uid, a->uid) == 0;
}

/* The child, between fork and exec: async-signal-safe calls only. */
static void run_npm(const struct npm_asker *a, const char *npm,
		    const char *const *env, int out)
{
	static const char *const argv[] = { "npm", "config", "get", "registry",
					    NULL };
	union {
		const char *const *in;
		char *const *out;
	} words = { .in = argv }, vars = { .in = env }; /* exec lacks const */
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
		_exit(126);
	if (!become(a) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    chdir("/") < 0)
		_exit(126);
	execve(npm, words.out, vars.out);
	_exit(127);
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

/* Return: bytes of the whole answer, or -errno; more than fits is -EPROTO. */
static ssize_t read_answer(int fd, uint64_t deadline, char answer[ANSWER_MAX])
{
	size_t len = 0;

	for (;;) {
		ssize_t n;
		int r = wait_for(fd, deadline);

		if (r <= 0)
			return r < 0 ? r : -ETIMEDOUT;
		n = read(fd, answer + len, ANSWER_MAX - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return (ssize_t)len;
		len += n > 0 ? (size_t)n : 0;
		if (len == ANSWER_MAX)
			return -EPROTO;
	}
}

/* Return: npm's wait status, or -ETIMEDOUT when it had to be killed. */
static int reap(pid_t pid, uint64_t deadline)
{
	AUTOCLOSE int pidfd = pidfd_open(pid, 0);
	int status = 0, r = 0;

	if (pidfd < 0 || wait_for(pidfd, deadline) <= 0) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL); /* before its setpgid(2) */
		r = -ETIMEDOUT;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return r; /* SIGCHLD is ignored: the answer decides */
	return r < 0 ? r : status;
}

static int ask(const struct npm_asker *a, const char *npm, char *answer,
	       size_t *ret_len, char *error)
{
	const char *env[ENV_MAX];
	char path[PATH_MAX], home[PATH_MAX];
	uint64_t deadline = clock_ms() + (uint64_t)a->limit_ms;
	AUTOCLOSE int in = -1;
	ssize_t n;
	int pipe_fds[2], r;
	pid_t pid;

	snprintf(path, sizeof(path), "PATH=%s", a->path);
	snprintf(home, sizeof(home), "HOME=%s", a->home);
	make_env(env, path, a->home[0] != '\0' ? home : "");
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		goto fail;
	in = pipe_fds[0];
	pid = fork();
	if (pid == 0)
		run_npm(a, npm, env, pipe_fds[1]);
	r = -errno;
	(void)close(pipe_fds[1]);
	if (pid < 0) {
		errno = -r;
		goto fail;
	}
	n = read_answer(in, deadline, answer);
	/* After a bad answer nothing that npm could still do is of use. */
	r = reap(pid, n < 0 ? 0 : deadline);
	if (n == -ETIMEDOUT || (n >= 0 && r == -ETIMEDOUT)) {
		snprintf(error, RULE_ERROR_MAX,
			 "'npm config get registry' took longer than %d s",
			 a->limit_ms / 1000);
		return -ETIMEDOUT;
	}
	if (n < 0 || r != 0) {
		snprintf(error, RULE_ERROR_MAX,
			 "'npm config get registry' failed: run it in / to see "
			 "why");
		return -EIO;
	}
	*ret_len = (size_t)n;
	return 0;
fail:
	r = -errno;
	snprintf(error, RULE_ERROR_MAX, "npm cannot be started: %s",
		 strerror(errno));
	return r;
}

/* The answer is one line: the URL. */
static int make_rule(const char *answer, size_t n, char **ret, char *error)
{
	char detail[TARGET_DETAIL_MAX] = "", text[TARGET_TEXT_MAX];
	struct target t;

	if (n > 0 && answer[n - 1] == '\n')
		n--;
	if (target_parse_url(answer, n, &t, detail) != TARGET_OK ||
	    (t.scheme != SCHEME_HTTP && t.scheme != SCHEME_HTTPS)) {
		snprintf(error, RULE_ERROR_MAX,
			 "npm's registry is no plain http or https URL: see "
			 "'npm config get registry' in /");
		return -EINVAL;
	}
	if (asprintf(ret, "allow %s\n", target_format(&t, text)) < 0)
		return -ENOMEM;
	return 0;
}

int npm_registry_rule(const struct npm_asker *asker, char **ret_text,
		      char error[RULE_ERROR_MAX])
{
	char npm[PATH_MAX], answer[ANSWER_MAX];
	size_t n = 0;
	int r;

	if (!find_npm(asker->path, npm)) {
		snprintf(error, RULE_ERROR_MAX,
			 "npm is not installed (it is not in %s): install it, "
			 "or write 'allow HOST' for your registry",
			 asker->path);
		return -ENOENT;
	}
	r = ask(asker, npm, answer, &n, error);
	return r < 0 ? r : make_rule(answer, n, ret_text, error);
}
