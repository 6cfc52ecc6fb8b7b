/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_fds.h - which descriptors the init of a run holds, and when
 */
#ifndef NETLEASH_SANDBOX_INIT_FDS_H
#define NETLEASH_SANDBOX_INIT_FDS_H

struct init_opts;

/*
 * Closes all above 2 that @opts does not name, but @sock: what netleash has
 * open besides, the ends of its relays first of all, would never end.
 * Return: 0 or -errno.
 */
int init_fds_keep(const struct init_opts *opts, int sock);

/*
 * Where CMD has the caller's uid, a file on 0 could be opened anew through
 * /proc/self/fd/0, for writing, past a view that is read-only: CMD gets the
 * reading end of a pipe instead, as @opts->stdio[0], and *@ret_fd is what to
 * copy to; -1 where that is not needed. Return: 0 or -errno.
 */
int init_fds_divert(struct init_opts *opts, int *ret_fd);

/*
 * Starts a process of ours that copies our 0 to @fd, which this takes; nothing
 * to do for -1. Return: 0 or -errno.
 */
int init_fds_pump(int fd);

/*
 * CMD runs: puts /dev/null on 0 to 2 and closes what CMD got there; held on
 * to, those who read its output would not see the end of it.
 */
void init_fds_release(const struct init_opts *opts);

#endif
