/* SPDX-License-Identifier: MIT */
/*
 * tests/support/program.h - run a program beside a test, and read what it says
 */
#ifndef NETLEASH_TESTS_SUPPORT_PROGRAM_H
#define NETLEASH_TESTS_SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/strbuf.h"

/* What main() returns where a test cannot run; it has said why before. */
#define PROGRAM_SKIP 77

/**
 * struct program - one that runs, or has run
 * @out:    what it has said so far, on both of its outputs
 * @status: its exit status once it is over; 128 and more: by a signal
 */
struct program {
	pid_t pid;
	int fd;
	struct strbuf out;
	int status;
};

/* Does this run at all, and successfully? */
bool program_exists(const char *const *argv);

/* @input is all that it can read; NULL: nothing, but it is not at its end. */
void program_start(struct program *p, const char *const *argv,
		   const char *input);

/* Reads what is there. Return: true while it lives. */
bool program_poll(struct program *p);

/* Kills it, if it still lives, and frees what it said. */
void program_fini(struct program *p);

/* To its end, which must come in some seconds: its words are in @ret, which
 * the caller frees with strbuf_fini(). Return: its status. */
int program_run(const char *const *argv, const char *input, struct strbuf *ret);

#endif
