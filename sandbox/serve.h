/* SPDX-License-Identifier: MIT */
/*
 * sandbox/serve.h - `netleash proxy`: the proxy alone, in the foreground
 */
#ifndef NETLEASH_SANDBOX_SERVE_H
#define NETLEASH_SANDBOX_SERVE_H

/* @argv[0] is the verb. Return: 0 after a drain; 1 with a sentence on standard
 * error; 2 for wrong usage. */
int serve_main(int argc, char **argv);

#endif
