/* SPDX-License-Identifier: MIT */
/*
 * sandbox/run.h - `netleash run`: one command on its leash
 */
#ifndef NETLEASH_SANDBOX_RUN_H
#define NETLEASH_SANDBOX_RUN_H

/* @argv[0] is the verb. Return: netleash's exit status. */
int run_main(int argc, char **argv);

/* The same with all that is public allowed; says which rules it needed. */
int learn_main(int argc, char **argv);

#endif
