/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_command.h - init's side of the process that becomes CMD
 */
#ifndef NETLEASH_SANDBOX_INIT_COMMAND_H
#define NETLEASH_SANDBOX_INIT_COMMAND_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/command.h"
#include "sandbox/init.h"

/*
 * Clones that process into the run's cgroup, where it prepares itself, up to
 * its gate. *@ret_pid and *@ret_link, our ends, are set only on success.
 * Return: 0, or -1 with @text.
 */
int init_command_start(const struct init_opts *opts, uint16_t door_port,
		       const sigset_t *mask, struct command_link *ret_link,
		       pid_t *ret_pid, char text[INIT_TEXT_MAX]);

/*
 * Lets it through, waits for its first instruction as CMD, and closes @link.
 * Return: 0 once CMD runs, else the exit status that @text explains, negated.
 */
int init_command_release(struct command_link *link, char text[INIT_TEXT_MAX]);

#endif
