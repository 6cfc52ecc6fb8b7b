/* SPDX-License-Identifier: MIT */
/*
 * sandbox/inquiry.h - ask a program, or a file, in the caller's name
 *
 * A child becomes the caller and gets none of our descriptors; what it answers
 * is bounded in bytes and time. For before a run, in a process of one thread.
 */
#ifndef NETLEASH_SANDBOX_INQUIRY_H
#define NETLEASH_SANDBOX_INQUIRY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Not the caller's PATH: a package's own folder of programs may be in it. */
#define INQUIRY_TRUSTED_PATH                                                   \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What a child that reads a file ends with, besides errno's numbers. */
#define INQUIRY_NOT_REGULAR 200

/**
 * struct inquiry - one question; all borrowed
 * @uid, @gid, @groups: root becomes these before anything is opened or run
 * @program: absolute path of what is run, in /; NULL: @file is read
 * @argv, @env: NULL-terminated, of @program
 * @file: absolute path of a regular file
 * @answer_max: an answer has fewer bytes
 * @limit_ms: after that the program, and what it started, is killed
 */
struct inquiry {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t groups_n;
	const char *program;
	const char *const *argv, *const *env;
	const char *file;
	size_t answer_max;
	int limit_ms;
};

/*
 * Asks, and waits. Return: 0 with the answer in @answer, which has room for
 * @q->answer_max, and the child's wait status (of a file's: exit 0, errno or
 * INQUIRY_NOT_REGULAR) in *@ret_status; -ETIMEDOUT; -EFBIG for too long an
 * answer; -errno.
 */
int inquiry_ask(const struct inquiry *q, char *answer, size_t *ret_len,
		int *ret_status);

/* The first executable @name of @folders, which are absolute, with colons
 * between. Return: false if there is none. */
bool inquiry_find(const char *folders, const char *name, char ret[PATH_MAX]);

#endif
