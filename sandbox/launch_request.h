/* SPDX-License-Identifier: MIT */
/*
 * sandbox/launch_request.h - what an unprivileged `netleash run` asks for
 *
 * One datagram of the shape below with LAUNCH_FDS descriptors, and in the last
 * of these, a memory file, the words: argv of `run`, then the environment, each
 * ended by a NUL. Pure: no word means anything here.
 */
#ifndef NETLEASH_SANDBOX_LAUNCH_REQUEST_H
#define NETLEASH_SANDBOX_LAUNCH_REQUEST_H

#include <stdint.h>

/* Below the state folder. */
#define LAUNCH_SOCKET "/run/netleash/launch.sock"

#define LAUNCH_VERSION 1

enum launch_fd {
	LAUNCH_FD_STDIN,
	LAUNCH_FD_STDOUT,
	LAUNCH_FD_STDERR,
	LAUNCH_FD_CWD, /* O_PATH will do */
	LAUNCH_FD_WORDS,
	LAUNCH_FDS
};

/* As execve(2) takes them by default: their bytes, and words, the shortest of
 * which cost one byte and a pointer. */
#define LAUNCH_BYTES_MAX (2u * 1024 * 1024)
#define LAUNCH_WORDS_MAX (LAUNCH_BYTES_MAX / 9)

/**
 * struct launch_head - the datagram
 * @args_n, @env_n: how many words
 * @bytes:   of all words with their NULs
 * @mask:    of umask(2)
 * @ignored: bit N-1: signal N is ignored, and CMD shall ignore it
 * @blocked: the same of those that are blocked
 */
struct launch_head {
	uint32_t version;
	uint32_t args_n, env_n;
	uint32_t bytes;
	uint32_t mask;
	uint32_t reserved; /* 0 */
	uint64_t ignored, blocked;
};

/**
 * struct launch_words - pointers into the bytes that they were made of
 * @args, @env: NULL-terminated; one allocation, of @args
 */
struct launch_words {
	char **args, **env;
};

/* Return: 0, or -EINVAL: nothing else may be done with the request. */
int launch_head_check(const struct launch_head *head);

/*
 * @bytes, @head->bytes of them, are borrowed for the life of *@ret. Return: 0;
 * -EINVAL where they are not what the head says; -ENOMEM.
 */
int launch_words_parse(const struct launch_head *head, char *bytes,
		       struct launch_words *ret);
void launch_words_fini(struct launch_words *w);

/*
 * The other way: counts into @head, malloc'ed bytes into *@ret. Return: 0;
 * -E2BIG; -ENOMEM.
 */
int launch_words_pack(char *const *args, char *const *env,
		      struct launch_head *head, char **ret);

#endif
