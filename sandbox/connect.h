/* SPDX-License-Identifier: MIT */
/*
 * sandbox/connect.h - `netleash connect HOST PORT`: a tunnel on stdin and
 * stdout
 */
#ifndef NETLEASH_SANDBOX_CONNECT_H
#define NETLEASH_SANDBOX_CONNECT_H

/* @argv[0] is the verb. Return: 0 when both sides have ended; 1 with a
 * sentence on standard error; 2 for wrong usage. */
int connect_main(int argc, char **argv);

#endif
