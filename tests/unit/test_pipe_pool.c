/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_pipe_pool.c - pipes: few, large, and empty
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/pipe_pool.h"

static void no_more_than_the_bound_are_lent(void **state)
{
	struct pipe_pool *pool = NULL;
	struct pipe *a, *b;

	(void)state;
	assert_int_equal(pipe_pool_new(2, &pool), 0);
	a = pipe_pool_get(pool);
	b = pipe_pool_get(pool);
	assert_non_null(a);
	assert_non_null(b);
	assert_null(pipe_pool_get(pool));
	pipe_pool_put(pool, a, 0);
	assert_ptr_equal(pipe_pool_get(pool), a);
	pipe_pool_put(pool, a, 0);
	pipe_pool_put(pool, b, 0);
	pipe_pool_free(pool);
}

static void a_pipe_is_large_and_does_not_block(void **state)
{
	struct pipe_pool *pool = NULL;
	struct pipe *p;
	char byte;

	(void)state;
	assert_int_equal(pipe_pool_new(1, &pool), 0);
	p = pipe_pool_get(pool);
	assert_non_null(p);
	assert_true(fcntl(p->write_fd, F_GETPIPE_SZ) >=
		    (int)PIPE_POOL_BYTES / 2);
	assert_int_equal(read(p->read_fd, &byte, 1), -1);
	assert_int_equal(fcntl(p->read_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(p->write_fd, F_GETFD), FD_CLOEXEC);
	pipe_pool_put(pool, p, 0);
	pipe_pool_free(pool);
}

/* Somebody else would be given another tunnel's bytes. */
static void a_pipe_with_bytes_in_it_is_never_lent_again(void **state)
{
	struct pipe_pool *pool = NULL;
	struct pipe *p;
	char bytes[4];
	int fd;

	(void)state;
	assert_int_equal(pipe_pool_new(1, &pool), 0);
	p = pipe_pool_get(pool);
	assert_non_null(p);
	fd = p->write_fd;
	assert_int_equal(write(fd, "abc", 3), 3);
	pipe_pool_put(pool, p, 3);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	p = pipe_pool_get(pool); /* its place is free again */
	assert_non_null(p);
	assert_int_equal(read(p->read_fd, bytes, sizeof(bytes)), -1);
	pipe_pool_put(pool, p, 0);
	pipe_pool_free(pool);
}

static void without_descriptors_there_is_no_pipe(void **state)
{
	struct pipe_pool *pool = NULL;
	struct rlimit old, none;

	(void)state;
	assert_int_equal(pipe_pool_new(1, &pool), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_null(pipe_pool_get(pool));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	pipe_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_than_the_bound_are_lent),
		cmocka_unit_test(a_pipe_is_large_and_does_not_block),
		cmocka_unit_test(a_pipe_with_bytes_in_it_is_never_lent_again),
		cmocka_unit_test(without_descriptors_there_is_no_pipe),
	};

	return cmocka_run_group_tests_name("pipe_pool", tests, NULL, NULL);
}
