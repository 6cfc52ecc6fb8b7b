/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_access_log_threads.c - two threads write to a file that is
 * full again and again
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "proxy/access_log.h"

/* As many, or fewer where a busy machine takes long: each costs a turn of every
 * thread's. */
#define ROUNDS	   3000
#define ROUNDS_MIN 300
#define ROUNDS_MS  20000u
#define STEP	   700u /* bytes of room more; no multiple of a line */

struct writer {
	struct access_log *log;
	atomic_bool *over;
	pthread_t thread;
};

static void *keep_writing(void *arg)
{
	const struct access_who who = { .run = "r1" };
	const struct access_entry entry = {
		.who = &who,
		.protocol = "connect",
		.client = "127.0.0.1:1",
		.target = "a.example:443",
		.reason = REASON_ALLOWED,
		.status = 200,
	};
	struct writer *w = arg;

	while (!atomic_load(w->over))
		access_log_write(w->log, &entry);
	return NULL;
}

static void set_room(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void wait_full(int fd, off_t size)
{
	while (lseek(fd, 0, SEEK_END) < size)
		sched_yield();
}

/* Each line begins on a line of its own: what stands before one is a newline.
 */
static void no_line_stands_behind_one_that_broke_off(void **state)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct access_torn torn = ACCESS_TORN_INIT;
	atomic_bool over = false;
	const uint64_t late = clock_ms() + ROUNDS_MS;
	unsigned glued = 0, i = 0;
	struct writer w[2];
	size_t size;
	char *text;

	(void)state;
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	set_room(STEP);
	for (size_t k = 0; k < 2; k++) {
		w[k].over = &over;
		assert_int_equal(access_log_new(fd, false, &w[k].log), 0);
		access_log_share(w[k].log, &torn);
		assert_int_equal(
			pthread_create(&w[k].thread, NULL, keep_writing, &w[k]),
			0);
	}
	while (i < ROUNDS && (i < ROUNDS_MIN || clock_ms() < late)) {
		i++;
		wait_full(fd, (off_t)(i * STEP));
		set_room((i + 1) * STEP);
	}
	size = (i + 1) * STEP;
	wait_full(fd, (off_t)size);
	atomic_store(&over, true);
	for (size_t k = 0; k < 2; k++) {
		assert_int_equal(pthread_join(w[k].thread, NULL), 0);
		access_log_free(w[k].log);
	}
	set_room(RLIM_INFINITY);
	text = calloc(1, size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, size, 0), (ssize_t)size);
	for (const char *s = text; (s = strstr(s + 1, "{\"time\""));)
		glued += s[-1] != '\n';
	assert_int_equal(glued, 0);
	free(text);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_line_stands_behind_one_that_broke_off),
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGXFSZ, &ignore, NULL);
	return cmocka_run_group_tests_name("access_log_threads", tests, NULL,
					   NULL);
}
