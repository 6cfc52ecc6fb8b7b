/* SPDX-License-Identifier: MIT */
/*
 * sandbox/stdio.h - descriptors that CMD would inherit
 *
 * Every descriptor but 0, 1 and 2 is closed at the start; these three are
 * looked at, since an inherited descriptor is a way out like any other.
 */
#ifndef NETLEASH_SANDBOX_STDIO_H
#define NETLEASH_SANDBOX_STDIO_H

#define STDIO_ERROR_MAX 256

/* Closes all above 2; what of 0 to 2 is closed becomes /dev/null. 0/-errno. */
int stdio_close_inherited(void);

/* Return: 0, or -EPERM with a sentence about the one that cannot be given. */
int stdio_check(char error[STDIO_ERROR_MAX]);

#endif
