/* SPDX-License-Identifier: MIT */
/*
 * sandbox/launch.h - `netleash run` without privilege: by the daemon
 *
 * The leash is root's, the terminal, the descriptors, the environment and the
 * status are ours: to a shell it is the same as a run by root.
 */
#ifndef NETLEASH_SANDBOX_LAUNCH_H
#define NETLEASH_SANDBOX_LAUNCH_H

#include <stdbool.h>

struct run_cli;

/* Can the daemon be asked for such a run at all? False for a conf, a log or a
 * network namespace that is the caller's own. */
bool launch_fits(const struct run_cli *cli);

/*
 * Asks it. @argv is what @cli was parsed from. Return: the exit status, 0 to
 * 255; -ENOENT: there is no daemon; -EPERM: it does not permit that; another
 * -errno. Nothing was run where it is negative, and but for -ENOENT there is a
 * sentence in @error.
 */
#define LAUNCH_ERROR_MAX 600
int launch_run(const struct run_cli *cli, char **argv,
	       char error[LAUNCH_ERROR_MAX]);

#endif
