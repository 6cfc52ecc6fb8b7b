/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_ticket.h - a run is told to the daemon (run_ticket.h)
 */
#ifndef NETLEASH_SANDBOX_ATTEND_TICKET_H
#define NETLEASH_SANDBOX_ATTEND_TICKET_H

#include <stdint.h>
#include <sys/types.h>

#define TICKET_ERROR_MAX 512

struct plan;

/**
 * struct ticket_opts - borrowed
 * @tickets: the socket that all attendants share
 * @pid:     of the caller
 */
struct ticket_opts {
	int tickets;
	const char *run;
	pid_t pid;
	const struct plan *plan;
};

/* Return: 0 with the channel and the memory file for the summary, which are
 * the caller's to close; or -errno with a sentence. */
int attend_open_channel(const struct ticket_opts *opts, int *ret_channel,
			int *ret_summary, char error[TICKET_ERROR_MAX]);

/* A listening socket: of the door, or of @local where it is not 0. It stays
 * the caller's. Return: 0 or -errno. */
int attend_give_socket(int channel, int fd, uint16_t local);

/* Return: 0 once the daemon serves the run; or -errno with a sentence. */
int attend_begin(int channel, char error[TICKET_ERROR_MAX]);

#endif
