/* SPDX-License-Identifier: MIT */
/*
 * proxy/pipe_pool.c - large pipes for splice(2), a bounded number of them
 */
#include "proxy/pipe_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* A smaller pipe than this is no better than a buffer. */
#define BYTES_MIN (PIPE_POOL_BYTES / 2)

struct pipe_pool {
	SLIST_HEAD(, pipe) idle;
	size_t max, n;
};

int pipe_pool_new(size_t max, struct pipe_pool **ret)
{
	struct pipe_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	SLIST_INIT(&pool->idle);
	pool->max = max;
	*ret = pool;
	return 0;
}

static void pipe_free(struct pipe *pipe)
{
	(void)close(pipe->read_fd);
	(void)close(pipe->write_fd);
	free(pipe);
}

void pipe_pool_free(struct pipe_pool *pool)
{
	struct pipe *pipe;

	if (!pool)
		return;
	while ((pipe = SLIST_FIRST(&pool->idle))) {
		SLIST_REMOVE_HEAD(&pool->idle, link);
		pipe_free(pipe);
	}
	free(pool);
}

/* With @ret_small if the kernel had only a small one to give. */
static struct pipe *pipe_new(bool *ret_small)
{
	struct pipe *pipe = malloc(sizeof(*pipe));
	int fds[2];

	if (!pipe)
		return NULL;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(pipe);
		return NULL;
	}
	pipe->read_fd = fds[0];
	pipe->write_fd = fds[1];
	(void)fcntl(pipe->write_fd, F_SETPIPE_SZ, (int)PIPE_POOL_BYTES);
	if (fcntl(pipe->write_fd, F_GETPIPE_SZ) < (int)BYTES_MIN) {
		pipe_free(pipe);
		*ret_small = true;
		return NULL;
	}
	return pipe;
}

struct pipe *pipe_pool_get(struct pipe_pool *pool)
{
	struct pipe *pipe = SLIST_FIRST(&pool->idle);
	bool small = false;

	if (pipe) {
		SLIST_REMOVE_HEAD(&pool->idle, link);
		return pipe;
	}
	if (pool->n == pool->max)
		return NULL;
	pipe = pipe_new(&small);
	if (pipe)
		pool->n++;
	else if (small)
		pool->max = pool->n; /* so there are no more */
	return pipe;
}

void pipe_pool_put(struct pipe_pool *pool, struct pipe *pipe, size_t unread)
{
	/* What is left in it would go to somebody else's peer. */
	if (unread > 0) {
		pipe_free(pipe);
		pool->n--;
	} else {
		SLIST_INSERT_HEAD(&pool->idle, pipe, link);
	}
}
