/* SPDX-License-Identifier: MIT */
/*
 * sandbox/tool.c - run one of the system's own administration tools
 *
 * In:         an absolute path and its words
 * Out:        the exit status and the first line that it wrote
 * Invariants: nothing of our signal mask or descriptors, and of our
 *             environment only where it is netleash itself, reaches the tool;
 *             its output goes to memory, so it can never block us
 * References: posix_spawn(3), memfd_create(2)
 */
#include "sandbox/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/scope.h"

/* Descriptors of ours are close-on-exec, so three actions are enough. */
static int spawn(const char *const *argv, char *const *env, int out_fd,
		 pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	union {
		const char *const *in;
		char *const *out;
	} words = { .in = argv }; /* exec's prototype predates const */
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawn_file_actions_init(&files);
	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r != 0)
		goto out;
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY,
					     0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out_fd, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out_fd, 2);
	if (r == 0)
		r = posix_spawn(ret, argv[0], &files, &attr, words.out, env);
	(void)posix_spawnattr_destroy(&attr);
out:
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

static void first_line(int fd, char *output)
{
	ssize_t n = pread(fd, output, TOOL_OUTPUT_MAX - 1, 0);

	output[n > 0 ? n : 0] = '\0';
	output[strcspn(output, "\n")] = '\0';
}

static int run(const char *const *argv, char *const *env,
	       char output[TOOL_OUTPUT_MAX])
{
	AUTOCLOSE int out_fd = memfd_create("netleash-tool", MFD_CLOEXEC);
	int r, status;
	pid_t pid;

	output[0] = '\0';
	if (out_fd < 0)
		return -errno;
	r = spawn(argv, env, out_fd, &pid);
	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	first_line(out_fd, output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int tool_run(const char *const *argv, char output[TOOL_OUTPUT_MAX])
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const env[] = { path, locale, NULL };

	return run(argv, env, output);
}

int tool_run_as_we_are(const char *const *argv, char output[TOOL_OUTPUT_MAX])
{
	return run(argv, environ, output);
}

const char *tool_find(const char *const *paths)
{
	for (; *paths; paths++)
		if (access(*paths, X_OK) == 0)
			return *paths;
	return NULL;
}
