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

#include "proxy/access_log.h"

#define ROUNDS 3000
#define STEP   700u /* bytes of room more; no multiple of a line */

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
	struct writer w[2];
	unsigned glued = 0;
	char *text;

	(void)state;
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	set_room(STEP);
	for (size_t i = 0; i < 2; i++) {
		w[i].over = &over;
		assert_int_equal(access_log_new(fd, false, &w[i].log), 0);
		access_log_share(w[i].log, &torn);
		assert_int_equal(
			pthread_create(&w[i].thread, NULL, keep_writing, &w[i]),
			0);
	}
	for (unsigned i = 1; i <= ROUNDS; i++) {
		wait_full(fd, (off_t)(i * STEP));
		set_room((i + 1) * STEP);
	}
	wait_full(fd, (ROUNDS + 1) * STEP);
	atomic_store(&over, true);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(w[i].thread, NULL), 0);
		access_log_free(w[i].log);
	}
	set_room(RLIM_INFINITY);
	text = calloc(1, (ROUNDS + 1) * STEP + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (ROUNDS + 1) * STEP, 0),
			 (ROUNDS + 1) * STEP);
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
