/* SPDX-License-Identifier: MIT */
/*
 * sandbox/command.h - from a clone of init to CMD's first instruction
 *
 * Runs in the child that becomes CMD: view, identity, proof, Landlock, filter,
 * exec.
 */
#ifndef NETLEASH_SANDBOX_COMMAND_H
#define NETLEASH_SANDBOX_COMMAND_H

#include <signal.h>
#include <stdint.h>

struct init_opts;

#define COMMAND_TEXT_MAX 480

/**
 * struct command_failure - why CMD was not executed
 * @status: 125 netleash's side, 126 not executable, 127 not found
 */
struct command_failure {
	int32_t status;
	char text[COMMAND_TEXT_MAX];
};

/*
 * Never returns: executes CMD, or writes one struct command_failure to
 * @report_fd and leaves with its status. @report_fd is close-on-exec, so its
 * end of file without a report means that CMD runs. @door_port is the run's.
 */
_Noreturn void command_exec(const struct init_opts *opts, uint16_t door_port,
			    const sigset_t *mask, int report_fd);

#endif
