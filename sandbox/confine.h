/* SPDX-License-Identifier: MIT */
/*
 * sandbox/confine.h - shedding privilege, in numbered stages
 *
 * Stage 1, launcher: everything that needs root is done; nothing was read
 *          from the sandbox or the network.
 * Stage 2, proxy: online identity, no groups, no capabilities, no_new_privs,
 *          not dumpable, its own seccomp filter. Should move bytes; mustn't
 *          open files for writing, make processes, change ids.
 * Stage 3, command: run uid, no groups, no capabilities, empty bounding set,
 *          no_new_privs, limits, seccomp last. Should run CMD; mustn't reach
 *          anything but its door.
 */
#ifndef NETLEASH_SANDBOX_CONFINE_H
#define NETLEASH_SANDBOX_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

struct sock_fprog;

/* Stage 2. @change_ids: false where we have no privilege to begin with.
 * Return: 0 or -errno with the step's name in *@ret_step. */
int confine_proxy(uid_t uid, gid_t gid, bool change_ids, const char **ret_step);

/**
 * struct confine_command_opts
 * @change_ids: to @uid and @gid, with no groups; false in a user namespace
 *              where CMD keeps the caller's
 * @nproc: RLIMIT_NPROC for the uid, 0: leave
 */
struct confine_command_opts {
	bool change_ids;
	uid_t uid;
	gid_t gid;
	unsigned nproc;
};

/*
 * Stage 3 in two parts: all but seccomp, so that the proof can run as CMD. On
 * the way the pipes on descriptors 0 to 2 are made openable for CMD, as
 * /dev/stdout and its like need. Return as above.
 */
int confine_command(const struct confine_command_opts *opts,
		    const char **ret_step);

#endif
