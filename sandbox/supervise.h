/* SPDX-License-Identifier: MIT */
/*
 * sandbox/supervise.h - one run, from GO to its exit status
 *
 * Signals in, signals out, stops and continues, the terminal's foreground
 * process group: all that makes netleash invisible between a shell and CMD.
 */
#ifndef NETLEASH_SANDBOX_SUPERVISE_H
#define NETLEASH_SANDBOX_SUPERVISE_H

#include <signal.h>
#include <stdbool.h>

struct event_base;
struct relay;
struct terminal;

/**
 * struct supervise_io - what has to be opened while we still may
 * @mask:      the signal mask we were started with, for CMD
 * @signal_fd: the signals that are passed on; they are blocked from now on
 * @wake:      a pipe; a byte that init writes into [1] continues us, should we
 *             be stopped; -1: none
 * @tty:       the terminal, if we are its foreground process group; else -1
 */
struct supervise_io {
	sigset_t mask;
	int signal_fd;
	int wake[2];
	int tty;
};

/* To be called before init is started. Return: 0 or -errno. */
int supervise_open(struct supervise_io *ret);
void supervise_close(struct supervise_io *io);

/* After the fork: init has the writing end. */
void supervise_close_wake(struct supervise_io *io);

/**
 * struct supervise_loop - what moves the bytes meanwhile
 * @run:  until @stop; 0 or -errno
 */
struct supervise_loop {
	struct event_base *base;
	int (*run)(void *arg);
	void (*stop)(void *arg);
	void *arg;
};

/**
 * struct supervise_opts - borrowed
 * @init_sock:  of init_start(), or to the launcher, who has it
 * @apart:      CMD is in a session of its own: what the terminal sends us does
 *              not reach it
 * @relay:      of CMD's 0 to 2, or NULL
 * @terminal:   the one that CMD has instead of ours, or NULL
 */
struct supervise_opts {
	struct supervise_loop loop;
	const struct supervise_io *io;
	int init_sock;
	bool apart;
	struct relay *relay;
	struct terminal *terminal;
};

/*
 * Says GO and runs the loop until init is done. Return: the exit status for
 * netleash, 0 to 255; messages were logged.
 */
int supervise_run(const struct supervise_opts *opts);

#endif
