/* SPDX-License-Identifier: MIT */
/*
 * sandbox/stdio.c - descriptors that CMD would inherit
 *
 * A socket on 0 to 2 keeps its maker's rights and is relayed (relay.h). A
 * directory (or an O_PATH descriptor) is
 * a way around the file-system view, by openat(2) and "..".
 */
#include "sandbox/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = { "standard input", "standard output",
				     "standard error" };

int stdio_close_inherited(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is @fd, since those below are open. */
		if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
			return -errno;
	}
	return close_range(3, UINT_MAX, 0) < 0 ? -errno : 0;
}

int stdio_check(char error[STDIO_ERROR_MAX])
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;
		const char *what = NULL;

		if (fstat(fd, &st) < 0)
			return -errno;
		if (S_ISDIR(st.st_mode))
			what = "a directory";
		else if (fcntl(fd, F_GETFL) & O_PATH)
			what = "a path descriptor";
		if (!what)
			continue;
		(void)snprintf(error, STDIO_ERROR_MAX,
			       "%s is %s, which would be a way out for the "
			       "command: give it a file, a pipe or a terminal",
			       names[fd], what);
		return -EPERM;
	}
	return 0;
}
