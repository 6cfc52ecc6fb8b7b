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
 * reading end of a pipe instead, and a process of ours copies. Sets
 * @opts->stdio[0]. Return: 0 or -errno.
 */
int init_fds_pump(struct init_opts *opts);

/*
 * CMD runs: puts /dev/null on 0 to 2 and closes what CMD got there; held on
 * to, those who read its output would not see the end of it.
 */
void init_fds_release(const struct init_opts *opts);

#endif
