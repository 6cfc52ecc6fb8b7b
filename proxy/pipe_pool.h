/* SPDX-License-Identifier: MIT */
/*
 * proxy/pipe_pool.h - large pipes for splice(2), a bounded number of them
 *
 * A pipe of the default size moves no more at a time than a buffer does. The
 * kernel gives an unprivileged user 64 MiB of pipes, and after that some of
 * one page, without a word: so there are few, and a small one is none.
 *
 * References: pipe(7) "/proc/sys/fs/pipe-user-pages-soft", fcntl(2)
 * F_SETPIPE_SZ
 */
#ifndef NETLEASH_PROXY_PIPE_POOL_H
#define NETLEASH_PROXY_PIPE_POOL_H

#include <stddef.h>
#include <sys/queue.h>

/* As large as an unprivileged user may have them. */
#define PIPE_POOL_BYTES (1u << 20)

struct pipe_pool;

/**
 * struct pipe - both ends, non-blocking and close-on-exec
 * @link: of the pool
 */
struct pipe {
	SLIST_ENTRY(pipe) link;
	int read_fd, write_fd;
};

/* @max pipes at a time; 0 is fine. Return: 0 or -ENOMEM. */
int pipe_pool_new(size_t max, struct pipe_pool **ret);

/* All must have been put back. NULL is fine. */
void pipe_pool_free(struct pipe_pool *pool);

/* Return: an empty pipe, or NULL: all are taken, or there are no more. */
struct pipe *pipe_pool_get(struct pipe_pool *pool);

/* @unread: bytes that are still in it; such a pipe nobody gets again. */
void pipe_pool_put(struct pipe_pool *pool, struct pipe *pipe, size_t unread);

#endif
