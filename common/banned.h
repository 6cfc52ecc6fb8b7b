/* SPDX-License-Identifier: MIT */
/*
 * common/banned.h - calls that netleash does not make, as compile errors
 *
 * Forced into every file of ours by the build (-include). The reasons: no
 * bound on what is written, hidden state, a descriptor that leaks over exec,
 * a shell.
 *
 * The headers that declare what is banned come first: once a name is poisoned
 * or is a macro, its own declaration would be an error.
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
#undef vsprintf
#undef alloca

#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf
#pragma GCC poison atoi atol atoll atof alloca system popen

/*
 * These names are also words of everyday code (a parameter `pipe`, a field
 * `signal`, OpenSSL's `gets`), so that only their calls can be forbidden.
 */
#undef gets
#undef signal
#undef accept
#undef pipe
#undef dup
#define gets(...)   gets_is_banned_use_fgets
#define signal(...) signal_is_banned_use_sigaction
#define accept(...) accept_is_banned_use_accept4
#define pipe(...)   pipe_is_banned_use_pipe2
#define dup(...)    dup_is_banned_use_fcntl_F_DUPFD_CLOEXEC

#endif
