/* SPDX-License-Identifier: MIT */
/*
 * tests/support/program.c - run a program beside a test, and read what it says
 */
#include "tests/support/program.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"

#define PATIENCE_MS 20000u

/* Return: a descriptor to read @input from, or an end of a pipe to nobody. */
static int input_of(const char *input)
{
	int fd, ends[2];

	if (!input) {
		/* The writing end stays open in the child itself. */
		assert_int_equal(pipe2(ends, 0), 0);
		return ends[0];
	}
	fd = memfd_create("input", 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, input, strlen(input)),
			 (ssize_t)strlen(input));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void __attribute__((noreturn))
become(const char *const *argv, const char *input, int out)
{
	char *words[32];
	size_t n = 0;

	for (; argv[n] && n < 31; n++)
		words[n] = strdup(argv[n]);
	words[n] = NULL;
	if (dup2(input_of(input), 0) == 0 && dup2(out, 1) == 1 &&
	    dup2(out, 2) == 2)
		execvp(words[0], words);
	_exit(127);
}

void program_start(struct program *p, const char *const *argv,
		   const char *input)
{
	int ends[2];

	memset(p, 0, sizeof(*p));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0)
		become(argv, input, ends[1]);
	close(ends[1]);
	p->fd = ends[0];
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
}

static void reap(struct program *p)
{
	int status;

	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	p->status = WIFEXITED(status) ? WEXITSTATUS(status)
				      : 128 + WTERMSIG(status);
	p->pid = 0;
	close(p->fd);
	p->fd = -1;
}

bool program_poll(struct program *p)
{
	char bytes[4096];
	ssize_t n;

	if (p->pid == 0)
		return false;
	while ((n = read(p->fd, bytes, sizeof(bytes))) > 0)
		strbuf_add(&p->out, bytes, (size_t)n);
	if (n < 0 && errno == EAGAIN)
		return true;
	reap(p);
	return false;
}

void program_fini(struct program *p)
{
	if (p->pid > 0) {
		(void)kill(p->pid, SIGKILL);
		reap(p);
	}
	strbuf_fini(&p->out);
}

int program_run(const char *const *argv, const char *input, struct strbuf *ret)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	struct program p;

	program_start(&p, argv, input);
	while (program_poll(&p)) {
		if (clock_ms() > deadline)
			fail_msg("%s does not end", argv[0]);
		(void)usleep(1000);
	}
	*ret = p.out;
	return p.status;
}

bool program_exists(const char *const *argv)
{
	struct strbuf out;
	int status = program_run(argv, "", &out);

	strbuf_fini(&out);
	return status == 0;
}
