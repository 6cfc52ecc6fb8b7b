/* SPDX-License-Identifier: MIT */
/*
 * common/banned.h - calls that netleash does not make, as compile errors
 *
 * Forced into every file of ours by the build (-include). The reasons: no
 * bound on what is written, hidden state, a descriptor that leaks over exec,
 * a shell.
 */
#ifndef NETLEASH_COMMON_BANNED_H
#define NETLEASH_COMMON_BANNED_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef strtok
#undef sprintf

#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf
#pragma GCC poison gets atoi atol atof alloca system popen

#endif
