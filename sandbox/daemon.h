/* SPDX-License-Identifier: MIT */
/*
 * sandbox/daemon.h - `netleash daemon`: the long-lived service
 */
#ifndef NETLEASH_SANDBOX_DAEMON_H
#define NETLEASH_SANDBOX_DAEMON_H

/* @argv[0] is the verb. Return: 0 after a drain; 1 with a sentence on standard
 * error; 2 for wrong usage. */
int daemon_main(int argc, char **argv);

#endif
