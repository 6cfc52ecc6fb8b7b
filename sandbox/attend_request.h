/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_request.h - a caller's request, taken whole or refused
 */
#ifndef NETLEASH_SANDBOX_ATTEND_REQUEST_H
#define NETLEASH_SANDBOX_ATTEND_REQUEST_H

#include "sandbox/identity.h"
#include "sandbox/launch_request.h"

/**
 * struct request - what a caller asked for; nothing of it is believed
 * @caller: as the kernel knows him, @pid too
 * @fds:    enum launch_fd; -1 once given away
 * @args_n: of @words.args
 */
struct request {
	struct caller caller;
	pid_t pid;
	int fds[LAUNCH_FDS];
	struct launch_head head;
	char *bytes;
	struct launch_words words;
	int args_n;
};

#define REQUEST_INIT                                                           \
	{                                                                      \
		.fds = { -1, -1, -1, -1, -1 }                                  \
	}

/* Starts from REQUEST_INIT: who is calling, without a word of his. Return: 0 or
 * -errno with a sentence. What it holds goes with the attendant's process. */
int request_who(int sock, struct request *r, char error[IDENTITY_ERROR_MAX]);

/*
 * The rest. Waits for it for a while, then reads nothing that could make us
 * wait. Return: 0; -EPIPE: he is gone; -errno with a sentence.
 */
int request_take(int sock, struct request *r, char error[IDENTITY_ERROR_MAX]);

#endif
