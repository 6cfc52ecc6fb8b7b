/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_cli.h - `netleash status|blocked|reload|mode|log`
 */
#ifndef NETLEASH_SANDBOX_CONTROL_CLI_H
#define NETLEASH_SANDBOX_CONTROL_CLI_H

/* @argv[0] is the verb. Return: 0; 1 with a sentence on standard error; 2 for
 * wrong usage. */
int control_cli_main(int argc, char **argv);

#endif
