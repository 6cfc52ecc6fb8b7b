/* SPDX-License-Identifier: MIT */
/*
 * sandbox/ca_cli.h - `netleash ca show|export|renew`
 */
#ifndef NETLEASH_SANDBOX_CA_CLI_H
#define NETLEASH_SANDBOX_CA_CLI_H

/* @argv[0] is the verb. Return: 0; 1 with a sentence on standard error; 2 for
 * wrong usage. */
int ca_cli_main(int argc, char **argv);

#endif
