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
 * @status: 125 netleash's side, 126 not executable, 127 not found; 0 for no
 *          failure: nothing is left but to be CMD
 */
struct command_failure {
	int32_t status;
	char text[COMMAND_TEXT_MAX];
};

/**
 * struct command_link - between init and the process that becomes CMD
 * @report: where a failure is written. Close-on-exec: its end of file behind
 *          that of status 0 means that CMD runs, or was killed as CMD; without
 *          that, that it was killed before
 * @gate:   one byte lets it past its preparations; the end of file ends it
 */
struct command_link {
	int report, gate;
};

#define COMMAND_LINK_NONE ((struct command_link){ -1, -1 })

/*
 * Never returns: executes CMD, or writes one struct command_failure and leaves
 * with its status. @door_port is the run's, or 0.
 */
_Noreturn void command_exec(const struct init_opts *opts, uint16_t door_port,
			    const sigset_t *mask,
			    const struct command_link *link);

#endif
