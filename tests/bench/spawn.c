/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/spawn.c - how long a command takes, and what CPU time it has
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static pid_t spawn(char *const argv[], int out_fd)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int r;

	if (posix_spawn_file_actions_init(&files) != 0 ||
	    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY,
					     0) != 0 ||
	    posix_spawn_file_actions_adddup2(&files, out_fd, 1) != 0)
		bench_die("posix_spawn");
	r = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	if (r != 0) {
		errno = r;
		bench_die(argv[0]);
	}
	return pid;
}

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		bench_die("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		errno = 0;
		bench_die("the command failed");
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int spawn_main(unsigned n, char *const argv[])
{
	double *ms = calloc(n, sizeof(*ms));
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!ms || null_fd < 0)
		bench_die("/dev/null");
	for (unsigned i = 0; i < n; i++) {
		uint64_t begun = bench_now_ns();

		wait_for(spawn(argv, null_fd));
		ms[i] = (double)(bench_now_ns() - begun) / 1e6;
	}
	qsort(ms, n, sizeof(*ms), compare);
	(void)printf("ms %.3f p90_ms %.3f\n", ms[n / 2], ms[n * 9 / 10]);
	free(ms);
	(void)close(null_fd);
	return 0;
}

int around_main(char *const argv[])
{
	int ends[2];
	char line[512];
	double begun = 0, cpu = 0, units = 0, pss = 0;
	FILE *f;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		bench_die("pipe2");
	pid = spawn(argv, ends[1]);
	(void)close(ends[1]);
	f = fdopen(ends[0], "r");
	if (!f)
		bench_die("fdopen");
	while (fgets(line, sizeof(line), f)) {
		if (strcmp(line, "begin\n") == 0) {
			pss = (double)meter_pss_process(pid);
			begun = meter_cpu_process(pid);
		} else if (strncmp(line, "units ", 6) == 0) {
			cpu = meter_cpu_process(pid) - begun;
			pss = (double)meter_pss_process(pid) - pss;
			units = strtod(line + 6, NULL);
			(void)fputs(line, stdout);
		}
	}
	(void)fclose(f);
	wait_for(pid);
	if (units <= 0 || begun <= 0) {
		errno = 0;
		bench_die("the command did not say what it did");
	}
	(void)printf("of_command units %.0f cpu_s %.6f pss_bytes %.0f\n", units,
		     cpu, pss);
	return 0;
}
